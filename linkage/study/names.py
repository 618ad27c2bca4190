"""Names people in the United Kingdom carry, roughly as often as they do, by origin of the family and year of birth.

Lists run from common to rare; a name's weight is one over its rank plus a constant, which is close to how
official counts of names fall off. Beyond the lists a tail is composed from syllables. No register of people was
copied; `benchmarks/people_check.py` holds the result against published figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from linkage.study.name_cohorts import COHORTS, GIVEN_BEFORE
from linkage.study.name_tables import GIVEN, ORIGIN_SHARES, SURNAMES
from linkage.study.name_tails import BOYS_TAILS, GIRLS_TAILS, SURNAME_TAILS, Pool, Tail

Ints = np.ndarray[Any, np.dtype[np.int64]]

# Added to a name's rank, so the first of a list has about 1 / (flatness * log(listed)) of all: 17 puts the first
# name of the 2020s near 1.5 %. Office for National Statistics, Baby names in England and Wales 2021: Noah 4,525 and
# Olivia 3,649 of 625,000 births, 1.4 and 1.2 % of their sex. Earlier cohorts chose from fewer names: judgement.
FLATNESS = {"1970s": 6, "1980s": 6, "1990s": 8, "2010s": 15, "2020s": 17}
OTHER_FLATNESS = 12  # judgement
# Judgement, so that Muhammad is about the fifth name of boys, as in 2021 (Baby names in England and Wales 2021).
MUHAMMADS_FLATNESS = 2
# Of the electoral register of 1996 in the United Kingdom 1.20 % were Smith and 0.90 % Jones; 1.37 and 1.14 % of deaths
# in England and Wales 1984 to 1997 (P. Dance, Comparative table of 300 leading surnames).
SURNAME_FLATNESS = 5
# Of the parts that names of the tails are composed from: how even. Judgement: starts are many and much alike in number.
START_FLATNESS, END_FLATNESS = 30, 8
# How much of the tails of the 2020s a cohort has. Judgement: names became more varied in every decade.
TAIL_OF_COHORT = {"1970s": 0.15, "1980s": 0.2, "1990s": 0.4, "2010s": 0.85, "2020s": 1.0}


@dataclass(frozen=True)
class Names:
    """Names ready to draw from: ``ends[i]`` is the running total of integer weights up to name ``i``."""

    values: Any
    ends: np.ndarray[Any, np.dtype[np.int64]]

    def draw(self, n: int, rng: np.random.Generator) -> Any:
        """``n`` names as an Arrow string array."""
        # Whole-number weights: no sum of floats decides a name, so every machine draws the same.
        ticket = (rng.random(n) * int(self.ends[-1])).astype(np.int64)
        return self.values.take(pa.array(np.searchsorted(self.ends, ticket, side="right")))


def names_of(pool: Pool) -> Names:
    """The pool as one weighted table, tails written out.

    >>> names_of(Pool("Ava Mia", flatness=1)).values.to_pylist()
    ['Ava', 'Mia']
    """
    parts = [(1.0 - sum(tail.share for tail in pool.tails), _listed(pool.listed, pool.flatness))]
    parts += [(tail.share, _composed(tail)) for tail in pool.tails]
    values = [name for _, (names, _) in parts for name in names]
    weights = [_scaled(weights, share) for share, (_, weights) in parts]
    return Names(pa.array(values, pa.string()), np.cumsum(np.concatenate(weights)))


@cache  # frozen tables, never what anyone drew from them
def surnames_of(origin: str) -> Names:
    """Surnames of families of one origin."""
    return names_of(Pool(SURNAMES[origin], SURNAME_FLATNESS, SURNAME_TAILS[origin]))


@cache
def given_names_of(origin: str, *, male: bool, cohort: str = "2020s") -> Names:
    """Given names of boys or of girls of one origin and cohort of birth.

    >>> given_names_of("english", male=False, cohort="1980s").values[:3].to_pylist()
    ['Sarah', 'Laura', 'Gemma']
    """
    before = GIVEN_BEFORE[origin]
    if origin != "english":  # two lists each: parents and children
        young = cohort in ("2010s", "2020s")
        listed = GIVEN[origin] if young else before["1990s"]
        first_is_muhammad = young and male and origin == "pakistani"
        flatness = MUHAMMADS_FLATNESS if first_is_muhammad else OTHER_FLATNESS
        return names_of(Pool(listed[0 if male else 1], flatness))
    listed = before.get(cohort, GIVEN[origin])
    share = TAIL_OF_COHORT[cohort]
    tails = tuple(Tail(tail.share * share, tail.starts, tail.ends) for tail in (BOYS_TAILS if male else GIRLS_TAILS))
    return names_of(Pool(listed[0 if male else 1], FLATNESS[cohort], tails))


def cohorts_of(born: Any) -> Ints:
    """The cohort of each birthday (datetime64[D]), as a position in ``COHORTS``."""
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    position: Ints = np.searchsorted(np.array(list(COHORTS.values())), year, side="right")
    return position


def draw_origins(n: int, rng: np.random.Generator) -> Ints:
    """The origin of each of ``n`` families, as a position in ``ORIGIN_SHARES``."""
    ends = np.cumsum(list(ORIGIN_SHARES.values()))
    return np.searchsorted(ends, (rng.random(n) * int(ends[-1])).astype(np.int64), side="right")


def draw_surnames(origin: Ints, rng: np.random.Generator) -> Any:
    """One surname for each origin (a position in ``ORIGIN_SHARES``)."""
    origins = list(ORIGIN_SHARES)
    return _by_kind(origin, lambda kind, n: surnames_of(origins[kind]).draw(n, rng))


def draw_given(origin: Ints, born: Any, male: Any, rng: np.random.Generator) -> Any:
    """One given name for each origin, birthday and sex."""
    origins, cohorts = list(ORIGIN_SHARES), list(COHORTS)

    def of_kind(kind: int, n: int) -> Any:
        rest, boy = divmod(kind, 2)
        where, when = divmod(rest, len(cohorts))
        return given_names_of(origins[where], male=bool(boy), cohort=cohorts[when]).draw(n, rng)

    return _by_kind((origin * len(cohorts) + cohorts_of(born)) * 2 + male, of_kind)


def _by_kind(kind: Ints, draw: Any) -> Any:
    """One name a row, each from its own kind's table."""
    order = np.argsort(kind, kind="stable")
    counts = np.bincount(kind)
    drawn = [draw(int(one), int(counts[one])) for one in np.flatnonzero(counts)]
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(drawn or [pa.array([], pa.string())]).take(pa.array(back))


def _listed(names: str, flatness: int) -> tuple[list[str], list[int]]:
    words = names.replace("\n", " ").split()
    return words, [10**9 // (rank + flatness) for rank in range(1, len(words) + 1)]


def _composed(tail: Tail) -> tuple[list[str], list[int]]:
    starts, start_weights = _listed(tail.starts, START_FLATNESS)
    ends, end_weights = _listed(tail.ends, END_FLATNESS)
    weights = [left * right // 10**9 for left in start_weights for right in end_weights]
    return [start + end for start in starts for end in ends], weights


def _scaled(weights: list[int], share: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Weights that add up to about ``share`` of 10**12, in whole numbers."""
    total, part = sum(weights), round(share * 1_000_000) * 1_000_000
    return np.array([weight * part // total for weight in weights], dtype=np.int64)
