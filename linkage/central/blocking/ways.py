"""How candidates are found where there are too many records to compare all pairs: blocks, LSH, or several of them."""

from __future__ import annotations

from dataclasses import dataclass

from linkage.argumentkinds import kinds, with_numbers_of_python
from linkage.arguments import require
from linkage.central.thresholds import Ratio, exact_ratio
from linkage.errors import nearest
from linkage.schema import Schema

MOST_CANDIDATES = 10_000_000_000
"""Some hours of scoring."""


def require_most(way: str, most: object) -> None:
    """``ValueError`` unless it is a number of candidates."""
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError(f"{way}: most is a whole number of candidates, at least 1")


class _Way:
    def __or__(self, other: Candidates) -> Either:
        return Either((*ways_of(self), *ways_of(other)))


@dataclass(frozen=True)
class Blocks(_Way):
    """Candidates are the records that a rule of the agreement puts in one block: ``link(a, b, candidates=Blocks())``.

    ``rules`` names some of the agreement's blocks (`linkage.Block`); left out, all of them. No block is too large: it
    is met in parts. More than ``most`` candidates are refused before any is scored, with the largest blocks named;
    `linkage.block_sizes` says what to expect, and which records are in no block.

    >>> Blocks() | LSH(recall=0.95)  # doctest: +NORMALIZE_WHITESPACE
    Either(ways=(Blocks(rules=(), most=10000000000),
                 LSH(recall=0.95, threshold=None, filters=(), each=False, most=10000000000)))
    """

    rules: tuple[str, ...] = ()
    most: int = MOST_CANDIDATES

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        require(self.rules, kinds("str | Sequence[str]"), "rules")
        rules = (self.rules,) if isinstance(self.rules, str) else tuple(self.rules)
        object.__setattr__(self, "rules", rules)
        require_most("Blocks", self.most)

    def of(self, schema: Schema) -> tuple[str, ...]:
        """The rules meant, in the agreement's order; ``ValueError`` if it has none, or not these."""
        names = tuple(block.name for block in schema.blocks)
        if not names:
            raise ValueError(
                "candidates: these sets carry no blocks. Agree on some ([[block]] in the agreement, or "
                "Schema.preset(..., blocks=True)) and encode again; or use LSH, which needs none"
            )
        for rule in self.rules:
            if rule not in names:
                raise ValueError(f"candidates: '{str(rule)[:63]}' is no block of the agreement; {nearest(rule, names)}")
        return tuple(name for name in names if not self.rules or name in self.rules)


@dataclass(frozen=True)
class LSH(_Way):
    """Candidates by locality-sensitive hashing: ``compare(a, b, threshold=0.85, candidates=LSH())``.

    Needs nothing of the agencies, and works for every layout and profile (`linkage.central.blocking.lsh`).

    Parameters
    ----------
    recall
        In (0, 1): the share of the pairs at or above the threshold that shall be found. How many tables that takes is
        judged on the pairs of a sample of the records, compared with all; `plan` and the outcome say what to expect.
        What `compare` keeps is exact: a pair below the threshold never comes out.
    threshold
        For `link` with the ``fields`` layout: the similarity of all of a record's filters, seen as one, from which on
        two records shall meet; 0.7 takes in most pairs of one person. `compare` has its own.
    filters
        For `link`: the filters that count, all if left out.
    each
        Whether each pair shall have that chance, be it exactly at the threshold: more tables, and more time.
    most
        More candidates, by a sample, are refused before any is scored.
    """

    recall: Ratio = 0.99
    threshold: Ratio | None = None
    filters: tuple[str, ...] = ()
    each: bool = False
    most: int = MOST_CANDIDATES

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        if exact_ratio(self.recall, name="recall") == 1:
            raise ValueError("recall: below 1; only all pairs miss nothing (leave candidates out)")
        if self.threshold is not None:
            exact_ratio(self.threshold, name="threshold")
        require_most("LSH", self.most)
        require(self.filters, kinds("str | Sequence[str]"), "filters")
        object.__setattr__(self, "filters", (self.filters,) if isinstance(self.filters, str) else tuple(self.filters))


@dataclass(frozen=True)
class Either(_Way):
    """Candidates of any of several ways, each pair once: ``Blocks() | LSH(threshold=0.8)``."""

    ways: tuple[Blocks | LSH, ...]


Candidates = Blocks | LSH | Either


def ways_of(candidates: object) -> tuple[Blocks | LSH, ...]:
    """The ways one by one; ``ValueError`` for anything else."""
    if isinstance(candidates, Either):
        return candidates.ways
    if isinstance(candidates, Blocks | LSH):
        return (candidates,)
    raise ValueError(
        "candidates: Blocks(), LSH(recall=0.99), or both with a | between them; leave it out for all pairs"
    )


def said(candidates: Candidates | None) -> str | None:
    """What is found depends on, however it was written; how many are allowed changes nothing of it."""
    if candidates is None:
        return None
    return " | ".join(sorted({_said(way) for way in ways_of(candidates)}))


def _said(way: Blocks | LSH) -> str:
    if isinstance(way, Blocks):
        return f"Blocks({', '.join(sorted(set(way.rules)))})"
    recall, threshold = (
        None if each is None else str(exact_ratio(each, name="recall")) for each in (way.recall, way.threshold)
    )
    return f"LSH(recall={recall}, threshold={threshold}, filters={sorted(set(way.filters))}, each={way.each})"
