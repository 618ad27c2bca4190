"""Equal encodings: records that are the same throughout, and values that show how often they occur.

Equal values have equal encodings. So whoever counts them, and knows how often each name is given, reads the frequent
ones (Christen, Schnell, Vatsalan and Ranbaduge, PAKDD 2017). Where all encodings differ there is nothing to count.
"""

from __future__ import annotations

import numpy as np

from linkage.auditing.finding import Finding
from linkage.auditing.tally import Tally

_SHARED_WARN, _SHARED_FAIL = 0.15, 0.3  # of Febrl 3, made to have duplicates, a tenth are the same in six fields
_LARGEST_FAIL = 0.05
_REPEATED = 0.1
_SEVERAL = 10


def sameness_findings(tally: Tally) -> list[Finding]:
    """Identical records, and the filter whose values repeat the most."""
    kinds = _record_kinds(tally)
    total, shared = int(kinds.sum()), int(kinds[kinds > 1].sum())
    largest = int(kinds.max(initial=0))
    enough = total >= _SEVERAL
    repeated = {name: _repeated(each.kinds) for name, each in tally.filters.items()}
    worst = max(repeated, key=lambda name: repeated[name])
    return [
        Finding(
            name="identical records",
            value=shared / total if enough else 0.0,
            unit="share",
            warn_above=_SHARED_WARN,
            fail_above=_SHARED_FAIL,
            reason=f"{shared:,} of {total:,} records have an encoding that another has too: the same rows twice, an "
            "empty extract, or too few fields to tell people apart. How often each occurs can be counted.",
            change="Look for rows that were exported twice and for columns that are constant; take one row a person.",
        ),
        Finding(
            name="largest class of identical records",
            value=largest / total if largest >= _SEVERAL else 0.0,
            unit="share",
            warn_above=0.0,
            fail_above=_LARGEST_FAIL,
            reason=f"{largest:,} records have one and the same encoding. Nobody is so many people.",
            change="Find out what they have in common: a test record, a placeholder, a column that was cut off.",
        ),
        Finding(
            name="repeated values",
            value=repeated[worst],
            unit="share",
            warn_above=_REPEATED,
            fail_above=None,
            where=worst,
            reason="So many of its values occur more than once, and how often is there to be counted: frequent names "
            "can be read from that without a key. It is the cost of single fields, which link best.",
            change='Send it to a centre that is trusted, or agree on profile = "guarded" or "hardened".',
        ),
    ]


def _record_kinds(tally: Tally) -> np.ndarray:
    """How many records have each of the encodings that have a value."""
    whole = np.zeros(tally.n, np.uint64)
    for place, each in enumerate(tally.filters.values()):
        values = np.concatenate(each.values) if each.values else whole
        whole = (whole ^ values) * np.uint64(2 * (0x9E3779B97F4A7C15 + place) % 2**64 + 1)
        whole ^= whole >> np.uint64(31)
    there = np.zeros(tally.n, bool)
    for each in tally.filters.values():
        there |= np.concatenate(each.values) != 0 if each.values else there
    return np.asarray(np.unique(whole[there], return_counts=True)[1])


def _repeated(kinds: np.ndarray) -> float:
    total = int(kinds.sum())
    return int(kinds[kinds > 1].sum()) / total if total >= _SEVERAL else 0.0
