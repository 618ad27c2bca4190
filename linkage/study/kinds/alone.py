"""One kind of error alone: its rate turned up to certainty, all others off, and what the records then show."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import spellings
from linkage.study.agencies import FIELDS
from linkage.study.formats import ABBREVIATED
from linkage.study.kinds.stated import STATED
from linkage.study.plausible import Finding, found, sampling
from linkage.study.rates import TYPICAL, Rates

if TYPE_CHECKING:
    from linkage.study.families import Flags
    from linkage.study.written import Written

ALWAYS = 1_000.0  # times any care and factor it is more than 1
COVERAGE = 0.6  # of every agency here: enough records of each, and no chance above 1
RATES = ("given_name", "surname", "exchanged", "dob", "bare_year", "sex", "moved", "address", "postcode", "nhs_number")
JUDGED = "judgement"
NEWBORN = "^(BABY|UNBORN|TWIN [12]$)"  # what stands for a name not yet given
LONG = "|".join(long for long, _ in ABBREVIATED)  # what an address can be shortened in


def only(**rates: float) -> Rates:
    """No error but those named; ``missing`` is of all fields."""
    missing = dict.fromkeys(FIELDS, rates.pop("missing", 0.0))
    none = dict.fromkeys((*RATES, "unnamed"), 0.0)
    return dataclasses.replace(TYPICAL, **{**none, **rates}, missing=missing, coverage=dict.fromkeys(STATED, COVERAGE))


def share_of(what: str, target: float, flags: Any, among: Flags | None = None) -> Finding:
    """The share of ``flags`` that hold, in per cent, with what chance may do to it."""
    held = np.asarray(as_flags(flags) if among is None else as_flags(flags)[among])
    allowed = 100 * sampling(target, len(held))
    return found(what, JUDGED, 100 * target, 100 * float(held.mean()) if len(held) else np.nan, allowed)


def some(written: Written, rows: Flags) -> Written:
    """Those of the agency's records."""
    columns = {field: column.filter(pa.array(rows)) for field, column in written.columns.items()}
    return dataclasses.replace(written, rows=written.rows[rows], columns=columns)


def true_text(written: Written, field: str) -> Any:
    """What each record would say if nothing had gone wrong, in capitals and plain letters."""
    return plain(getattr(written.people, field).take(pa.array(written.rows)))


def plain(texts: Any) -> Any:
    """Texts in capitals and plain letters."""
    return pc.utf8_upper(spellings.plain_letters(texts))


def seeded(seed: int = 9) -> np.random.Generator:
    """A stream of its own for one measurement."""
    return np.random.Generator(np.random.PCG64(seed))


def as_flags(values: Any) -> Flags:
    """Which hold: NumPy's flags, of NumPy's or Arrow's."""
    if isinstance(values, np.ndarray):
        return values
    flags: Flags = values.to_numpy(zero_copy_only=False).astype(bool)
    return flags
