"""Every call of the kernels on rows of awkward sizes: small enough for valgrind. Run by test_kernels_sanitized.py."""

import numpy as np

from linkage.central import kernels
from linkage.central.kernels import ComparisonPlan, Outcome, Product, Rows


def rows(n: int, words: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    made = rng.integers(0, 2**63, (n, words), np.uint64) & rng.integers(0, 2**63, (n, words), np.uint64)
    made[: n // 9] = 0
    return Rows(made, np.bitwise_count(made).sum(axis=1, dtype=np.uint32))


for words in (1, 3, 16):
    left, right = rows(37, words, 1), rows(1_031, words, 2)
    need = (np.arange(128 * words + 1) // 4 + 1).astype(np.uint32)
    arranged = kernels.arrange_by_count(right)
    for diagonal in (None, 0):
        kernels.overlaps(left, arranged, need, room=10**6)
        kernels.overlaps(right, arranged, need, room=5, itself=True)
        kernels.overlaps(right, arranged, need, room=10**6, itself=True)
        kernels.best_rows(left, arranged, need, 3, by_difference=diagonal is None, diagonal=diagonal)
    listed = np.arange(37, dtype=np.int32)
    kernels.pair_overlaps(left, right, listed, listed)
    products = (Product(0, 0, need[None]), Product(0, 1, np.stack([need // 2 + 1, need])), Product(1, 1, need[None]))
    joined = Outcome((0, 1), np.arange(12, dtype=np.uint8).reshape(3, 4))
    plan = ComparisonPlan(products, (joined, Outcome((2,), np.array([0, 1, 2], np.uint8))))
    both = kernels.arrange((right, rows(1_031, words, 3)))
    lefts = left, rows(37, words, 4)
    kernels.joint_counts(lefts, both, plan, ((0, 1), (1,)), diagonal=-3)
    weights = np.arange(-600, 600, 100, dtype=np.int32), np.array([0, -50, 700], np.int32)
    bonus = np.arange(37, dtype=np.int32), None
    kernels.heavy_pairs(lefts, both, plan, weights, bonus, 200, room=10**6, diagonal=None)
    kernels.heavy_pairs(lefts, both, plan, weights, bonus, -500, room=7, diagonal=0)
