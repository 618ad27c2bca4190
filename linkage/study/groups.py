"""Whether a linkage serves all alike: its measures by group, and which group's recall lies apart from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage import charts
from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.errors import RecordError
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.sealed import sealed
from linkage.study.evaluate import Evaluation
from linkage.study.held import Held, hold
from linkage.study.membership import groups_of_column, named_records, numbered_groups
from linkage.study.truth import Linked
from linkage.study.units import Units
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

Group = str | None
By = str | Mapping[tuple[str, str], Any]

_MOST_GROUPS = 500


@dataclass(frozen=True)
class GroupEvaluation(TableOfResults):
    """Links held against the truth, group by group. That some are served worse is a finding, to be told with any other.

    by              what the groups are of
    groups          group -> `Evaluation` of the pairs that touch it, by name; None is for records of no known group
    rest            group -> `Evaluation` of all other pairs
    overall         `Evaluation` of all pairs

    A pair belongs to the groups of both its records, so those of a pair across two groups count in each.

    >>> served, failed = Evaluation(95, 2, 5), Evaluation(40, 5, 60)
    >>> both = {"Polish": failed, "Welsh": served}
    >>> found = GroupEvaluation("origin", both, {"Polish": served, "Welsh": failed}, Evaluation(135, 7, 65))
    >>> found.apart
    {'Polish': 'lower', 'Welsh': 'higher'}
    >>> print(found.warnings[0])
    origin Polish: recall 0.400 is lower than the 0.950 of the rest; their 95 % intervals do not meet
    """

    by: str
    groups: Mapping[Group, Evaluation]
    rest: Mapping[Group, Evaluation]
    overall: Evaluation

    @property
    def apart(self) -> dict[Group, str]:
        """Groups whose recall interval has nothing in common with that of the rest -> "lower" or "higher".

        Of groups that are served alike, about 1 in 200 lies apart by chance if as large as the rest, and up to 1 in
        20 if much smaller (1.96 (a + b) / sqrt(a**2 + b**2) standard errors, a and b the two's own): among many
        groups, expect one.
        """
        found = {}
        for group, own in self.groups.items():
            rest = self.rest[group]
            if own.recall_interval.apart(rest.recall_interval):
                found[group] = "lower" if own.recall < rest.recall else "higher"
        return found

    @property
    def warnings(self) -> list[str]:
        """A sentence for each group whose recall lies apart; none if there is no such group."""
        return [
            f"{self.by} {_shown(group)}: recall {self.groups[group].recall:.3f} is {side} than the "
            f"{self.rest[group].recall:.3f} of the rest; their 95 % intervals do not meet"
            for group, side in self.apart.items()
        ]

    def to_arrow(self) -> pa.Table:
        """A row for each group: counts, the measures with low and high, the rest's recall, and ``apart``."""
        import pyarrow as pa

        apart, rows = self.apart, []
        for group, own in self.groups.items():
            row: dict[str, Any] = {
                "group": group,
                "true_positives": own.true_positives,
                "false_positives": own.false_positives,
                "false_negatives": own.false_negatives,
            }
            for measure in own.to_arrow().to_pylist():
                name = measure["measure"].lower().replace("*", "_star")
                row |= {name: measure["value"], f"{name}_low": measure["low"], f"{name}_high": measure["high"]}
            rows.append(row | {"recall_of_rest": self.rest[group].recall, "apart": apart.get(group)})
        schema = {"group": pa.string(), "apart": pa.string()}
        names = list(rows[0]) if rows else list(schema)
        return pa.table({name: pa.array([row[name] for row in rows], schema.get(name)) for name in names})

    def plot(self, ax: Any = None) -> Any:
        """Recall of each group with its interval, and that of all as a line; the axes. Needs matplotlib."""
        names = [_shown(group) for group in self.groups]
        recalls = [(each.recall, each.recall_interval) for each in self.groups.values()]
        spans = [(value, interval.low, interval.high) for value, interval in recalls]
        return charts.draw_groups(names, spans, overall=self.overall.recall, measure="recall", by=self.by, ax=ax)

    def __len__(self) -> int:
        return len(self.groups)

    def __repr__(self) -> str:
        return f"GroupEvaluation({len(self):,} groups by {self.by}, {len(self.apart):,} apart)"

    def __str__(self) -> str:
        lines = [f"{self.by} {_shown(group)}: {str(own).splitlines()[0]}" for group, own in self.groups.items()]
        return "\n".join([*lines, *self.warnings])


@sealed
@checked
def evaluate_groups(
    links: Links | Pairs,
    truth: object,
    by: By,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
) -> GroupEvaluation:
    """Precision, recall, F1 and F* by age, origin of name, agency, or whatever else may be treated unequally.

    Parameters
    ----------
    by
        A column of the truth (where it lists pairs, the group of both records); "source" for the agencies; or a
        mapping (source, id) -> group, of ids as the truth has them. A population's truth gets such a column from
        what is known of its people: ``truth.join(persons.select(["person", "origin"]), "person")``.

    By "source" the links of two sources say the same of both, as every pair is of one record of each. Which agencies
    are served worse shows over several links: `evaluate_agencies`.

    The other arguments are those of `linkage.study.evaluate.evaluate`.
    """
    linked = Linked.of(links)
    if isinstance(by, str):
        held = hold(linked, truth, key=key, sources=sources)
        name, (names, group) = by, groups_of_column(held, by)
    else:
        records, labels = named_records(by, linked, key)
        held = hold(linked, truth, key=key, sources=sources, more=records)
        if len(held.more) and not held.known[held.more].any():
            raise RecordError("by: none of its records is among the linked ones", rule="record not found")
        name, (names, group) = "group", numbered_groups(held, held.more, labels)
    return _by_group(held, names, group, name, seed)


@sealed
@checked
def evaluate_agencies(
    runs: Mapping[str, tuple[Links | Pairs, object]],
    *,
    key: Key | Mapping[str, Key] | None = None,
    seed: int = 0,
) -> GroupEvaluation:
    """Precision, recall, F1 and F* of several links side by side, such as the registry's with each other agency.

    Parameters
    ----------
    runs
        Name, such as "registry x police" -> its links and their truth. A truth of records may be the same for all:
        of it only the linked sources count.

    Returns
    -------
    In the order given, each run a group: `GroupEvaluation.apart` says whose recall lies apart from that of all others
    together. Runs resample people each for itself; somebody who is in several counts in each as another person, so
    intervals of the others together are a little narrow.

    The other arguments are those of `linkage.study.evaluate.evaluate`; ids of pairs in a truth are those of the sources
    in alphabetical order.

    Raises `ValueError` if there are fewer than two runs: there is nothing to hold them against.
    """
    if not all(isinstance(run, tuple) and len(run) == 2 for run in runs.values()):
        raise TypeError("runs: a mapping from a name to (links, truth)")
    if len(runs) < 2:
        raise ValueError("runs: at least two, such as {'registry x police': (links, truth), ...}")
    counts: dict[Group, NDArray[np.int64]] = {}
    outside, kinds = 0, set()
    for name, (links, truth) in runs.items():
        held = hold(Linked.of(links), truth, key=key, sources=None)
        units = Units(held)
        counts[name] = units.counts(held)
        outside += held.outside
        kinds.add(units.kind)
    kind = " and ".join(sorted(kinds))

    def evaluation(chosen: list[NDArray[np.int64]], outside: int = 0) -> Evaluation:
        return Evaluation.of_units(np.concatenate(chosen), outside=outside, resampled=kind, seed=seed)

    groups = {name: evaluation([own]) for name, own in counts.items()}
    rest = {name: evaluation([own for other, own in counts.items() if other != name]) for name in counts}
    return GroupEvaluation("agencies", groups, rest, evaluation(list(counts.values()), outside))


def _by_group(held: Held, names: list[str], group: NDArray[np.int64], by: str, seed: int) -> GroupEvaluation:
    if len(names) > _MOST_GROUPS:
        raise ValueError(f"by: {len(names):,} groups, more than {_MOST_GROUPS}: is it one of people, not of groups?")
    units = Units(held)
    of_pairs, of_true = ([group[each] for each in held.ends(pairs)] for pairs in (held.pairs, held.true))
    whole = units.counts(held)
    groups: dict[Group, Evaluation] = {}
    rest: dict[Group, Evaluation] = {}
    for code, name in [*enumerate(names), (-1, None)]:
        pairs, true = ((one == code) | (other == code) for one, other in (of_pairs, of_true))
        if code < 0 and not (pairs.any() or true.any()):
            continue  # all groups are known
        own = units.counts(held, pairs=pairs, true=true)
        groups[name] = Evaluation.of_units(own, resampled=units.kind, seed=seed)
        rest[name] = Evaluation.of_units(whole - own, resampled=units.kind, seed=seed)
    overall = Evaluation.of_units(whole, outside=held.outside, resampled=units.kind, seed=seed)
    return GroupEvaluation(by, groups, rest, overall)


def _shown(group: Group) -> str:
    return "not known" if group is None else group
