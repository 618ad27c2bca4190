"""How often agencies differ: one frozen table a preset.

Every number is judgement. They are set where practitioners' accounts of linking administrative data put
them, not taken from one study, and they stand here in one place so that a study can replace them.

A rate is the chance that the registry and a children's centre write a field of one child differently. Nine
tenths of it fall on the centre and one tenth on the registry; `linkage.study.agencies` says each agency's
share (`care`).
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
    moved: float  # of families, for each agency: it holds another home (address, postcode, town and ward)
    address: float  # a slip of the keys in the address line
    postcode: float  # a slip of the keys in the postcode
    nhs_number: float  # a slip of the keys in the NHS number, so its check digit is mostly wrong
    unnamed: float  # of registry entries: a newborn without a name yet, written "Baby"
    missing: Mapping[str, float]  # nothing there, or a placeholder
    moved_in: float  # of families: the children were born elsewhere, so the registry has never heard of them
    coverage: Mapping[str, float]  # of the children it could know, the share an agency holds


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
    coverage={"registry": 1.0, "childrens_centre": 0.60, "school": 0.95, "police": 0.15},
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
    coverage={"registry": 1.0, "childrens_centre": 0.60, "school": 0.92, "police": 0.15},
)
HARD = Rates(
    given_name=0.28,
    surname=0.28,
    exchanged=0.02,
    dob=0.08,
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
    coverage={"registry": 1.0, "childrens_centre": 0.50, "school": 0.50, "police": 0.15},
)
PRESETS: Mapping[str, Rates] = MappingProxyType({"clean": CLEAN, "typical": TYPICAL, "hard": HARD})
