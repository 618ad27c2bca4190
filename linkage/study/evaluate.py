"""How good links are when the truth is known: precision, recall, F1, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.agency.key import Key
from linkage.agency.records import Attachable, as_text
from linkage.agency.rejoin import hashed_ids
from linkage.errors import RecordError, nearest
from linkage.links import Links
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

_Z = 1.959963984540054  # 95 %

Record = tuple[str, str]


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Evaluation(TableOfResults):
    """Links held against the truth.

    true_positives, false_positives, false_negatives: pairs found that are true, found that are not, and true but
    not found. ``outside``: true pairs of which a record was in no set, so that no linkage could find them; they
    are not counted among the missed.

    >>> print(Evaluation(true_positives=90, false_positives=10, false_negatives=30))
    precision 0.900 (0.826 to 0.945), recall 0.750 (0.666 to 0.819), F1 0.818 (0.757 to 0.867)
    90 true links, 10 false, 30 missed
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    outside: int = 0

    @property
    def precision(self) -> float:
        """Share of the links that are true; NaN if there are none."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the true pairs that were linked; NaN if there are none."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        found = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + found)

    @property
    def precision_interval(self) -> Interval:
        """95 %, Wilson's score interval (Wilson 1927); links are taken as independent."""
        return _wilson(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall_interval(self) -> Interval:
        """95 %, likewise."""
        return _wilson(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1_interval(self) -> Interval:
        """95 %: F1 is 2 s / (1 + s) of the share s of true links among all pairs linked or true."""
        share = _wilson(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)
        return Interval(2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high))

    def to_arrow(self) -> pa.Table:
        """Columns measure, value, low, high."""
        import pyarrow as pa

        rows = self._rows()
        return pa.table(
            {
                "measure": [name for name, _, _ in rows],
                "value": [value for _, value, _ in rows],
                "low": [interval.low for _, _, interval in rows],
                "high": [interval.high for _, _, interval in rows],
            }
        )

    def _rows(self) -> list[tuple[str, float, Interval]]:
        return [
            ("precision", self.precision, self.precision_interval),
            ("recall", self.recall, self.recall_interval),
            ("F1", self.f1, self.f1_interval),
        ]

    def __len__(self) -> int:
        return 3

    def __str__(self) -> str:
        measures = ", ".join(
            f"{name} {value:.3f} ({interval.low:.3f} to {interval.high:.3f})" for name, value, interval in self._rows()
        )
        outside = f", {self.outside:,} true pairs with a record in no set" if self.outside else ""
        return (
            f"{measures}\n{self.true_positives:,} true links, {self.false_positives:,} false, "
            f"{self.false_negatives:,} missed{outside}"
        )


def evaluate(
    links: Links,
    truth: object,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
) -> Evaluation:
    """Precision, recall and F1 of links, from a table of the truth.

    Parameters
    ----------
    truth
        A table (or CSV or Parquet path) with columns ``left_id, right_id``: one row per true pair; or
        ``source, id, person``: one row per record, records of one person are true pairs across sources.
    key
        With it the truth's ids are the agencies' own; without, record ids. A mapping source -> key where agencies
        gave an ``id_key``. Only someone who may see both sides has this: a researcher, not the centre.
    sources
        Whose ids ``left_id`` and ``right_id`` are; default the links' two sources in alphabetical order.

    Raises `RecordError` if the truth has other columns or missing values, or knows none of a source's records.
    """
    frame = Attachable.of(truth)
    true, named = _true_pairs(frame, links, key, sources)
    known = set(zip(links.records["source"].to_pylist(), links.records["record_id"].to_pylist(), strict=True))
    _require_same_records(named, known, links)
    possible = {pair for pair in true if pair <= known}
    columns = (links.pairs[name].to_pylist() for name in ("left_source", "left_id", "right_source", "right_id"))
    found = {
        frozenset(((left, left_id), (right, right_id))) for left, left_id, right, right_id in zip(*columns, strict=True)
    }
    hits = len(found & possible)
    return Evaluation(hits, len(found) - hits, len(possible) - hits, len(true) - len(possible))


def _require_same_records(named: set[Record], known: set[Record], links: Links) -> None:
    strangers = (_sources(named) & _sources(known)) - _sources(named & known)
    for source in sorted(strangers):
        raise RecordError(
            f"no record of '{source}' in the truth is among the linked ones: give key= if its ids are the agencies' "
            f"own, and sources=(left, right) if they are not {links.sources}",
            rule="record not found",
        )


def _sources(records: set[Record]) -> set[str]:
    return {source for source, _ in records}


def _true_pairs(
    frame: Attachable, links: Links, key: Key | Mapping[str, Key] | None, sources: Sequence[str] | None
) -> tuple[set[frozenset[Record]], set[Record]]:
    """The true pairs, and all records that the truth names."""
    if {"left_id", "right_id"} <= set(frame.names):
        left, right = _two_sources(links, sources)
        lefts = _record_ids(frame.column("left_id"), left, links, key, "left_id")
        rights = _record_ids(frame.column("right_id"), right, links, key, "right_id")
        true = {frozenset(((left, a), (right, b))) for a, b in zip(lefts, rights, strict=True)}
        return true, {record for pair in true for record in pair}
    if {"source", "id", "person"} <= set(frame.names):
        return _pairs_of_people(frame, links, key)
    raise RecordError(
        "the truth has columns left_id and right_id, or source, id and person; this table has "
        + ", ".join(frame.names),
        rule="columns",
    )


def _two_sources(links: Links, sources: Sequence[str] | None) -> tuple[str, str]:
    chosen = tuple(links.sources if sources is None else sources)
    if len(chosen) != 2:
        raise ValueError("sources: two names, whose ids left_id and right_id are")
    if chosen[0] == chosen[1]:
        raise ValueError(f"sources: '{chosen[0]}' is named twice; links are between two sources")
    for name in chosen:
        if name not in links.sources:
            raise ValueError(f"sources: '{name}' was not linked; {nearest(name, links.sources)}")
    return chosen[0], chosen[1]


def _pairs_of_people(
    frame: Attachable, links: Links, key: Key | Mapping[str, Key] | None
) -> tuple[set[frozenset[Record]], set[Record]]:
    import pyarrow.compute as pc

    table = frame.frame.to_arrow()
    people: dict[str, list[Record]] = {}
    for source in links.sources:
        own = table.filter(pc.equal(table["source"], source))
        ids = _record_ids(own["id"], source, links, key, "id")
        persons = _all_there(own["person"], "person")
        for record_id, person in zip(ids, persons, strict=True):
            people.setdefault(person, []).append((source, record_id))
    true = {
        frozenset((a, b))
        for records in people.values()
        for index, a in enumerate(records)
        for b in records[index + 1 :]
        if a[0] != b[0]
    }
    return true, {record for records in people.values() for record in records}


def _record_ids(
    ids: pa.ChunkedArray, source: str, links: Links, key: Key | Mapping[str, Key] | None, column: str
) -> list[str]:
    if key is None:
        return _all_there(ids, column)
    if not isinstance(key, Key) and source not in key:
        raise ValueError(f"key: none given for '{source}'")
    own = key if isinstance(key, Key) else key[source]
    return list(hashed_ids(ids, own, project=links.schema.project, source=source, column=column).to_pylist())


def _all_there(values: pa.ChunkedArray, column: str) -> list[str]:
    # records of unknown persons would otherwise all be one person
    texts = as_text(values, column, "identifier", 1)
    if texts.null_count:
        raise RecordError(
            f"column '{column}' of the truth has {texts.null_count:,} missing values; leave those rows out",
            column=column,
            rule="value missing",
        )
    return list(texts.to_pylist())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _wilson(hits: int, trials: int) -> Interval:
    if not trials:
        return Interval(0.0, 1.0)
    share, z2 = hits / trials, _Z * _Z
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))
