"""How often agencies differ: one frozen table a preset, and for whom it is worse.

Where a number has a source it stands beside it; all others are judgement, set where practitioners' accounts of
linking administrative data put them. They stand in one place so that a study can replace them. ``hard`` is as this
project asks, between the registry and a children's centre: 30 % of given names, 30 % of surnames and 8 % of dates
differ, and half the records of either have no partner. Other pairs of agencies know others' people by their bias, as
in every preset, so there most records have none. Measured under ``hard``, per cent of one's records (row) of people
whom the other (column, in the same order) does not hold; mean of three seeds, 30,000 children each:

::

    registry             -  50  70  93  99  93  99  97
    childrens_centre    50   -  71  93  99  93  99  96
    primary_school      73  75   -  93 100  93  98  97
    police              94  94  93   -  89  92  97  97
    secondary_school    99  99 100  90   -  92  88  98
    social_work         92  91  90  89  88   -  96  96
    youth_work          99  99  95  89  62  91   -  97
    domestic_abuse      91  91  90  90  92  92  97   -

A rate is the chance that the registry and a children's centre write a field of one child differently. Nine
tenths of it fall on the centre and one tenth on the registry; `linkage.study.agencies` says each agency's
share (`care`). `benchmarks/people_check.py` measures them all.

For scale, English hospital records against the NHS's register of patients: sex and date of birth wrong or missing in
0.11 % of records, postcode in 53 %, as people had moved ("Utilising identifier error variation in linkage of large
administrative data sources", BMC Med Res Methodol 17, 2017). Agencies that see no one's papers err more in the former.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Rates:
    """The chances of one preset, each for one field of one record unless it says otherwise."""

    given_name: float  # another spelling, a nickname, a slip of the keys; exchanges on top
    surname: float  # another spelling, a slip of the keys, the other parent's surname; exchanges on top
    exchanged: float  # given name and surname in each other's place
    dob: float  # day and month swapped, or day, month or year slipped
    bare_year: float  # of birthdays at agencies that keep a year alone: month and day not known
    sex: float  # the other one
    moved: float  # of families: the agency wrote their home (address, postcode, town, ward) before their last move
    address: float  # a slip of the keys in the address line
    postcode: float  # a slip of the keys in the postcode
    nhs_number: float  # a slip of the keys in the NHS number, so its check digit is mostly wrong
    unnamed: float  # of registry entries: a newborn without a name yet, written "Baby"
    missing: Mapping[str, float]  # nothing there, or a placeholder
    moved_in: float  # of families: the children were born elsewhere, so the registry has never heard of them
    duplicates: float  # times each agency's own share of people written down again
    coverage: Mapping[str, float]  # of the people (at some agencies families) it could know, the share it holds


CLEAN = Rates(
    given_name=0.007,
    surname=0.007,
    exchanged=0.001,
    dob=0.005,
    bare_year=0.005,
    sex=0.001,
    moved=0.01,
    address=0.005,
    postcode=0.005,
    nhs_number=0.002,
    unnamed=0.001,
    missing={
        "given_name": 0.001,
        "surname": 0.001,
        "dob": 0.002,
        "sex": 0.005,
        "address": 0.005,
        "town": 0.005,
        "postcode": 0.005,
        "nhs_number": 0.30,
        "ward": 0.005,
    },
    moved_in=0.08,
    duplicates=0.2,
    coverage={
        "registry": 1.0,
        "childrens_centre": 0.60,
        "primary_school": 0.95,
        "secondary_school": 0.95,
        "police": 0.15,
        "social_work": 0.08,
        "youth_work": 0.12,
        "domestic_abuse": 0.05,
    },
)
TYPICAL = Rates(
    given_name=0.075,
    surname=0.045,
    exchanged=0.005,
    dob=0.02,
    bare_year=0.04,
    sex=0.004,
    moved=0.12,
    address=0.04,
    postcode=0.02,
    nhs_number=0.01,
    unnamed=0.005,
    missing={
        "given_name": 0.005,
        "surname": 0.003,
        "dob": 0.008,
        "sex": 0.03,
        "address": 0.06,
        "town": 0.05,
        "postcode": 0.05,
        "nhs_number": 0.30,
        "ward": 0.04,
    },
    moved_in=0.08,
    duplicates=1.0,
    coverage={
        "registry": 1.0,
        "childrens_centre": 0.60,
        "primary_school": 0.92,
        "secondary_school": 0.92,
        "police": 0.15,
        "social_work": 0.08,
        "youth_work": 0.12,
        "domestic_abuse": 0.05,
    },
)
HARD = Rates(
    given_name=0.293,  # with both agencies and exchanges 30 % of pairs differ
    surname=0.293,
    exchanged=0.02,
    dob=0.0806,  # 8 % of pairs
    bare_year=0.10,
    sex=0.02,
    moved=0.35,
    address=0.15,
    postcode=0.08,
    nhs_number=0.04,
    unnamed=0.03,
    missing={
        "given_name": 0.03,
        "surname": 0.02,
        "dob": 0.04,
        "sex": 0.10,
        "address": 0.15,
        "town": 0.15,
        "postcode": 0.15,
        "nhs_number": 0.60,
        "ward": 0.12,
    },
    # Half the children are in the registry and half in the centre: half of each side has no partner.
    moved_in=0.50,
    duplicates=1.5,
    coverage={
        "registry": 1.0,
        "childrens_centre": 0.50,
        "primary_school": 0.50,
        "secondary_school": 0.50,
        "police": 0.15,
        "social_work": 0.08,
        "youth_work": 0.12,
        "domestic_abuse": 0.05,
    },
)
PRESETS: Mapping[str, Rates] = MappingProxyType({"clean": CLEAN, "typical": TYPICAL, "hard": HARD})

# Errors do not fall on all alike, and these factors multiply the rates above; means over everyone stay as above.
# That missed matches are more common among minorities and the deprived is from Hagger-Johnson and others,
# "Probabilistic linking to enhance deterministic algorithms and reduce linkage errors in hospital administrative
# data", J Innov Health Inform 24 (2017); the sizes are judgement.
BRITISH = ("english", "welsh", "scottish", "irish")
MISSPELT_IF_NOT_BRITISH = 1.6  # given names and surnames of other origins
# Names in each other's place: where the family name comes first at home, or neither name is a family's. Judgement.
EXCHANGED = {"chinese": 4.0, "pakistani": 1.5, "indian": 1.2, "african": 1.5, "arabic": 1.5, "other_european": 1.2}
POOREST = 0.2  # of families: those with the least
MISSING_IF_POOREST = 2.0
NHS_MISSING_IF_POOREST = 1.3  # less, as it is missing often enough in all


def by_origin(factors: Mapping[str, float], origins: Mapping[str, int]) -> list[float]:
    """A factor for each of ``origins`` (their shares), scaled so that the population's mean is 1.

    >>> by_origin({"chinese": 5.0}, {"english": 75, "chinese": 25})
    [0.5, 2.5]
    """
    mean = sum(factors.get(origin, 1.0) * share for origin, share in origins.items()) / sum(origins.values())
    return [factors.get(origin, 1.0) / mean for origin in origins]


def of_poorest(factor: float) -> tuple[float, float]:
    """The factor of the poorest families and that of all others; their mean is 1."""
    others = 1.0 / (POOREST * factor + 1.0 - POOREST)
    return factor * others, others
