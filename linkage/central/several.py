"""Links of three agencies or more: every two of them compared, then one decision over all (`clusters`)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.blocking.unblocked import warn_of_unblocked
from linkage.central.blocking.ways import Candidates
from linkage.central.clusters import Known, clusters
from linkage.central.judging.cut import LOWEST, default_cut
from linkage.central.limits import Limits
from linkage.central.modelling.fitting import fitted
from linkage.central.modelling.model import Model
from linkage.central.modelling.predicting import scored, warn_of_undecided
from linkage.central.overtime.newpairs import Before, contenders_with_kept, pairs_with_kept
from linkage.central.sources import require_sources
from linkage.central.thresholds import Ratio, exact_ratio, probability_cut
from linkage.encoded import EncodedSet
from linkage.errors import EvidenceError, warn
from linkage.pairs import Pairs

# pairs down to this probability are looked at
_FLOOR = 0.01
_MOST = 1 - 2.0**-30  # of a probability, as a weight
_UNIT = 1024
# all that an unlikely pair takes off, less than a bit: what speaks against a record's pairs is one slip, met in each.
# At the log odds of one in a hundred, 7 bits, a fifth more true pairs were missed. A cut above even odds asks for more
# of a group too: a quarter of what it asks of a pair gave one to four points of recall more at a precision of 0.99 and
# above; half of it no more, and a lower F1 at the cut that is found (benchmarks/several_sets.py, hard, two seeds)
_UNLIKE = 3 * _UNIT // 4
_OF_THE_CUT = 0.25
_KEPT_BITS = -12.0  # log odds of a pair by its own evidence, below which it is forgotten

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Met:
    """Two sets, or one with itself, compared: their places, the pairs, and the rows of those to be kept, (k,) each."""

    left: int
    right: int
    pairs: Pairs
    row: Places
    column: Places
    model: Model | None = None


@dataclass(frozen=True, eq=False)
class Decided:
    """What was decided of all: the group of each record, one set after another, and the pairs by how they fared."""

    sets: Sequence[EncodedSet]
    met: Sequence[Met]
    group: NDArray[np.int32]
    linked: Sequence[Pairs]
    conflicts: Sequence[Pairs]
    cut: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Past:
    """What is known from before, by the places of two sets: their model, and which records are new."""

    models: Mapping[tuple[int, int], Model]
    before: Mapping[tuple[int, int], Before]

    def of(self, sets: Sequence[EncodedSet], left: int, right: int) -> Before:
        """Of these two; everybody is new where nothing is known."""
        return self.before.get((left, right)) or Before.nothing(len(sets[left]), len(sets[right]))


NOTHING = Past({}, {})


def decide_by_probability(
    sets: Sequence[EncodedSet],
    probability: Ratio | None,
    *,
    model: Model | None,
    candidates: Candidates | None = None,
    duplicates: Collection[str],
    limits: Limits,
    past: Past = NOTHING,
    known: Known | None = None,
) -> Decided:
    """Layout ``fields``: every two sets under a model of their own, or the one given."""
    met = []
    warn_of_unblocked(candidates, *sets)
    for left, right in _to_meet(sets, duplicates):
        own = [name for name in duplicates if name in (sets[left].source, sets[right].source)]
        used = model or past.models.get((left, right))
        if used is None and len(sets[left]) and len(sets[right]):
            used = _estimated(sets[left], sets[right] if right != left else None, duplicates=own, limits=limits)
        if used is not None:
            before = past.of(sets, left, right)
            met.append(_weighed(sets, left, right, used, before, candidates, duplicates, limits))
    if not met or (len(sets) > 1 and not any(each.left != each.right for each in met)):
        empty = [each.source for each in sets if not len(each)]
        raise EvidenceError(
            "in no two sets does one record in thirty seem to have a partner: too few to tell people from their "
            "siblings by these data alone. Use a model from sets that share more people: link(..., model=...)"
            + (f"; or leave out the set of '{empty[0]}', which has no records" if empty else "")
        )
    cut = probability_cut(LOWEST if probability is None else probability)
    if probability is None:
        likely = np.concatenate([_probability(each.pairs) for each in met])
        cut = default_cut(likely[likely >= cut])
    return decided_at(cut, sets, met, duplicates=duplicates, known=known)


def decided_at(
    cut: float, sets: Sequence[EncodedSet], met: Sequence[Met], *, duplicates: Collection[str], known: Known | None
) -> Decided:
    """The decision over pairs with probabilities, linking by itself each that reaches the cut."""
    unlike = _UNLIKE + round(_OF_THE_CUT * _UNIT * math.log2(max(0.5, cut) / (1 - min(max(0.5, cut), _MOST))))
    weights = [np.maximum(_in_units(_probability(each.pairs), cut), -unlike) for each in met]
    return _decided(sets, met, weights, unlike, {"probability": cut}, duplicates, known)


def decide_by_threshold(
    sets: Sequence[EncodedSet],
    threshold: Ratio,
    *,
    candidates: Candidates | None = None,
    duplicates: Collection[str],
    limits: Limits,
    past: Past = NOTHING,
    known: Known | None = None,
) -> Decided:
    """Layout ``record``: at one threshold of similarity. Half a typical link counts against what is below it."""
    met = []
    for left, right in _to_meet(sets, duplicates):
        pairs = pairs_with_kept(
            sets[left], sets[right], past.of(sets, left, right), candidates, within=left == right,
            threshold=threshold, limits=limits,
        )  # fmt: skip
        met.append(Met(left, right, pairs, pairs.left.astype(np.int64), pairs.right.astype(np.int64)))
    cut = float(exact_ratio(threshold, name="threshold"))
    weights = [_above(each.pairs, cut) for each in met]
    every = np.concatenate(weights) if weights else np.zeros(0, np.int64)
    unlike = int(np.median(every)) // 2 if len(every) else 0
    return _decided(sets, met, weights, unlike, {"threshold": cut}, duplicates, known)


def _weighed(
    sets: Sequence[EncodedSet],
    left: int,
    right: int,
    model: Model,
    before: Before,
    candidates: Candidates | None,
    duplicates: Collection[str],
    limits: Limits,
) -> Met:
    """All pairs of two sets that may be one person, or of one within itself."""
    first, second, within = sets[left], sets[right], left == right
    model.require_fit(first, second)
    found = contenders_with_kept(model, first, second, before, candidates, within=within, limits=limits)
    unique = (False, False) if within else (second.source not in duplicates, first.source not in duplicates)
    every = scored(model, first, second, within=within, unique=unique, limits=limits, found=found)
    warn_of_undecided(every)
    # by their own evidence: a rival that takes one now may be gone tomorrow
    worth = every.weight + every.prior / math.log(2) >= _KEPT_BITS
    row, column = (side[worth].astype(np.int64) for side in (every.edges.row, every.edges.column))
    return Met(left, right, every.pairs(_FLOOR), row, column, model)


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
    warn(
        f"{left.source} and {right.source}: only about {model.matches:,.0f} records seem to have a partner, too few to "
        "tell people from their siblings; their records are linked only through those of other sources"
    )
    return None


def _decided(
    sets: Sequence[EncodedSet],
    met: Sequence[Met],
    weights: Sequence[NDArray[np.int64]],
    unlike: int,
    cut: Mapping[str, float],
    duplicates: Collection[str],
    known: Known | None,
) -> Decided:
    """One decision over all pairs."""
    sizes = [len(each) for each in sets]
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    absent = np.zeros((len(sets), len(sets)), dtype=np.int64)
    for each in met:
        absent[each.left, each.right] = absent[each.right, each.left] = unlike
    none = [np.zeros(0, np.int64)]
    group = clusters(
        np.concatenate([*none, *(each.pairs.left + offset[each.left] for each in met)]),
        np.concatenate([*none, *(each.pairs.right + offset[each.right] for each in met)]),
        np.concatenate([*none, *weights]),
        source=np.repeat(np.arange(len(sets), dtype=np.int32), sizes),
        unique=[each.source not in duplicates for each in sets],
        absent=absent,
        known=known,
    )
    linked, conflicts = [], []
    for each, weight in zip(met, weights, strict=True):
        together = group[each.pairs.left + offset[each.left]] == group[each.pairs.right + offset[each.right]]
        linked.append(each.pairs.take((weight > 0) & together))
        conflicts.append(each.pairs.take((weight > 0) & ~together))
    return Decided(sets, met, group, linked, conflicts, cut)


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
