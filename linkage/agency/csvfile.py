"""CSV files in batches of text columns. No message repeats a cell, which Arrow's own messages do."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.errors import RecordError
from linkage.memoryleft import require_memory_to_read, too_little

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES = 1 << 23
_MAX_HEADER = 1 << 20
_HEAD_BYTES = 1 << 12
_END = "\x1eend\x1e"


def delimiter(path: Path) -> str:
    """A tab for .tsv, else a comma."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def header(path: Path) -> tuple[str, ...]:
    """The column names. Raises `RecordError` for an empty file or one that isn't UTF-8."""
    start = beginning(path)
    try:
        names: list[str] = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter(path)), [])
    except csv.Error:
        raise RecordError(f"{path}: the header can't be read as CSV", row=0, rule="header") from None
    if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
        raise RecordError(
            f"{path}: the columns are not separated by commas; save it with commas (in a spreadsheet: 'CSV UTF-8 "
            "(comma delimited)'), or as .tsv with tabs",
            rule="separator",
        )
    if not any(name.strip() for name in names):
        raise RecordError(f"{path}: the file is empty, or its first line has no column names", rule="no records")
    return tuple(names)


def beginning(path: Path) -> str:
    """The file's first letters. Raises `RecordError` for one that isn't text in UTF-8."""
    with path.open("rb") as raw:
        utf16 = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            start = "\0" if utf16 else handle.read(_MAX_HEADER)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    if "\0" in start:
        raise RecordError(f"{path}: not a text file, or UTF-16; save it as CSV in UTF-8", rule="encoding of text")
    return start


def batches(
    path: Path, columns: list[str], names: tuple[str, ...], *, headed: bool = True, expected: str = "the header has"
) -> Iterator[pa.RecordBatch]:
    """The chosen columns as string arrays; an empty cell is null, everything else is kept as written.

    ``headed`` is False for a file whose first line is a record. ``expected`` says whose ``names`` they are.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    wrong: list[tuple[int | None, int, int]] = []

    def note(row: Any) -> str:
        wrong.append((row.number, row.actual_columns, row.expected_columns))
        return "skip"

    convert = arrow_csv.ConvertOptions(
        include_columns=columns, column_types={name: pa.string() for name in columns}, null_values=[""],
        strings_can_be_null=True, quoted_strings_can_be_null=True,
    )  # fmt: skip
    parse = arrow_csv.ParseOptions(
        delimiter=delimiter(path), newlines_in_values=True, invalid_row_handler=note, ignore_empty_lines=True
    )
    # names are given, so that what this module calls a column and what Arrow does are the same
    # one thread: only then does Arrow know the number of a bad row
    read = arrow_csv.ReadOptions(
        use_threads=False, block_size=_BLOCK_BYTES, column_names=list(names), skip_rows_after_names=int(headed)
    )
    rows = 0
    last: pa.RecordBatch | None = None
    require_memory_to_read(path)
    with _WithEnd(path, (delimiter(path).join([_END] * len(names)) + "\n").encode()) as handle:
        try:
            for batch in arrow_csv.open_csv(handle, read_options=read, parse_options=parse, convert_options=convert):
                _refuse_wrong(path, wrong, int(headed), expected)
                require_memory_to_read(path)
                if batch.num_rows:
                    if last is not None:
                        rows += last.num_rows
                        yield last
                    last = batch
        except MemoryError:  # Arrow's own is one of its exceptions
            raise too_little(path) from None
        except pa.ArrowException:
            _refuse_wrong(path, wrong, int(headed), expected)
            raise _explained(path, rows) from None
    _refuse_wrong(path, wrong, int(headed), expected)
    if last is None or any(column[-1].as_py() != _END for column in last.columns):
        row = rows + (last.num_rows if last is not None else 0)
        raise RecordError(
            f"{path}: row {row:,} opens a quote that is never closed, so the rest of the file is inside one cell",
            row=row,
            rule="CSV",
        )
    yield last.slice(0, last.num_rows - 1)


class _WithEnd(io.RawIOBase):
    """A file with one row more: if an open quote swallows that row, it has swallowed others, which Arrow lets pass."""

    def __init__(self, path: Path, end: bytes) -> None:
        super().__init__()
        self._handle = path.open("rb")
        self._end = b"\n" + end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        filled = self._handle.readinto(buffer)  # short only at the end of the file
        end = self._end[: len(buffer) - filled]
        buffer[filled : filled + len(end)], self._end = end, self._end[len(end) :]
        return filled + len(end)

    def close(self) -> None:
        self._handle.close()
        super().close()


def _refuse_wrong(path: Path, wrong: list[tuple[int | None, int, int]], header_rows: int, expected: str) -> None:
    if wrong:
        number, found, columns = wrong[0]
        # Arrow counts the header as row 1
        row = number - header_rows if number is not None else None
        where = f"row {row:,}" if row is not None else "a row"
        raise RecordError(
            f"{path}: {where} has {found} columns where {expected} {columns}",
            row=row,
            rule="number of columns",
        )


def _explained(path: Path, rows: int) -> RecordError:
    not_utf8 = _first_line_not_utf8(path)
    if not_utf8 is not None:
        return _not_utf8(path, not_utf8)
    return RecordError(
        f"{path}: can't be read as CSV after row {rows:,} (an unclosed quote, or a row longer than "
        f"{_BLOCK_BYTES:,} bytes)",
        row=rows,
        rule="CSV",
    )


def _not_utf8(path: Path, line: int | None = None) -> RecordError:
    line = line or _first_line_not_utf8(path)
    with path.open("rb") as handle:
        probably = "UTF-16" if b"\0" in handle.read(_HEAD_BYTES) else "Windows-1252 or Latin-1"
    return RecordError(
        f"{path}: line {line or 1:,} is not UTF-8 text; the file is probably {probably}. "
        "Save it as CSV in UTF-8 (in a spreadsheet: 'CSV UTF-8')",
        row=line,
        rule="encoding of text",
    )


def _first_line_not_utf8(path: Path) -> int | None:
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return None
