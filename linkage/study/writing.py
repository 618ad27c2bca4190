"""From the truth to one agency's table: whom it holds, what it was told, what it mistyped, how it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import mistakes
from linkage.study.agencies import AGENCIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.study.agencies import Agency
    from linkage.study.families import Children, Flags, Ints
    from linkage.study.rates import Rates

HOME = ("address", "town", "postcode", "ward")
STARTED_SCHOOL = np.datetime64("2021-09-01")  # born before: in school by September 2025
ELDER = np.datetime64("2020-09-01")  # born before: every child of a known family is on the police's record
# Judgement: chances of each kind, where the kind fits the name; slips of the keys take what is left.
BY_EAR = 0.5
OTHER_PARENT = 0.3
ABBREVIATED = (
    ("Road$", "Rd"),
    ("Street$", "St"),
    ("Avenue$", "Ave"),
    ("Crescent$", "Cres"),
    ("Gardens$", "Gdns"),
    ("Drive$", "Dr"),
    ("Close$", "Cl"),
    ("^Flat ", "Flt "),
)


def write_records(agency: str, children: Children, rates: Rates, rng: np.random.Generator) -> tuple[Any, Any]:
    """One agency's table, in no order, and the child (position in ``children``) of each of its rows."""
    habits = AGENCIES[agency]
    rows = _held(agency, children, rates.coverage[agency], rng)
    values = _as_known(children, rows, rates, habits, rng)
    values |= _misspelt(values, rates, habits, rng)
    values = _formatted(values, rates, habits, rng)
    if agency == "registry":
        unnamed = pa.array(rng.random(len(rows)) < rates.unnamed)
        values["given_name"] = pc.if_else(unnamed, "Baby", values["given_name"])
    values = {name: _lost(name, column, rates, habits, rng) for name, column in values.items()}
    columns = {habits.id_column: _ids(len(rows), habits, rng)}
    columns |= {column: values[name] for name, column in habits.columns.items() if column is not None}
    return pa.table(columns), pa.array(rows)


def _held(agency: str, children: Children, coverage: float, rng: np.random.Generator) -> Ints:
    """The children an agency holds, shuffled."""
    held = rng.random(len(children)) < coverage
    if agency == "registry":
        held &= ~children.moved_in
    elif agency == "school":
        held &= children.born < STARTED_SCHOOL
    elif agency == "police":
        known = rng.random(int(children.family[-1]) + 1) < coverage
        # Of the younger ones every other: they are seen when the family is, not named each time.
        held = known[children.family] & ((children.born < ELDER) | (rng.random(len(children)) < 0.5))
    rows = np.flatnonzero(held)
    return rows[np.argsort(rng.random(len(rows)), kind="stable")]


def _as_known(children: Children, rows: Ints, rates: Rates, habits: Agency, rng: np.random.Generator) -> dict[str, Any]:
    """What the agency was told, before anyone mistypes it: perhaps another home, day or sex."""
    where = pa.array(rows)
    family = children.family[rows]
    # Drawn for the family: siblings on one register share the home it has for them.
    moved = pa.array((rng.random(int(children.family[-1]) + 1) < rates.moved * habits.care)[family])
    now, before = children.homes
    place = pa.array(family)
    values = {name: pc.if_else(moved, before[name].take(place), now[name].take(place)) for name in HOME}
    values["given_name"] = children.given_name.take(where)
    values["surname"] = children.surname.take(where)
    values["other_surname"] = children.other_surname.take(where)
    values["nhs_number"] = children.nhs_number.take(where)
    values["male"] = children.male[rows] ^ _some(len(rows), rates.sex * habits.care, rng)
    born = children.born[rows]
    wrong = _some(len(rows), rates.dob * habits.care, rng)
    values["born"] = np.where(wrong, mistakes.wrong_day(born, rng), born)
    return values


def _misspelt(values: Mapping[str, Any], rates: Rates, habits: Agency, rng: np.random.Generator) -> dict[str, Any]:
    """The names and codes as they come out of the clerk's keyboard."""
    n = len(values["given_name"])
    changed = {
        name: _changed(values[name], _some(n, getattr(rates, name) * habits.care, rng), rng, mistakes.slip)
        for name in ("address", "postcode", "nhs_number")
    }

    def other_given(names: Any, rng: np.random.Generator) -> Any:
        familiar = _at_times(habits.nicknames, mistakes.familiar(names, rng), rng)
        return pc.coalesce(familiar, _other_spelling(names, rng))

    given = _changed(values["given_name"], _some(n, rates.given_name * habits.care, rng), rng, other_given)
    wrong = _some(n, rates.surname * habits.care, rng)
    parent = wrong & (rng.random(n) < OTHER_PARENT) & _different(values["surname"], values["other_surname"])
    surname = _changed(values["surname"], wrong & ~parent, rng, _other_spelling)
    surname = pc.if_else(pa.array(parent), values["other_surname"], surname)
    swap = pa.array(_some(n, rates.exchanged * habits.care, rng))
    changed["given_name"] = pc.if_else(swap, surname, given)
    changed["surname"] = pc.if_else(swap, given, surname)
    return changed


def _other_spelling(names: Any, rng: np.random.Generator) -> Any:
    return pc.coalesce(_at_times(BY_EAR, mistakes.by_ear(names, rng), rng), mistakes.slip(names, rng))


def _changed(values: Any, wrong: Flags, rng: np.random.Generator, change: Any) -> Any:
    """``values`` with ``change`` applied to the rows that went wrong and hold anything."""
    mask = pc.and_(pa.array(wrong), pc.is_valid(values))
    return pc.replace_with_mask(values, mask, change(values.filter(mask), rng))


def _formatted(values: Mapping[str, Any], rates: Rates, habits: Agency, rng: np.random.Generator) -> dict[str, Any]:
    """The values in the agency's own writing."""
    texts = {name: values[name] for name in ("given_name", "surname", *HOME, "nhs_number")}
    texts["address"] = _abbreviated(texts["address"], habits.abbreviates, rng)
    texts["postcode"] = _postcodes(texts["postcode"], habits, rng)
    if not habits.accents:
        texts |= {name: _plain_letters(texts[name]) for name in ("given_name", "surname")}
    if habits.upper:
        texts = {name: pc.utf8_upper(text) for name, text in texts.items()}
    texts["sex"] = pc.if_else(pa.array(values["male"]), *habits.sexes)
    texts["dob"] = _dates(values["born"], habits.dates)
    if habits.bare_years:
        bare = pa.array(_some(len(texts["dob"]), rates.bare_year, rng))
        texts["dob"] = pc.if_else(bare, _dates(values["born"], "%Y"), texts["dob"])
    return texts


def _abbreviated(addresses: Any, share: float, rng: np.random.Generator) -> Any:
    short = addresses
    for word, instead in ABBREVIATED:
        short = pc.replace_substring_regex(short, word, instead)
    return pc.if_else(pa.array(_some(len(addresses), share, rng)), short, addresses)


def _postcodes(postcodes: Any, habits: Agency, rng: np.random.Generator) -> Any:
    tight = pa.array(_some(len(postcodes), habits.tight_postcodes, rng))
    written = pc.if_else(tight, pc.replace_substring(postcodes, " ", ""), postcodes)
    lower = pa.array(_some(len(postcodes), habits.lower_postcodes, rng))
    return pc.if_else(lower, pc.utf8_lower(written), written)


def _plain_letters(names: Any) -> Any:
    """Names as a system of plain letters keeps them: Łukasz is Lukasz."""
    for letter, plain in zip("ŁłıØø", "LliOo", strict=True):  # to Unicode they carry no accent
        names = pc.replace_substring(names, letter, plain)
    return pc.replace_substring_regex(pc.utf8_normalize(names, form="NFKD"), r"\p{M}", "")


def _dates(born: Any, style: str) -> Any:
    """Birthdays as the agency writes them, each day there is formatted once."""
    days, position = np.unique(born, return_inverse=True)
    return pa.array([day.strftime(style) for day in days.tolist()], pa.string()).take(pa.array(position))


def _lost(name: str, values: Any, rates: Rates, habits: Agency, rng: np.random.Generator) -> Any:
    """``values`` with some gone, or a placeholder in their stead where the agency's form insists on one."""
    # Whether a number was ever asked for is not a matter of care.
    share = rates.missing[name] * (1.0 if name == "nhs_number" else min(1.0, habits.care / 0.9))
    gone = _some(len(values), share, rng)
    insists = gone & (rng.random(len(values)) < 0.5)
    values = pc.if_else(pa.array(gone), pa.scalar(None, pa.string()), values)
    return pc.if_else(pa.array(insists), pa.scalar(habits.placeholders.get(name), pa.string()), values)


def _ids(n: int, habits: Agency, rng: np.random.Generator) -> Any:
    """``n`` ids with gaps, drawn apart from everything else."""
    number = 1 + np.argsort(rng.random(3 * n), kind="stable")[:n]
    padded = pc.utf8_lpad(pa.array(number).cast(pa.string()), width=habits.id_digits, padding="0")
    return pc.binary_join_element_wise(habits.id_start, padded, "")


def _some(n: int, share: float, rng: np.random.Generator) -> Flags:
    """The rows something happens to."""
    return rng.random(n) < share


def _at_times(share: float, values: Any, rng: np.random.Generator) -> Any:
    """``values`` for that share of rows, null for the others."""
    return pc.if_else(pa.array(_some(len(values), share, rng)), values, pa.scalar(None, pa.string()))


def _different(left: Any, right: Any) -> Flags:
    flags: Flags = pc.not_equal(left, right).to_numpy(zero_copy_only=False)
    return flags
