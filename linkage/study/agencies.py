"""Four agencies and their habits: ids, columns, formats, placeholders, and how carefully they write."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Agency:
    """One agency's habits; shares are judgement."""

    id_column: str
    id_start: str
    id_digits: int
    columns: Mapping[str, str | None]  # schema field -> its column, in the order of its table
    sexes: tuple[str, str]
    dates: str  # as in date.strftime
    care: float = 0.9  # times the preset's rates: 0.1 hardly errs, 1.5 errs more than most
    nicknames: float = 0.35  # of differing given names that have a familiar form
    placeholders: Mapping[str, str] = field(default_factory=dict)  # written for half of the missing values
    upper: bool = False
    accents: bool = True
    abbreviates: float = 0.0  # of addresses: Rd for Road
    tight_postcodes: float = 0.0  # of postcodes: without the space
    lower_postcodes: float = 0.0
    bare_years: bool = False  # writes the year alone where it knows no more


REGISTRY = Agency(
    id_column="entry_no",
    id_start="R",
    id_digits=7,
    columns=MappingProxyType(
        {
            "given_name": "forename",
            "surname": "surname",
            "dob": "date_of_birth",
            "sex": "sex",
            "address": "address",
            "town": "town",
            "postcode": "postcode",
            "nhs_number": None,
            "ward": "ward",
        }
    ),
    sexes=("Male", "Female"),
    dates="%Y-%m-%d",
    care=0.1,
)
CHILDRENS_CENTRE = Agency(
    id_column="reg_no",
    id_start="CC",
    id_digits=6,
    columns=MappingProxyType(
        {
            "surname": "family_name",
            "given_name": "given",
            "dob": "dob",
            "sex": "gender",
            "address": "addr",
            "town": None,
            "postcode": "postcode",
            "nhs_number": "nhs_no",
            "ward": "ward",
        }
    ),
    sexes=("M", "F"),
    dates="%d/%m/%Y",
    placeholders=MappingProxyType({"given_name": "UNKNOWN", "dob": "01/01/1900"}),
    abbreviates=0.3,
    tight_postcodes=0.35,
    lower_postcodes=0.2,
)
SCHOOL = Agency(
    id_column="upn",
    id_start="I",  # a real pupil number starts with a check letter, and I is never one
    id_digits=12,
    columns=MappingProxyType(
        {
            "surname": "legal_surname",
            "given_name": "forename",
            "sex": "gender",
            "dob": "dob",
            "postcode": "home_postcode",
            "address": "home_address",
            "town": None,
            "nhs_number": None,
            "ward": None,
        }
    ),
    sexes=("1", "2"),
    dates="%d-%m-%Y",
    care=0.7,
    placeholders=MappingProxyType({"sex": "9"}),
    upper=True,
    accents=False,
)
POLICE = Agency(
    id_column="case_ref",
    id_start="P/",
    id_digits=8,
    columns=MappingProxyType(
        {
            "dob": "date_of_birth",
            "given_name": "first_name",
            "surname": "last_name",
            "sex": "sex",
            "address": "last_address",
            "town": "town",
            "postcode": "postcode",
            "nhs_number": None,
            "ward": "ward",
        }
    ),
    sexes=("M", "F"),
    dates="%d-%m-%Y",
    care=1.5,
    nicknames=0.6,
    placeholders=MappingProxyType(
        {
            "given_name": "UNKNOWN",
            "surname": "UNKNOWN",
            "dob": "01-01-1900",
            "sex": "U",
            "address": "NO FIXED ABODE",
        }
    ),
    accents=False,
    abbreviates=0.5,
    tight_postcodes=0.2,
    bare_years=True,
)
# New agencies go last: the place in this table picks the stretch of random numbers.
AGENCIES: Mapping[str, Agency] = MappingProxyType(
    {
        "registry": REGISTRY,
        "childrens_centre": CHILDRENS_CENTRE,
        "school": SCHOOL,
        "police": POLICE,
    }
)
