"""Clerical review at the centre: which pairs people should look at, what each agency sees, and what they decided."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.cases import CaseList
from linkage.encoded import EncodedSet
from linkage.errors import RecordError, nearest
from linkage.links import Links
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.modelling.model import Model

_ALIKE = "alike"
_PAIR = ("left_source", "left_id", "right_source", "right_id")
_WORDS: Mapping[str, bool | None] = {
    "true": True, "yes": True, "1": True, "same": True,
    "false": False, "no": False, "0": False, "different": False,
    "": None, "unsure": None,
}  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class Review(TableOfResults):
    """Pairs to look at, at the centre, the one whose decision hangs by least first.

    table     case, left_source, left_id, right_source, right_id, match_weight, probability, reaches_cut, then a column
              for each field: how the two agree on it, in a word
    """

    table: pa.Table
    links: Links

    def to_arrow(self) -> pa.Table:
        """The rows."""
        return self.table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"Review({len(self):,} pairs of {', '.join(map(repr, self.links.sources))})"

    def for_source(self, source: str) -> CaseList:
        """What one agency is given: its own record ids under case numbers that the other agency has too."""
        sides = {self.table[f"{side}_source"][0].as_py(): side for side in ("left", "right") if len(self)}
        if source not in sides:
            raise ValueError(f"for_source: no case is of '{source}'; {nearest(source, sides)}")
        side = sides[source]
        fields = self.table.column_names[len(_PAIR) + 4 :]
        own = self.table.select(["case", f"{side}_id", *fields]).rename_columns(["case", "record_id", *fields])
        return CaseList(own, self.links.schema.project, source, self.links.key_check, self.links.run)

    def settled(self, decisions: Mapping[str, object]) -> tuple[pa.Table, pa.Table]:
        """What the agencies decided, for ``link(known=)`` and `refine`, and the cases on which they disagree.

        Parameters
        ----------
        decisions
            Source -> a data frame, Arrow table or dict of columns with ``case`` and ``same``: true, yes or same; false,
            no or different; empty or unsure where nobody can say.

        Returns
        -------
        left_source, left_id, right_source, right_id, same (bool): cases that someone decided and nobody otherwise; and
        case, then a column for each source, where they decided against each other, to be talked over.

        Raises `RecordError` for a case that is not in this review, or another word.
        """
        return settled(self.table, decisions)


def settled(review: pa.Table, decisions: Mapping[str, object]) -> tuple[pa.Table, pa.Table]:
    """See `Review.settled`; ``review`` is its table."""
    import pyarrow as pa

    told = {source: _decided(table, set(review["case"].to_pylist())) for source, table in decisions.items()}
    known: list[dict[str, Any]] = []
    contrary: list[dict[str, Any]] = []
    for row in review.select(["case", *_PAIR]).to_pylist():
        said = {source: own[row["case"]] for source, own in told.items() if own.get(row["case"]) is not None}
        if len(set(said.values())) == 1:
            known.append({**{name: row[name] for name in _PAIR}, "same": next(iter(said.values()))})
        elif said:
            contrary.append({"case": row["case"], **{source: said.get(source) for source in told}})
    pair, sides = [(name, pa.string()) for name in _PAIR], [(source, pa.bool_()) for source in told]
    return (
        pa.Table.from_pylist(known, pa.schema([*pair, ("same", pa.bool_())])),
        pa.Table.from_pylist(contrary, pa.schema([("case", pa.string()), *sides])),
    )


def review(links: Links, model: Model, left: EncodedSet, right: EncodedSet, *, n: int = 300) -> Review:
    """The pairs whose decision would change most: those nearest the cut, on either side of it.

    Parameters
    ----------
    links
        What `link` made of the two sets, or of these and others, in the ``fields`` layout.
    model
        The one that it was made with: `fit` of the two sets gives it.
    n
        How many pairs.

    Returns
    -------
    A `Review`. Case numbers are keyed with the run's release key: the same pair has the same number in each review of a
    run, and nobody without the standing result can tell which records a number stands for.

    Examples
    --------
    >>> from linkage import Key, Schema, encode, fit, link, study
    >>> people, key = study.invent(300, seed=1, agencies=["registry", "primary_school"]), Key.generate()
    >>> schema = Schema.preset("uk-person", project="example")
    >>> sets = [encode(people[name], schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
    ...         for name in people.ids]
    >>> found = review(link(*sets), fit(*sets), *sets, n=5)
    >>> found.for_source("registry").to_arrow().column_names[:3]
    ['case', 'record_id', 'given_name']
    """
    import pyarrow as pa

    if left.source == right.source or not {left.source, right.source} <= set(links.sources):
        raise ValueError(f"review: give two sets that were linked, of {', '.join(links.sources)}")
    if "probability" not in links.cut:
        raise ValueError("review: the record layout has no fields to look at")
    seen = model.explain(left, right, probability=links.cut["probability"], progress=False)
    rows = []
    for row in seen.nearest(n).to_arrow().to_pylist():
        levels = {step.name: step.level for step in seen.pair(row["left_id"], row["right_id"]).steps if step.level}
        words = {item.comparison.name: _word(levels.get(item.comparison.name, "missing")) for item in model.fields}
        rows.append({"case": _number(links.release_key, row), **row, **words})
    names = [item.comparison.name for item in model.fields]
    measures = {"match_weight": pa.float64(), "probability": pa.float64(), "reaches_cut": pa.bool_()}
    kinds = {"case": pa.string(), **dict.fromkeys(_PAIR, pa.string()), **measures, **dict.fromkeys(names, pa.string())}
    return Review(pa.Table.from_pylist(rows, pa.schema(list(kinds.items()))), links)


def _word(level: str) -> str:
    return _ALIKE if level[:1].isdigit() else level


def _number(release_key: bytes, row: Mapping[str, Any]) -> str:
    parts = [str(row[name]) for name in _PAIR]
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in ("case", *parts))
    return hmac.digest(release_key, message, "sha256")[:8].hex()


def _decided(table: object, cases: set[str]) -> dict[str, bool | None]:
    import pyarrow as pa

    given = pa.table(dict(table) if isinstance(table, Mapping) else table)
    lacking = {"case", "same"} - set(given.column_names)
    if lacking:
        raise RecordError(f"decisions: no column '{min(lacking)}'", column=min(lacking), rule="column missing")
    found: dict[str, bool | None] = {}
    for row, (case, same) in enumerate(zip(given["case"].to_pylist(), given["same"].to_pylist(), strict=True), start=1):
        word = "" if same is None else str(same).strip().lower()
        if case not in cases:
            raise RecordError(f"decisions, row {row:,}: the case is not in this review", row=row, rule="case")
        if word not in _WORDS:
            raise RecordError(
                f"decisions, row {row:,}, column 'same': write true, false, or nothing",
                row=row,
                column="same",
                rule="word",
            )
        found[case] = _WORDS[word]
    return found
