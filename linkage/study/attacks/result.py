"""What an attack got: how many people of the encoded set it named, and how many of them rightly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING

from linkage.study.intervals import Interval, share, wilson

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, repr=False, eq=False)
class Reidentified:
    """The outcome of one attack, counted against the truth.

    attack          its name
    records         encoded records it was run on
    overlapping     of them, those whose person is in the adversary's list: all that could be named rightly
    claimed         encoded records that it put a name to
    correct         of them, those whose name is right
    seconds         wall time, without the counting
    details         further figures of the one attack, each said in its docstring
    claims          pyarrow.Table ``left_id`` (record id), ``right_id`` (the adversary's id), ``confidence`` from 0
                    to 1, ``right``; best first. It names people where the encodings are of real ones: keep it as
                    the list itself is kept.

    >>> result = Reidentified("graph matching", records=1_000, overlapping=500, claimed=800, correct=480, seconds=12.0)
    >>> result
    graph matching: 480 of 500 people re-identified, 96.0 % (93.9 to 97.4), of 800 claims; 12.0 s
    >>> round(result.precision, 2)
    0.6
    """

    attack: str
    records: int
    overlapping: int
    claimed: int
    correct: int
    seconds: float
    details: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    claims: pa.Table | None = None

    @property
    def rate(self) -> float:
        """Share of the overlapping records that were re-identified; NaN if none overlap."""
        return share(self.correct, self.overlapping)

    @property
    def interval(self) -> Interval:
        """95 %, Wilson's: as if records were named independently of each other."""
        return wilson(self.correct, self.overlapping)

    @property
    def precision(self) -> float:
        """Share of the claims that are right; NaN if there are none."""
        return share(self.correct, self.claimed)

    def __repr__(self) -> str:
        low, high = 100 * self.interval.low, 100 * self.interval.high
        return (
            f"{self.attack}: {self.correct:,} of {self.overlapping:,} people re-identified, {100 * self.rate:.1f} % "
            f"({low:.1f} to {high:.1f}), of {self.claimed:,} claims; {self.seconds:.1f} s"
        )

    def _repr_html_(self) -> str:
        rows = {
            "encoded records": f"{self.records:,}",
            "in the adversary's list": f"{self.overlapping:,}",
            "claimed": f"{self.claimed:,}",
            "re-identified": f"{self.correct:,}",
            "rate": f"{self.rate:.1%}",
            "95 % interval": f"{self.interval.low:.1%} to {self.interval.high:.1%}",
            "seconds": f"{self.seconds:.1f}",
            **{name: f"{value:,.4g}" for name, value in self.details.items()},
        }
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in rows.items())
        return f"<table><caption>{escape(self.attack)}</caption>{cells}</table>"
