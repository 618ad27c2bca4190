"""What anonlink makes of CLKs: candidate pairs (binary) and groups (JSON), read and written.

Candidate pairs: four bytes, which are the version 1 and the sizes of a similarity, a dataset's and a record's number;
then rows ``similarity, dataset, dataset, record, record``, little-endian without gaps, the highest similarity first.
Groups: ``[[[dataset, row], [dataset, row], ...], ...]``, a list for each person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.argumentkinds import kinds
from linkage.arguments import checked, require
from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError, LimitError
from linkage.files import PathLike, require_regular, written_beside
from linkage.jsonfile import read_json
from linkage.links import Links
from linkage.pairs import Pairs

Groups = list[list[tuple[int, int]]]

_MAX_BYTES = 8 << 30
_FLOATS = {2: "<f2", 4: "<f4", 8: "<f8"}
_TWICE = "a record is in two groups, or twice in one"
_NUMBERS = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}


@checked
def read_candidate_pairs(
    path: PathLike,
    left: EncodedSet,
    right: EncodedSet,
    *,
    datasets: tuple[int, int] = (0, 1),
    max_bytes: int = _MAX_BYTES,
) -> Pairs:
    """The pairs that anonlink found between two sets, given in the order they were given to anonlink.

    Parameters
    ----------
    datasets
        Which two of the file's datasets ``left`` and ``right`` are, if it holds more.

    Returns
    -------
    By left row, then right row, like those of `linkage.compare`; similarity is what the file says.

    Raises
    ------
    FileFormatError
        Not such a file, cut short, a record that the set does not have, a similarity outside [0, 1], or a pair that is
        there twice.
    """
    place = Path(path)
    rows = _rows(place, max_bytes)
    numbers = rows["datasets"].astype(np.int64)
    same, other = (numbers == datasets).all(axis=1), (numbers == datasets[::-1]).all(axis=1)
    records = rows["records"].astype(np.int64)
    records[other & ~same] = records[other & ~same, ::-1]
    kept = same | other
    records, similarity = records[kept], rows["similarity"][kept].astype(np.float64)
    if (records < 0).any() or (records >= (len(left), len(right))).any():
        raise _not(place, "holds a record that the sets do not have; are they those it was made from?", "records")
    if not ((similarity >= 0) & (similarity <= 1)).all():
        raise _not(place, "holds a similarity outside 0 to 1", "similarity")
    order = np.lexsort((records[:, 1], records[:, 0]))
    _require_distinct(place, records[order] if datasets[0] != datasets[1] else np.sort(records, axis=1))
    left_rows, right_rows = records[order].T.astype(np.int32)
    return Pairs(left, right, left_rows, right_rows, similarity=similarity[order])


@checked
def write_candidate_pairs(pairs: Pairs, path: PathLike) -> None:
    """Write the pairs of `linkage.compare` for `anonlink.serialization`: left is dataset 0, right is dataset 1.

    Pairs within one set have dataset 0 on both sides.
    """
    if pairs.similarity is None:
        raise ValueError("pairs: these have no similarity; candidate pairs come from compare()")
    rows = np.empty(len(pairs), dtype=_row_type(8, 4, 4))
    order = np.lexsort((pairs.right, pairs.left, -pairs.similarity))
    rows["similarity"] = pairs.similarity[order]
    rows["datasets"] = (0, 0 if pairs.left_set is pairs.right_set else 1)
    rows["records"] = np.stack([pairs.left[order], pairs.right[order]], axis=1)
    with written_beside(path) as part, part.open("wb") as handle:
        handle.write(bytes((1, 8, 4, 4)))
        handle.write(rows.tobytes())


def candidate_facts(path: Path, *, max_bytes: int = _MAX_BYTES) -> dict[str, str | int] | None:
    """What a file of candidate pairs says of itself; None for another kind of file.

    Raises `FileFormatError` for one that is cut short.
    """
    require_regular(path)
    with path.open("rb") as handle:
        if not _is_header(handle.read(4)):
            return None
    rows = _rows(path, max_bytes)
    facts: dict[str, str | int] = {"kind": "anonlink's candidate pairs", "pairs": len(rows)}
    if len(rows):
        facts["datasets"] = len(np.unique(rows["datasets"]))
        facts["similarity"] = f"{rows['similarity'].min():.4g} to {rows['similarity'].max():.4g}"
    return facts


@checked
def read_groups(path: PathLike, *, max_bytes: int = _MAX_BYTES) -> Groups:
    """The groups of anonlink's solvers: a list of (dataset, row) for each person.

    Raises `FileFormatError` for anything else, and for a record in two groups.
    """
    place = Path(path)
    return groups_of(place, read_json(place, max_bytes=max_bytes))


def groups_of(place: Path, content: Any) -> Groups:
    """`read_groups` of what was read from the file."""
    if not isinstance(content, list) or not all(isinstance(group, list) for group in content):
        raise _not(place, "not a list of groups", "shape")
    groups = [[_member(place, number, item) for item in group] for number, group in enumerate(content)]
    if _repeats(groups):
        raise _not(place, _TWICE, "records")
    return groups


@checked
def write_groups(groups: Groups | Links, path: PathLike, *, sources: Sequence[str] = ()) -> None:
    """Write groups, or the linked records of `Links` as groups, in the order of datasets and rows.

    Parameters
    ----------
    sources
        Of links: the sources in the order of anonlink's datasets. Their ids must be row numbers.

    Raises
    ------
    TypeError
        Members that are no whole numbers: nothing is cut to one.
    ValueError
        What `read_groups` would refuse: a number below 0, a record in two groups or twice in one.
    """
    made = _groups_of(groups, list(sources)) if isinstance(groups, Links) else groups
    try:
        members = [[(dataset, row) for dataset, row in group] for group in made]
    except (TypeError, ValueError):
        raise TypeError("groups: Links, or a list for each person, of (dataset, row)") from None
    numbered = [[_numbers(member, group) for member in of] for group, of in enumerate(members)]
    if _repeats(numbered):
        raise ValueError(f"groups: {_TWICE}")
    content = sorted(sorted(group) for group in numbered)
    with written_beside(path) as part:
        part.write_text(json.dumps(content) + "\n", encoding="ascii", newline="\n")


def _numbers(member: tuple[Any, Any], group: int) -> tuple[int, int]:
    """A member of a group, NumPy's numbers as Python's."""
    where = f"groups: in group {group:,}, counted from 0, a dataset or row"
    dataset, row = (require(part, kinds("int"), where) for part in member)
    assert isinstance(dataset, int) and isinstance(row, int)
    if dataset < 0 or row < 0:
        raise ValueError(f"{where}: must be at least 0")
    return dataset, row


def _repeats(groups: Groups) -> bool:
    members = [member for group in groups for member in group]
    return len(set(members)) < len(members)


def _require_distinct(path: Path, records: NDArray[np.int64]) -> None:
    """Refuse two rows alike; within one dataset the caller gives each with the lower number first."""
    ordered = records[np.lexsort((records[:, 1], records[:, 0]))]
    if (ordered[1:] == ordered[:-1]).all(axis=1).any():
        raise _not(path, "a pair of records is there twice", "pairs")


def _groups_of(links: Links, sources: list[str]) -> Groups:
    if sorted(sources) != sorted(links.sources):
        raise ValueError(f"sources: the links' own, in the order of the datasets: {', '.join(links.sources)}")
    if links.schema.encoder != "clkhash":
        raise ValueError("groups are of row numbers, and these links are of keyed record ids; use links.records")
    found: dict[str, list[tuple[int, int]]] = {}
    for source, record, link in zip(
        *(links.records[name].to_pylist() for name in links.records.column_names), strict=True
    ):
        if link is not None:
            found.setdefault(link, []).append((sources.index(source), int(record)))
    return list(found.values())


def _rows(path: Path, max_bytes: int) -> Any:
    require_regular(path)
    size = path.stat().st_size
    if 8 * size > max_bytes:
        raise LimitError(
            f"{path}: may take {8 * size:,} bytes in memory; allowed are {max_bytes:,}",
            needed=8 * size,
            allowed=max_bytes,
        )
    data = path.read_bytes()
    if not _is_header(data[:4]):
        raise _not(path, "not anonlink's candidate pairs, version 1", "header")
    row_type = _row_type(*data[1:4])
    if (len(data) - 4) % row_type.itemsize:
        raise _not(path, "cut short: its last row is not whole", "length")
    return np.frombuffer(data, dtype=row_type, offset=4)


def _is_header(data: bytes) -> bool:
    return len(data) == 4 and data[0] == 1 and data[1] in _FLOATS and {data[2], data[3]} <= _NUMBERS.keys()


def _row_type(similarity: int, dataset: int, record: int) -> np.dtype[np.void]:
    return np.dtype(
        [("similarity", _FLOATS[similarity]), ("datasets", _NUMBERS[dataset], 2), ("records", _NUMBERS[record], 2)]
    )


def _member(path: Path, group: int, item: object) -> tuple[int, int]:
    if isinstance(item, list) and len(item) == 2 and all(type(part) is int and part >= 0 for part in item):
        return item[0], item[1]
    raise _not(path, f"group {group:,}: its members are pairs of a dataset and a row", "shape")


def _not(path: Path, message: str, reason: str) -> FileFormatError:
    return FileFormatError(f"{path}: {message}", path=str(path), reason=reason)
