"""The ledger of what was published of a linkage, so that the next table can't be held against it to tell of a few.

Its file is JSON, format 1, and stays at the centre (readable by its owner only): for each table its definition, the
population, the counts as they are and as they were published. It holds no record and no id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkage.errors import FileFormatError
from linkage.files import PathLike, behind_links, written_beside
from linkage.jsonfile import read_json
from linkage.locks import locked_beside

FORMAT = "ledger 1"
_MOST_BYTES = 1 << 28
_MOST_PEOPLE = 1 << 48


@dataclass(frozen=True)
class Count:
    """How many there were when it was last published anew, and what was shown, None where suppressed."""

    true: int
    shown: int | None


@dataclass(frozen=True)
class Entry:
    """One table that was published.

    definition      what was counted, as JSON: sources, the group, and the source that knows the people if one was asked
    policy          under which, as text
    population      people counted in all
    counts          name of each count, as JSON of known to and group -> what was told of it
    """

    definition: str
    policy: str
    population: int
    counts: Mapping[str, Count]


@contextmanager
def alone(path: PathLike) -> Iterator[None]:
    """Nobody else publishes under this ledger meanwhile: what is read is what the next entry is held against."""
    with locked_beside(behind_links(path).absolute()):
        yield


def load(path: PathLike) -> list[Entry]:
    """The entries, the oldest first; none where there is no file. Raises `FileFormatError` for one of another kind."""
    if not Path(path).exists():
        return []
    content = read_json(Path(path), max_bytes=_MOST_BYTES)
    try:
        entries = content[FORMAT]
        if not isinstance(entries, list):
            raise TypeError
        return [_entry(each) for each in entries]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise FileFormatError(f"{path}: not a ledger", path=str(path), reason="format") from None


def save(path: PathLike, entries: list[Entry]) -> None:
    """Write all entries, whole or not at all."""
    with written_beside(path) as part:
        part.write_text(json.dumps({FORMAT: [_content(each) for each in entries]}), encoding="utf-8")


def _content(entry: Entry) -> dict[str, Any]:
    counts = {name: [count.true, count.shown] for name, count in entry.counts.items()}
    return {"definition": entry.definition, "policy": entry.policy, "population": entry.population, "counts": counts}


def _entry(content: Any) -> Entry:
    counts = {
        str(name): Count(_count(true), None if shown is None else _count(shown))
        for name, (true, shown) in content["counts"].items()
    }
    for name in counts:
        known_to, value = json.loads(name)
        _text(known_to), _text(value)
    return Entry(_defined(content["definition"]), _text(content["policy"]), _count(content["population"]), counts)


def _defined(given: Any) -> str:
    """A definition: sources, the group or none, and whom the people are known to, if that was asked."""
    sources, group, *known_to = json.loads(_text(given))
    if not isinstance(sources, list) or len(known_to) > 1:
        raise TypeError
    for each in (*sources, *known_to, *([] if group is None else [group])):
        _text(each)
    return str(given)


def _count(given: Any) -> int:
    if type(given) is not int or not 0 <= given <= _MOST_PEOPLE:  # not isinstance: True is an int, and no count
        raise ValueError
    return given


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given
