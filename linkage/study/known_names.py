"""Whether names are as common among invented people as published lists say, far below the top of each list.

The publications were read in copies: news and web pages that print them, named beside each table.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from linkage.study.name_tables import ORIGIN_SHARES
from linkage.study.plausible import Finding, Rows, found, is_, sampling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.population import Population

# ONS, Baby names in England and Wales 2021, as doncasterfreepress.co.uk (5 October 2022) lists the first ten.
RANKS_2021 = {
    "male": "Noah 1 Oliver 2 George 3 Arthur 4 Muhammad 5 Leo 6 Harry 7 Oscar 8 Archie 9 Henry 10",
    "female": "Olivia 1 Amelia 2 Isla 3 Ava 4 Ivy 5 Freya 6 Lily 7 Florence 8 Mia 9 Willow 10",
}
# The same release: 4,525 Noahs, "more than 1,800" Lucas, 3,649 Olivias (shropshirestar.com, 5 October 2022), of 624,828
# births, 51.3 % of them boys. In per cent of a sex.
SHARES_2021 = {"male": {"Noah": 1.41, "Luca": 0.56}, "female": {"Olivia": 1.20}}
# ONS, Baby names 2014: counts of the first ten (anglo-celtic-connections.blogspot.com, August 2015) of 695,233 births,
# 51.3 % of them boys. In per cent of a sex.
SHARES_2014 = {
    "male": {
        "Oliver": 1.86, "Jack": 1.63, "Harry": 1.51, "Jacob": 1.42, "Charlie": 1.30, "Thomas": 1.24, "George": 1.21,
        "Oscar": 1.20, "James": 1.17, "William": 1.16,
    },
    "female": {
        "Amelia": 1.57, "Olivia": 1.40, "Isla": 1.18, "Emily": 1.18, "Poppy": 0.97, "Ava": 0.94, "Isabella": 0.89,
        "Jessica": 0.88, "Lily": 0.88, "Sophie": 0.86,
    },
}  # fmt: skip
# ONS, Top 100 baby names, historical data: girls and boys of 1984 and in brackets of 1974 (retrowow.co.uk), boys 11 to
# 24 of 1984 (huffingtonpost.co.uk, 2 March 2018), three boys of 1994 (gist.github.com/jepoirrier/6134141).
RANKS_BEFORE = {
    ("1970s", "male"): (
        "Paul 1 Mark 2 David 3 Andrew 4 Richard 5 Christopher 6 James 7 Michael 9 Matthew 10 Daniel 16 William 41"
    ),
    ("1970s", "female"): "Sarah 1 Claire 2 Emma 4 Samantha 9 Rachel 12 Rebecca 16 Victoria 18",
    ("1980s", "male"): (
        "Christopher 1 James 2 David 3 Daniel 4 Michael 5 Matthew 6 Andrew 7 Richard 8 Paul 9 Mark 10 Thomas 11 Adam 12"
        " Robert 13 John 14 Lee 15 Benjamin 16 Steven 17 Jonathan 18 Craig 19 Stephen 20 Simon 21 Nicholas 22 Peter 23"
        " Anthony 24"
    ),
    ("1980s", "female"): (
        "Sarah 1 Laura 2 Gemma 3 Emma 4 Rebecca 5 Claire 6 Victoria 7 Samantha 8 Rachel 9 Amy 10"
    ),
    ("1990s", "male"): "William 19 George 21 Harry 30",
}  # fmt: skip
BIRTHS = {"1970s": (1970, 1980), "1980s": (1980, 1990), "1990s": (1990, 2004), "2010s": (2008, 2017)}
SINCE = 2019
# P. Dance, Comparative table of 300 leading surnames (homepages.newnet.co.uk/dance): per cent of the electoral register
# of the United Kingdom, 1996. K. Tucker, Nomina 27 (2004): 88,110 Patels on that of Great Britain in 1998, rank 43; of
# some 45 million electors.
SURNAMES_1996 = {
    "Smith": 1.20, "Jones": 0.90, "Williams": 0.62, "Brown": 0.58, "Taylor": 0.56, "Davies": 0.47, "Wilson": 0.42,
    "Evans": 0.38, "Thomas": 0.34, "Johnson": 0.33, "Roberts": 0.32, "Wright": 0.30, "Walker": 0.30, "Robinson": 0.29,
    "Thompson": 0.29, "White": 0.28, "Edwards": 0.26, "Green": 0.26, "Hall": 0.26, "Wood": 0.25, "Harris": 0.25,
    "Patel": 0.19,
}  # fmt: skip
# How far a share may be from its source beside chance, as a share of it. Judgement: a year's list stands for a cohort
# (Harry was 11th in 2004, first in 2012), the register of 1996 for parents of today in and around one city.
ONE_YEAR = 0.4
OLD_REGISTER = 1 / 3
# Places that a rank may be off beside chance, as a share of the rank; judgement, for the same reason.
PLACES = 0.2


def about_names(population: Population) -> Iterator[Finding]:
    """How common names are, by cohort and origin; needs an agency that knows parents."""
    persons = population.persons
    child = is_(persons, "role", "child")
    year = persons["born"].to_numpy().astype("datetime64[Y]").astype(np.int64) + 1970
    for sex in ("male", "female"):
        rows = (year >= SINCE) & is_(persons, "sex", sex) & child
        yield from _ranks(persons, rows, f"{sex} since {SINCE}", "ONS 2021", RANKS_2021[sex])
        yield from _shares(persons, "given_name", rows, (f"{sex} since {SINCE}", "ONS 2021"), SHARES_2021[sex], 0.15)
        rows = _born(year, "2010s") & is_(persons, "sex", sex) & child
        yield from _shares(persons, "given_name", rows, (f"{sex} 2008-16", "ONS 2014"), SHARES_2014[sex], ONE_YEAR)
    for (cohort, sex), ranks in RANKS_BEFORE.items():
        rows = _born(year, cohort) & is_(persons, "sex", sex) & ~child
        yield from _ranks(persons, rows, f"{sex} parents {cohort}", f"ONS {cohort[:3]}4", ranks)
    yield from _shares(persons, "surname", ~child, ("parents", "registers 1996, 1998"), SURNAMES_1996, OLD_REGISTER)
    yield from _signs(persons, child)


def about_origins(population: Population) -> Iterator[Finding]:
    """How many families are of each origin; chance alone may move a share, and by no more than a third."""
    persons = population.persons
    _, first = np.unique(persons["family"].to_numpy(), return_index=True)
    total = sum(ORIGIN_SHARES.values())
    for origin, weight in ORIGIN_SHARES.items():
        share, measured = weight / total, float(is_(persons, "origin", origin)[first].mean())
        allowed = min(100 * sampling(share, len(first)), 100 * share / 3)
        what = f"families, % of {origin} origin"
        yield found(what, "judgement, near census 2021", 100 * share, 100 * measured, allowed)


def _born(year: Any, cohort: str) -> Rows:
    first, after = BIRTHS[cohort]
    rows: Rows = (year >= first) & (year < after)
    return rows


def _ranks(persons: Any, rows: Rows, who: str, source: str, ranks: str) -> Iterator[Finding]:
    """Places in order of how common; allowed is what chance may do to names that are nearly as common, and drift."""
    count = Counter(persons["given_name"].combine_chunks().take(np.flatnonzero(rows)).to_pylist())
    words = ranks.split()
    for name, place in zip(words[::2], map(int, words[1::2]), strict=True):
        own = count[name]
        rank = 1 + sum(other > own for other in count.values())
        # Names that chance may have put on the other side of it: three standard errors of the difference.
        towards = [other - own if place < rank else own - other for other in count.values() if other != own]
        by_chance = sum(0 < more <= 3 * (2 * own + more) ** 0.5 for more in towards)
        yield found(f"{who}, rank of {name}", source, place, rank, by_chance + PLACES * place)


def _shares(
    persons: Any, column: str, rows: Rows, who: tuple[str, str], shares: dict[str, float], drift: float
) -> Iterator[Finding]:
    names = persons[column].combine_chunks()
    n = int(rows.sum())
    for name, percent in shares.items():
        measured = 100 * float(pc.equal(names, name).to_numpy(zero_copy_only=False)[rows].mean())
        allowed = drift * percent + 100 * sampling(percent / 100, n)
        yield found(f"{who[0]}, % called {name}", who[1], percent, measured, allowed)


def _signs(persons: Any, child: Rows) -> Iterator[Finding]:
    _, first = np.unique(persons["family"].to_numpy(), return_index=True)
    surnames = persons["surname"].combine_chunks().take(first[child[first]])
    for sign, what, percent in (("-", "a hyphen", 5.5), ("'", "an apostrophe", 2.2)):
        measured = 100 * pc.mean(pc.match_substring(surnames, sign)).as_py()
        allowed = percent / 4 + 100 * sampling(percent / 100, len(surnames))
        yield found(f"families, % with {what} in the surname", "judgement", percent, measured, allowed)
