"""What is audited: a set in memory, or a file of one that may be anything but in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage import parquetfile
from linkage.auditing.fileform import FileForm
from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError
from linkage.memoryleft import arrow_may_start_threads
from linkage.rows import ContentDigest, Header, Rows, fault

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.files import PathLike
    from linkage.schema import Schema

_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Subject:
    """What is looked at.

    header     what it says of itself; None for a file that says nothing which could be read
    form       of a file
    encoded    of a set in memory, or a file that is in order
    path       of a file
    faults     what our reader would refuse about the records, once they were gone through
    """

    header: Header | None
    form: FileForm | None
    encoded: EncodedSet | None
    path: Path | None
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, set_or_path: EncodedSet | PathLike, agreed: Schema | None, *, max_bytes: int) -> Subject:
        """Open what was given."""
        if isinstance(set_or_path, EncodedSet):
            given = set_or_path
            header = Header(given.schema, given.source, len(given), given.key_check, given.encoding_version)
            return cls(header, None, given, None)
        path = Path(set_or_path)
        form = FileForm.of(path, agreed, max_bytes=max_bytes)
        encoded = None if form.refusal else EncodedSet.load(path, max_bytes=max_bytes)
        return cls(form.header, form, encoded, path)

    def batches(self) -> Iterator[Rows]:
        """The records in the order they stand in, of a damaged file as far as it can be read."""
        if self.path is None:
            assert self.encoded is not None
            yield from self.encoded.batches(_ROWS)
        elif self.readable:
            total, last = ContentDigest(), ""
            assert self.header is not None
            for part in self._read():
                problem = self.faults or [fault(part, self.header, after=last)]
                self.faults[:] = [each for each in problem if each]
                total.update(part)
                last = part.record_ids[-1].as_py() if len(part) else last
                yield part
            if self.encoded is not None and not self.faults and total.hexdigest() != self.encoded.digest():
                self.faults.append("the records are not those that were written (their digest differs)")

    def _read(self) -> Iterator[Rows]:
        assert self.path is not None
        assert self.header is not None
        schema = self.header.schema
        wanted = ["record_id", *schema.columns]
        with parquetfile.opened(self.path) as handle:
            names = [name for name in wanted if name in handle.schema_arrow.names]
            for batch in handle.iter_batches(batch_size=_ROWS, columns=names, use_threads=arrow_may_start_threads()):
                yield _rows(batch, self.header, str(self.path))

    @property
    def readable(self) -> bool:
        """Whether there are filters to look at."""
        if self.encoded is not None:
            return True
        if self.form is None or self.header is None or self.path is None:
            return False
        return {each.name for each in self.header.schema.filters} <= set(self.form.columns)


def _rows(batch: pa.RecordBatch, header: Header, path: str) -> Rows:
    """What there is of rows; a column of another kind than agreed can't be looked at."""
    import pyarrow as pa

    there = batch.schema.names
    filters = {
        each.name: _octets(batch, each.name, each.words * 8, path).view(np.uint64).reshape(-1, each.words)
        for each in header.schema.filters
    }
    blocks = {
        each.name: _octets(batch, each.name, 8, path).view(">u8").astype(np.uint64)
        if each.name in there
        else np.zeros(len(batch), np.uint64)
        for each in header.schema.blocks
    }
    ids = batch.column("record_id") if "record_id" in there else pa.nulls(len(batch), pa.string())
    groups = {
        each.name: (batch.column(each.name) if each.name in there else pa.nulls(len(batch))).cast(pa.string())
        for each in header.schema.groups
    }
    return Rows(ids.cast(pa.string()).fill_null(""), filters, groups, blocks)


def _octets(batch: pa.RecordBatch, name: str, width: int, path: str) -> NDArray[np.uint8]:
    """The bytes of a column of values of one width; zeros for those that are missing."""
    import pyarrow as pa

    column = batch.column(name)
    if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)) and column.type != pa.binary(
        width
    ):
        raise _not(path, f"column '{name}' does not hold {8 * width:,} bits a record")
    values = column.cast(pa.binary()).fill_null(b"\0" * width)
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    if len(values) and (np.diff(offsets) != width).any():
        raise _not(path, f"column '{name}' does not hold {8 * width:,} bits a record")
    octets = np.frombuffer(values.buffers()[2] or b"", np.uint8)
    return np.ascontiguousarray(octets[offsets[0] : offsets[-1]] if len(values) else octets[:0])


def _not(path: str, message: str) -> FileFormatError:
    return FileFormatError(f"{path}: {message}", path=path, reason="columns")
