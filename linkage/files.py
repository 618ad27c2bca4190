"""Files and folders that are whole or absent: written beside their final place, then renamed onto it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from linkage import leftovers
from linkage.errors import FileFormatError

PathLike = str | os.PathLike[str]

KEY_MARK = b"linkage-key-"
"""What a key file begins with; none is ever replaced, for nothing could bring it back."""

_KEY = re.compile(KEY_MARK.decode() + "[0-9]+-[a-z2-7]{16}", re.IGNORECASE)


def looks_like_a_key(text: object) -> bool:
    """Whether a key stands in it, and not only a file's name that begins like one."""
    return isinstance(text, str) and _KEY.search(text) is not None


@contextlib.contextmanager
def written_beside(path: PathLike, *, mode: int = 0o600, replace: bool = True) -> Iterator[Path]:
    """A path to write to; it becomes ``path`` when the block ends without an exception.

    The part file lies in the same folder (a rename across file systems is a copy, which can be
    seen half done) and is removed when anything goes wrong, Ctrl-C included. ``mode`` is that of
    the finished file. With ``replace=False`` an existing file is left alone and raises
    ``FileExistsError``; else a symbolic link is followed, and what it stands for replaced. What a
    killed process left of the same output is removed (`linkage.leftovers`).
    """
    final = behind_links(path) if replace else Path(path)
    if final.exists() and not stat.S_ISREG(final.stat().st_mode):
        raise FileFormatError(f"{final}: not a regular file, so it will not be replaced", path=str(final))
    if final.exists() and _begins_with(final, KEY_MARK):
        raise FileExistsError(f"{final} holds a key and will not be overwritten")
    if not replace and final.exists():
        raise FileExistsError(f"{final} exists already and will not be overwritten")
    if not final.parent.is_dir():
        raise FileNotFoundError(f"{final}: the folder {final.parent} does not exist")
    leftovers.clear(final)
    part = final.with_name(leftovers.part_of(final.name))
    descriptor = -1
    try:  # from before the part file exists: Ctrl-C may come between any two steps
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        if not leftovers.hold(descriptor):  # pragma: no cover  # Windows renames no file that is open
            os.close(descriptor)
            descriptor = -1
        yield part
        _flush_to_disk(part)
        if replace:
            part.replace(final)
        else:
            _rename_without_replacing(part, final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def behind_links(path: PathLike) -> Path:
    """The file that a path stands for; ``OSError`` for a link that leads to itself."""
    given = Path(path)
    try:
        found = given.resolve() if given.is_symlink() else given
        endless = found.is_symlink()  # since Python 3.13, which resolves a link that leads to itself to that link
    except RuntimeError:
        endless = True
    if endless:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(given))
    return found


@contextlib.contextmanager
def folder_beside(path: PathLike) -> Iterator[Path]:
    """An empty folder to fill, for its owner alone; it becomes ``path`` when the block ends without an exception.

    As `written_beside`, but that nothing is replaced: ``FileExistsError`` unless ``path`` is absent or an empty folder.
    """
    final = Path(path)
    _require_empty(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(final)
    part, lock = final.with_name(leftovers.part_of(final.name)), -1
    try:  # as there
        part.mkdir(mode=0o700)
        lock = leftovers.hold_folder(part)
        yield part
        _require_empty(final)
        if final.is_dir():
            final.rmdir()  # Windows renames none onto another
        part.rename(final)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        if lock >= 0:
            os.close(lock)


def _require_empty(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and next(folder.iterdir(), None) is None):
        raise FileExistsError(f"{folder} exists already and is no empty folder; choose another")


def seen(path: Path) -> tuple[int, ...]:
    """Which file is there now: another after each write of ours, which renames; empty if there is none."""
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
    return ()


def require_regular(path: Path) -> None:
    """Raise unless there is a file to be read: of a folder nothing can be, and a FIFO would be waited for for ever."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        raise FileFormatError(f"{path}: not a regular file", path=str(path), reason="file type")


def says_of_the_machine(error: BaseException) -> bool:
    """Whether a file could not be read for what the system lacks or forbids, and may be whole; else it is damaged.

    A place in the file that a damaged footer names is not there (EINVAL); what Arrow says itself has no number.
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def require_place(out: Path, table: object) -> None:
    """Raise unless ``out`` can be written, before any work is done, and is not the file that the records come from."""
    if not out.parent.is_dir():
        raise FileNotFoundError(f"{out}: the folder {out.parent} does not exist")
    if isinstance(table, str | Path) and out.exists() and Path(table).exists() and out.samefile(table):
        raise ValueError("out: that is the table itself, which would be replaced")


def _begins_with(path: Path, mark: bytes) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(len(mark)) == mark
    except PermissionError:  # a file that can't be read can still be replaced, but is no key of ours
        return False


def _flush_to_disk(path: Path) -> None:
    # without this a power cut can leave the new name on an empty file
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _rename_without_replacing(part: Path, final: Path) -> None:
    try:
        os.link(part, final)  # fails if `final` came into being meanwhile, where a rename would replace it
    except FileExistsError:
        raise FileExistsError(f"{final} exists already and will not be overwritten") from None
    except OSError:  # a file system without hard links
        part.rename(final)
        return
    part.unlink()
