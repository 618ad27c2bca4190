"""How often each kind of error and habit occurs, measured alone in what an agency wrote, against what is stated of it.

An agency writes people down with one rate turned up to certainty and all others off: every record shows the kind that
fell to it, and what a kind did is recognised by its result.

    stated      what is stated of each kind
    alone       one rate turned up, and what the records then show
    spelling    names and addresses that are another spelling
    entries     style, days, placeholders, slips of the keys, newborns
    lives       newcomers, the dead, parents, homes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.study import families, parents
from linkage.study.agencies import AGENCIES
from linkage.study.kinds.alone import ALWAYS, only, seeded
from linkage.study.kinds.entries import about_days, about_newborns, about_placeholders, about_slips, about_style
from linkage.study.kinds.lives import about_homes, about_newcomers, about_parents, about_the_dead
from linkage.study.kinds.spelling import about_given_names, about_scans, about_surnames
from linkage.study.kinds.stated import STATED
from linkage.study.rates import TYPICAL
from linkage.study.written import write_down

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.families import People
    from linkage.study.plausible import Finding
    from linkage.study.written import Written

__all__ = [
    "STATED",
    "about_agency",
    "about_homes",
    "about_kinds",
    "about_newborns",
    "about_parents",
    "about_slips",
    "about_the_dead",
]


def about_kinds(people: int, seed: int) -> Iterator[Finding]:
    """Every kind, at every agency."""
    young = families.draw_children(people, TYPICAL.moved_in, seeded(seed))
    known = parents.everyone(young, TYPICAL.moved_in, seeded(seed + 1))
    for agency in STATED:
        yield from about_agency(agency, young if AGENCIES[agency].young_only else known, seed)
    yield from about_slips(known, seed)
    yield from about_newborns(young, seed)
    yield from about_the_dead(young, seed)
    yield from about_parents(known)
    yield from about_homes(young)


def about_agency(agency: str, known: People, seed: int) -> Iterator[Finding]:
    """The kinds whose shares may be an agency's own."""
    stated = STATED[agency]

    def written(**rates: float) -> Written:
        return write_down(agency, known, only(**rates), seeded(seed + 2))

    yield from about_style(written(), stated)
    yield from about_given_names(written(given_name=ALWAYS), stated)
    yield from about_surnames(written(surname=ALWAYS), stated)
    yield from about_scans(written(address=ALWAYS), stated)
    yield from about_days(written(dob=ALWAYS), stated)
    yield from about_placeholders(written(missing=ALWAYS), stated)
    yield from about_newcomers(agency, known, stated, seed)
