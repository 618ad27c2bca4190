"""A field's texts into filters: in one call of `encode` each distinct text is cleaned once and its filter built once.

Tables of people repeat themselves: a million records have some thousand given names and thirty thousand dates of
birth. A row then costs a look at the number of its text. What is known ends with the call, and is forgotten before
when it takes more than its share of the memory, as columns do in which every value is another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.normalise import NOT_UK, cleaner
from linkage.agency.plain import plain_values
from linkage.errors import LimitError
from linkage.field import Field

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_TEXTS = 1 << 30  # so that their numbers, those of the texts known now included, have 31 bits


@dataclass(frozen=True)
class Coded:
    """A column of a batch.

    text        (rows,) int32: number of each row's text, -1 where the cell is empty
    before      texts forgotten before this batch: `numbers`, counted from there, never mean two texts
    filters     (texts or more, words) uint64: the filter of each text, zero for what counts as missing; or what else
                ``made`` gives of a value
    lost        (texts or more,) bool: whether the text is no value; the last stands for no text
    problems    rule -> number of rows whose text broke it
    made        what made the filters
    """

    text: NDArray[np.int32]
    before: int
    filters: NDArray[np.uint64]
    lost: NDArray[np.bool_]
    problems: dict[str, int]
    made: Any

    def numbers(self) -> NDArray[np.int32]:
        """(rows,) number of each row's text among all of this call of `encode`, -1 where the cell is empty."""
        return np.where(self.text >= 0, self.text + np.int32(self.before), -1) if self.before else self.text

    def is_missing(self) -> NDArray[np.bool_]:
        """(rows,) whether the value is missing or could not be read."""
        # -1 picks the last; "wrap" is take's quick way, and its arithmetic has nothing to do here
        missing: NDArray[np.bool_] = np.take(self.lost, self.text, mode="wrap")
        return missing


class FieldColumn:
    """What is known of one field's texts; safe to call from several threads."""

    def __init__(self, field: Field, maker: Callable[[], Any], words: int, *, room: int) -> None:
        self._field, self._maker, self._words, self._room = field, maker, words, room
        self._clean = cleaner(field)
        self._one_at_a_time = threading.Lock()
        self._n = self._before = 0
        self._forget()

    def __repr__(self) -> str:
        return f"FieldColumn({self._field.name!r})"

    def is_busy(self) -> bool:
        """Whether a thread is at it, so that another would wait."""
        return self._one_at_a_time.locked()

    def coded(self, texts: pa.StringArray) -> Coded:
        """The numbers of a batch's texts, and the filters behind them."""
        with self._one_at_a_time:
            if self._texts.n_bytes + self._rows.n_bytes + self._filters.nbytes > self._room:
                self._forget()
            text, fresh = self._texts.numbered(texts)
            if len(fresh):
                self._learn(fresh)
            # later batches write beyond what this one refers to, or into larger arrays
            filters, lost, rule, rules = self._filters, self._lost, self._rule, list(self._rules)
            made, before = self._rows, self._before
        counts = np.bincount(np.take(rule, text, mode="wrap"), minlength=len(rules)) if len(rules) > 1 else np.zeros(1)
        problems = {name: int(count) for name, count in zip(rules, counts, strict=True) if name and count}
        return Coded(text, before, filters, lost, problems, made)

    def _forget(self) -> None:
        self._before += self._n
        if self._before > _MOST_TEXTS:
            raise LimitError(
                f"field '{self._field.name}': more than {_MOST_TEXTS:,} distinct values in one table; encode it in "
                "parts",
                needed=self._before,
                allowed=_MOST_TEXTS,
            )
        self._texts = kernels.texts()
        self._rows = self._maker()
        self._n = 0
        self._filters = np.zeros((0, self._words), dtype=np.uint64)
        self._lost = np.ones(1, dtype=np.bool_)
        self._rule = np.zeros(1, dtype=np.int32)
        self._rules = {"": 0}

    def _learn(self, fresh: pa.StringArray) -> None:
        """Clean new texts and build their filters."""
        import pyarrow.compute as pc

        values, rule = self._cleaned(fresh)
        if self._n + len(fresh) > len(self._filters):
            # one more in the others, for -1
            self._grow(max(2 * len(self._filters), self._n + len(fresh)))
        new = slice(self._n, self._n + len(fresh))
        self._filters[new] = self._rows.of(values)
        self._lost[new] = pc.binary_length(values).to_numpy(zero_copy_only=False) == 0
        self._rule[new] = rule
        self._n += len(fresh)

    def _grow(self, room: int) -> None:
        more = room - len(self._filters)
        self._filters = np.concatenate([self._filters, np.zeros((more, self._filters.shape[1]), dtype=np.uint64)])
        self._lost = np.concatenate([self._lost, np.ones(more, dtype=np.bool_)])
        self._rule = np.concatenate([self._rule, np.zeros(more, dtype=np.int32)])

    def _cleaned(self, texts: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.int32]]:
        """Comparable forms, empty for missing, and for each text the number of the rule it broke."""
        import pyarrow as pa
        import pyarrow.compute as pc

        plain = plain_values(texts, self._field)
        if plain is None:
            values, rule = self._one_by_one(texts)
            return pa.array(values, pa.string()), np.array(rule, dtype=np.int32)
        rules = np.where(plain.odd, self._rules.setdefault(NOT_UK, len(self._rules)), 0).astype(np.int32)
        if plain.done.all():
            return plain.values, rules
        values, rule = self._one_by_one(texts.filter(pa.array(~plain.done)))
        rules[~plain.done] = rule
        return pc.replace_with_mask(plain.values, pa.array(~plain.done), pa.array(values, pa.string())), rules

    def _one_by_one(self, texts: pa.StringArray) -> tuple[list[str], list[int]]:
        cleaned = [self._clean(text) for text in texts.to_pylist()]
        rules = self._rules
        return [value for value, _ in cleaned], [rules.setdefault(rule, len(rules)) for _, rule in cleaned]
