"""The centre's room: sees EncodedSets, never a name or the key. What leaves it are Releases.

`link` calls the steps in order: candidates, compare or score, assign.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

# the modules: their functions of the same name would hide them
from linkage.central import assign, compare, ownthreshold
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.cut import LOWEST, default_cut
from linkage.central.fitting import fitted
from linkage.central.model import Model
from linkage.central.outcome import standing
from linkage.central.several import Limits, link_by_probability, link_by_threshold
from linkage.central.sources import all_in_canonical_order, one_partner
from linkage.central.thresholds import Ratio, exact_ratio, probability_cut
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import EvidenceError, LinkageWarning
from linkage.links import Links
from linkage.pairs import Pairs

__all__ = ["link"]

_GAIN_UNIT = 1 << 20


def link(
    *sets: EncodedSet,
    model: Model | None = None,
    probability: Ratio | None = None,
    threshold: Ratio | None = None,
    duplicates: Collection[str] = (),
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Links:
    """Decide which records of several agencies, or of one, are the same person.

    Parameters
    ----------
    sets
        Sets of different sources, made under one agreement and key; their order changes nothing. Of three or more,
        every two are compared, and one decision is made over all: see `linkage.central.clusters`. Or one set, to find
        the duplicates in it.
    model
        ``fields`` layout: a model from `fit`; without it one is estimated from the sets.
    probability
        ``fields`` layout: link at or above it, in (0, 1]. Without it 0.5, near the best balance of wrong and missed
        links; or higher, up to 0.7, where of the links above 0.5 more than one in two hundred is expected to be wrong.
        ``Links.cut`` says which.
    threshold
        ``record`` layout: link at or above this similarity, measured as the agreement's filter is made for. Without it
        one is found from the sets, near the best balance of wrong and missed links (``Links.cut`` says which); within
        one set, of three or more, or with ``duplicates``, it must be given. Hardened filters of strangers agree in
        about half of their bits, so thresholds lie a little above 0.5.
    duplicates
        Sources that may hold several records of a person. All others are one-to-one: a record gets at most one
        partner, by the largest total weight, and of several sources a person at most one record of each.

    Returns
    -------
    Pairs and records; see `Links`.

    Raises
    ------
    MismatchError
        The sets were encoded with different agreements, keys or versions.
    LimitError
        The likely pairs don't fit ``memory``.
    EvidenceError
        A threshold was to be found, and nothing shows where matches begin, or fewer than one record in five seems to
        have a partner; or a model was estimated, and fewer than one in thirty: too few to tell people from their
        siblings. To look at the links all the same, give ``threshold`` or ``model=lk.fit(...)``. Of several sources,
        two that share so few are linked through the others, with a warning; the error is raised where all are such.

    Cost: every pair of records is compared, once for the links and in part for the estimates.
    """
    for given in sets:
        if not isinstance(given, EncodedSet):
            raise TypeError(
                f"link: takes encoded sets, from encode() or EncodedSet.load(); this is {type(given).__name__}"
            )
    if not sets:
        raise ValueError("link: takes one encoded set or more")
    _require_own_sources(sets)
    require_comparable(*sets)
    ordered = all_in_canonical_order(*sets)
    if len(sets) > 2:
        limits: Limits = {"threads": threads, "memory": memory, "progress": progress}
        if sets[0].schema.layout == "record":
            _refuse_options_of("fields", model=model, probability=probability)
            return link_by_threshold(ordered, _given(threshold, ordered), duplicates=duplicates, limits=limits)
        _refuse_options_of("record", threshold=threshold)
        return link_by_probability(ordered, probability, model=model, duplicates=duplicates, limits=limits)
    unique = one_partner(*ordered, duplicates) if len(ordered) == 2 else _in_one_set(ordered[0], duplicates)
    if ordered[0].schema.layout == "record":
        _refuse_options_of("fields", model=model, probability=probability)
        if threshold is None and unique == (True, True):
            pairs, own = ownthreshold.found(*_both(ordered), threads=threads, memory=memory, progress=progress)
            cut = {"threshold": own}
        else:
            threshold = _given(threshold, ordered)
            pairs = compare.compare(*ordered, threshold=threshold, threads=threads, memory=memory, progress=progress)
            cut = {"threshold": float(exact_ratio(threshold, name="threshold"))}
        gain = _similarity_gain(pairs, cut["threshold"])
    else:
        _refuse_options_of("record", threshold=threshold)
        cut = {"probability": probability_cut(LOWEST if probability is None else probability)}
        known = model or fitted(
            *_two(ordered), duplicates=duplicates, threads=threads, memory=memory, progress=progress
        )
        pairs = known.predict(
            *ordered,
            probability=cut["probability"],
            duplicates=duplicates,
            threads=threads,
            memory=memory,
            progress=progress,
        )
        if model is None:
            # within one set few duplicates are what one hopes for, and no sign of siblings taken for people
            _require_enough(known, min(map(len, ordered)) if len(ordered) == 2 else 0, n_pairs=len(pairs))
        gain = _weight_gain(pairs)
    chosen = pairs.take(assign.assign(pairs.left, pairs.right, gain, unique=unique))
    if chosen.probability is not None and probability is None:
        cut = {"probability": default_cut(chosen.probability)}
        chosen = chosen.take(chosen.probability >= cut["probability"])
    return _links(chosen, ordered, cut)


def _require_own_sources(sets: tuple[EncodedSet, ...]) -> None:
    known: set[str] = set()
    for each in sets:
        if each.source in known:
            raise ValueError(
                f"link: two sets are of the source '{each.source}'; encode each agency under its own name, or all of "
                "one agency's records as one set, and link it alone"
            )
        known.add(each.source)


def _given(threshold: Ratio | None, sets: tuple[EncodedSet, ...]) -> Ratio:
    if threshold is not None:
        return threshold
    hint = "threshold=0.8"
    if sets[0].schema.filters[0].similarity == "hamming":
        hint = "threshold=0.55 (strangers agree in about half of their bits)"
    raise ValueError(
        f"link: the record layout needs a threshold, such as {hint}, within one set, of three sets or more, and where "
        "a source may hold several records of a person: one is found only between two that hold one of each"
    )


def _in_one_set(records: EncodedSet, duplicates: Collection[str]) -> tuple[bool, bool]:
    one_partner(records, records, duplicates)  # for its complaints
    return False, False


def _two(sets: tuple[EncodedSet, ...]) -> tuple[EncodedSet, EncodedSet | None]:
    return (sets[0], sets[1] if len(sets) == 2 else None)


def _both(sets: tuple[EncodedSet, ...]) -> tuple[EncodedSet, EncodedSet]:
    return sets[0], sets[1]


def _require_enough(model: Model, n_records: int, *, n_pairs: int) -> None:
    """Refuse links that would be guesses; warn of other doubts."""
    if n_pairs and model.too_few(n_records):
        raise EvidenceError(
            f"only about {model.matches:,.0f} of {n_records:,} records seem to have a partner: too few to tell people "
            "from their siblings by these data alone. Use a model from sets that share more people; or, to look at the "
            "links one by one, link(..., model=fit(...))"
        )
    for doubt in model.doubts(n_records):
        warnings.warn(doubt, LinkageWarning, stacklevel=3)


def _refuse_options_of(layout: str, **options: object) -> None:
    advice = {
        "fields": "these sets are of the record layout, which takes a threshold",
        "record": "these sets are of the fields layout, which takes a probability; for thresholds agree on "
        'layout = "record" and encode again',
    }[layout]
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"link: {name} belongs to the {layout} layout; {advice}")


def _similarity_gain(pairs: Pairs, threshold: float) -> NDArray[np.int64]:
    """What each pair is above the threshold, as whole numbers above zero."""
    assert pairs.similarity is not None
    return np.maximum(np.round((pairs.similarity - threshold) * _GAIN_UNIT).astype(np.int64), 0) + 1


def _weight_gain(pairs: Pairs) -> NDArray[np.int64]:
    """Match weights above the weakest pair's, as whole numbers above zero: the best total is of the surest links."""
    assert pairs.match_weight is not None
    whole = np.round(pairs.match_weight * 1024).astype(np.int64)
    gain: NDArray[np.int64] = whole - whole.min(initial=0) + 1
    return gain


def _links(pairs: Pairs, sets: tuple[EncodedSet, ...], cut: Mapping[str, float]) -> Links:
    # the right rows come after the left ones; within one set they are the same
    offset = len(pairs.left_set) if len(sets) == 2 else 0
    group = assign.groups(pairs.left.astype(np.int64), pairs.right.astype(np.int64) + offset, sum(map(len, sets)))
    return standing(sets, [pairs], group, cut)
