"""Two runs side by side: which pairs came, which went, how many of them were true, and whether it is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.decisions import PAIR
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.sealed import sealed
from linkage.study.evaluate import Evaluation
from linkage.study.held import Held, hold
from linkage.study.intervals import MEASURES, Interval, percentiles, resample
from linkage.study.numbered import found_in
from linkage.study.truth import Linked
from linkage.study.units import Units
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RunComparison(TableOfResults):
    """What changed from one run to another over the same records.

    before, after                   `Evaluation` of each
    gained_true, gained_false       pairs of the second run only, by whether they are true
    lost_true, lost_false           pairs of the first run only
    kept_true, kept_false           pairs of both
    changes                         measure -> 95 % interval of after less before: both runs over the same drawn people
    changed                         Arrow table left_source, left_id, right_source, right_id, change ("gained" or
                                    "lost"), true; gained first, each in the order of its run
    """

    before: Evaluation
    after: Evaluation
    gained_true: int
    gained_false: int
    lost_true: int
    lost_false: int
    kept_true: int
    kept_false: int
    changes: Mapping[str, Interval] = field(hash=False)
    changed: pa.Table = field(repr=False, compare=False)

    def to_arrow(self) -> pa.Table:
        """Columns measure, before, after, change, low, high (of the change)."""
        import pyarrow as pa

        first, second = self.before.to_arrow(), self.after.to_arrow()
        before, after = first["value"].to_numpy(), second["value"].to_numpy()
        names = first["measure"].to_pylist()
        return pa.table(
            {
                "measure": names,
                "before": before,
                "after": after,
                "change": after - before,
                "low": [self.changes[name].low for name in names],
                "high": [self.changes[name].high for name in names],
            }
        )

    def __len__(self) -> int:
        return len(self.changes)

    def __repr__(self) -> str:
        gained, lost = self.gained_true + self.gained_false, self.lost_true + self.lost_false
        return f"RunComparison({gained:,} pairs gained, {lost:,} lost)"

    def __str__(self) -> str:
        lines = [
            f"{row['measure']} {row['before']:.3f} -> {row['after']:.3f} "
            f"({row['change']:+.3f}, {row['low']:+.3f} to {row['high']:+.3f})"
            for row in self.to_arrow().to_pylist()
        ]
        return "\n".join(
            [
                *lines,
                f"gained {self.gained_true:,} true links and {self.gained_false:,} false",
                f"lost {self.lost_true:,} true links and {self.lost_false:,} false",
                f"kept {self.kept_true:,} true links and {self.kept_false:,} false",
            ]
        )


@sealed
@checked
def compare_runs(
    before: Links | Pairs,
    after: Links | Pairs,
    truth: object,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
) -> RunComparison:
    """Two sets of links or pairs of the same records, against one truth.

    The other arguments are those of `linkage.study.evaluate.evaluate`. The intervals of the changes draw people once
    for both runs, so that what is hard in both cancels out: they are narrower than the two runs' own. A run that
    changed nothing has a change of 0, 0 to 0.

    Raises `ValueError` if the two runs were over other records.
    """
    import pyarrow as pa

    first, second = Linked.of(before), Linked.of(after)
    _require_same_records(first, second)
    tables = [run.pairs.select(PAIR) for run in (first, second)]
    both = Linked(pa.concat_tables(tables), first.records, first.sources, first.project)
    held = hold(both, truth, key=key, sources=sources)
    units = Units(held)
    cut = first.pairs.num_rows
    mine = [np.zeros(len(held.pairs), dtype=bool) for _ in range(2)]
    mine[0][held.row[:cut]] = True
    mine[1][held.row[cut:]] = True
    counts = [_counts(held, units, mask) for mask in mine]
    drawn = resample(np.concatenate(counts, axis=1), seed=seed)
    hit, (old, new) = held.hit, mine
    return RunComparison(
        before=Evaluation.of_units(counts[0], outside=held.outside, resampled=units.kind, seed=seed),
        after=Evaluation.of_units(counts[1], outside=held.outside, resampled=units.kind, seed=seed),
        gained_true=_count(new & ~old & hit), gained_false=_count(new & ~old & ~hit),
        lost_true=_count(old & ~new & hit), lost_false=_count(old & ~new & ~hit),
        kept_true=_count(old & new & hit), kept_false=_count(old & new & ~hit),
        changes={name: percentiles(of(drawn[:, 3:]) - of(drawn[:, :3])) for name, of in MEASURES.items()},
        changed=_changed(both.pairs, held, mine, cut),
    )  # fmt: skip


def _counts(held: Held, units: Units, mine: Mask) -> NDArray[np.int64]:
    """(u, 3) of one of the runs: a true pair that only the other found is missed."""
    counts = units.counts(held, pairs=mine)
    only_other = ~found_in(held.true, held.pairs[mine]) & ~held.missed
    counts[:, 2] += np.bincount(units.of_true[only_other], minlength=units.n)
    return counts


def _changed(pairs: pa.Table, held: Held, mine: Sequence[Mask], cut: int) -> pa.Table:
    import pyarrow as pa

    hit = held.hit
    parts = []
    for change, start, stop, other in (("gained", cut, pairs.num_rows, mine[0]), ("lost", 0, cut, mine[1])):
        row = np.flatnonzero(~other[held.row[start:stop]]) + start
        columns = {"change": pa.repeat(change, len(row)), "true": pa.array(hit[held.row[row]])}
        part = pairs.take(row)
        for name, column in columns.items():
            part = part.append_column(name, column)
        parts.append(part)
    return pa.concat_tables(parts).combine_chunks()


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _require_same_records(first: Linked, second: Linked) -> None:
    keys = ["source", "record_id"]
    order = [(name, "ascending") for name in keys]
    one, other = (each.records.select(keys).combine_chunks() for each in (first, second))
    same = one.equals(other) or one.sort_by(order).equals(other.sort_by(order))
    if first.project != second.project or not same:
        raise ValueError(
            f"the two runs are not over the same records: {one.num_rows:,} of {', '.join(first.sources)} and "
            f"{other.num_rows:,} of {', '.join(second.sources)}"
        )
