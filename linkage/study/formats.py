"""Values in an agency's own writing: capitals, plain letters, dates, postcodes, short forms, ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study.spellings import plain_letters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.study.agencies import Agency
    from linkage.study.rates import Rates

NAMES = ("given_name", "surname")
TEXTS = (*NAMES, "address", "town", "postcode", "ward", "nhs_number")
# Judgement: the short forms that are met most. An agency that abbreviates shortens all of these in an address.
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


def formatted(values: Mapping[str, Any], rates: Rates, habits: Agency, rng: np.random.Generator) -> dict[str, Any]:
    """The values as the agency writes them, all texts."""
    texts = {name: values[name] for name in TEXTS}
    texts["address"] = _abbreviated(texts["address"], habits.abbreviates, rng)
    texts["postcode"] = _postcodes(texts["postcode"], habits, rng)
    if not habits.accents:
        texts |= {name: plain_letters(texts[name]) for name in NAMES}
    if habits.upper:
        texts = {name: pc.utf8_upper(text) for name, text in texts.items()}
    texts["sex"] = pc.if_else(pa.array(values["male"]), *habits.sexes)
    texts["dob"] = written_days(values["born"], habits.dates)
    if habits.bare_years:
        bare = pa.array(rng.random(len(texts["dob"])) < rates.bare_year)
        texts["dob"] = pc.if_else(bare, written_days(values["born"], "%Y"), texts["dob"])
    return texts


def written_days(born: Any, style: str) -> Any:
    """Days as `date.strftime` writes them; each there is is formatted once."""
    days, position = np.unique(born, return_inverse=True)
    return pa.array([day.strftime(style) for day in days.tolist()], pa.string()).take(pa.array(position))


GAPS = 3  # judgement: of so many numbers an agency could have given one is among the records


def new_ids(n: int, habits: Agency, rng: np.random.Generator) -> Any:
    """``n`` ids with gaps, drawn apart from everything else."""
    number = 1 + np.argsort(rng.random(GAPS * n), kind="stable")[:n]
    padded = pc.utf8_lpad(pa.array(number).cast(pa.string()), width=habits.id_digits, padding="0")
    return pc.binary_join_element_wise(habits.id_start, padded, "")


def _abbreviated(addresses: Any, share: float, rng: np.random.Generator) -> Any:
    if not share:
        return addresses
    short = addresses
    for word, instead in ABBREVIATED:
        short = pc.replace_substring_regex(short, word, instead)
    return pc.if_else(pa.array(rng.random(len(addresses)) < share), short, addresses)


def _postcodes(postcodes: Any, habits: Agency, rng: np.random.Generator) -> Any:
    n = len(postcodes)
    tight = pa.array(rng.random(n) < habits.tight_postcodes)
    written = pc.if_else(tight, pc.replace_substring(postcodes, " ", ""), postcodes)
    lower = pa.array(rng.random(n) < habits.lower_postcodes)
    return pc.if_else(lower, pc.utf8_lower(written), written)
