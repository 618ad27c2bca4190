"""What was put in: an agency's style, wrong days, placeholders, slips of the keys, what stands for a newborn's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import holding, writing
from linkage.study.families import CHILD
from linkage.study.kinds.alone import ALWAYS, JUDGED, LONG, NEWBORN, as_flags, only, seeded, share_of, true_text
from linkage.study.kinds.stated import (
    BABY,
    BABY_BOY,
    BABY_SMITH,
    DELETED,
    DUE,
    INSERTED,
    INSISTS,
    SLIPS_OF_DAY,
    SUBSTITUTED,
    SWAPPED,
    TRANSPOSED,
    Stated,
)
from linkage.study.plausible import Finding, found
from linkage.study.written import write_down

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.families import Ints, People
    from linkage.study.written import Written


def about_style(written: Written, stated: Stated) -> Iterator[Finding]:
    """How it writes what it got right: postcodes, short forms, second names, hidden homes, records before the birth."""
    agency, columns = written.agency, written.columns
    tight = pc.invert(pc.match_substring(columns["postcode"].drop_null(), " "))
    yield share_of(f"{agency}, % of postcodes without the space", stated.tight_postcodes, tight)
    lower = pc.match_substring_regex(columns["postcode"].drop_null(), "[a-z]")
    yield share_of(f"{agency}, % of postcodes in small letters", stated.lower_postcodes, lower)
    people, rows = written.people, written.rows
    home = people.homes[0]["address"].take(pa.array(people.family[rows]))
    can = as_flags(pc.match_substring_regex(home, LONG))
    can &= as_flags(pc.is_valid(columns["address"]))
    short = pc.not_equal(pc.utf8_upper(columns["address"]), pc.utf8_upper(home)).fill_null(False)  # noqa: FBT003, not ours
    yield share_of(f"{agency}, % of addresses in a short form, of those that have one", stated.abbreviates, short, can)
    newborn = as_flags(pc.match_substring_regex(written.texts("given_name"), NEWBORN))
    small = (people.role[rows] == CHILD) & (holding.ages(people.born[rows]) < 3)
    if stated.unborn:
        yield share_of(f"{agency}, % entered before the birth, of children under three", stated.unborn, newborn, small)
        due = np.abs((_read_days(written) - people.born[rows]).astype(int))[newborn & small]
        mean = DUE * (DUE + 1) / (2 * DUE + 1)  # of the sizes of -14 to 14
        spread = DUE / 3**0.5 / max(len(due), 1) ** 0.5
        yield found(f"{agency}, days from the day due to the birth", JUDGED, mean, due.mean(), 4 * spread)
    # given names here have no space of their own
    second = pc.match_substring(written.texts("given_name"), " ")
    yield share_of(f"{agency}, % of given names with a second one", stated.second_names, second, ~newborn)


def about_days(written: Written, stated: Stated) -> Iterator[Finding]:
    """Wrong days: day and month exchanged where that is a day, else one of seven slips."""
    if stated.unborn:  # some days are those of the birth that was due
        return
    born, day = written.people.born[written.rows], _read_days(written)
    year, month, of_month = _parts(born)
    swappable = (of_month < 12) & (of_month != month)
    its_year, its_month, its_day = _parts(day)
    swapped = swappable & (its_month == of_month) & (its_day == month) & (its_year == year)
    yield share_of(
        f"{written.agency}, % day and month exchanged, of wrong days that can be", SWAPPED, swapped, swappable
    )
    parts = {"year": its_year != year, "month": its_month != month, "day": its_day != np.minimum(of_month, 27)}
    for part, changed in parts.items():
        what = f"{written.agency}, % a slip in the {part}, of the other wrong days"
        yield share_of(what, SLIPS_OF_DAY[part], changed, ~swapped)


def about_placeholders(written: Written, stated: Stated) -> Iterator[Finding]:
    """Something in place of a value that is not known, where a form insists."""
    for field in written.habits.placeholders:
        gone = pc.is_valid(written.columns[field])
        keeps = 1 - stated.withholds_homes if field in writing.HOME else 1.0
        yield share_of(f"{written.agency}, % a placeholder, of {field}s not known", INSISTS * keeps, gone)


def about_slips(known: People, seed: int) -> Iterator[Finding]:
    """The four slips of the keys, told apart by what they do to a number of ten digits."""
    written = write_down("social_work", known, only(nhs_number=ALWAYS), seeded(seed + 2))
    right = written.people.nhs_number.take(pa.array(written.rows))
    true, text = (
        np.array([list(map(ord, number.ljust(12))) for number in numbers.to_pylist()])
        for numbers in (right, written.columns["nhs_number"])
    )
    length = np.count_nonzero(text != ord(" "), axis=1)
    differ = np.count_nonzero(true != text, axis=1)
    # Not the first digit; at the last one, or before an equal one, an exchange becomes a deletion.
    exchanged = TRANSPOSED * float((true[:, 1:9] != true[:, 2:10]).sum() / (9 * len(true)))
    kinds = (
        ("a key too many", INSERTED, length == 11),
        ("a key left out", DELETED + TRANSPOSED - exchanged, length == 9),
        ("a key beside it", SUBSTITUTED, (length == 10) & (differ == 1)),
        ("two keys exchanged", exchanged, (length == 10) & (differ == 2)),
    )
    for name, target, flags in kinds:
        yield share_of(f"slips of the keys, % {name}", float(target), flags)


def about_newborns(young: People, seed: int) -> Iterator[Finding]:
    """What stands for the name of a newborn who has none; twins are numbered."""
    written = write_down("registry", young, only(unnamed=ALWAYS), seeded(seed + 2))
    names = written.texts("given_name")
    single = writing.twins(written.people)[written.rows] == 0
    surname = true_text(written, "surname")
    with_surname = pc.equal(names, pc.binary_join_element_wise("BABY", surname, " "))
    flags = (pc.equal(names, "BABY"), with_surname, pc.match_substring_regex(names, "^BABY (BOY|GIRL)$"))
    for what, share, said in zip(("Baby", "Baby Smith", "Baby Boy"), (BABY, BABY_SMITH, BABY_BOY), flags, strict=True):
        yield share_of(f"newborns without a name, % as {what}", share, said, single)
    yield share_of(
        "twins without a name, % as Twin 1 or 2", 1.0, pc.match_substring_regex(names, "^TWIN [12]$"), ~single
    )


def _read_days(written: Written) -> Any:
    days = pc.strptime(written.columns["dob"], format=written.habits.dates, unit="s", error_is_null=True)
    return days.to_numpy(zero_copy_only=False).astype("datetime64[D]")


def _parts(days: Any) -> tuple[Ints, Ints, Ints]:
    months = days.astype("datetime64[M]")
    return days.astype("datetime64[Y]").astype(int), months.astype(int) % 12, (days - months).astype(int)
