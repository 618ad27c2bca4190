"""Finding: one measure of an audit, held against what is allowed, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]

_ONE = {"entries": "entry", "classes": "class"}

LEVELS: tuple[Level, ...] = ("ok", "warn", "fail")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measure.

    name            what was measured
    value, unit     what came out; more is always worse
    warn_above      a risk that the recipient must be trusted with; None where no value is
    fail_above      a mistake, or less than the agreement promises: do not send; None where no value is
    reason          what it means that it is so
    change          what to do about it; empty where it is in order
    where           the filter, column or group with the worst value; empty where there is one only
    unseen          why it could not be measured, which is no sign that all is well; empty where it was

    >>> of = {"unit": "share", "warn_above": 0.1, "fail_above": None, "reason": "", "change": ""}
    >>> [Finding(name="fill", value=value, **of).level for value in (0.1, 0.2)]
    ['ok', 'warn']
    """

    name: str
    value: float
    unit: str
    warn_above: float | None
    fail_above: float | None
    reason: str
    change: str
    where: str = ""
    unseen: str = ""

    @property
    def level(self) -> Level:
        """``ok``, ``warn`` or ``fail``; a value at the threshold is within it."""
        if self.fail_above is not None and self.value > self.fail_above:
            return "fail"
        if self.warn_above is not None and self.value > self.warn_above:
            return "warn"
        return "ok"

    @property
    def threshold(self) -> str:
        """Both limits, in words.

        >>> of = {"name": "x", "value": 0.0, "unit": "share", "reason": "", "change": ""}
        >>> Finding(warn_above=0.05, fail_above=0.25, **of).threshold
        'warn above 5 %, fail above 25 %'
        """
        limits = {"warn": self.warn_above, "fail": self.fail_above}
        unit = "share" if self.unit == "share" else ""
        said = [f"{level} above {shown(limit, unit)}" for level, limit in limits.items() if limit is not None]
        return ", ".join(said) or "none"


def shown(value: float, unit: str) -> str:
    """A value as it is printed.

    >>> shown(0.0512, "share"), shown(1200, "records"), shown(1, "columns")
    ('5.1 %', '1,200 records', '1 column')
    """
    if unit == "share":
        return f"{100 * value:.1f}".removesuffix(".0") + " %"
    if float(value).is_integer():
        return f"{value:,.0f} {_ONE.get(unit, unit.removesuffix('s')) if value == 1 else unit}".rstrip()
    return f"{value:,.3g} {unit}".rstrip()
