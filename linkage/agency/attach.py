"""Two tables side by side, record by record, for an analyst who may hold both and only wants them linked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from linkage.agency.key import Key, require_key
from linkage.agency.opened import plain_table
from linkage.agency.records import Attachable
from linkage.agency.rejoin import hashed_ids, id_column, require_each_once
from linkage.arguments import checked
from linkage.arrowtext import taken
from linkage.errors import RecordError, nearest
from linkage.links import Links
from linkage.sealed import sealed

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

How = Literal["inner", "left", "outer"]
_ROW, _ID = ("linkage row 1", "linkage row 2"), ("record id 1", "record id 2")


@sealed
@checked
def attach(
    links: Links,
    left: object,
    right: object | None = None,
    *,
    key: Key,
    id: str | tuple[str, str],
    sources: tuple[str, str] | None = None,
    how: How = "inner",
    id_key: Key | tuple[Key | None, Key | None] | None = None,
) -> Any:
    """The columns of two linked tables side by side, a row for each two records of one person.

    For whoever may see both tables, such as an analyst in a trusted environment. Agencies that may not see each other's
    get a `Release` each, and use `rejoin`.

    Parameters
    ----------
    links
        What `link` gave.
    left, right
        The tables that were encoded, in any of the kinds `encode` takes. Without ``right``, the records of ``left``
        that are one person within it.
    key
        The key they were encoded with.
    id
        The column of the tables' own record ids; two names where they differ, the left one first.
    sources
        The sources that the tables are, the left one first; needed where ``links`` are of more than these. Of two the
        record ids tell which is which.
    how
        ``inner``: linked records only. ``left``: those of ``left`` that linked with nothing as well. ``outer``: those
        of ``right`` too, below.
    id_key
        Where `encode` was given one: of both, or two with None where there was none.

    Returns
    -------
    A frame of the kind ``left`` is (an Arrow table for a path), in the order of its rows and then of ``right``'s:
    ``link_id``, what is known of the pair (``match_weight`` and ``probability``, or ``similarity``; null for two who
    are one person only through a third record), then the columns of both, the source behind names that both have.

    Raises
    ------
    MismatchError
        The links were made under another key.
    RecordError
        Linked records are not in the tables, an id is missing or used twice, or two columns would have one name.

    Examples
    --------
    >>> from linkage import Schema, attach, encode, link, study
    >>> people, key = study.invent(300, seed=1, agencies=["registry", "primary_school"]), Key.generate()
    >>> schema = Schema.preset("uk-person", project="example")
    >>> sets = [encode(people[name], schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
    ...         for name in people.ids]
    >>> both = attach(link(*sets), people["registry"], people["primary_school"], key=key, id=("entry_no", "upn"))
    >>> both.column_names[:4], both.column_names[-2:]
    (['link_id', 'match_weight', 'probability', 'entry_no'], ['home_postcode', 'home_address'])
    """
    require_key(key, links.schema.project, links.key_check, what="these links were")
    if how not in ("inner", "left", "outer"):
        raise ValueError(f"how: 'inner', 'left' or 'outer', not {how!r}")
    frames = [Attachable.of(left)]
    frames.append(frames[0] if right is None else Attachable.of(right))
    sides = [_Side(*side) for side in zip(frames, _two(id), (own or key for own in _two(id_key)), strict=True)]
    named = _sources(links, sources, sides, alone=right is None)
    rows = [_rows(links, side, source) for side, source in zip(sides, named, strict=True)]
    found = _joined(links, rows, named, within=right is None)
    return _side_by_side(found, frames, named, how)


@dataclass(frozen=True)
class _Side:
    frame: Attachable
    id: str
    key: Key

    def record_ids(self, project: str, source: str) -> pa.StringArray:
        """What the records are called if the table is this source's."""
        return hashed_ids(id_column(self.frame, self.id), self.key, project=project, source=source, column=self.id)


def _two(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, value)


def _sources(links: Links, given: tuple[str, str] | None, sides: Sequence[_Side], *, alone: bool) -> tuple[str, str]:
    import pyarrow.compute as pc

    if given is None:
        if len(links.sources) != (1 if alone else 2):
            raise ValueError(
                f"attach: the links are of {', '.join(links.sources)}; say which the tables are: sources=(left, right)"
            )
        first, last = links.sources[0], links.sources[-1]
        ids = sides[0].record_ids(links.schema.project, last)
        other = pc.any(pc.is_in(ids, value_set=links.records["record_id"])).as_py()
        return (last, first) if other else (first, last)
    named = _two(given)
    for source in named:
        if source not in links.sources:
            raise ValueError(f"sources: '{source}' was not linked; {nearest(source, links.sources)}")
    if (named[0] == named[1]) != alone:
        raise ValueError("sources: two names for two tables, one for one")
    return named


def _rows(links: Links, side: _Side, source: str) -> pa.Table:
    """The linked records of a source: its row in the table, record id and link id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = side.record_ids(links.schema.project, source)
    require_each_once(ids, side.id)
    own = links.records.filter(pc.equal(links.records["source"], source)).select(["record_id", "link_id"])
    places = pc.index_in(own["record_id"], value_set=ids)
    lost = places.null_count
    if lost:
        raise RecordError(
            f"{lost:,} of the {len(own):,} records of '{source}' that were linked are not in the table: is it the one "
            "that was encoded, with the same id column and id_key? Ids read as numbers lose their leading zeros: read "
            "them as text",
            rule="record not found",
        )
    return pa.table({"row": places, "record_id": own["record_id"], "link_id": own["link_id"]}).filter(
        pc.is_valid(own["link_id"])
    )


def _joined(links: Links, rows: Sequence[pa.Table], named: tuple[str, str], *, within: bool) -> pa.Table:
    """The rows of every two records of one person, their link id and what is known of the pair."""
    import pyarrow.compute as pc

    left, right = (
        each.rename_columns([row, record, "link_id"]) for each, row, record in zip(rows, _ROW, _ID, strict=True)
    )
    both = left.join(right, keys="link_id", join_type="inner")
    if within:
        both = both.filter(pc.less(both[_ID[0]], both[_ID[1]]))
    measures = [name for name in links.pairs.column_names if name in ("similarity", "match_weight", "probability")]
    first, second = sorted(named)
    pairs = links.pairs.filter(
        pc.and_(pc.equal(links.pairs["left_source"], first), pc.equal(links.pairs["right_source"], second))
    )
    own = _ID if named[0] <= named[1] else _ID[::-1]
    known = pairs.select(["left_id", "right_id", *measures]).rename_columns([*own, *measures])
    return both.join(known, keys=list(_ID), join_type="left outer").select([*_ROW, "link_id", *measures])


def _side_by_side(found: pa.Table, frames: Sequence[Attachable], named: tuple[str, str], how: How) -> Any:
    """The rows that belong together taken out of each frame, which holds whatever its library does."""
    import narwhals.stable.v2 as nw

    names = _titles(frames, named, set(found.column_names) - set(_ROW))
    left, right = (_of_kind(each, frames[0], titles) for each, titles in zip(frames, names, strict=True))
    found = found.sort_by([(name, "ascending") for name in _ROW])
    rows = [found[name].to_numpy() for name in _ROW]
    known = found.drop_columns([*_ROW])
    parts = [nw.concat([_like(known, frames[0]), *map(_taken, (left, right), rows)], how="horizontal")]
    order = rows[0]
    if how != "inner":
        alone = np.setdiff1d(np.arange(len(left)), rows[0])
        parts.append(_taken(left, alone))
        order = np.concatenate([order, alone])
    if how == "outer":
        others = np.setdiff1d(np.arange(len(right)), rows[1])
        parts.append(_taken(right, others))
        order = np.concatenate([order, len(left) + others])
    out = parts[0] if how == "inner" else _taken(nw.concat(parts, how="diagonal"), np.argsort(order, kind="stable"))
    return out.select(*known.column_names, *names[0].values(), *names[1].values()).to_native()


def _of_kind(given: Attachable, first: Attachable, titles: dict[str, str]) -> Any:
    """A frame of the kind that the first one is, its columns with their titles."""
    frame = given.frame.rename(titles)
    if given.frame.implementation == first.frame.implementation:
        return frame
    return _like(plain_table(frame.to_arrow), first)


def _like(table: pa.Table, first: Attachable) -> Any:
    import narwhals.stable.v2 as nw

    return plain_table(lambda: nw.from_arrow(table, backend=first.frame.implementation))


def _taken(frame: Any, rows: NDArray[np.int64]) -> Any:
    """These rows, in this order, and numbered anew."""
    import narwhals.stable.v2 as nw
    import pyarrow as pa

    native = frame.to_native()
    if isinstance(native, pa.Table):
        return nw.from_native(plain_table(lambda: taken(native, rows)), eager_only=True)
    return nw.maybe_reset_index(frame[rows.tolist()])


def _titles(frames: Sequence[Attachable], named: tuple[str, str], taken: set[str]) -> list[dict[str, str]]:
    """What each column of the two tables is called; refused where two would have one name."""
    ends = [f"_{source}" for source in named] if named[0] != named[1] else ["_1", "_2"]
    titles = []
    for frame, other, end in zip(frames, reversed(frames), ends, strict=True):
        given = zip(frame.frame.columns, frame.names, strict=True)
        titles.append({own: name + end if name in taken | set(other.names) else name for own, name in given})
    new = [*taken, *titles[0].values(), *titles[1].values()]
    twice = next((name for name in new if new.count(name) > 1), None)
    if twice is not None:
        raise RecordError(f"two columns would be called '{twice}'; rename one", column=twice, rule="column names")
    return titles
