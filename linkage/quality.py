"""Quality: how good links are expected to be, by a centre that knows no truth; over every cut, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

Measure = Literal["precision", "recall", "f1"]
MEASURES: tuple[Measure, ...] = ("precision", "recall", "f1")
ONLY_CANDIDATES = "only candidates were compared"  # a word of `Quality.words` begins so where that was so
# how far what is expected has lain from the truth, at the ends: 95 % on the development data (benchmarks/judgement.py)
_WRONG, _MISSED = (0.5, 2.5), (0.4, 3.0)
_UNSEEN = 0.01  # matches, for each that is found, so unlike that nothing shows of them
_WIDE = 0.25  # an interval of F1 wider than this says little
_FEW_LINKS = 20
CLOSE: Mapping[str, float] = {"precision": 0.02, "recall": 0.05}  # either side; an interval that is wider says so


@dataclass(frozen=True)
class Span:
    """What is expected, and a 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Expectation:
    """Of the links at one cut: how many there are, how many are wrong, and how many matches are missed.

    ``faint`` of the missed are sums over many unlikely pairs: they may be there, or none of them.

    >>> point = Expectation(cut=0.5, links=1_000, wrong=10.0, missed=30.0)
    >>> print(point.precision)
    0.990 (0.963 to 1.000)
    >>> print(point.recall)
    0.971 (0.888 to 0.995)
    """

    cut: float
    links: int
    wrong: float
    missed: float
    faint: float = 0.0

    @property
    def precision(self) -> Span:
        """Expected share of the links that are right; 1 if there are none."""
        ends = [1 - wrong / max(self.links, 1) for wrong in self._wrong()]
        return Span(*(min(max(end, 0.0), 1.0) for end in (ends[0], ends[2], ends[1])))

    @property
    def recall(self) -> Span:
        """Expected share of the matches that are linked; 0 if nothing is."""
        return self._over(lambda right, missed: right + missed)

    @property
    def f1(self) -> Span:
        """Harmonic mean of the two."""
        return self._over(lambda right, missed: (self.links + right + missed) / 2)

    def _over(self, whole: Any) -> Span:
        (wrong, fewest, most), (missed, least, worst) = self._wrong(), self._missed()
        ends = []
        for lost, gone in ((wrong, missed), (most, worst), (fewest, least)):
            right = max(self.links - lost, 0.0)
            ends.append(right / max(whole(right, gone), 1e-9) if right else 0.0)
        return Span(*(min(max(end, 0.0), 1.0) for end in ends))

    def _wrong(self) -> tuple[float, float, float]:
        return self.wrong, *_ends(self.wrong, _WRONG, at_most=float(self.links))

    def _missed(self) -> tuple[float, float, float]:
        low, _ = _ends(max(self.missed - self.faint, 0.0), _MISSED, at_most=math.inf)
        _, high = _ends(self.missed, _MISSED, at_most=math.inf)
        return self.missed, low, high + _UNSEEN * self.links


@dataclass(frozen=True, repr=False)
class Quality(TableOfResults):
    """What links are expected to be worth, without truth. `Links.quality` has it of the links that `link` made.

    at          the expectation at the cut that was made
    curve       the same at other cuts, ascending
    measure     what is cut: ``probability`` or ``similarity``
    checked     whether pairs within the sources, which are surely two people, were held against what the model expects
    known       whether it can be judged at all; ``words`` say why not
    words       what to bear in mind, in whole sentences
    groups      group column -> its value -> expected recall of that group's records; what candidates lost is taken to
                be the same share of each

    Precision rests on the probabilities of the links and, where sources hold nobody twice, on how many pairs *within*
    a source look like links: these are two people each. Recall rests on what the records that were not linked have of
    probability. Intervals are wider than chance alone makes them, as models are wrong in ways of their own; matches of
    which no field agrees show nowhere. Source: `linkage.central.judging.judgement`.
    """

    at: Expectation
    curve: tuple[Expectation, ...]
    measure: str
    checked: bool
    known: bool
    words: tuple[str, ...] = ()
    groups: Mapping[str, Mapping[str, float]] | None = None

    @property
    def precision(self) -> Span:
        """Expected share of the links that are right."""
        return self.at.precision

    @property
    def recall(self) -> Span:
        """Expected share of the matches that are linked."""
        return self.at.recall

    @property
    def f1(self) -> Span:
        """Harmonic mean of the two."""
        return self.at.f1

    def lowest_cut(self, *, precision: float) -> float | None:
        """The lowest cut whose links are right in this share; None if none is.

        As many may be wrong as are expected and their standard deviation more: of few links some more are wrong by
        chance. Of 108 linkages of 1,500 invented people each, asked for 0.99, 105 were answered and 99 had 0.985 or
        more; by the expectation alone 90.

        >>> points = tuple(Expectation(cut, 100, wrong, 1.0) for cut, wrong in ((0.5, 5.0), (0.7, 2.0), (0.9, 0.5)))
        >>> Quality(points[0], points, "probability", True, True).lowest_cut(precision=0.98)
        0.9
        """
        good = [
            point.cut
            for point in self.curve
            if point.links and point.wrong + math.sqrt(point.wrong) <= (1 - precision) * point.links
        ]
        return min(good, default=None)

    def to_arrow(self) -> pa.Table:
        """The curve, with the cut that was made: cut, links, precision, recall and f1, each with _low and _high."""
        import pyarrow as pa

        points = sorted({point.cut: point for point in (*self.curve, self.at)}.values(), key=lambda point: point.cut)
        columns: dict[str, list[float]] = {"cut": [point.cut for point in points]}
        columns["links"] = [point.links for point in points]
        for name in MEASURES:
            spans = [getattr(point, name) for point in points]
            columns |= {name: [span.value for span in spans], f"{name}_low": [span.low for span in spans]}
            columns[f"{name}_high"] = [span.high for span in spans]
        return pa.table(columns)

    def plot(self, *, ax: Any = None) -> Any:
        """Draw precision, recall and F1 over the cut. Returns matplotlib axes."""
        import numpy as np

        from linkage import charts

        table = self.to_arrow()
        lines = {{"f1": "F1"}.get(name, name): np.array(table[name].to_pylist()) for name in MEASURES}
        return charts.draw_lines(np.array(table["cut"].to_pylist()), lines, x_label=self.measure, ax=ax)

    def __len__(self) -> int:
        return len(self.curve)

    def __repr__(self) -> str:
        return f"Quality(precision {self.precision}, recall {self.recall})"

    def __str__(self) -> str:
        if not self.at.links:  # of none there is nothing to be right or wrong
            return "\n".join([f"0 links at {self.measure} {self.at.cut:g}", *self.words])
        lines = [
            f"{self.at.links:,} links at {self.measure} {self.at.cut:g}, expected without truth:",
            f"precision {self.precision}, recall {self.recall}, F1 {self.f1}",
        ]
        for name, shares in (self.groups or {}).items():
            if not shares:
                continue
            lines.append(f"recall by {name}: " + ", ".join(f"{value} {share:.3f}" for value, share in shares.items()))
        return "\n".join([*lines, *self.words])

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        points = [[getattr(point, part.name) for part in fields(Expectation)] for point in (self.at, *self.curve)]
        groups = None if self.groups is None else {name: dict(shares) for name, shares in self.groups.items()}
        return {"points": points, "measure": self.measure, "checked": self.checked, "known": self.known,
                "words": list(self.words), "groups": groups}  # fmt: skip

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Quality:
        """Of what `to_json` gave; ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        points = [_point(*part) for part in content["points"]]
        groups = content["groups"]
        if groups is not None:
            groups = {str(name): {str(value): float(share) for value, share in shares.items()}
                      for name, shares in groups.items()}  # fmt: skip
        return cls(points[0], tuple(points[1:]), str(content["measure"]), bool(content["checked"]),
                   bool(content["known"]), tuple(map(str, content["words"])), groups)  # fmt: skip


def doubts_of(at: Expectation) -> Iterable[str]:
    """Why nothing, or little, can be said of links such as these."""
    if at.links < _FEW_LINKS:
        yield f"of {at.links:,} links neither precision nor recall can be told; look at each"
    elif at.f1.high - at.f1.low > _WIDE:
        yield "the evidence is too weak to say how good these links are: a further field is needed, or a sample by hand"


def wide_of(at: Expectation) -> Iterable[str]:
    """What can't be told closely of links such as these."""
    for name, close in CLOSE.items():
        span = getattr(at, name)
        if max(span.high - span.value, span.value - span.low) > close:
            yield f"{name} cannot be told to within {close:g} here: it may be from {span.low:.3f} to {span.high:.3f}"


def _point(cut: float, links: int, wrong: float, missed: float, faint: float = 0.0) -> Expectation:
    point = Expectation(float(cut), int(links), float(wrong), float(missed), float(faint))
    if not all(0 <= getattr(point, part.name) < 1e15 for part in fields(Expectation)):
        raise ValueError("not finite, or out of range")
    return point


def _ends(expected: float, factors: tuple[float, float], *, at_most: float) -> tuple[float, float]:
    """Where the true number of such rare events lies: the expectation may be off by these factors, and chance adds."""
    low, high = factors[0] * expected, factors[1] * expected
    return max(0.0, low - 2 * math.sqrt(low + 1)), min(high + 2 * math.sqrt(high) + 2, at_most)
