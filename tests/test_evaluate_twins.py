"""Every measure against its obvious twin in `tests.naive`, on small random worlds."""

import math
from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage.study.candidates import evaluate_candidates
from linkage.study.clusters import evaluate_clusters
from linkage.study.curves import curve
from linkage.study.groups import evaluate_groups
from linkage.study.held import hold
from linkage.study.runs import compare_runs
from linkage.study.truth import Linked
from linkage.study.units import Units
from tests import naive

SCHEMA = lk.Schema(project="evaluate", layout="record", fields=(lk.Field(name="surname", type="name"),))


@dataclass
class World:
    """Records (source, id) that were given, with link ids; people of records, some of which were not; scored pairs."""

    given: list
    link_ids: list
    people: dict
    origin: dict
    scored: dict
    listed: list  # the pairs in the order and direction of the table

    @property
    def sources(self):
        return tuple(sorted({source for source, _ in self.given}))

    @property
    def links(self):
        return links_of(
            self.given, [(*sorted(pair), self.scored[frozenset(pair)]) for pair in self.listed], self.link_ids
        )

    @property
    def all_true(self):
        linked = {record: person for record, person in self.people.items() if record[0] in self.sources}
        return naive.pairs_of_people(linked, within=len(self.sources) == 1)

    @property
    def true(self):
        return {pair for pair in self.all_true if pair <= set(self.given)}

    @property
    def by_people(self):
        records = list(self.people)
        return {
            "source": [source for source, _ in records],
            "id": [id for _, id in records],
            "person": [self.people[record] for record in records],
            "origin": [self.origin.get(record) for record in records],
        }


def links_of(given, listed, link_ids=None) -> lk.Links:
    return lk.Links(
        pairs=pa.table(
            {
                "left_source": pa.array([left[0] for left, _, _ in listed], pa.string()),
                "left_id": pa.array([left[1] for left, _, _ in listed], pa.string()),
                "right_source": pa.array([right[0] for _, right, _ in listed], pa.string()),
                "right_id": pa.array([right[1] for _, right, _ in listed], pa.string()),
                "probability": pa.array([score for _, _, score in listed], pa.float64()),
            }
        ),
        records=pa.table(
            {
                "source": pa.array([source for source, _ in given], pa.string()),
                "record_id": pa.array([id for _, id in given], pa.string()),
                "link_id": pa.array(link_ids or [None] * len(given), pa.string()),
            }
        ),
        sources=tuple(sorted({source for source, _ in given})),
        schema=SCHEMA, key_check="", cut={}, release_key=bytes(32),
    )  # fmt: skip


@st.composite
def worlds(draw, least=1, most=3):
    names = ["police", "school", "youth"][: draw(st.integers(least, most))]
    everyone = [(source, f"{source[0]}{number}") for source in names for number in range(draw(st.integers(1, 6)))]
    given_ = [record for record in everyone if draw(st.integers(0, 5))] or everyone
    known = [record for record in everyone if draw(st.integers(0, 7))]
    for source in {source for source, _ in given_}:  # a truth that knows none of a source is refused
        known += [record for record in given_ if record[0] == source and record not in known][:1]
    across = [(a, b) for a in given_ for b in given_ if a < b and (a[0] != b[0] or len({s for s, _ in given_}) == 1)]
    scored = {frozenset(pair): draw(st.sampled_from([0.5, 0.625, 0.75, 1.0])) for pair in across if draw(st.booleans())}
    listed = draw(st.permutations([pair for pair in across if frozenset(pair) in scored]))
    return World(
        given=given_,
        link_ids=[draw(st.sampled_from([None, "k", "l", "m"])) for _ in given_],
        people={record: draw(st.sampled_from("12345")) for record in known},
        origin={record: draw(st.sampled_from([None, "Polish", "Welsh"])) for record in known},
        scored=scored,
        listed=listed + listed[:1],  # one is listed twice
    )


def counts(evaluation):
    return evaluation.true_positives, evaluation.false_positives, evaluation.false_negatives


def close(one, other):
    return one == pytest.approx(other, nan_ok=True)


# ---- values -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(worlds())
def test_evaluate__is_its_twin(world):
    done = lk.evaluate(world.links, world.by_people)
    assert counts(done) == naive.outcome(set(world.scored), world.true)
    assert done.outside == len(world.all_true) - len(world.true)
    expected = naive.measures(*counts(done))
    values = {"precision": done.precision, "recall": done.recall, "F1": done.f1, "F*": done.f_star}
    assert all(close(values[name], expected[name]) for name in values)
    for row in done.to_arrow().to_pylist():
        assert close(row["value"], expected[row["measure"]])
        assert math.isnan(row["value"]) or row["low"] - 1e-12 <= row["value"] <= row["high"] + 1e-12


@settings(deadline=None)
@given(worlds(2, 2))
def test_evaluate__of_pairs_is_that_of_people(world):
    if len(world.sources) < 2 or not world.all_true:
        return
    true = [sorted(pair) for pair in world.all_true]
    table = {"left_id": [left for (_, left), _ in true], "right_id": [right for _, (_, right) in true]}
    if not all({record[1] for record in world.given if record[0] == source} & set(table[side]) for source, side in zip(
        world.sources, ("left_id", "right_id"), strict=True
    )):  # fmt: skip
        return
    done = lk.evaluate(world.links, table)
    assert counts(done) == counts(lk.evaluate(world.links, world.by_people))
    assert done.resampled == "components"


@settings(deadline=None)
@given(worlds())
def test_units__are_their_twins(world):
    held = hold(Linked.of(world.links), world.by_people, key=None, sources=None)
    made = Units(held).counts(held)
    # which end a false link goes to where both have as many depends on the order of records
    expected = naive.unit_counts(set(world.scored), world.true, world.people)
    assert made.sum(axis=0).tolist() == [sum(column) for column in zip(*expected, strict=True)] or not expected
    sure = sorted((true, missed) for true, _, missed in expected if true or missed)
    assert sorted((true, missed) for true, _, missed in made.tolist() if true or missed) == sure
    assert made[:, 1].max(initial=0) == max((false for _, false, _ in expected), default=0)


@settings(deadline=None)
@given(worlds(2, 2))
def test_units__of_pairs_are_components(world):
    true = world.true
    if len(world.sources) < 2 or not true:
        return
    table = {name: [sorted(pair)[place][1] for pair in true] for place, name in enumerate(("left_id", "right_id"))}
    held = hold(Linked.of(world.links), table, key=None, sources=None)
    made = [tuple(row) for row in Units(held).counts(held).tolist() if any(row)]
    assert sorted(made) == sorted(naive.component_counts(set(world.scored), true))


@settings(deadline=None)
@given(worlds())
def test_clusters__are_their_twin(world):
    done = evaluate_clusters(world.links, world.by_people)
    clusters = {
        record: link_id or record for record, link_id in zip(world.given, world.link_ids, strict=True)
    }  # fmt: skip
    people = {record: world.people.get(record, record) for record in world.given}
    found, true = (naive.pairs_of_people(each, within=True) for each in (clusters, people))
    assert counts(done.pairwise) == naive.outcome(found, true)
    assert (done.b_cubed_precision, done.b_cubed_recall) == pytest.approx(naive.b_cubed(clusters, people))
    assert (done.records, done.clusters, done.people) == (
        len(clusters), len(set(clusters.values())), len(set(people.values()))
    )  # fmt: skip
    groups = [{frozenset(r for r in each if each[r] == name) for name in each.values()} for each in (clusters, people)]
    assert done.exact == len(groups[0] & groups[1])
    assert done.b_cubed_precision_interval.low <= done.b_cubed_precision <= done.b_cubed_precision_interval.high + 1e-12
    assert len(done) == done.to_arrow().num_rows
    assert f"{done.exact} exact" in str(done)


@settings(deadline=None)
@given(worlds())
def test_candidates__are_their_twin(world):
    done = evaluate_candidates(world.links, world.by_people)
    reached, _, missed = naive.outcome(set(world.scored), world.true)
    one = len(world.sources) == 1
    every = [(a, b) for a in world.given for b in world.given if a < b and (one or a[0] != b[0])]
    assert (done.reached, done.missed, done.candidates) == (reached, missed, len(world.scored))
    assert done.all_pairs == len(every)
    assert close(done.reduction_ratio, 1 - len(world.scored) / len(every) if every else math.nan)
    assert close(done.recall, naive.measures(reached, 0, missed)["recall"])
    assert len(done) == done.to_arrow().num_rows


@settings(deadline=None)
@given(worlds(), st.sampled_from(["origin", "source", "mapping"]))
def test_groups__are_their_twin(world, by):
    group_of = {record: record[0] for record in world.people} if by == "source" else world.origin
    if by == "source":
        group_of |= {record: record[0] for record in world.given}
    chosen = dict(world.origin) if by == "mapping" else by
    done = evaluate_groups(world.links, world.by_people, chosen)
    assert counts(done.overall) == naive.outcome(set(world.scored), world.true)
    for group, own in done.groups.items():
        found, true = (naive.touching(pairs, group_of, group) for pairs in (set(world.scored), world.true))
        assert counts(own) == naive.outcome(found, true)
        assert counts(done.rest[group]) == naive.outcome(set(world.scored) - found, world.true - true)
    # a group that only agencies have which were not linked is left out
    named = {name for (source, _), name in group_of.items() if name is not None and source in world.sources}
    assert {group for group in done.groups if group is not None} == named or by == "source"
    assert list(done.groups) == sorted(done.groups, key=lambda name: (name is None, name))
    assert done.to_arrow().num_rows == len(done)


@settings(deadline=None)
@given(worlds(), st.none() | st.lists(st.sampled_from([0.0, 0.5, 0.6, 0.625, 0.75, 1.0, 1.5]), max_size=4))
def test_curve__is_its_twin(world, thresholds):
    done = curve(world.links, world.by_people, thresholds=thresholds)
    expected = sorted(set(world.scored.values()) if thresholds is None else set(thresholds))
    assert done.threshold.tolist() == expected
    rows = zip(done.true_positives.tolist(), done.false_positives.tolist(), done.false_negatives.tolist(), strict=True)
    assert list(rows) == [naive.at_threshold(world.scored, world.true, threshold) for threshold in expected]
    for place, threshold in enumerate(expected):
        values = naive.measures(*naive.at_threshold(world.scored, world.true, threshold))
        for name, column in (
            ("precision", done.precision),
            ("recall", done.recall),
            ("F1", done.f1),
            ("F*", done.f_star),
        ):
            assert close(column[place], values[name])
        assert counts(done.at(threshold)) == naive.at_threshold(world.scored, world.true, threshold)


@settings(deadline=None)
@given(worlds(), st.data())
def test_runs__are_their_twin(world, data):
    runs = [[pair for pair in world.listed if data.draw(st.booleans())] for _ in range(2)]
    before, after = (links_of(world.given, [(*sorted(pair), 1.0) for pair in run]) for run in runs)
    done = compare_runs(before, after, world.by_people)
    old, new = ({frozenset(pair) for pair in run} for run in runs)
    assert counts(done.before) == naive.outcome(old, world.true)
    assert counts(done.after) == naive.outcome(new, world.true)
    assert (done.gained_true, done.gained_false) == naive.outcome(new - old, world.true)[:2]
    assert (done.lost_true, done.lost_false) == naive.outcome(old - new, world.true)[:2]
    assert (done.kept_true, done.kept_false) == naive.outcome(old & new, world.true)[:2]
    rows = [list(row.values()) for row in done.changed.to_pylist()]
    listed = {(change, frozenset(((s, a), (t, b))), true) for s, a, t, b, change, true in rows}
    assert listed == {("gained", pair, pair in world.true) for pair in new - old} | {
        ("lost", pair, pair in world.true) for pair in old - new
    }
