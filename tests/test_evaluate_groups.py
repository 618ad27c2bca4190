"""Measures by group on cases worked out by hand, and what is refused of groups and of the truth."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import linkage as lk
from linkage import study
from linkage.study import held as held_module
from linkage.study.groups import evaluate_agencies, evaluate_groups
from tests.test_evaluate import FOUND, KEY, PEOPLE, TRUE, encoded, links_of

# police 0..99 and school 0..99 are one person each; of the first 50, 15 are found, of the others all
FAIR = range(50, 100)
UNFAIR = links_of(
    [(f"p{i}", f"s{i}") for i in (*range(15), *FAIR)], *([f"{side}{i}" for i in range(100)] for side in "ps")
)
BOTH = {
    "source": ["police"] * 100 + ["school"] * 100,
    "id": [f"{side}{i}" for side in "ps" for i in range(100)],
    "person": [*range(100)] * 2,
    "origin": (["Polish"] * 50 + ["Welsh"] * 50) * 2,
    "age": ([3.0] * 50 + [math.nan] * 50) * 2,
}


# ---- groups -----------------------------------------------------------------------------------------------------


def test_groups__say_whose_recall_lies_apart():
    done = evaluate_groups(UNFAIR, BOTH, "origin")
    assert done.apart == {"Polish": "lower", "Welsh": "higher"}
    assert (
        done.warnings[0]
        == "origin Polish: recall 0.300 is lower than the 1.000 of the rest; their 95 % intervals do not meet"
    )
    table = done.to_arrow()
    assert table["group"].to_pylist() == ["Polish", "Welsh"]
    assert table["apart"].to_pylist() == ["lower", "higher"]
    assert table["recall"].to_pylist() == [0.3, 1.0]
    assert {"precision_low", "f1_high", "f_star", "recall_of_rest"} <= set(table.column_names)
    assert str(done).splitlines()[2] == done.warnings[0]
    assert done.overall.recall == 0.65


def test_groups__that_are_served_alike_raise_no_warning():
    every_other = {**BOTH, "origin": ["Polish", "Welsh"] * 100}
    done = evaluate_groups(UNFAIR, every_other, "origin")
    assert done.apart == {}
    assert done.warnings == []


def test_groups__may_be_numbers_with_gaps_and_the_unknown_come_last():
    done = evaluate_groups(UNFAIR, pd.DataFrame(BOTH), "age")
    assert len(done.groups) == 2
    assert list(done.groups)[-1] is None
    assert done.groups[None].recall == 1.0
    assert done.to_arrow()["group"].to_pylist()[-1] is None


def test_groups__of_numbers_are_in_their_order():
    done = evaluate_groups(FOUND, {**PEOPLE, "age": [10, 9, 2, 30] * 2}, "age")
    assert list(done.groups) == ["2", "9", "10", "30"]


def test_groups__by_source_takes_the_agencies():
    done = evaluate_groups(FOUND, TRUE, "source")
    assert list(done.groups) == ["police", "school"]
    assert done.groups["police"].recall == 0.25


def test_groups__by_source_say_the_same_of_both_where_two_are_linked():
    done = evaluate_groups(UNFAIR, BOTH, "source")
    assert done.groups["police"] == done.groups["school"]


# ---- agencies ---------------------------------------------------------------------------------------------------


def test_agencies__say_which_links_are_worse():
    served = links_of([(f"p{i}", f"s{i}") for i in range(95)], *([f"{side}{i}" for i in range(100)] for side in "ps"))
    done = evaluate_agencies({"police x school": (UNFAIR, BOTH), "police x registry": (served, BOTH)})
    assert list(done.groups) == ["police x school", "police x registry"]
    assert done.groups["police x school"] == lk.evaluate(UNFAIR, BOTH)
    assert [done.groups[name].recall for name in done.groups] == [0.65, 0.95]
    assert done.rest["police x school"].recall == 0.95
    assert done.apart == {"police x school": "lower", "police x registry": "higher"}
    assert done.warnings[0].startswith("agencies police x school: recall 0.650 is lower than the 0.950 of the rest")
    assert done.overall.true_positives == 65 + 95
    table = done.to_arrow()
    assert {"precision", "precision_low", "recall_high", "apart"} <= set(table.column_names)
    assert table["group"].to_pylist() == list(done.groups)


def test_agencies__that_are_served_alike_raise_no_warning():
    alike = evaluate_agencies({"one": (UNFAIR, BOTH), "other": (UNFAIR, BOTH), "third": (UNFAIR, BOTH)})
    assert alike.apart == {}


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_agencies__of_real_links_take_one_truth_for_all():
    people = study.invent(400, seed=2, agencies=("registry", "childrens_centre", "primary_school"))
    schema = lk.Schema.preset("uk-person", project="agencies")
    sets = {
        name: lk.encode(people[name], schema, KEY, id=people.ids[name], source=name, columns=people.held(name, schema))
        for name in people.tables
    }
    runs = {
        f"registry x {name}": (lk.link(sets["registry"], sets[name], progress=False), people.truth)
        for name in ("childrens_centre", "primary_school")
    }
    done = evaluate_agencies(runs, key=KEY)
    for name, (links, truth) in runs.items():
        assert done.groups[name] == lk.evaluate(links, truth, key=KEY)


@pytest.mark.parametrize("runs", [{"a": (UNFAIR, BOTH)}, {}])
def test_agencies__refuse_what_cannot_be_held_side_by_side(runs):
    with pytest.raises(ValueError, match="at least two"):
        evaluate_agencies(runs)
    with pytest.raises(TypeError, match=r"runs: must be a mapping, not list of tuple; such as"):
        evaluate_agencies([(UNFAIR, BOTH), (UNFAIR, BOTH)])


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_groups__by_what_is_known_of_invented_people_come_with_a_join():
    people = study.invent(300, seed=2)
    schema = lk.Schema.preset("uk-person", project="origins")
    sets = [
        lk.encode(people[name], schema, KEY, id=people.ids[name], source=name, columns=people.held(name, schema))
        for name in people.tables
    ]
    truth = people.truth.join(people.persons.select(["person", "origin"]), "person")
    done = evaluate_groups(lk.link(*sets, progress=False), truth, "origin", key=KEY)
    assert "english" in done.groups
    assert sum(each.true_positives for each in done.groups.values()) == done.overall.true_positives


def test_groups__by_a_mapping_reach_records_that_the_truth_leaves_out():
    # the false link of b and w: w is in no true pair
    done = evaluate_groups(
        links_of([("a", "v"), ("b", "w")], "ab", "vw"),
        {"left_id": ["a"], "right_id": ["v"]},
        {("police", "a"): "x", ("police", "b"): "y", ("school", "w"): "y", ("nhs", "z"): "z"},
    )
    assert list(done.groups) == ["x", "y", None]
    assert done.groups["y"].false_positives == 1


def test_groups__by_a_mapping_take_the_agencies_own_ids_with_the_key():
    names = ["Abernathy", "Brimblecombe"]
    links = lk.link(encoded(["p1", "p2"], names, "police"), encoded(["s1", "s2"], names, "school"), threshold=1)
    truth = {"left_id": ["p1", "p2"], "right_id": ["s1", "s2"]}
    done = evaluate_groups(links, truth, {("police", "p1"): "x"}, key=KEY)
    assert done.groups["x"].true_positives == 1
    with pytest.raises(lk.RecordError, match="by: none of its records is among the linked ones"):
        evaluate_groups(links, truth, {("police", "p9"): "x"}, key=KEY)


def test_groups__refuse_what_is_no_group():
    with pytest.raises(lk.RecordError, match="by: column 'orign' is not in the truth; did you mean 'origin'"):
        evaluate_groups(UNFAIR, BOTH, "orign")
    with pytest.raises(ValueError, match=r"by: a mapping \(source, id\) -> group"):
        evaluate_groups(UNFAIR, BOTH, {"p1": "x"})
    many = {name: column * 3 for name, column in BOTH.items()}
    many |= {"id": [f"{id}-{part}" for part in range(3) for id in BOTH["id"]], "own": [str(i) for i in range(600)]}
    many["id"][:200] = BOTH["id"]
    with pytest.raises(ValueError, match="by: 600 groups, more than 500"):
        evaluate_groups(UNFAIR, many, "own")
    twice = {name: [*column, column[0]] for name, column in BOTH.items()}
    with pytest.raises(lk.RecordError, match="by: a record is in two groups"):
        evaluate_groups(UNFAIR, {**twice, "origin": [*BOTH["origin"], "Welsh"]}, "origin")


# ---- what is wrong with a truth ---------------------------------------------------------------------------------


def test_truth__refuses_a_record_of_two_people():
    twice = {name: [*column, column[0]] for name, column in PEOPLE.items()}
    assert lk.evaluate(FOUND, twice).true_positives == 1
    with pytest.raises(lk.RecordError, match="gives 1 records a second time, as another person"):
        lk.evaluate(FOUND, {**twice, "person": [*PEOPLE["person"], "9"]})


def test_truth__refuses_a_column_of_mixed_kinds_without_showing_it():
    mixed = pd.DataFrame({**PEOPLE, "person": ["secret", 1, *PEOPLE["person"][2:]]})
    with pytest.raises(lk.RecordError, match="column 'person' mixes kinds of values") as caught:
        lk.evaluate(FOUND, mixed)
    assert "secret" not in str(caught.value)


def test_truth__refuses_more_pairs_than_it_can_hold(monkeypatch):
    monkeypatch.setattr(held_module, "_MOST_PAIRS", 3)
    with pytest.raises(lk.LimitError, match="the truth makes 4 pairs, more than 3"):
        lk.evaluate(FOUND, PEOPLE)


def test_evaluate__gives_equal_intervals_for_equal_seeds_and_any_order():
    shuffled = pa.table(BOTH).take(np.random.default_rng(1).permutation(200))
    first, again, other = (
        lk.evaluate(UNFAIR, truth, seed=seed) for truth, seed in ((BOTH, 1), (shuffled, 1), (BOTH, 2))
    )
    assert first == again
    assert first != other
    assert first.resampled == "people"
    assert hash(first) == hash(again)
