"""What is stated of each kind of error and habit: shares of one agency's records, and of everybody's.

It stands here a second time, apart from the constants that the generator obeys, so that neither can change alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stated:
    """Shares that are stated of one agency, in the words of `linkage.study.agencies.Agency`."""

    initials: float = 0.02
    nicknames: float = 0.35
    scans: float = 0.0
    second_names: float = 0.0
    abbreviates: float = 0.0
    tight_postcodes: float = 0.0
    lower_postcodes: float = 0.0
    unborn: float = 0.0
    newcomers: float = 1.0
    withholds_homes: float = 0.0


STATED = {
    "registry": Stated(),
    "childrens_centre": Stated(scans=0.15, abbreviates=0.3, tight_postcodes=0.35, lower_postcodes=0.2),
    "primary_school": Stated(newcomers=0.9),
    "secondary_school": Stated(nicknames=0.6, tight_postcodes=0.5, newcomers=0.9),
    "police": Stated(initials=0.1, nicknames=0.6, second_names=0.2, abbreviates=0.5, tight_postcodes=0.2),
    "social_work": Stated(second_names=0.15, abbreviates=0.2, unborn=0.1),
    "youth_work": Stated(
        initials=0.08, nicknames=0.8, scans=0.4, abbreviates=0.6, tight_postcodes=0.4, lower_postcodes=0.4,
        newcomers=0.8,
    ),
    "domestic_abuse": Stated(withholds_homes=0.4),
}  # fmt: skip
# Of all agencies: see `linkage.study.writing`, `mistakes`, `holding`, `parents` and `places`.
ROMANISED = BY_EAR = INSISTS = SWAPPED = 0.5
OTHER_SURNAME = 0.3
INSERTED, DELETED, SUBSTITUTED, TRANSPOSED = 0.20, 0.25, 0.35, 0.20
SLIPS_OF_DAY = {"year": 2 / 7, "month": 2 / 7, "day": 3 / 7}
BABY, BABY_SMITH, BABY_BOY = 0.5, 0.3, 0.2
DUE = 14
DEAD = 0.2
DEATHS = 0.01
NEW_YEARS_BIRTHDAYS = {"arabic": 0.04, "african": 0.04, "pakistani": 0.03}
FLATS, LETTERED = 0.08, 0.02
