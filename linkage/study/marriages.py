"""When parents marry, part and marry again, and the surname that a second husband brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import names
from linkage.study.families import DAYS_A_YEAR, NEVER, TODAY, gendered

if TYPE_CHECKING:
    from linkage.study.families import Flags, Ints

# Judgement, set so that as many children as ONS says are born to married parents (Birth characteristics 2021: all but
# 51.3 %): the share of mothers who marry, and how long before their first child, in years.
MARRIED = 0.55
WED_BEFORE, WED_SPREAD = 3.5, 3.5
OF_AGE = 18.0  # the law since 2023; some of these mothers could have married at 16
# ONS, Divorces in England and Wales 2011: 42 % of marriages end so, about half of them within ten years.
DIVORCED = 0.2
REMARRIED = 0.3  # judgement, of the divorced. ONS, Marriages 2019: of 100 brides 77 had not been married before


@dataclass(frozen=True)
class Marriages:
    """One entry a family: the days, NaT for what has not happened, and the surname the second husband brings."""

    married: Any
    divorced: Any
    remarried: Any
    second: Any


def draw_marriages(
    wed: Flags, births: tuple[Any, Any], mothers: tuple[Any, Ints], rng: np.random.Generator
) -> Marriages:
    """When those of ``wed`` married, parted, and the mothers married again.

    births      the birthdays of the eldest and of the youngest of each family: no couple parts before the latter
    mothers     their birthdays and origins
    """
    n = len(wed)
    (eldest, youngest), (her_day, origin) = births, mothers
    day = np.maximum(eldest - years(bell(n, WED_BEFORE, WED_SPREAD, rng)), her_day + years(OF_AGE))
    married = np.where(wed & (day <= TODAY), day, NEVER)
    parted = ~np.isnat(married) & (rng.random(n) < DIVORCED)
    divorced = np.where(parted, _between(np.maximum(married, youngest), rng), NEVER)
    again = parted & (rng.random(n) < REMARRIED)
    remarried = np.where(again, _between(divorced, rng), NEVER)
    return Marriages(married, divorced, remarried, _second_husbands(again, origin, rng))


def _between(day: Any, rng: np.random.Generator) -> Any:
    """A day between each of these and today; judgement: any of them as likely."""
    days = np.where(np.isnat(day), 0, (TODAY - day).astype(np.int64))
    return day + (days * rng.random(len(day))).astype(np.int64)


def _second_husbands(again: Flags, origin: Ints, rng: np.random.Generator) -> Any:
    """The surnames, in a woman's form, of second husbands; judgement: of the mother's origin."""
    rows = np.flatnonzero(again)
    found = gendered(names.draw_surnames(origin[rows], rng), origin[rows], np.zeros(len(rows), dtype=bool))
    return pc.replace_with_mask(pa.nulls(len(again), pa.string()), pa.array(again), found)


def years(count: Any) -> Any:
    """So many years, one number or many, as timedelta64[D]."""
    # with its unit: NumPy no longer takes a bare number for days
    return (np.asarray(count) * DAYS_A_YEAR).astype(np.int64).astype("timedelta64[D]")


def bell(n: int, mean: float, spread: float, rng: np.random.Generator) -> Any:
    """Four throws together are near enough to a normal distribution, and end."""
    thrown = rng.random(n) + rng.random(n) + rng.random(n) + rng.random(n)
    return mean + (thrown - 2.0) * (3.0**0.5 * spread)
