"""EncodedSet: what crosses the trust boundary. Its file is specified in `linkage.encodedfile`.

It holds, for each record, a keyed record id, one Bloom filter per filter of the schema, and the group
columns that were agreed to travel in clear. It holds no name, no key and no id of the agency. It is still
personal data: see the package docstring for what the centre can learn from it.
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage import encodedfile
from linkage.argumentkinds import kinds
from linkage.arguments import checked, require
from linkage.disagreement import differences
from linkage.errors import MismatchError
from linkage.rows import ContentDigest, Header, Rows, fault, make_read_only
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.files import PathLike


class EncodedSet:
    """The encoded records of one agency, sorted by record id. Made by `encode`, read by `load`; it does not change.

    A loaded set is a handle: the header is read and checked at once, the records when they are first asked for.
    """

    def __init__(
        self,
        header: Header,
        *,
        rows: Rows | None = None,
        path: Path | None = None,
        popcounts: Mapping[str, NDArray[np.uint32]] | None = None,
    ) -> None:
        self._header = header
        self._given = rows
        self._path = path
        self._counted = popcounts

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        make_read_only(state.get("popcounts") or self._counted or {})  # they are writable again, as those of `Rows`

    @classmethod
    @checked
    def load(cls, path: PathLike, *, max_bytes: int = 8 << 30) -> EncodedSet:
        """The set in a file.

        Raises `FileFormatError` if the file is not one of these, was cut or changed, and `LimitError` if its
        records would take more than ``max_bytes`` in memory.
        """
        return cls(encodedfile.read_header(Path(path), max_bytes=max_bytes), path=Path(path))

    @classmethod
    @checked
    def from_arrays(
        cls,
        record_ids: Sequence[str],
        filters: Mapping[str, NDArray[np.uint64]],
        *,
        schema: Schema,
        source: str,
        groups: Mapping[str, Sequence[str]] | None = None,
        blocks: Mapping[str, NDArray[np.uint64]] | None = None,
        key_check: str = "",
    ) -> EncodedSet:
        """A set from arrays, for researchers: ``filters[name]`` is (n, words) uint64 for each filter of the schema.

        ``groups`` and ``blocks`` (n values, and (n,) uint64) for each that the schema has. Records are sorted by id.
        Raises ``ValueError`` if the ids repeat, or something is left out or does not fit the schema, and ``TypeError``
        for ids or groups that are no texts; an Arrow array of texts is as good as a list.
        """
        if not isinstance(source, str) or not 1 <= len(source) <= 200 or not source.isprintable():
            raise ValueError("from_arrays: source must be 1 to 200 printable characters")
        n, groups, blocks = len(record_ids), groups or {}, blocks or {}
        order = np.array(sorted(range(n), key=record_ids.__getitem__), dtype=np.int64)
        rows = Rows(
            _texts("record_ids", record_ids, order),
            {each.name: _words(f"filter '{each.name}'", filters.get(each.name), (n, each.words))[order]
             for each in schema.filters},
            {each.name: _texts(f"group '{each.name}'", groups.get(each.name), order) for each in schema.groups},
            {each.name: _words(f"block '{each.name}'", blocks.get(each.name), (n,))[order] for each in schema.blocks},
        )  # fmt: skip
        if not key_check.isprintable():
            raise ValueError("key_check: what Key.check gives, or empty")
        header = Header(schema=schema, source=source, rows=len(rows), key_check=key_check)
        problem = fault(rows, header, after="")
        if problem:
            raise ValueError(f"from_arrays: {problem}")
        return cls(header, rows=rows)

    @property
    def schema(self) -> Schema:
        """The agreement it was encoded with."""
        return self._header.schema

    @property
    def source(self) -> str:
        """The agency's name."""
        return self._header.source

    @property
    def key_check(self) -> str:
        """Equal for sets made with one key in one project; says nothing else about the key."""
        return self._header.key_check

    @property
    def encoding_version(self) -> int:
        """Version of the encoding; sets of two versions can't be compared."""
        return self._header.encoding_version

    @property
    def record_ids(self) -> pa.StringArray:
        """Record ids in ascending order."""
        return self._rows.record_ids

    @property
    def filters(self) -> Mapping[str, NDArray[np.uint64]]:
        """(n, words) uint64 per filter, read-only; a row of zeros means missing."""
        return self._rows.filters

    @functools.cached_property
    def popcounts(self) -> Mapping[str, NDArray[np.uint32]]:
        """(n,) uint32 per filter, read-only: the bits set in each row."""
        if self._counted is not None:
            return self._counted
        made = {name: np.bitwise_count(rows).sum(axis=1, dtype=np.uint32) for name, rows in self.filters.items()}
        make_read_only(made)
        return made

    @property
    def groups(self) -> Mapping[str, pa.StringArray]:
        """The group columns that travel in clear."""
        return self._rows.groups

    @property
    def blocks(self) -> Mapping[str, NDArray[np.uint64]]:
        """(n,) uint64 per rule of the agreement: equal for records that meet, 0 where a record is in no block by it."""
        return self._rows.blocks

    @functools.cached_property
    def _rows(self) -> Rows:
        if self._given is not None:
            return self._given
        assert self._path is not None
        return encodedfile.read_rows(self._path, self._header)

    def batches(self, rows: int = 65_536) -> Iterator[Rows]:
        """The records in order, at most ``rows`` at a time; straight from the file if they are not in memory yet.

        A file is checked as it is read: a fault found in a later batch raises then, and the digest at the end.
        """
        if self._given is None and "_rows" not in self.__dict__:
            assert self._path is not None
            yield from encodedfile.read_batches(self._path, self._header, rows)
            return
        for start in range(0, len(self), rows):
            yield self._rows.slice(start, min(start + rows, len(self)))

    def digest(self) -> str:
        """SHA-256 of the records: two sets with equal digests hold the same encodings under the same ids."""
        return self._header.content or self._computed_digest

    @functools.cached_property
    def _computed_digest(self) -> str:
        total = ContentDigest()
        for rows in self.batches():
            total.update(rows)
        return total.hexdigest()

    @checked
    def save(self, path: PathLike) -> None:
        """Write the file that goes to the centre (readable by its owner only); an existing file is replaced."""
        encodedfile.write(path, self._header, self.batches())

    @checked
    def without(self, record_ids: Iterable[str]) -> EncodedSet:
        """The set without these records: what is left where some were withdrawn.

        Raises ``ValueError`` with the count if some are not in it. Save it in the place of the old file, and of every
        other that holds them.
        """
        import pyarrow as pa

        gone = {str(each) for each in record_ids}
        stays = np.array([each not in gone for each in self.record_ids.to_pylist()], dtype=bool)
        lost = len(gone) - int(np.count_nonzero(~stays))
        if lost:
            raise ValueError(f"without: {lost:,} of the records are not in the set of '{self.source}'")
        mask = pa.array(stays, pa.bool_())
        rows = Rows(
            self.record_ids.filter(mask),
            {name: words[stays] for name, words in self.filters.items()},
            {name: group.filter(mask) for name, group in self.groups.items()},
            {name: keys[stays] for name, keys in self.blocks.items()},
        )
        header = Header(self.schema, self.source, len(rows), self.key_check, self.encoding_version)
        return EncodedSet(header, rows=rows)

    def to_arrow(self) -> pa.Table:
        """Columns record_id, one fixed-size binary column per filter, the groups, and 8 bytes per block."""
        schema = encodedfile.arrow_schema(self._header)
        return schema.empty_table() if not len(self) else encodedfile.as_table(self._rows, schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self._header.rows

    def __repr__(self) -> str:
        return f"EncodedSet({self.source!r}, {len(self):,} records, {len(self.schema.filters)} filters)"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{name}</td><td>{np.mean(counts > 0):.1%}</td><td>{np.mean(counts[counts > 0]):.1f}</td></tr>"
            if counts.any()
            else f"<tr><td>{name}</td><td>0%</td><td></td></tr>"
            for name, counts in self.popcounts.items()
        )
        return (
            f"<p><b>{escape(self.source)}</b>: {len(self):,} encoded records, schema "
            f"{self.schema.fingerprint()[:16]}</p><table><tr><th>filter</th><th>present</th>"
            f"<th>bits set, mean</th></tr>{rows}</table>"
        )


def _require_two(sets: Sequence[EncodedSet]) -> None:
    for place, one in enumerate(sets):
        for other in sets[:place]:
            if one is not other and one.source == other.source and one.digest() == other.digest():
                raise ValueError(
                    f"the set of '{one.source}' was given twice; to look for people it holds twice give it once"
                )


def require_comparable(*sets: EncodedSet, batches: bool = False) -> None:
    """Raise `MismatchError` naming the difference unless the sets share schema, key and encoding version.

    ``ValueError`` if one was given twice, so that each record would be its own partner, unless they are ``batches``.
    """
    first = sets[0]
    for other in sets[1:]:
        pair = f"'{first.source}' and '{other.source}'"
        if first.encoding_version != other.encoding_version:
            raise MismatchError(
                f"{pair} were encoded with different versions: {first.encoding_version} and "
                f"{other.encoding_version}; encode again with one release",
                what="encoding version",
                left=str(first.encoding_version),
                right=str(other.encoding_version),
            )
        found = differences(first.schema, other.schema)
        if found:
            raise MismatchError(
                f"{pair} were encoded with different agreements: {'; '.join(found)}",
                what="schema",
                left=first.schema.fingerprint(),
                right=other.schema.fingerprint(),
            )
        if not hmac.compare_digest(first.key_check.encode(), other.key_check.encode()):
            raise MismatchError(
                f"{pair} were encoded with different keys (key checks {first.key_check[:8]}... and "
                f"{other.key_check[:8]}...); every agency must use the project's one key",
                what="key",
                left=first.key_check,
                right=other.key_check,
            )
    if not batches:
        _require_two(sets)


def _words(what: str, given: Any, shape: tuple[int, ...]) -> NDArray[np.uint64]:
    """What `EncodedSet.from_arrays` was given; ``ValueError`` unless it is uint64 of that shape."""
    try:
        words = np.asarray(given)
    except (ValueError, TypeError):  # NumPy's own of lists of several lengths
        words = np.array(None)
    if given is None or words.dtype != np.uint64 or words.shape != shape:
        found = "was left out" if given is None else f"is {words.shape} {words.dtype}"
        raise ValueError(f"from_arrays: {what} must be {shape} uint64; it {found}")
    return np.ascontiguousarray(words)


def _texts(what: str, given: Any, order: NDArray[np.int64]) -> pa.StringArray:
    """Texts in an order; ``TypeError`` for what is none, ``ValueError`` unless there is one for each record."""
    import pyarrow as pa

    if given is None:
        raise ValueError(f"from_arrays: {what} was left out")
    texts: Any = require(given, kinds("Sequence[str]"), f"from_arrays: {what}")
    if len(texts) != len(order):
        raise ValueError(f"from_arrays: {what} has {len(texts):,} values; there are {len(order):,} records")
    try:
        return pa.array([texts[index] for index in order], pa.string())
    except UnicodeEncodeError:  # Python's own quotes it
        raise ValueError(f"from_arrays: {what} has text that can't be written as UTF-8") from None
