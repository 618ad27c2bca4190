"""How good link ids are as groups of records: pairwise and B-cubed precision and recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.links import Links
from linkage.sealed import sealed
from linkage.study.evaluate import Evaluation
from linkage.study.held import Held, hold
from linkage.study.intervals import Interval, Totals, evidence, hull, percentiles, resample, share, wilson
from linkage.study.numbered import components
from linkage.study.truth import Linked
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class ClusterEvaluation(TableOfResults):
    """Groups of records held against people; a record without a link id is a group of its own.

    pairwise                 all pairs of records in a group, within a source too, as if each were a link
    b_cubed_precision        mean over records of the share of its group that is its person
    b_cubed_recall           mean over records of the share of its person's records that is in its group
    records, clusters,       how many there are; ``exact``: groups that are all the records of one person and
    people, exact            nothing else, lone ones included
    """

    pairwise: Evaluation
    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_precision_interval: Interval
    b_cubed_recall_interval: Interval
    records: int
    clusters: int
    people: int
    exact: int

    @property
    def b_cubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        both = self.b_cubed_precision + self.b_cubed_recall
        return share(2 * self.b_cubed_precision * self.b_cubed_recall, both)

    def to_arrow(self) -> pa.Table:
        """Columns measure, value, low, high: pairwise, then B-cubed."""
        import pyarrow as pa

        pairwise = self.pairwise.to_arrow().to_pylist()
        rows = [{**row, "measure": f"pairwise {row['measure']}"} for row in pairwise]
        for name, value, interval in (
            ("precision", self.b_cubed_precision, self.b_cubed_precision_interval),
            ("recall", self.b_cubed_recall, self.b_cubed_recall_interval),
        ):
            rows.append({"measure": f"B-cubed {name}", "value": value, "low": interval.low, "high": interval.high})
        rows.append({"measure": "B-cubed F1", "value": self.b_cubed_f1, "low": None, "high": None})
        return pa.Table.from_pylist(rows)

    def __len__(self) -> int:
        return 7

    def __str__(self) -> str:
        p, r = self.b_cubed_precision_interval, self.b_cubed_recall_interval
        return (
            f"pairwise: {self.pairwise}\n"
            f"B-cubed: precision {self.b_cubed_precision:.3f} ({p.low:.3f} to {p.high:.3f}), "
            f"recall {self.b_cubed_recall:.3f} ({r.low:.3f} to {r.high:.3f}), F1 {self.b_cubed_f1:.3f}\n"
            f"{self.records:,} records of {self.people:,} people in {self.clusters:,} groups, {self.exact:,} exact"
        )


@sealed
@checked
def evaluate_clusters(
    links: Links,
    truth: object,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
) -> ClusterEvaluation:
    """Pairwise and B-cubed measures (Bagga and Baldwin 1998) of the link ids in ``links.records``.

    Arguments are those of `linkage.study.evaluate.evaluate`. Where the truth lists pairs, all that they join are one
    person. Records that the truth does not know are a person each. Only records that were given to the linkage count.

    Intervals resample the connected components of groups and people: one group in which everyone ended up is one
    draw, and its interval is wide.

    Raises `TypeError` for pairs, which have no link ids: only `linkage.link` decides who is one.
    """
    linked = Linked.of(links)
    held = hold(linked, truth, key=key, sources=sources)
    cluster, person = _groups_of(linked), _people_of(held)
    table = _contingency(cluster, person)
    n_clusters, n_people = int(cluster.max(initial=-1)) + 1, int(person.max(initial=-1)) + 1
    # clusters and people are the points of one graph, joined by records
    unit = components(table.cluster, table.person + n_clusters, n_clusters + n_people)
    n_units = int(unit.max(initial=-1)) + 1
    of_cluster, of_person, of_cell = unit[:n_clusters], unit[n_clusters:], unit[table.cluster]

    found = _sums(of_cluster, _pairs(table.cluster_size), n_units)
    true = _sums(of_person, _pairs(table.person_size), n_units)
    hits = _sums(of_cell, _pairs(table.both), n_units)
    counts = np.stack([hits, found - hits, true - hits], axis=1).astype(np.int64)

    size, squared = table.both.astype(np.float64), table.both.astype(np.float64) ** 2
    b_cubed = [
        np.bincount(of_cell, squared / whole, minlength=n_units)
        for whole in (table.cluster_size[table.cluster], table.person_size[table.person])
    ]
    sums = np.stack([*b_cubed, np.bincount(of_cell, size, minlength=n_units)], axis=1)
    records = len(cluster)
    precision, recall = (share(float(each.sum()), records) for each in b_cubed)
    drawn, trials = resample(sums, seed=seed), records * evidence(sums, records)
    exact = (table.both == table.cluster_size[table.cluster]) & (table.both == table.person_size[table.person])
    return ClusterEvaluation(
        pairwise=Evaluation.of_units(counts, resampled="components", seed=seed),
        b_cubed_precision=precision,
        b_cubed_recall=recall,
        b_cubed_precision_interval=_interval(drawn, 0, precision, trials),
        b_cubed_recall_interval=_interval(drawn, 1, recall, trials),
        records=records,
        clusters=n_clusters,
        people=n_people,
        exact=int(np.count_nonzero(exact)),
    )


@dataclass(frozen=True, eq=False)
class _Contingency:
    """Records by cluster and person: the cells (c,) with any record, ``both`` of them, and the sizes of each side."""

    cluster: Whole
    person: Whole
    both: Whole
    cluster_size: Whole
    person_size: Whole


def _contingency(cluster: Whole, person: Whole) -> _Contingency:
    n_people = int(person.max(initial=-1)) + 1
    cells, both = np.unique(cluster * max(1, n_people) + person, return_counts=True)
    return _Contingency(
        cells // max(1, n_people), cells % max(1, n_people), both, np.bincount(cluster), np.bincount(person)
    )


def _groups_of(linked: Linked) -> Whole:
    """(r,) group of each row of the records: equal for equal link ids, its own where there is none."""
    import pyarrow.compute as pc

    code = linked.records["link_id"].combine_chunks().dictionary_encode().indices
    return _own_where_below_zero(pc.fill_null(code, -1).to_numpy().astype(np.int64))


def _people_of(held: Held) -> Whole:
    """(r,) person of each row of the records."""
    if held.person is None:
        lower, higher = held.ends(held.true_of_all)
        person = components(lower, higher, held.n)
    else:
        person = held.person
    return np.unique(_own_where_below_zero(person[held.record]), return_inverse=True)[1]


def _own_where_below_zero(group: Whole) -> Whole:
    alone = group < 0
    made = group.copy()
    made[alone] = group.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
    return made


def _pairs(size: Whole) -> Whole:
    return size * (size - 1) // 2


def _sums(unit: Whole, amount: Whole, n: int) -> Totals:
    return np.asarray(np.bincount(unit, amount.astype(np.float64), minlength=n), dtype=np.float64)


def _interval(drawn: Totals, column: int, value: float, trials: float) -> Interval:
    whole = drawn[:, 2]
    ratios = np.divide(drawn[:, column], whole, out=np.full(len(drawn), np.nan), where=whole != 0)
    return hull(percentiles(ratios), wilson(value * trials if trials else 0, trials))
