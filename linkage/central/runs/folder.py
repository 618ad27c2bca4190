"""The folder of a run: what was asked of which inputs, and the parts that are done, each whole or absent.

``run.json`` says what the run is of: the digests of the sets, every setting that its outcome depends on, the release,
and how the work was cut. Whoever continues must ask for the same of the same; memory and threads may differ, as the cut
is that of the beginning. A part is a Parquet file whose footer names the run and holds a digest. One process works in
a folder at a time. It is the centre's: record ids and what pairs have in common help to re-identify people.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from linkage import leftovers, parquetfile
from linkage.central.runs import parts
from linkage.central.runs.cut import is_cut
from linkage.errors import FileFormatError, MismatchError
from linkage.files import PathLike, written_beside
from linkage.jsonfile import read_json
from linkage.locks import locked

if TYPE_CHECKING:
    import pyarrow as pa

Part: TypeAlias = "tuple[pa.Table, Mapping[str, str]]"
Value = TypeVar("Value")
FORMAT, FORMAT_OF_PARTS = "run 1", "part of a run 1"
PAIRS = "pairs"
"""The folder in it for pairs that other tools read."""
_ABOUT, _LOCK, _SCRATCH = "run.json", "run.lock", "rows"
_MAX_MEMORY = 64 << 20
_KEYS = {"format", "of", "cut", "id"}


@dataclass(frozen=True)
class RunFolder:
    """A folder that this process works in: ``id`` is the digest of what it is ``of`` and how it is ``cut``."""

    path: Path
    of: Mapping[str, Any]
    cut: Mapping[str, int]
    id: str

    @property
    def scratch(self) -> Path:
        """A folder for what is made anew by whoever continues."""
        return self.path / _SCRATCH

    def part(self, name: str, make: Callable[[], Part], value: Callable[[pa.Table, Mapping[str, str]], Value]) -> Value:
        """The ``value`` of the part as it was written, or as ``make`` gives it now, which is then written.

        Where ``value`` raises ``ValueError`` for a part that was kept, the file is not what a run wrote:
        `FileFormatError`.
        """
        kept = self.kept(name)
        if kept is None:
            table, said = make()
            texts = {"format": FORMAT_OF_PARTS, "run": self.id, "part": name, **said}
            parquetfile.write(self.place(name), table, texts)
            return value(table, texts)
        try:
            return value(*kept)
        except ValueError as error:
            place = self.place(name)
            raise FileFormatError(
                f"{place}: not what a run wrote: {error}. Remove it, and it is made again", path=str(place),
                reason="content",
            ) from None  # fmt: skip

    def kept(self, name: str) -> Part | None:
        """A part with what its footer says, None if it is not there; `FileFormatError` if damaged or of another run."""
        place = self.place(name)
        if not place.exists():
            return None
        table, footer = parquetfile.read(place, format=FORMAT_OF_PARTS, made_with="a run")
        if footer.get("run") != self.id or footer.get("part") != name:
            raise FileFormatError(f"{place}: a part of another run; remove it", path=str(place), reason="run")
        return table, footer

    def text(self, name: str, make: Callable[[], str], value: Callable[[str], Value]) -> Value:
        """The ``value`` of a text that is made once."""
        import pyarrow as pa

        def table() -> Part:
            return pa.table({"text": pa.array([make()], pa.string())}), {}

        return self.part(name, table, lambda found, _: value(parts.text(found)))

    def place(self, name: str) -> Path:
        """Where a part lies."""
        return self.path / f"{name}.parquet"


@contextlib.contextmanager
def run_folder(path: PathLike, of: Mapping[str, Any], cut: Mapping[str, int]) -> Iterator[RunFolder]:
    """The folder for as long as the block runs: begun, with its parent there, or continued with the cut that it has.

    Raises `MismatchError` naming what differs from the run that was begun in it, ``FileExistsError`` for a folder that
    holds something else, and ``BlockingIOError`` while another process works in it.
    """
    folder = Path(path)
    if not folder.parent.is_dir():
        raise FileNotFoundError(f"{folder}: the folder {folder.parent} does not exist")
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is no folder")
    if folder.exists() and not (folder / _ABOUT).exists() and not all(map(_is_of_no_run_yet, folder.iterdir())):
        raise FileExistsError(f"{folder} holds something that is no run; name a new folder, or an empty one")
    folder.mkdir(mode=0o700, exist_ok=True)
    with _alone(folder):
        for place in (folder, folder / PAIRS):  # what a killed process left: whoever continues writes other names
            leftovers.clear_all(place)
        about = _continued(folder, of) if (folder / _ABOUT).exists() else _begun(folder, of, cut)
        yield RunFolder(folder, about["of"], about["cut"], about["id"])


def _is_of_no_run_yet(path: Path) -> bool:
    """Whether a process that was killed while it began a run can have left it."""
    return path.name == _LOCK or leftovers.is_part_of(path.name, _ABOUT)


def _begun(folder: Path, of: Mapping[str, Any], cut: Mapping[str, int]) -> dict[str, Any]:
    about = {"format": FORMAT, "of": dict(of), "cut": dict(cut)}
    # of two runs of the same, begun anew, neither shall take the other's parts for its own: their models may differ
    about["id"] = hashlib.sha256(f"{_sealed(about)} {secrets.token_hex(16)}".encode()).hexdigest()
    about["content"] = _sealed(about)
    with written_beside(folder / _ABOUT) as part:
        part.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return about


def _continued(folder: Path, of: Mapping[str, Any]) -> dict[str, Any]:
    place = folder / _ABOUT
    about = read_json(place, max_bytes=_MAX_MEMORY)
    content = about.pop("content", None) if isinstance(about, dict) else None
    if content is None or not _is_about(about) or _sealed(about) != content:
        raise FileFormatError(f"{place}: not what a run of this release wrote, or changed since", path=str(place))
    wanted = json.loads(json.dumps(dict(of)))
    for name in sorted({*about["of"], *wanted}):
        before, now = about["of"].get(name), wanted.get(name)
        if before != now:
            raise MismatchError(
                f"{folder}: this run was begun with another {name}: {_short(before)}, now {_short(now)}. Give what it "
                "was begun with to continue, or name a new folder",
                what=name,
                left=_short(before),
                right=_short(now),
            )
    return dict(about)


def _is_about(about: Mapping[str, Any]) -> bool:
    return (
        set(about) == _KEYS
        and about["format"] == FORMAT
        and isinstance(about["of"], dict)
        and isinstance(about["id"], str)
        and is_cut(about["cut"])
    )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _sealed(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else works in the folder meanwhile."""
    with (folder / _LOCK).open("a+b") as handle, contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(handle.fileno(), folder / _LOCK, wait=False))
        except BlockingIOError:
            raise BlockingIOError(f"{folder}: another process works in it; wait for it, or stop it") from None
        yield
