"""Whether invented people are as their stated sources and rates say, figure by figure.

`benchmarks/people_check.py` prints it for every preset; fast parts run as tests. Targets are written here as their
sources have them, not taken from the generator's constants, so that a constant that changed is noticed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from linkage.study import families, places, rates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.population import Population

Rows = np.ndarray[Any, np.dtype[np.bool_]]
POSTCODE = re.compile(r"([A-Z]{1,2})([0-9]{1,2}) [0-9][ABD-HJLNP-UW-Z]{2}\Z")
# The last district in use below the ones invented here; the gap or end begins after it.
LAST_REAL = {"LS": 29, "BD": 24, "HD": 9, "WF": 17, "HX": 7, "HG": 5, "YO": 62, "S": 81, "M": 61, "E": 20}
LAST_REAL |= {"CF": 48, "G": 84}
# Districts in use above them: for mail to large users, or where a gap in the numbers ends.
REAL_ABOVE = {"LS88", "LS98", "LS99", "BD97", "BD98", "BD99", "WF90", "HX88", "YO90", "YO91", "S95", "S96", "S97"}
REAL_ABOVE |= {"S98", "S99", "M90", "M99", "E77", "E98", "CF61", "CF62", "CF63", "CF64", "CF71", "CF72", "CF81"}
REAL_ABOVE |= {"CF82", "CF83", "CF91", "CF95", "CF99", "G90"}


@dataclass(frozen=True)
class Finding:
    """One figure: what it should be and who says so, what it is, and how far off it may be."""

    what: str
    source: str
    target: float
    measured: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether the figure is near enough to its target."""
        return bool(abs(self.measured - self.target) <= self.allowed)

    def __str__(self) -> str:
        mark = "" if self.holds else "  NOT AS STATED"
        return f"{self.what:<66}{self.target:>9.4g}{self.measured:>9.4g}  +-{self.allowed:<8.3g}{self.source}{mark}"


def about_twins(population: Population) -> Iterator[Finding]:
    """How many there are, and how many are of one sex."""
    persons = population.persons
    family, born, male = persons["family"].to_numpy(), persons["born"].to_numpy(), is_(persons, "sex", "male")
    child = is_(persons, "role", "child")
    twin = child[1:] & child[:-1] & (family[1:] == family[:-1]) & (born[1:] == born[:-1])
    yield found(
        "% of maternities with twins", "ONS: 1.58 in 2017, 1.54 in 2018", 1.5,
        100 * twin.sum() / (child.sum() - twin.sum()), 0.3,
    )  # fmt: skip
    share, boys = 1 / 3, 0.513
    target = 100 * (share + (1 - share) * (boys**2 + (1 - boys) ** 2))
    allowed = 3 * 100 * (2 / 9 / max(twin.sum(), 1)) ** 0.5  # three standard errors of two thirds
    same = 100 * (male[1:] == male[:-1])[twin].mean()
    yield found("% of twin pairs of one sex", "a third monozygotic, Weinberg's rule", target, same, allowed)


def about_births(population: Population) -> Iterator[Finding]:
    """How old mothers are, whether they are married, the month; needs an agency that knows parents."""
    persons = population.persons
    family, born = persons["family"].to_numpy(), persons["born"].to_numpy()
    child, mother = is_(persons, "role", "child"), is_(persons, "role", "mother")
    row = np.empty(int(family.max()) + 1, dtype=np.int64)
    row[family[mother]] = np.flatnonzero(mother)
    of_child = row[family[child]]
    age = (born[child] - born[of_child]).astype(int) / families.DAYS_A_YEAR
    yield found("mean age of mothers at any birth", "ONS 2021", 30.9, age.mean(), 0.8)
    yield found("% of births to mothers under 20", "ONS 2021", 2.2, 100 * (age < 20).mean(), 1)
    yield found("% of births to mothers from 40 to 44", "ONS 2021", 4.6, 100 * ((age >= 40) & (age < 45)).mean(), 1)
    yield found("% of births to mothers of 45 or more", "ONS 2021", 0.33, 100 * (age >= 45).mean(), 0.3)
    yield found("births to mothers of 50 or more", "nature; the data's limit", 0, (age >= 50).sum(), 0)
    married, divorced = (
        persons[name].combine_chunks().to_numpy(zero_copy_only=False) for name in ("married", "divorced")
    )
    within = (married[of_child] <= born[child]) & ~(divorced[of_child] <= born[child])
    yield found("% of births to married mothers", "ONS 2021", 48.7, 100 * within.mean(), 2)
    month = born[child].astype("datetime64[M]").astype(int) % 12
    september = (month == 8).mean() / (30 / families.DAYS_A_YEAR)
    allowed = 3 * float((12 / child.sum()) ** 0.5) * 100
    yield found("births a day in September, the year's 100", "ONS peak; judgement", 105, 100 * september, allowed)


def about_families(population: Population) -> Iterator[Finding]:
    """Brothers and sisters, mothers and fathers; needs an agency that knows parents."""
    persons = population.persons
    family, born = persons["family"].to_numpy(), persons["born"].to_numpy()
    child, mother, father = (is_(persons, "role", role) for role in ("child", "mother", "father"))
    male = is_(persons, "sex", "male")
    n = int(family.max()) + 1
    sizes = np.bincount(family[child], minlength=n)
    yield found("% of children who are boys", "ONS 2017", 51.3, 100 * male[child].mean(), 0.7)
    died = persons["died"].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    yield found("infant deaths in 1,000", "ONS 2021", 3.7, 1000 * died[child].mean(), 1)
    eldest, youngest = np.full(n, born.max()), np.full(n, born.min())
    np.minimum.at(eldest, family[child], born[child])
    np.maximum.at(youngest, family[child], born[child])
    young = youngest >= families.FIRST_DAY
    siblings = 100 * (sizes[family[child & young[family]]] > 1).mean()
    yield found("% of children of young families with a brother or sister", "judgement", 45, siblings, 4)
    for size, share in ((1, 47), (2, 39)):
        measured = 100 * (sizes[~young] == size).mean()
        yield found(f"% of older families with {size}", "ONS, Families and households 2013", share, measured, 3)
    ended = persons["died"].combine_chunks().to_numpy(zero_copy_only=False)
    too_late = (ended[mother] < youngest[family[mother]]).sum()
    yield found("children born after their mother's death", "nature", 0, float(too_late), 0)
    her_day = np.empty(n, dtype=born.dtype)
    her_day[family[mother]] = born[mother]
    first = ((eldest - her_day).astype(int) / families.DAYS_A_YEAR).mean()
    yield found("mean age of mothers at the first birth", "ONS 2017, carried on", 29.1, first, 0.7)
    gap = ((her_day[family[father]] - born[father]).astype(int) / families.DAYS_A_YEAR).mean()
    yield found("years that fathers are older", "ONS 2021", 2.8, gap, 0.4)
    alone = 100 * (1 - father.sum() / mother.sum())
    yield found("% of families with a mother alone", "ONS 2013", 23, alone, 2)


def about_places(population: Population, agency: str = "registry") -> Iterator[Finding]:
    """Postcodes: their form, that none is in use, how many homes share one, how towns compare."""
    table, columns = population[agency], population.columns[agency]
    postcodes = table[columns["postcode"]].drop_null()
    read = [POSTCODE.match(code) for code in postcodes.to_pylist()]
    formed = [match for match in read if match]
    yield found("% of postcodes of the form of the UK's", "preset's slips", 100, 100 * len(formed) / len(read), 0.5)
    known = {area for _, area, *_ in places.TOWNS}
    real = [m for m in formed if m[1] in known and (int(m[2]) <= LAST_REAL[m[1]] or m[1] + m[2] in REAL_ABOVE)]
    yield found(
        "% of them in a district in use (slips of the keys)", "0 but for slips", 0, 100 * len(real) / len(read), 0.5
    )
    yield from _about_shared_postcodes(population, agency)
    towns = table[columns["town"]].drop_null()
    weights = sum(weight for *_, weight in places.TOWNS)
    n_units = len(np.unique(_families_of(population, agency))) // places.HOMES_PER_POSTCODE  # each is in one town
    for town, *_, weight in places.TOWNS:
        share, measured = weight / weights, pc.mean(pc.equal(towns, town)).as_py()
        yield found(f"% of homes in {town}", "judgement", 100 * share, 100 * measured, 100 * sampling(share, n_units))


def _about_shared_postcodes(population: Population, agency: str) -> Iterator[Finding]:
    """How many families have the postcode of one of them, itself included, as the agency wrote it down."""
    family = _families_of(population, agency)
    postcode = population[agency][population.columns[agency]["postcode"]].combine_chunks()
    _, first = np.unique(np.where(postcode.is_valid().to_numpy(zero_copy_only=False), family, -1), return_index=True)
    counts = postcode.take(first).drop_null().value_counts().field("counts").to_numpy()
    n, around = int(counts.sum()), float((counts**2).sum() / counts.sum())
    # Families choose their postcode each on its own: around one live as many as are written down of a unit's others.
    share = n / (int(family.max()) + 1)  # of the families drawn together with the last of these
    target = 1 + 12 * share
    allowed = 4 * (2 * target / (n / target)) ** 0.5 + 0.02 * target  # some slipped and share with nobody
    yield found("families to the postcode of a family", "judgement; Royal Mail: 15 addresses", target, around, allowed)


def _families_of(population: Population, agency: str) -> Any:
    """The family of each of the agency's records."""
    persons = population.persons
    rows = population.truth.filter(pc.equal(population.truth["source"], agency))
    return persons["family"].to_numpy()[pc.index_in(rows["person"], persons["person"]).to_numpy()]


def about_unequal_errors(population: Population, agency: str = "childrens_centre") -> Iterator[Finding]:
    """Names of other than British origin go wrong, and values of the poorest go missing, more often."""
    persons, truth = population.persons, population.truth
    rows = truth.filter(pc.equal(truth["source"], agency))
    who = pc.index_in(rows["person"], persons["person"]).to_numpy()
    column = population.columns[agency]["given_name"]
    written = pc.utf8_lower(population[agency][column]).to_numpy(zero_copy_only=False)
    true = pc.utf8_lower(persons["given_name"]).to_numpy(zero_copy_only=False)[who]
    known = np.array([text is not None and text not in ("unknown", "baby") for text in written])
    wrong = written != true
    british = np.isin(np.array(persons["origin"].to_pylist(), dtype=str)[who], rates.BRITISH)
    ratio = wrong[known & ~british].mean() / wrong[known & british].mean()
    yield found("given names that differ, others to British", "judgement", 1.6, ratio, 0.4)
    poorest = persons["hardship"].to_numpy()[who] >= 1 - rates.POOREST
    gone = population[agency][population.columns[agency]["address"]].is_null().to_numpy()
    ratio = gone[poorest].mean() / gone[~poorest].mean()
    yield found("addresses missing, the poorest to others", "judgement", 2.0, ratio, 0.5)


def about_duplicates(population: Population, preset: str, again: dict[str, float]) -> Iterator[Finding]:
    """Of the people an agency with duplicates holds, the share it holds more than once."""
    for agency, share in again.items():
        people = population.truth.filter(pc.equal(population.truth["source"], agency))["person"]
        counts = people.value_counts().field("counts").to_numpy()
        target = min(0.9, share * rates.PRESETS[preset].duplicates)
        yield found(f"{agency}: share of people held more than once", "judgement", target, (counts > 1).mean(), 0.03)


def sampling(share: float, n: int) -> float:
    """Four standard errors of a share among ``n``: what chance alone may do to it, but once in 16,000 times."""
    return 4.0 * float((share * (1.0 - share) / max(n, 1)) ** 0.5)


def found(what: str, source: str, target: float, measured: Any, allowed: float) -> Finding:
    """One figure, of whatever numbers."""
    return Finding(what, source, float(target), float(measured), float(allowed))


def is_(persons: Any, column: str, value: str) -> Rows:
    """Who has that value in a column of words."""
    words = persons[column].combine_chunks()
    flags: Rows = words.indices.to_numpy() == words.dictionary.to_pylist().index(value)
    return flags
