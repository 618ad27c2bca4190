"""Links of two agencies, or the duplicates of one: score or compare, decide where to cut, assign, and judge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

# the modules: their functions of the same name would hide them
from linkage.central import assign, compare
from linkage.central.blocking.contending import contenders_met, share_met
from linkage.central.blocking.keyed import keyed
from linkage.central.blocking.unblocked import unblocked
from linkage.central.blocking.ways import Candidates
from linkage.central.judging import ownthreshold
from linkage.central.judging.cut import LOWEST, default_cut
from linkage.central.judging.judgement import judge, recall_by_group, similarity_judged
from linkage.central.limits import Limits
from linkage.central.modelling.fitting import fitted
from linkage.central.modelling.model import Model
from linkage.central.modelling.predicting import Scored, Within, look_alikes, scored, warn_of_undecided
from linkage.central.modelling.scoring import contenders
from linkage.central.outcome import standing
from linkage.central.runs.work import Work
from linkage.central.thresholds import Ratio, exact_ratio, probability_cut
from linkage.encoded import EncodedSet
from linkage.errors import EvidenceError, warn
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.quality import ONLY_CANDIDATES, Quality, Span

_GAIN_UNIT = 1 << 20
_LEAST_MET = 0.01  # a share of nothing says nothing


def link_by_probability(
    sets: tuple[EncodedSet, ...],
    *,
    model: Model | None,
    probability: Ratio | None,
    precision: Ratio | None,
    candidates: Candidates | None,
    unique: tuple[bool, bool],
    duplicates: Collection[str],
    work: Work | None,
    limits: Limits,
) -> Links:
    """Layout ``fields``: under the model given, or one that is estimated. Arguments as `linkage.link`."""
    first, second = sets[0], sets[-1]
    within = len(sets) == 1

    def estimated() -> Model:
        return fitted(first, None if within else second, duplicates=duplicates, **limits)

    known = model or (estimated() if work is None else work.model(estimated))
    known.require_fit(first, second)
    every, met = _scored(known, sets, candidates, unique=unique, work=work, limits=limits)
    warn_of_undecided(every)
    # within one set few duplicates are what one hopes for, and no sign of siblings taken for people
    n_records = 0 if within else min(len(first), len(second))
    own = [look_alikes(known, each, max(map(len, sets)), limits=limits) for each in sets] if all(unique) else None
    wanted = probability_cut(LOWEST if probability is None else probability)
    if precision is not None:
        wanted = _cut_for(precision, every, own)
    pairs = every.pairs(wanted)
    if model is None:
        _require_enough(known, n_records, n_pairs=len(pairs))
    chosen = pairs.take(_assigned(pairs, _weight_gain(pairs), unique=unique, work=work))
    if probability is None and precision is None:
        wanted = default_cut(_chance(chosen))
        chosen = chosen.take(_chance(chosen) >= wanted)
    quality = judge(
        every,
        own,
        wanted,
        _chance(chosen),
        doubts=[*known.doubts(n_records), *_lost(candidates, met), *_in_no_block(sets, candidates)],
        groups=_groups(sets, every, chosen),
    )
    if work is not None:
        work.write(chosen)
    return _links(chosen, sets, {"probability": wanted}, quality)


def _scored(
    model: Model,
    sets: tuple[EncodedSet, ...],
    candidates: Candidates | None,
    *,
    unique: tuple[bool, bool],
    work: Work | None,
    limits: Limits,
) -> tuple[Scored, Span | None]:
    """The contenders of all pairs or of the candidates, and of the latter how many of the likely matches meet."""
    first, second, within = sets[0], sets[-1], len(sets) == 1
    tables = None
    if candidates is not None:
        tables = keyed(candidates, first, None if within else second, threshold=None, threads=limits["threads"])
    if work is not None:
        found = work.contenders(model, tables, limits=limits)
    elif tables is not None:
        found = contenders_met(model, first, second, tables, within=within, limits=limits)
    else:
        found = contenders(model, first, second, within=within, **limits)
    if tables is None:
        return scored(model, first, second, within=within, unique=unique, limits=limits, found=found), None
    met = share_met(model, first, second, tables, bonus=found.bonus, within=within, unique=unique, limits=limits)
    every = scored(model, first, second, within=within, unique=unique, limits=limits, found=found)
    return (every, None) if met is None else (replace(every, met=max(met.value, _LEAST_MET)), met)


def _lost(candidates: Candidates | None, met: Span | None) -> list[str]:
    if candidates is None:
        return []
    if met is None:
        return [f"{ONLY_CANDIDATES}, and no match is likely that would show how many of them meet"]
    return [f"{ONLY_CANDIDATES}: of the likely matches of a sample of records, the share that meets is {met}"]


def _in_no_block(sets: tuple[EncodedSet, ...], candidates: Candidates | None) -> list[str]:
    """How many records met nobody because no rule put them anywhere."""
    alone = sum(unblocked(candidates, each) for each in sets)
    told = f"{alone:,} records are in no block and were compared with nobody: `block_sizes` lists them"
    return [told] if alone else []


def link_by_threshold(
    sets: tuple[EncodedSet, ...],
    threshold: Ratio | None,
    *,
    candidates: Candidates | None,
    unique: tuple[bool, bool],
    work: Work | None,
    limits: Limits,
) -> Links:
    """Layout ``record``: at a similarity, or at one that is found from two one-to-one sets."""
    quality = None
    comparing = compare.compare if work is None else work.compare
    if threshold is None and unique == (True, True):
        pairs, cut, links = ownthreshold.found(sets[0], sets[1], candidates, comparing, **limits)
        quality = similarity_judged(links, cut)
    else:
        threshold = given_threshold(threshold, sets)
        cut = float(exact_ratio(threshold, name="threshold"))
        pairs = comparing(*sets, threshold=threshold, candidates=candidates, **limits)
    chosen = pairs.take(_assigned(pairs, similarity_gain(pairs, cut), unique=unique, work=work))
    if work is not None:
        work.write(chosen)
    return _links(chosen, sets, {"threshold": cut}, quality)


def _assigned(
    pairs: Pairs, gain: NDArray[np.int64], *, unique: tuple[bool, bool], work: Work | None
) -> NDArray[np.bool_]:
    if work is not None:
        return work.assign(pairs.left, pairs.right, gain, unique=unique)
    return assign.assign(pairs.left, pairs.right, gain, unique=unique)


def given_threshold(threshold: Ratio | None, sets: tuple[EncodedSet, ...]) -> Ratio:
    """The threshold, or ``ValueError`` saying what one would be."""
    if threshold is not None:
        return threshold
    hint = "threshold=0.8"
    if sets[0].schema.filters[0].similarity == "hamming":
        hint = "threshold=0.55 (strangers agree in about half of their bits)"
    raise ValueError(
        f"link: the record layout needs a threshold, such as {hint}, within one set, of three sets or more, and where "
        "a source may hold several records of a person: one is found only between two that hold one of each"
    )


def _cut_for(precision: Ratio, every: Scored, own: list[Within] | None) -> float:
    """The lowest cut whose links are expected to be right in this share."""
    wanted = float(exact_ratio(precision, name="precision"))
    found = judge(every, own, LOWEST, np.empty(0)).lowest_cut(precision=wanted)
    if found is None:
        raise EvidenceError(
            f"at no cut are the links expected to be right in {wanted:.1%} of cases; ask for less, add a field, or "
            "look at the likeliest links one by one: link(..., probability=0.99)"
        )
    return found


def _require_enough(model: Model, n_records: int, *, n_pairs: int) -> None:
    """Refuse links that would be guesses; warn of other doubts."""
    if n_pairs and model.too_few(n_records):
        raise EvidenceError(
            f"only about {model.matches:,.0f} of {n_records:,} records seem to have a partner: too few to tell people "
            "from their siblings by these data alone. Use a model from sets that share more people; or, to look at the "
            "links one by one, link(..., model=fit(...))"
        )
    for doubt in model.doubts(n_records):
        warn(doubt)


def _groups(sets: tuple[EncodedSet, ...], every: Scored, chosen: Pairs) -> Mapping[str, Mapping[str, float]] | None:
    """Expected recall by the groups that travel with the sets, None where there are none."""
    names = [group.name for group in sets[0].schema.groups]
    if not names:
        return None
    key = every.edges.row.astype(np.int64) * len(every.second) + every.edges.column
    linked = np.isin(key, chosen.left.astype(np.int64) * len(every.second) + chosen.right)
    rows = (every.edges.row, every.edges.column)
    return {
        name: recall_by_group(
            [each.groups[name].to_pylist() for each in (sets[0], sets[-1])], rows, every.chance, linked, met=every.met
        )
        for name in names
    }


def _chance(pairs: Pairs) -> NDArray[np.float64]:
    assert pairs.probability is not None
    return pairs.probability


def similarity_gain(pairs: Pairs, threshold: float) -> NDArray[np.int64]:
    """What each pair is above the threshold, as whole numbers above zero."""
    assert pairs.similarity is not None
    return np.maximum(np.round((pairs.similarity - threshold) * _GAIN_UNIT).astype(np.int64), 0) + 1


def _weight_gain(pairs: Pairs) -> NDArray[np.int64]:
    """Match weights above the weakest pair's, as whole numbers above zero: the best total is of the surest links."""
    assert pairs.match_weight is not None
    whole = np.round(pairs.match_weight * 1024).astype(np.int64)
    gain: NDArray[np.int64] = whole - whole.min(initial=0) + 1
    return gain


def _links(pairs: Pairs, sets: tuple[EncodedSet, ...], cut: Mapping[str, float], quality: Quality | None) -> Links:
    # the right rows come after the left ones; within one set they are the same
    offset = len(pairs.left_set) if len(sets) == 2 else 0
    group = assign.groups(pairs.left.astype(np.int64), pairs.right.astype(np.int64) + offset, sum(map(len, sets)))
    return standing(sets, [pairs], group, cut, quality=quality)
