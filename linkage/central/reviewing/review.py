"""Clerical review at the centre: which pairs people should look at, what each agency sees, and what they decided."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.arguments import checked
from linkage.cases import CaseList
from linkage.central.modelling.levels import comparisons
from linkage.central.overtime.heldsets import one_of_each_source
from linkage.central.reviewing.worth import require_linked, worth_a_look
from linkage.decisions import PAIR, answer
from linkage.encoded import EncodedSet
from linkage.errors import RecordError, nearest
from linkage.links import Links
from linkage.tables import TableOfResults, as_arrow, texts

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.modelling.model import Model


@dataclass(frozen=True, repr=False, eq=False)
class Review(TableOfResults):
    """Pairs to look at, at the centre: conflicts, then those whose decision hangs by least; of each those first.

    table     case, left_source, left_id, right_source, right_id, match_weight, probability, reaches_cut, conflict, then
              a column for each field: how the two agree on it, in a word
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

    @checked
    def for_source(self, source: str) -> CaseList:
        """What one agency is given: its own record ids under case numbers that the other agency has too.

        Of a case within one source it has both records, one after the other.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        fields = self.table.column_names[len(PAIR) + 5 :]
        parts = []
        for side in ("left", "right"):
            own = self.table.append_column("place", pa.array(range(len(self)), pa.int64()))
            own = own.filter(pc.equal(own[f"{side}_source"], source)).select(["place", "case", f"{side}_id", *fields])
            parts.append(own.rename_columns(["place", "case", "record_id", *fields]))
        mine = pa.concat_tables(parts)
        if not len(mine):
            sources = {name for side in ("left", "right") for name in self.table[f"{side}_source"].to_pylist()}
            raise ValueError(f"for_source: no case is of '{source}'; {nearest(source, sources)}")
        order = pc.sort_indices(mine, [("place", "ascending")])
        own = mine.take(order).drop_columns(["place"]).combine_chunks()
        return CaseList(own, self.links.schema.project, source, self.links.key_check, self.links.run)

    @checked
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

        Raises `RecordError` for a case that is not in this review, or is answered in two ways, or another word.
        """
        return settled(self.table, decisions)


def settled(review: pa.Table, decisions: Mapping[str, object]) -> tuple[pa.Table, pa.Table]:
    """See `Review.settled`; ``review`` is its table."""
    import pyarrow as pa

    cases = {name: texts(review, "review", name) for name in ("case", *PAIR)}
    if len(set(cases["case"])) < len(review):
        raise RecordError("review: a case stands in it twice", column="case", rule="case")
    sources = sorted({*cases["left_source"], *cases["right_source"]})
    for source in decisions:
        if source not in sources:  # it would count as a party of its own
            raise RecordError(f"decisions: no case is of '{source}'; {nearest(source, sources)}", rule="source")
    told = {source: _decided(table, set(cases["case"])) for source, table in decisions.items()}
    known: list[dict[str, Any]] = []
    contrary: list[dict[str, Any]] = []
    for values in zip(*cases.values(), strict=True):
        row = dict(zip(cases, values, strict=True))
        said = {source: own[row["case"]] for source, own in told.items() if own.get(row["case"]) is not None}
        if len(set(said.values())) == 1:
            known.append({**{name: row[name] for name in PAIR}, "same": next(iter(said.values()))})
        elif said:
            contrary.append({"case": row["case"], **{source: said.get(source) for source in told}})
    pair, sides = [(name, pa.string()) for name in PAIR], [(source, pa.bool_()) for source in told]
    return (
        pa.Table.from_pylist(known, pa.schema([*pair, ("same", pa.bool_())])),
        pa.Table.from_pylist(contrary, pa.schema([("case", pa.string()), *sides])),
    )


@checked
def review(links: Links, model: Model | None, *sets: EncodedSet, n: int = 300) -> Review:
    """The pairs whose decision would change most: of several agencies conflicts first, then those nearest the cut.

    Parameters
    ----------
    links
        What `link` made of the sets, or of these and others, in the ``fields`` layout.
    model
        The one that it was made with: `fit` of the two sets gives it. None: those that the links hold, as they do of
        three agencies or more and where they are carried on.
    sets
        Of two sources or more, every two of which are looked at; or of one, for the duplicates within it. Of a source
        that sent several batches all of them, as in `link`.
    n
        How many pairs. At most half are conflicts: pairs that reach the cut, of people who are two all the same, as
        others belong more surely to one or the other.

    Returns
    -------
    A `Review`. Case numbers are keyed with the run's release key: the same pair has the same number in each review of a
    run, and nobody without the standing result can tell which records a number stands for.

    Cost: a comparison of all pairs of every two sets.

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

    whole = one_of_each_source(sets)
    require_linked(links, whole)
    rows = [{"case": _number(links.release_key, row), **row} for row in worth_a_look(links, model, whole, n)]
    names = [item.name for item in comparisons(links.schema)]
    measures = {
        "match_weight": pa.float64(), "probability": pa.float64(), "reaches_cut": pa.bool_(), "conflict": pa.bool_()
    }  # fmt: skip
    kinds = {"case": pa.string(), **dict.fromkeys(PAIR, pa.string()), **measures, **dict.fromkeys(names, pa.string())}
    return Review(pa.Table.from_pylist(rows, pa.schema(list(kinds.items()))), links)


def _number(release_key: bytes, row: Mapping[str, Any]) -> str:
    ends = sorted([(row["left_source"], row["left_id"]), (row["right_source"], row["right_id"])])
    parts = [part for end in ends for part in end]
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in ("case", *parts))
    return hmac.digest(release_key, message, "sha256")[:8].hex()


def _decided(table: object, cases: set[str]) -> dict[str, bool | None]:
    given = as_arrow(table, "decisions")
    lacking = {"case", "same"} - set(given.column_names)
    if lacking:
        raise RecordError(f"decisions: no column '{min(lacking)}'", column=min(lacking), rule="column missing")
    found: dict[str, bool | None] = {}
    for row, (case, same) in enumerate(zip(given["case"].to_pylist(), given["same"].to_pylist(), strict=True), start=1):
        if not isinstance(case, str) or case not in cases:
            raise RecordError(f"decisions, row {row:,}: the case is not in this review", row=row, rule="case")
        try:
            said = answer(same)
        except ValueError as error:
            raise RecordError(f"decisions, row {row:,}: {error}", row=row, column="same", rule="word") from None
        before = found.setdefault(case, said)  # a case within one source stands in two rows, and one may be left empty
        if None not in (before, said) and before != said:
            raise RecordError(f"decisions, row {row:,}: the case is answered otherwise before", row=row, rule="twice")
        found[case] = before if said is None else said
    return found
