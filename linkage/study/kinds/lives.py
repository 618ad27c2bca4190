"""What befell people: some moved in, some died, so fewer agencies hold them; parents' deaths and birthdays; homes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from linkage.study import families, holding, parents
from linkage.study.agencies import AGENCIES
from linkage.study.families import CHILD, FATHER, People
from linkage.study.kinds.alone import COVERAGE, JUDGED, only, seeded, share_of
from linkage.study.kinds.stated import DEAD, DEATHS, FLATS, LETTERED, NEW_YEARS_BIRTHDAYS, Stated
from linkage.study.name_tables import ORIGIN_SHARES
from linkage.study.plausible import Finding, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.families import Flags


def about_newcomers(agency: str, known: People, stated: Stated, seed: int) -> Iterator[Finding]:
    """How much less often an agency holds those who moved in: here every second family has."""
    if agency == "registry":  # holds none of them
        return
    known = dataclasses.replace(known, moved_in=known.family % 2 == 0)
    held = _held(agency, known, seed)
    of_age = holding.member_shares(known, AGENCIES[agency]) > 0
    new, old = (held[of_age & who] for who in (known.moved_in, ~known.moved_in))
    ratio = new.mean() / old.mean()
    # twice, as families may come together
    spread = (2 * ((1 / new.mean() - 1) / len(new) + (1 / old.mean() - 1) / len(old))) ** 0.5
    yield found(f"{agency}, holds newcomers, times others", JUDGED, stated.newcomers, ratio, 4 * ratio * float(spread))


def about_the_dead(young: People, seed: int) -> Iterator[Finding]:
    """How much less often an agency holds those who died: here every second child has."""
    dead = np.arange(len(young)) % 2 == 0
    known = dataclasses.replace(young, died=np.where(dead, young.born, families.NEVER))
    held = _held("childrens_centre", known, seed)
    yield share_of("childrens_centre, % held of those who died", DEAD * COVERAGE, held, dead)


def about_parents(known: People) -> Iterator[Finding]:
    """Deaths of parents, and birthdays that stand for an unknown one."""
    rows = np.flatnonzero(known.role != CHILD)
    last = np.full(int(known.family.max()) + 1, known.born.min())
    np.maximum.at(last, known.family[known.role == CHILD], known.born[known.role == CHILD])
    needed = last[known.family[rows]] - np.where(known.role[rows] == FATHER, 1, 0) * parents.CARRIED
    # Deaths before the last child could be born are taken back.
    could = np.clip((families.TODAY - needed).astype(int) / parents.DEATH_DAYS, 0, 1)
    died = ~np.isnat(known.died[rows])
    target = DEATHS * float(could.mean())
    yield share_of("parents, % who died in ten years, but not before they could have a child", target, died)
    days = known.born[rows]
    new_year = days == days.astype("datetime64[Y]").astype("datetime64[D]")
    usual = np.ones(len(rows), dtype=bool)
    for origin, share in NEW_YEARS_BIRTHDAYS.items():
        own = known.origin[rows] == list(ORIGIN_SHARES).index(origin)
        target = share + (1 - share) / families.DAYS_A_YEAR
        yield share_of(f"parents of {origin} origin, % born on 1 January", target, new_year, own)
        usual &= ~own
    yield share_of("parents of other origins, % born on 1 January", 1 / families.DAYS_A_YEAR, new_year, usual)


def about_homes(young: People) -> Iterator[Finding]:
    """Flats and lettered houses."""
    homes = young.homes[0]["address"]
    yield share_of("homes, % flats", FLATS, pc.match_substring_regex(homes, "^Flat "))
    lettered = pc.match_substring_regex(homes, "^(Flat [0-9]+, )?[0-9]+[AB] ")
    yield share_of("homes, % in a house with a letter", LETTERED, lettered)


def _held(agency: str, known: People, seed: int) -> Flags:
    held = np.zeros(len(known), dtype=bool)
    held[holding.held_rows(agency, known, only(), AGENCIES[agency], seeded(seed))] = True
    return held
