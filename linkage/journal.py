"""The audit log: one JSON line an operation, each holding the hash of the one before, so that no edit goes unseen.

A line says who did what and when, with which files by their SHA-256, under which settings, with what counts, and how it
ended. It holds no row, no record id and no key, or an erasure could not be honoured. Format 1: the members of a line in
alphabetical order; ``hash`` is the SHA-256 of the line without it, ``previous`` the hash of the line before, empty in
the first.

Whoever can write the file can write it anew from some line on, or cut it off at the end: keep the last hash elsewhere
(`verify` takes it), in a mail to the other agencies, say.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from linkage.errors import FileFormatError
from linkage.files import KEY_MARK, PathLike, require_regular
from linkage.locks import locked

_CHUNK = 1 << 20
_LONGEST = 1 << 20  # bytes of a line


@dataclass(frozen=True)
class Verified:
    """A log that holds together: how many ``lines``, and the hash of the last, its ``head``."""

    lines: int
    head: str


def append(path: PathLike, operation: str, **said: Any) -> str:
    """Add a line, and return its hash. Two processes that write at once wait for each other.

    Raises `FileFormatError` if the file is no log, or its last line was cut short.
    """
    file = Path(path)
    if file.exists():
        require_regular(file)
    with file.open("a+b") as handle, locked(handle.fileno(), file):
        _require_log(handle, file)
        last = _last_line(handle, file)
        line: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "operation": operation, **said}
        line["previous"] = json.loads(last)["hash"] if last else ""
        line["hash"] = _hash(line)
        written = json.dumps(line, sort_keys=True).encode() + b"\n"
        if len(written) > _LONGEST:
            raise ValueError(f"{file}: a line of {len(written):,} bytes, longer than is read; {_LONGEST:,} are")
        _write_line(handle.fileno(), handle.seek(0, os.SEEK_END), written)
    return str(line["hash"])


def _write_line(descriptor: int, end: int, line: bytes) -> None:
    """All of it or nothing: half a line, as a full disk leaves, would end the whole log."""
    try:
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, end)
        raise


def require_writable(path: PathLike) -> None:
    """Raise ``OSError`` unless a line can be added, or a log be begun: before any work that it is to tell of."""
    file = Path(path)
    if file.exists():
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND)
        try:
            with locked(descriptor, file):
                pass
        finally:
            os.close(descriptor)
    elif not file.parent.is_dir():
        raise FileNotFoundError(f"{file}: the folder {file.parent} does not exist")
    elif file.is_symlink() or not os.access(file.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"{file}: no log can be begun there")


def verify(path: PathLike, *, head: str | None = None) -> Verified:
    """Read a log through; ``head`` is a last hash noted earlier, which must still be in it.

    Raises `FileFormatError` naming the first line that was edited, moved or put in, or after which one is missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = append(Path(folder) / "log.jsonl", "encode", counts={"records": 3})
    ...     verify(Path(folder) / "log.jsonl").head == first
    True
    """
    previous, count, seen = "", 0, head is None
    require_regular(Path(path))
    with Path(path).open("rb") as handle:
        # a line longer than any that is written comes in pieces, and is refused with its first
        for count, data in enumerate(iter(lambda: handle.readline(_LONGEST + 1), b""), start=1):
            previous = _checked(data, previous, f"{path}, line {count:,}")
            seen = seen or previous == head
    if not seen:
        raise FileFormatError(
            f"{path}: the hash that was noted is not in it: the log was cut off, or written anew",
            path=str(path), reason="head",
        )  # fmt: skip
    return Verified(count, previous)


def file_facts(path: PathLike) -> Mapping[str, Any]:
    """Name without folders, bytes, SHA-256, and the rows of a Parquet file; of a key only that it is one."""
    file = Path(path)
    total = hashlib.sha256()
    with file.open("rb") as handle:
        begin = handle.read(len(KEY_MARK))
        if begin == KEY_MARK:
            return {"name": file.name, "key": True}
        total.update(begin)
        while chunk := handle.read(_CHUNK):
            total.update(chunk)
    facts: dict[str, Any] = {"name": file.name, "bytes": file.stat().st_size, "sha256": total.hexdigest()}
    if begin.startswith(b"PAR1"):
        import pyarrow as pa
        from pyarrow import parquet

        with contextlib.suppress(pa.ArrowException, OSError):
            facts["rows"] = parquet.read_metadata(file).num_rows
    return facts


def _checked(data: bytes, previous: str, where: str) -> str:
    """The hash of a line that follows on."""
    try:
        if not data.endswith(b"\n") or len(data) > _LONGEST:
            raise ValueError
        line = json.loads(data)
        told = str(line["hash"])
        whole = _hash(line) == told and json.dumps(line, sort_keys=True).encode() + b"\n" == data
        before = str(line["previous"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileFormatError(f"{where}: not a line of a log", path=where, reason="format") from None
    if not whole:
        raise FileFormatError(f"{where}: was edited", path=where, reason="hash")
    if before != previous:
        raise FileFormatError(f"{where}: does not follow the line before it", path=where, reason="order")
    return told


def _hash(line: Mapping[str, Any]) -> str:
    content = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _require_log(handle: IO[bytes], file: Path) -> None:
    handle.seek(0)
    if handle.read(1) not in (b"", b"{"):
        raise FileFormatError(f"{file}: not an audit log, so nothing is added", path=str(file), reason="format")


def _last_line(handle: IO[bytes], file: Path) -> bytes:
    end = handle.seek(0, os.SEEK_END)
    start = max(0, end - _LONGEST)
    handle.seek(start)
    data = handle.read()
    if not data:
        return b""
    last = data[:-1].rpartition(b"\n")[2] + b"\n"
    try:
        if not data.endswith(b"\n"):
            raise ValueError
        _checked(last, str(json.loads(last)["previous"]), str(file))
    except (ValueError, KeyError, TypeError, FileFormatError):
        raise FileFormatError(
            f"{file}: its last line was cut short or edited; keep it for the inquiry and begin a new log",
            path=str(file), reason="format",
        ) from None  # fmt: skip
    return last
