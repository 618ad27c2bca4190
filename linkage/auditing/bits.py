"""Single bits and weights: how uneven they are beyond chance, how full filters are, whether votes and balance show.

Uneven bits are what pattern mining starts from (Christen, Vidanage, Ranbaduge and Schnell 2018), weights tell how long
names are. A filter that is nearly full tells nobody apart: whatever links in it are wrong links, and somebody's record
goes to somebody else.
"""

from __future__ import annotations

import numpy as np

from linkage.auditing.finding import Finding
from linkage.auditing.tally import FilterTally, Tally
from linkage.hardening import Hardening
from linkage.schema import Schema

_SKEW = 0.06  # in a plain filter 0.1 to 0.2, by votes of three functions 0.03
_SPREAD = 1.5
_FULL_WARN, _FULL_FAIL = 0.6, 0.7
_OFF_HALF = 0.08
_UNEVEN = 0.01
_FEWEST = 50  # records: of fewer, shares of bits are chance
_FURTHER = "Agree on more fields or another step of hardening, or send it to a centre that is trusted."
_HARDENED = 'Agree on profile = "guarded" or "hardened", or send it to a centre that is trusted.'


def bit_findings(tally: Tally, schema: Schema) -> list[Finding]:
    """Skew, weights and fill, each of the worst filter, and steps of hardening that don't show."""
    there = {name: each for name, each in tally.filters.items() if each.present >= _FEWEST}
    unseen = "" if there else f"fewer than {_FEWEST} records with a value"
    skew, spread, fill = ({name: of(each) for name, each in there.items()} for of in (_skew, _spread, mean_fill))
    inert = _inert(schema.harden, there)
    return [
        Finding(
            name="bit frequencies",
            value=_worst(skew)[1],
            unseen=unseen,
            unit="standard deviations of bits' shares, beyond chance",
            warn_above=_SKEW,
            fail_above=None,
            where=_worst(skew)[0],
            reason="Some bits are set far more often than others: those of frequent letters, which pattern mining "
            "reads without a key.",
            change=_HARDENED if not schema.harden else _FURTHER,
        ),
        Finding(
            name="weights",
            value=_worst(spread)[1],
            unseen=unseen,
            unit="times the spread of chance",
            warn_above=_SPREAD,
            fail_above=None,
            where=_worst(spread)[0],
            reason="How many bits a record has set tells how long its names are.",
            change=_HARDENED if not schema.harden else _FURTHER,
        ),
        Finding(
            name="filter fill",
            value=_worst(fill)[1],
            unseen=unseen,
            unit="share",
            warn_above=_FULL_WARN,
            fail_above=_FULL_FAIL,
            where=_worst(fill)[0],
            reason="With so many bits set everybody looks like everybody: links will be wrong, and a person's record "
            "goes to somebody else.",
            change="Agree on more bits, or on fewer hashes a token; 30 to 50 % is the aim.",
        ),
        Finding(
            name="hardening by its bits",
            value=len(inert),
            unseen=unseen,
            unit="steps",
            warn_above=None,
            fail_above=0,
            where=", ".join(inert),
            reason="The agreement has a step of hardening, and the bits don't look as it would make them.",
            change="Encode again with `linkage encode` under this agreement; noise, if it is that, must be higher.",
        ),
    ]


def mean_fill(each: FilterTally) -> float:
    """The share of bits set, over the records that have a value."""
    return float(each.columns.sum() / (each.present * each.filter.bits))


def _skew(each: FilterTally) -> float:
    share = each.columns / each.present
    by_chance = (share * (1 - share)).mean() / each.present
    return float(np.sqrt(max(0.0, share.var() - by_chance)))


def _spread(each: FilterTally) -> float:
    """The standard deviation of weights, in that of as many bits set by chance."""
    fill, weights = mean_fill(each), np.arange(each.filter.bits + 1)
    counts = each.weights.copy()
    counts[0] = 0
    mean = float((counts @ weights) / each.present)
    variance = float(counts @ (weights - mean) ** 2 / each.present)
    return float(np.sqrt(variance / max(each.filter.bits * fill * (1 - fill), 1e-9)))


def _inert(harden: Hardening, there: dict[str, FilterTally]) -> list[str]:
    """Steps whose mark is not on the bits: half of them set by votes and balance, some exchanged by noise."""
    found = []
    fills = [abs(mean_fill(each) - 0.5) for each in there.values()]
    if harden.saul > 1 and any(off > _OFF_HALF for off in fills):
        found.append("saul")
    uneven = [max(_spread(each), off) for each, off in zip(there.values(), fills, strict=True)]
    if harden.balance and not harden.noise and any(each > _UNEVEN for each in uneven):
        found.append("balance")
    if harden.noise and any(harden.noise / 2 * each.filter.bits < 1 for each in there.values()):
        found.append("noise")
    return found


def _worst(values: dict[str, float]) -> tuple[str, float]:
    name = max(values, key=lambda each: values[each]) if values else ""
    return (name if len(values) > 1 else "", values.get(name, 0.0))
