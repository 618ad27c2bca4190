"""Links of three agencies or more: every two of them compared, then one decision over all (`clusters`)."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.clusters import clusters
from linkage.central.compare import compare
from linkage.central.cut import LOWEST, default_cut
from linkage.central.fitting import fitted
from linkage.central.model import Model
from linkage.central.outcome import standing
from linkage.central.predicting import Limits
from linkage.central.sources import require_sources
from linkage.central.thresholds import Ratio, exact_ratio, probability_cut
from linkage.encoded import EncodedSet
from linkage.errors import EvidenceError, LinkageWarning
from linkage.links import Links
from linkage.pairs import Pairs

# pairs down to this probability are looked at
_FLOOR = 0.01
_MOST = 1 - 2.0**-30  # of a probability, as a weight
_UNIT = 1024
# all that an unlikely pair takes off, one bit: what speaks against a record's pairs is one slip, met in each of them.
# At the log odds of one in a hundred, 7 bits, a fifth more true pairs were missed than greedy joining missed
_UNLIKE = _UNIT


@dataclass(frozen=True, eq=False)
class _Met:
    """Two sets, or one with itself, compared: their places, and the pairs."""

    left: int
    right: int
    pairs: Pairs


def link_by_probability(
    sets: Sequence[EncodedSet],
    probability: Ratio | None,
    *,
    model: Model | None,
    duplicates: Collection[str],
    limits: Limits,
) -> Links:
    """Layout ``fields``: every two sets under a model of their own, or the one given."""
    met = []
    for left, right in _to_meet(sets, duplicates):
        own = [name for name in duplicates if name in (sets[left].source, sets[right].source)]
        two = (sets[left], sets[right] if right != left else None)
        known = model or _estimated(*two, duplicates=own, limits=limits)
        if known is not None:
            met.append(_Met(left, right, known.predict(*two, probability=_FLOOR, duplicates=own, **limits)))
    if not any(each.left != each.right for each in met):
        raise EvidenceError(
            "in no two sets does one record in thirty seem to have a partner: too few to tell people from their "
            "siblings by these data alone. Use a model from sets that share more people: link(..., model=...)"
        )
    cut = probability_cut(LOWEST if probability is None else probability)
    if probability is None:
        likely = np.concatenate([_probability(each.pairs) for each in met])
        cut = default_cut(likely[likely >= cut])
    weights = [np.maximum(_in_units(_probability(each.pairs), cut), -_UNLIKE) for each in met]
    return _decided(sets, met, weights, _UNLIKE, {"probability": cut}, duplicates)


def link_by_threshold(
    sets: Sequence[EncodedSet], threshold: Ratio, *, duplicates: Collection[str], limits: Limits
) -> Links:
    """Layout ``record``: at one threshold of similarity. Half a typical link counts against what is below it."""
    met = [
        _Met(left, right, compare(sets[left], sets[right] if right != left else None, threshold=threshold, **limits))
        for left, right in _to_meet(sets, duplicates)
    ]
    cut = float(exact_ratio(threshold, name="threshold"))
    weights = [_above(each.pairs, cut) for each in met]
    every = np.concatenate(weights)
    unlike = int(np.median(every)) // 2 if len(every) else 0
    return _decided(sets, met, weights, unlike, {"threshold": cut}, duplicates)


def _to_meet(sets: Sequence[EncodedSet], duplicates: Collection[str]) -> list[tuple[int, int]]:
    """Places of every two sets, and of each that may hold several records of a person."""
    require_sources([each.source for each in sets], duplicates)
    within = [(place, place) for place, each in enumerate(sets) if each.source in duplicates]
    return sorted([*itertools.combinations(range(len(sets)), 2), *within])


def _estimated(
    left: EncodedSet, right: EncodedSet | None, *, duplicates: Collection[str], limits: Limits
) -> Model | None:
    """A model of two sets, or of one; None, and a warning, where there is too little to go by."""
    model = fitted(left, right, duplicates=duplicates, **limits)
    if right is None or not model.too_few(min(len(left), len(right))):
        return model
    warnings.warn(
        f"{left.source} and {right.source}: only about {model.matches:,.0f} records seem to have a partner, too few to "
        "tell people from their siblings; their records are linked only through those of other sources",
        LinkageWarning,
        stacklevel=4,
    )
    return None


def _decided(
    sets: Sequence[EncodedSet],
    met: Sequence[_Met],
    weights: Sequence[NDArray[np.int64]],
    unlike: int,
    cut: dict[str, float],
    duplicates: Collection[str],
) -> Links:
    """One decision over all pairs, and the links that follow from it."""
    sizes = [len(each) for each in sets]
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    absent = np.zeros((len(sets), len(sets)), dtype=np.int64)
    for each in met:
        absent[each.left, each.right] = absent[each.right, each.left] = unlike
    group = clusters(
        np.concatenate([each.pairs.left + offset[each.left] for each in met]),
        np.concatenate([each.pairs.right + offset[each.right] for each in met]),
        np.concatenate(weights),
        source=np.repeat(np.arange(len(sets), dtype=np.int32), sizes),
        unique=[each.source not in duplicates for each in sets],
        absent=absent,
    )
    linked, conflicts = [], []
    for each, weight in zip(met, weights, strict=True):
        together = group[each.pairs.left + offset[each.left]] == group[each.pairs.right + offset[each.right]]
        linked.append(each.pairs.take((weight > 0) & together))
        conflicts.append(each.pairs.take((weight > 0) & ~together))
    return standing(sets, linked, group, cut, conflicts=conflicts)


def _probability(pairs: Pairs) -> NDArray[np.float64]:
    assert pairs.probability is not None
    return pairs.probability


def _in_units(probability: NDArray[np.float64], cut: float) -> NDArray[np.int64]:
    """Log odds in bits above those of the cut, as whole numbers; what reaches the cut is above zero."""
    odds = [np.log2(each / (1 - each)) for each in (np.clip(probability, 0, _MOST), min(cut, _MOST))]
    above = np.round(_UNIT * (odds[0] - odds[1])).astype(np.int64)
    reached = probability >= cut
    return np.where(reached, np.maximum(above, 0) + 1, np.minimum(above, 0))


def _above(pairs: Pairs, threshold: float) -> NDArray[np.int64]:
    """How far each pair is above the threshold, as whole numbers above zero."""
    assert pairs.similarity is not None
    return np.maximum(np.round((pairs.similarity - threshold) * _UNIT * _UNIT).astype(np.int64), 0) + 1
