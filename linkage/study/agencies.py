"""Eight agencies: whom they see, and their habits: ids, columns, formats, placeholders, how carefully they write.

Every share here is judgement unless a source stands beside it. The bias of each agency is what its fields ``ages``
to ``newcomers`` say; nothing else decides whom it holds but the preset's coverage and chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("given_name", "surname", "dob", "sex", "address", "town", "postcode", "nhs_number", "ward")


def _columns(text: str) -> Mapping[str, str | None]:
    """Schema field -> column, in the order of the agency's table; the fields it does not hold come last."""
    held = dict(pair.split(":") for pair in text.split())
    return MappingProxyType({**held, **{name: None for name in FIELDS if name not in held}})


@dataclass(frozen=True)
class Agency:
    """One agency's bias and habits."""

    id_column: str
    id_start: str
    id_digits: int
    columns: Mapping[str, str | None]  # schema field -> its column, in the order of its table
    sexes: tuple[str, str]
    dates: str  # as in date.strftime
    # whom it sees
    young_only: bool = False  # only the children born 2019 to 2023 and their brothers and sisters among them
    ages: tuple[int, int] = (0, 99)  # of children on 1 September 2025: from, and below
    by_family: bool = False  # coverage is of families, and the shares below are of their members
    teens: float = 1.0  # of children from 10 on, and...
    small: float = 1.0  # ...of younger ones
    mothers: float = 0.0
    fathers: float = 0.0
    poorer: float = 0.0  # coverage runs from 1 - poorer times for the best off to 1 + poorer times for the poorest
    boys: float = 1.0  # coverage of boys, times
    newcomers: float = 1.0  # coverage of families that moved in, times
    again: float = 0.0  # of people: written down a second time, and of these a third, ...
    # how it writes
    care: float = 0.9  # times the preset's rates: 0.1 hardly errs, 1.5 errs more than most
    nicknames: float = 0.35  # of differing given names that have a familiar form
    initials: float = 0.02  # of differing given names
    scans: float = 0.0  # of slips: made by a scanner, not at the keys
    second_names: float = 0.0  # of given names: with the second one behind
    unborn: float = 0.0  # of children under three: entered before they were born, as "Unborn" or "Baby Smith"
    placeholders: Mapping[str, str] = field(default_factory=dict)  # written for half of the missing values
    upper: bool = False
    accents: bool = True
    abbreviates: float = 0.0  # of addresses: Rd for Road
    tight_postcodes: float = 0.0  # of postcodes: without the space
    lower_postcodes: float = 0.0
    bare_years: bool = False  # writes the year alone where it knows no more
    withholds_homes: float = 0.0  # of people: no address, as somebody must not find them


REGISTRY = Agency(  # every birth in the area, as registered
    id_column="entry_no",
    id_start="R",
    id_digits=7,
    columns=_columns(
        "given_name:forename surname:surname dob:date_of_birth sex:sex address:address town:town postcode:postcode"
        " ward:ward"
    ),
    sexes=("Male", "Female"),
    dates="%Y-%m-%d",
    young_only=True,
    care=0.1,
)
CHILDRENS_CENTRE = Agency(  # who came: a little more often the poorer, as centres stand where they live
    id_column="reg_no",
    id_start="CC",
    id_digits=6,
    columns=_columns(
        "surname:family_name given_name:given dob:dob sex:gender address:addr postcode:postcode nhs_number:nhs_no"
        " ward:ward"
    ),
    sexes=("M", "F"),
    dates="%d/%m/%Y",
    young_only=True,
    poorer=0.15,
    scans=0.15,  # paper forms
    placeholders=MappingProxyType({"given_name": "UNKNOWN", "dob": "01/01/1900"}),
    abbreviates=0.3,
    tight_postcodes=0.35,
    lower_postcodes=0.2,
)
PRIMARY_SCHOOL = Agency(  # the state's schools: without some of the best off, and those not yet in a place
    id_column="upn",
    id_start="I",  # a real pupil number starts with a check letter, and I is never one
    id_digits=12,
    columns=_columns(
        "surname:legal_surname given_name:forename sex:gender dob:dob postcode:home_postcode address:home_address"
    ),
    sexes=("1", "2"),
    dates="%d-%m-%Y",
    ages=(4, 11),
    poorer=0.05,
    newcomers=0.9,
    care=0.7,
    placeholders=MappingProxyType({"sex": "9"}),
    upper=True,
    accents=False,
)
SECONDARY_SCHOOL = Agency(  # another system: no capitals, dates run together, the name the pupil goes by
    id_column="admission_no",
    id_start="0",
    id_digits=6,
    columns=_columns(
        "given_name:preferred_forename surname:preferred_surname dob:birth_date sex:sex address:address"
        " postcode:post_code"
    ),
    sexes=("M", "F"),
    dates="%Y%m%d",
    ages=(11, 18),
    poorer=0.05,
    newcomers=0.9,
    care=0.8,
    nicknames=0.6,
    placeholders=MappingProxyType({"postcode": "ZZ99 3VZ"}),
    tight_postcodes=0.5,
)
POLICE = Agency(  # families it was called to: mostly poorer; teenagers, mostly boys, and parents rather than infants
    id_column="case_ref",
    id_start="P/",
    id_digits=8,
    columns=_columns(
        "dob:date_of_birth given_name:first_name surname:last_name sex:sex address:last_address town:town"
        " postcode:postcode ward:ward"
    ),
    sexes=("M", "F"),
    dates="%d-%m-%Y",
    by_family=True,
    teens=0.6,
    small=0.4,
    mothers=0.6,
    fathers=0.6,
    poorer=0.7,
    boys=1.2,
    again=0.3,
    care=1.5,
    nicknames=0.6,
    initials=0.1,
    second_names=0.2,
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
# Department for Education, Characteristics of children in need 2013 to 2014: 397,600 in England on 31 March 2014, about
# 3 % of children; over the years, more.
SOCIAL_WORK = Agency(  # families once assessed: much poorer; all their children, some before birth, and the mothers
    id_column="person_id",
    id_start="",
    id_digits=7,
    columns=_columns(
        "surname:surname given_name:forenames dob:dob_or_edd sex:gender nhs_number:nhs_number address:current_address"
        " town:town postcode:postcode ward:ward"
    ),
    sexes=("Male", "Female"),
    dates="%d.%m.%Y",
    by_family=True,
    small=0.9,
    mothers=0.8,
    fathers=0.45,
    poorer=0.9,
    again=0.15,
    care=1.0,
    second_names=0.15,
    unborn=0.1,
    placeholders=MappingProxyType({"given_name": "Not known", "surname": "Not known", "sex": "Indeterminate"}),
    abbreviates=0.2,
)
YOUTH_WORK = Agency(  # who came through the door from ten to nineteen, on what they said of themselves
    id_column="member",
    id_start="YW-",
    id_digits=5,
    columns=_columns("given_name:known_as surname:surname dob:born sex:m_f address:street postcode:pcode"),
    sexes=("m", "f"),
    dates="%d/%m/%Y",
    ages=(10, 20),
    poorer=0.4,
    boys=1.15,
    newcomers=0.8,
    care=1.3,
    nicknames=0.8,
    initials=0.08,
    scans=0.4,  # cards filled in by hand
    placeholders=MappingProxyType({"surname": "?", "dob": "n/k", "sex": "-"}),
    abbreviates=0.6,
    tight_postcodes=0.4,
    lower_postcodes=0.4,
    bare_years=True,
)
DOMESTIC_ABUSE = Agency(  # mothers who sought help, with their children; many where they live is not written down
    id_column="client",
    id_start="DA",
    id_digits=6,
    columns=_columns("given_name:first_name surname:surname dob:dob sex:gender address:safe_address postcode:postcode"),
    sexes=("M", "F"),
    dates="%d/%m/%Y",
    by_family=True,
    teens=0.5,
    small=0.7,
    mothers=0.95,
    fathers=0.04,
    poorer=0.5,
    again=0.1,
    care=1.1,
    placeholders=MappingProxyType({"surname": "WITHHELD", "dob": "01/01/1900"}),
    accents=False,
    withholds_homes=0.4,
)
# New agencies go last: the place in this table picks the stretch of random numbers.
AGENCIES: Mapping[str, Agency] = MappingProxyType(
    {
        "registry": REGISTRY,
        "childrens_centre": CHILDRENS_CENTRE,
        "primary_school": PRIMARY_SCHOOL,
        "police": POLICE,
        "secondary_school": SECONDARY_SCHOOL,
        "social_work": SOCIAL_WORK,
        "youth_work": YOUTH_WORK,
        "domestic_abuse": DOMESTIC_ABUSE,
    }
)
