"""Links or pairs held against the truth, with every record a number: what all measures are counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.records import Attachable
from linkage.errors import LimitError, RecordError
from linkage.study.numbered import Numbers, both_ways, count_pairs_within, found_in, numbered, pairs_within
from linkage.study.truth import Keys, Linked, read

if TYPE_CHECKING:
    import pyarrow as pa

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MOST_PAIRS = 100_000_000  # some 80 bytes each
_SIDES = (("left_source", "left_id"), ("right_source", "right_id"))


@dataclass(frozen=True, eq=False)
class Held:
    """Links held against the truth. A record is a number below ``n``; a pair is ``lower * n + higher``.

    source, known     (n,) which of the sources each record is of, and whether it was given to the linkage
    record            (r,) number of each row of ``linked.records``
    pairs             (p,) int64 distinct pairs that were found, ascending; ``row`` (rows,) is the place in it of
                      each row of ``linked.pairs``
    true_of_all       int64 all true pairs, ascending; ``true`` (t,) those of which both records were given
    person            (n,) the person of each record, -1 if the truth does not know it; None if it names no persons
    frame, named      the table of the truth, and the numbers of its records: of its rows, where it names persons,
                      or of left_id and right_id
    rows              which rows of ``frame`` those are
    more              the numbers of further records, where such were named
    """

    linked: Linked
    n: int
    source: Whole
    known: Mask
    record: Whole
    pairs: Whole
    row: Whole
    true: Whole
    true_of_all: Whole
    person: Whole | None
    frame: Attachable
    named: tuple[Whole, ...]
    rows: Whole
    more: Whole

    @property
    def outside(self) -> int:
        """How many true pairs have a record that was not given."""
        return len(self.true_of_all) - len(self.true)

    @cached_property
    def hit(self) -> Mask:
        """(p,) which of the pairs found are true."""
        return found_in(self.pairs, self.true)

    @cached_property
    def missed(self) -> Mask:
        """(t,) which of the true pairs were not found."""
        return ~found_in(self.true, self.pairs)

    def ends(self, pairs: Whole) -> tuple[Whole, Whole]:
        """The lower and the higher record of each pair."""
        return pairs // self.n, pairs % self.n


def hold(
    linked: Linked,
    truth: object,
    *,
    key: Keys,
    sources: Sequence[str] | None,
    more: tuple[pa.Array, pa.Array] | None = None,
) -> Held:
    """Number all records and say which pairs are true; see `linkage.study.evaluate.evaluate` for the arguments.

    ``more``: source and record id of further records to number.
    """
    frame = Attachable.of(truth)
    columns, rows, persons = read(frame, linked, key, sources)
    sides = [(linked.pairs[name], linked.pairs[id]) for name, id in _SIDES]
    given = [(linked.records["source"], linked.records["record_id"]), *sides, *columns]
    numbers, (record, left, right, *named) = numbered([*given, *([] if more is None else [more])], linked.sources)
    further = np.empty(0, np.int64) if more is None else named.pop()
    known = np.zeros(numbers.n, dtype=bool)
    known[record] = True
    _require_same_records(named, known, numbers, linked.sources)
    person = None if persons is None else _person_of_record(named[0], persons, numbers.n)
    if person is None:
        true = np.unique(both_ways(named[0], named[1], numbers.n))
    else:
        true = _pairs_of_people(person, numbers, within=len(linked.sources) == 1)
    possible = true[known[true // numbers.n] & known[true % numbers.n]]
    pairs, row = np.unique(both_ways(left, right, numbers.n), return_inverse=True)
    return Held(
        linked=linked, n=numbers.n, source=numbers.source, known=known, record=record, pairs=pairs, row=row,
        true=possible, true_of_all=true, person=person, frame=frame, named=tuple(named), rows=rows,
        more=further,
    )  # fmt: skip


def _require_same_records(named: list[Whole], known: Mask, numbers: Numbers, sources: tuple[str, ...]) -> None:
    for place, source in enumerate(sources):
        ours = known & (numbers.source == place)
        theirs = [each[numbers.source[each] == place] for each in named]
        if ours.any() and any(len(each) for each in theirs) and not any(ours[each].any() for each in theirs):
            raise RecordError(
                f"no record of '{source}' in the truth is among the linked ones: give key= if its ids are the "
                f"agencies' own, and sources=(left, right) if they are not {sources}",
                rule="record not found",
            )


def _person_of_record(record: Whole, persons: Whole, n: int) -> Whole:
    person = np.full(n, -1)
    person[record] = persons
    twice = int(np.count_nonzero(person[record] != persons))
    if twice:
        raise RecordError(
            f"the truth gives {twice:,} records a second time, as another person",
            column="person",
            rule="one person a record",
        )
    return person


def _pairs_of_people(person: Whole, numbers: Numbers, *, within: bool) -> Whole:
    """Ascending pairs of records of one person: of different sources, or ``within`` the only one."""
    most = count_pairs_within(person)
    if most > _MOST_PAIRS:
        raise LimitError(
            f"the truth makes {most:,} pairs, more than {_MOST_PAIRS:,}: is one value of column 'person' many people?",
            needed=most,
            allowed=_MOST_PAIRS,
        )
    lower, higher = pairs_within(person)
    if not within:
        across = numbers.source[lower] != numbers.source[higher]
        lower, higher = lower[across], higher[across]
    return np.sort(lower * numbers.n + higher)
