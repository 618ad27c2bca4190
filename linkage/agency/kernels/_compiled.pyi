from typing import Any, TypeAlias

from numpy.typing import NDArray

Store: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], int, int]

def levels() -> list[str]: ...
def record_ids(
    level: str, key: bytes, prefix: bytes, offsets: NDArray[Any], data: NDArray[Any], out: NDArray[Any], /
) -> None: ...
def number_texts(
    offsets: NDArray[Any],
    data: NDArray[Any],
    valid: NDArray[Any],
    row: int,
    store: Store,
    out: NDArray[Any],
    /,
) -> tuple[int, int]: ...
def set_tokens(
    offsets: NDArray[Any],
    data: NDArray[Any],
    row: int,
    kind: int,
    number: int,
    bits: int,
    key: bytes,
    store: Store,
    positions: NDArray[Any],
    out: NDArray[Any],
    /,
) -> tuple[int, int]: ...
def place(hashes: NDArray[Any], n: int, slots: NDArray[Any], /) -> None: ...
def or_rows(
    parts: list[tuple[NDArray[Any], NDArray[Any]]], out: NDArray[Any], offset: int, width: int, keep: bool, /
) -> None: ...
def gather(
    given: list[NDArray[Any]], blocks: NDArray[Any], rows: NDArray[Any], outs: list[tuple[int, NDArray[Any]]], /
) -> None: ...
def hex_digits(numbers: NDArray[Any], out: NDArray[Any], /) -> None: ...
def or_lists(rows: NDArray[Any], items: NDArray[Any], first: NDArray[Any], out: NDArray[Any], /) -> None: ...
def majorities(
    level: str,
    fields: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any], int, NDArray[Any]]],
    ties: NDArray[Any],
    out: NDArray[Any],
    /,
) -> None: ...
