"""Structure of the bits: sums of two, three and four that cancel out, and positions at equal distances.

For the first see `linkage.study.attacks.xor_tuples`. The second is double hashing: where a token's positions are g,
g + h, g + 2h and so on, bits that are set together lie at equal distances, and an adversary who sees three knows the
rest (Niedermeyer, Steinmetzer, Kroll and Schnell 2014, who read 934 of the 1,000 most frequent surnames).
"""

from __future__ import annotations

import numpy as np

from linkage.auditing.finding import Finding
from linkage.auditing.tally import Bits, Tally
from linkage.schema import Schema

_FEWEST = 100  # records, below which nothing stands out of chance
_MOST_BITS = 8_192
_XOR_SAMPLE, _XOR_ROUNDS, _XOR_WIDE = 400, 6, 3_072
_PLAIN = 8.0
_PARTNERS = 8
_CHANCE = 5.0  # standard errors that a correlation must have
_EQUAL = 12.0  # of sets in order the most was 7.5, of double hashing in 500 records the least 28


def xor_structure(tally: Tally, schema: Schema, seed: int) -> tuple[Finding, float]:
    """How far sums lie beyond chance; and the greatest bias, from 0 to 1, beyond what chance gives.

    Pairs of records are left out: two that are nearly the same person are in every set.
    """
    from linkage.study.attacks.xor import xor_tuples_of

    bits = tally.sampled_bits()
    bits = bits[bits.any(axis=1)]
    if schema.harden.balance:
        bits = _without_complements(bits)
    if bits.shape[1] > _XOR_WIDE:
        bits = bits[:, np.sort(np.random.default_rng(seed).permutation(bits.shape[1])[:_XOR_WIDE])]
    z = bias = 0.0
    where, unseen = "", f"fewer than {_FEWEST} records in the sample, or bits that hardly vary"
    moving = (bits.mean(axis=0) > 0.02) & (bits.mean(axis=0) < 0.98) if len(bits) else np.zeros(0, bool)
    if len(bits) >= _FEWEST and moving.sum() >= 8:
        found = xor_tuples_of(bits, sample=_XOR_SAMPLE, rounds=_XOR_ROUNDS, seed=seed)
        beyond_pairs = [each for each in found.findings if (each.among, each.order) != ("records", 2)]
        most = max(beyond_pairs, key=lambda each: each.z)
        z, where, unseen = max(0.0, most.z), f"{most.order} {most.among} at a time", ""
        bias = min(1.0, max(0.0, *(each.bias - each.expected for each in beyond_pairs))) if z > _PLAIN else 0.0
    return Finding(
        name="XOR structure",
        value=z,
        unit="standard deviations beyond chance",
        warn_above=_PLAIN,
        fail_above=None,
        where=where if z > _PLAIN else "",
        unseen=unseen,
        reason="Bits, or records, cancel out further than chance allows: what plain, folded and diffused filters have "
        "in common survives any key, and attacks on diffusion start from it.",
        change='Agree on profile = "hardened", or send it to a centre that is trusted.',
    ), bias


def double_hashing(tally: Tally) -> Finding:
    """Whether bits that are set together lie at equal distances, in the filter where they do so most."""
    seen = {name: bits[bits.any(axis=1)] for name, bits in tally.sample.items()}
    seen = {name: bits for name, bits in seen.items() if len(bits) >= _FEWEST and 16 <= bits.shape[1] <= _MOST_BITS}
    found = {name: _equal_distances(bits) for name, bits in seen.items()}
    worst = max(found, key=lambda name: found[name], default="")
    return Finding(
        name="double hashing",
        value=max(0.0, found.get(worst, 0.0)),
        unit="standard deviations beyond chance",
        warn_above=None,
        fail_above=_EQUAL,
        where=worst if found.get(worst, 0.0) > _EQUAL and len(tally.sample) > 1 else "",
        unseen="" if found else f"fewer than {_FEWEST} records in the sample, or more than {_MOST_BITS:,} bits",
        reason="Positions of a token lie at equal distances: double hashing, with which published attacks read most "
        "frequent names.",
        change="Encode with `linkage encode`; in a clkhash schema choose the strategy that is not doubleHash.",
    )


def _equal_distances(bits: Bits) -> float:
    """Of steps from bit to bit that are set together, how many are followed by the same step, beyond chance."""
    n, width = bits.shape
    together = partners(correlations(bits), _CHANCE / np.sqrt(n))
    first, second = np.nonzero(together)
    third = (2 * second - first) % width
    first, second, third = (each[third != first] for each in (first, second, third))
    degree = together.sum(axis=1)
    expected = float(((degree[second] - 1) / (width - 2)).sum())
    return float((together[second, third].sum() - expected) / np.sqrt(expected + 1))


def correlations(bits: Bits) -> np.ndarray:
    """(bits, bits) float32 of columns; 0 for those that hardly vary, and for a column with itself."""
    columns = bits.astype(np.float32)
    share = columns.mean(axis=0)
    spread = np.sqrt(share * (1 - share))
    columns = (columns - share) / np.where(spread > 0.05, spread, np.inf)
    found = np.asarray(columns.T @ columns / len(columns))
    np.fill_diagonal(found, 0)
    return found


def partners(correlation: np.ndarray, least: float) -> np.ndarray:
    """(bits, bits) bool: which are among the closest of either, and closer than ``least``."""
    most = min(_PARTNERS, len(correlation) - 1)
    closest = np.argpartition(-correlation, most, axis=1)[:, :most]
    together = np.zeros(correlation.shape, bool)
    rows = np.arange(len(correlation))[:, None]
    together[rows, closest] = np.take_along_axis(correlation, closest, axis=1) > least
    return np.asarray(together | together.T)


def _without_complements(bits: Bits) -> Bits:
    """One of every two bits of a balanced filter: the other says the same."""
    # a column and its complement have the same bits apart from the first row's: compare with that row taken out
    alike = np.packbits(bits ^ bits[:1], axis=0)
    _, first = np.unique(alike, axis=1, return_index=True)
    return np.asarray(bits[:, np.sort(first)])
