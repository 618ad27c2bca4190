"""Decisions of people about pairs of records: one person, two, or not decided. One table, whoever reads it.

Columns left_source, left_id, right_source, right_id and same. In files ``same`` is a word: true, yes, same or 1; false,
no, different or 0; empty or unsure where nobody can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from linkage.tables import as_arrow

if TYPE_CHECKING:
    import pyarrow as pa

PAIR = ("left_source", "left_id", "right_source", "right_id")
WORDS: Mapping[str, bool | None] = {
    "true": True, "yes": True, "1": True, "same": True,
    "false": False, "no": False, "0": False, "different": False,
    "": None, "unsure": None,
}  # fmt: skip


def answer(word: object) -> bool | None:
    """What a word means, None for not decided. ``ValueError`` for any other word, which it does not repeat.

    >>> answer("Yes"), answer(" different "), answer(None)
    (True, False, None)
    """
    text = "" if word is None else str(word).strip().lower()
    if text not in WORDS:
        raise ValueError("same must be true or false, or empty where nobody decided")
    return WORDS[text]


def answers(words: pa.ChunkedArray, where: str) -> pa.Array:
    """A column of words as bool; ``ValueError`` says which row, from 1, holds another word."""
    import pyarrow as pa

    found = []
    for row, word in enumerate(words.to_pylist(), start=1):
        try:
            found.append(answer(word))
        except ValueError as error:
            raise ValueError(f"{where}, row {row:,}: {error}") from None
    return pa.array(found, pa.bool_())


def decided_pairs(table: object, what: str) -> pa.Table:
    """The pairs that somebody decided: left_source, left_id, right_source, right_id (text), same (bool, no null).

    Rows whose ``same`` is null are passed over. ``ValueError`` says which row, from 1, is not as it must be; ``what``
    is the argument that the table came in.
    """
    import pyarrow as pa

    given = as_arrow(table, what, (*PAIR, "same"))
    rows: list[tuple[str, str, str, str, bool]] = []
    columns = (given[name].to_pylist() for name in (*PAIR, "same"))
    for number, (*pair, same) in enumerate(zip(*columns, strict=True), start=1):
        if same is None:
            continue
        if not isinstance(same, bool):
            raise ValueError(f"{what}, row {number:,}: same must be true or false, or null where nobody decided")
        if not all(isinstance(text, str) for text in pair):
            raise ValueError(f"{what}, row {number:,}: sources and record ids must be text")
        if pair[:2] == pair[2:]:
            raise ValueError(f"{what}, row {number:,}: both are one record, of which there is nothing to decide")
        rows.append((*pair, same))
    by_column = list(zip(*rows, strict=True)) or [()] * (len(PAIR) + 1)
    kinds = [pa.string()] * len(PAIR) + [pa.bool_()]
    return pa.table(
        {name: pa.array(list(cells), kind)
         for name, cells, kind in zip((*PAIR, "same"), by_column, kinds, strict=True)}
    )  # fmt: skip
