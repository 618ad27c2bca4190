"""One pass over the records: all that is counted over all of them, and a sample for what is measured on some."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from linkage.rows import Rows
from linkage.schema import Filter, Schema

Whole = NDArray[np.int64]
Words = NDArray[np.uint64]
Bits = NDArray[np.uint8]

_AT_ONCE = 1 << 23  # bits unpacked, a byte each


@dataclass(eq=False)
class FilterTally:
    """Of one filter: how often each bit is set, how many rows have each weight, and a number for each row's value.

    columns   (bits,) rows in which the bit is set
    weights   (bits + 1,) rows with so many bits set; the first are missing values
    values    (n,) uint64, equal for equal rows; unequal rows are equal here once in 2 ** 64
    """

    filter: Filter
    columns: Whole
    weights: Whole
    values: list[Words] = field(default_factory=list)

    @property
    def present(self) -> int:
        """Rows that are not missing."""
        return int(self.weights[1:].sum())

    @property
    def kinds(self) -> Whole:
        """How many rows have each of the distinct values, missing ones left out."""
        numbers = np.concatenate(self.values) if self.values else np.empty(0, np.uint64)
        return np.asarray(np.unique(numbers[numbers != 0], return_counts=True)[1], dtype=np.int64)


@dataclass(eq=False)
class Tally:
    """What a pass over the records leaves.

    blocks       (n,) uint64 keys of each rule, in parts
    sample       (k, bits) of each filter, 0 and 1, of records drawn by chance
    sample_rows  (k,) which they are
    sample_ids   their ids
    heads        (n,) uint64, the first 64 bits of ids of 32 hex digits; of other ids nothing
    odd_ids      ids that are not of 32 hex digits
    falling      ids that do not come after the one before
    alike        sums, over neighbouring rows and over as many rows paired by chance, of the bits in which they differ
                 and the squares of it, and how many pairs
    """

    n: int = 0
    filters: dict[str, FilterTally] = field(default_factory=dict)
    groups: dict[str, Counter[str]] = field(default_factory=dict)
    blocks: dict[str, list[Words]] = field(default_factory=dict)
    sample: dict[str, Bits] = field(default_factory=dict)
    sample_rows: Whole = field(default_factory=lambda: np.empty(0, np.int64))
    sample_ids: list[str] = field(default_factory=list)
    heads: Words = field(default_factory=lambda: np.empty(0, np.uint64))
    odd_ids: int = 0
    falling: int = 0
    beside: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    by_chance: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    def block_keys(self, name: str) -> Words:
        """(n,) the keys of a rule."""
        return np.concatenate([np.empty(0, np.uint64), *self.blocks[name]])

    def sampled_bits(self) -> Bits:
        """(k, all bits) of the sample, the filters side by side."""
        return np.concatenate(list(self.sample.values()), axis=1)


def count_records(batches: Iterable[Rows], schema: Schema, *, rows: int, sample: int, seed: int) -> Tally:
    """Count over all records; ``rows`` is how many there will be."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(rows)[:sample])
    multipliers = {
        each.name: rng.integers(1, 1 << 63, each.words, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        for each in schema.filters
    }
    done = Tally(groups={group.name: Counter() for group in schema.groups}, sample_rows=chosen)
    done.blocks = {block.name: [] for block in schema.blocks}
    done.filters = {
        each.name: FilterTally(each, np.zeros(each.bits, np.int64), np.zeros(each.bits + 1, np.int64))
        for each in schema.filters
    }
    kept: dict[str, list[Bits]] = {each.name: [] for each in schema.filters}
    heads, last = [], ""
    for part in batches:
        own = chosen[(chosen >= done.n) & (chosen < done.n + len(part))] - done.n
        for name, counted in done.filters.items():
            _count(counted, part.filters[name], multipliers[name])
            kept[name].append(bits_of(part.filters[name][own], counted.filter.bits))
        ids = part.record_ids.to_pylist()
        done.sample_ids += [ids[row] for row in own.tolist()]
        heads.append(_heads(done, ids))
        done.falling += sum(after <= before for before, after in itertools.pairwise([last, *ids] if last else ids))
        last = ids[-1] if ids else last
        for name, group in part.groups.items():
            done.groups[name].update(group.to_pylist())
        for name, keys in part.blocks.items():
            done.blocks[name].append(keys)
        _compare(done, part, rng)
        done.n += len(part)
    done.sample = {name: np.concatenate(parts) if parts else np.empty((0, 0), np.uint8) for name, parts in kept.items()}
    done.heads = np.concatenate(heads) if heads else done.heads
    return done


def bits_of(words: Words, bits: int) -> Bits:
    """(n, bits) of 0 and 1."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, count=bits)


def _count(counted: FilterTally, words: Words, multipliers: Words) -> None:
    bits = counted.filter.bits
    at_once = max(1, _AT_ONCE // bits)
    for start in range(0, len(words), at_once):
        counted.columns += bits_of(words[start : start + at_once], bits).sum(axis=0, dtype=np.int64)
    weights = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    counted.weights += np.bincount(weights.clip(max=bits), minlength=bits + 1)
    numbers = np.zeros(len(words), np.uint64)
    for word, multiplier in zip(words.T, multipliers, strict=True):
        numbers = (numbers ^ word) * multiplier
        numbers ^= numbers >> np.uint64(29)
    numbers[numbers == 0] = 1
    numbers[weights == 0] = 0
    counted.values.append(numbers)


def _heads(done: Tally, ids: list[str]) -> Words:
    found = []
    for each in ids:
        try:
            if len(each) != 32 or not each.isascii() or each != each.lower():
                raise ValueError
            found.append(int(each[:16], 16))
        except ValueError:
            done.odd_ids += 1
    return np.array(found, dtype=np.uint64)


def _compare(done: Tally, part: Rows, rng: np.random.Generator) -> None:
    """Add in how many bits neighbouring rows differ, and rows paired by chance."""
    if len(part) < 3:
        return
    mixed = rng.permutation(len(part))
    beside = sum(_apart(words[:-1], words[1:]) for words in part.filters.values())
    chance = sum(_apart(words[mixed[:-1]], words[mixed[1:]]) for words in part.filters.values())
    for sums, apart in ((done.beside, np.asarray(beside)), (done.by_chance, np.asarray(chance))):
        sums[0] += float(apart.sum())
        sums[1] += float((apart.astype(np.float64) ** 2).sum())
        sums[2] += len(apart)


def _apart(left: Words, right: Words) -> Whole:
    return np.asarray(np.bitwise_count(left ^ right).sum(axis=1, dtype=np.int64))
