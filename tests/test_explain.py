"""Model.explain: why pairs are linked or not, held against what the model predicts."""

import dataclasses
import math

import numpy as np
import pytest

import linkage as lk
from linkage.study import invent
from tests.test_link import SCHEMA, encoded, population

__all__ = ["population"]
LIKELY = 1e-4


@pytest.fixture(scope="module")
def hard():
    return invent(900, seed=3, preset="hard")


@pytest.fixture(scope="module")
def sets(hard):
    return encoded(hard, "registry"), encoded(hard, "childrens_centre")


@pytest.fixture(scope="module")
def model(sets):
    return lk.fit(*sets)


@pytest.fixture(scope="module")
def explanation(model, sets):
    return model.explain(*sets)


def rows(pairs):
    return pairs.to_arrow().to_pylist()


def test_explanation__shows_itself_and_what_it_can_be_asked(explanation):
    shown = explanation._repr_html_()
    assert "likely pairs of" in shown and "nearest(n)" in shown and "&#x27;" in shown


# ---- one pair ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_pair__the_steps_sum_to_what_predict_gives(model, sets, turned):
    left, right = sets[::-1] if turned else sets
    asked = model.explain(left, right)
    found = rows(model.predict(left, right, probability=LIKELY))
    assert len(found) > 150
    for row in found[:: max(len(found) // 60, 1)]:
        why = asked.pair(row["left_id"], row["right_id"])
        last = rows(why)[-1]
        assert math.isclose(last["probability"], why.probability, abs_tol=1e-12)
        assert math.isclose(why.probability, row["probability"], abs_tol=1e-9)
        assert math.isclose(why.match_weight, row["match_weight"], abs_tol=1.5 / 1024)
        assert why.reaches_cut == (row["probability"] >= 0.5)


def test_pair__within_one_set_too_in_either_order(model, sets):
    ids = [each for side in sets for each in side.record_ids.to_pylist()]
    filters = {name: np.concatenate([side.filters[name] for side in sets]) for name in sets[0].filters}
    both = lk.EncodedSet.from_arrays(ids, filters, schema=SCHEMA, source="both", key_check=sets[0].key_check)
    asked = model.explain(both)
    found = rows(model.predict(both, probability=LIKELY))
    assert len(found) > 150
    for row in found[::20]:
        pair = row["left_id"], row["right_id"]
        there, back = asked.pair(*pair), asked.pair(*pair[::-1])
        assert math.isclose(there.probability, row["probability"], abs_tol=1e-9)
        assert there.steps == back.steps


def test_pair__of_strangers_is_explained_too(explanation, sets):
    left, right = (side.record_ids.to_pylist() for side in sets)
    likely = {(row["left_id"], row["right_id"]) for row in rows(explanation.nearest(100_000))}
    pair = next((a, b) for a in left for b in right[:5] if (a, b) not in likely)
    why = explanation.pair(*pair)
    assert why.probability < 0.01
    assert why.why.startswith("not linked: the evidence does not reach the cut")


def test_pair__says_that_a_rival_fits_better(explanation, sets):
    # a record's second copy on the other side would have been linked, had the first not been there
    sure = max(rows(explanation.nearest(100_000)), key=lambda row: row["probability"])
    filters = {name: np.concatenate([side, side]) for name, side in sets[1].filters.items()}
    ids = [*sets[1].record_ids.to_pylist(), *(f"copy of {each}" for each in sets[1].record_ids.to_pylist())]
    twice = lk.EncodedSet.from_arrays(ids, filters, schema=SCHEMA, source="twice", key_check=sets[1].key_check)
    why = explanation.model.explain(sets[0], twice).pair(sure["left_id"], sure["right_id"])
    assert 0.4 < why.probability < 0.5
    assert why.why.endswith("another record fits as well or better")
    assert any(step.name == "rivals of the left record" and step.match_weight < -10 for step in why.steps)


def test_pair__a_move_counts_once(explanation):
    assert explanation.model.moved > 0
    differing = [
        why
        for row in rows(explanation.nearest(200))
        for why in [explanation.pair(row["left_id"], row["right_id"])]
        if {step.name for step in why.steps if step.level == "differs"} >= {"address", "postcode"}
    ]
    assert differing
    weights = {item.comparison.name: item.weights[1] / 1024 for item in explanation.model.fields}
    for why in differing:
        said = {step.name: step.match_weight for step in why.steps}
        assert said["address"] + said["postcode"] > weights["address"] + weights["postcode"] + 0.5


def test_pair__where_nothing_can_be_compared_is_no_link(model, hard):
    left, right = encoded(hard, "registry", held=["surname"]), encoded(hard, "childrens_centre", held=["dob", "sex"])
    why = model.explain(left, right).pair(left.record_ids[0].as_py(), right.record_ids[0].as_py())
    assert why.probability == 0
    assert not why.reaches_cut
    assert "nothing can be compared" in why.why


def test_pair__refuses_an_id_that_is_not_there(explanation, model, sets):
    known = sets[0].record_ids[0].as_py()
    with pytest.raises(ValueError, match="'childrens_centre' has no record with this right_id"):
        explanation.pair(known, known)
    with pytest.raises(ValueError, match="'registry' has no record with this left_id"):
        explanation.pair("nobody", known)
    with pytest.raises(TypeError, match="left_id must be text"):
        explanation.pair(1, known)
    with pytest.raises(ValueError, match="one record"):
        model.explain(sets[0]).pair(known, known)


def test_pair__draws_itself_and_prints_itself(explanation):
    row = rows(explanation.nearest(1))[0]
    why = explanation.pair(row["left_id"], row["right_id"])
    assert len(why.plot().patches) == len(why) + 1
    assert str(why).count("\n") == len(why) + 1
    assert "Waterfall(" in why._repr_html_()


# ---- many pairs, records, fields --------------------------------------------------------------------------------


def test_nearest__are_those_whose_log_odds_are_nearest_the_cut(model, sets):
    asked = model.explain(*sets, probability=0.6)
    found = rows(asked.nearest(25))

    def away(row):
        chance = row["probability"]
        return abs(math.log(chance / (1 - chance)) - math.log(0.6 / 0.4)) if chance < 1 else math.inf

    naive = sorted(rows(model.predict(*sets, probability=1e-9)), key=away)[:25]
    assert [(row["left_id"], row["right_id"]) for row in found] == [(row["left_id"], row["right_id"]) for row in naive]
    assert [row["reaches_cut"] for row in found] == [row["probability"] >= 0.6 for row in naive]
    with pytest.raises(ValueError, match="whole number"):
        asked.nearest(0)


def test_unlinkable__are_records_that_no_partner_could_reach(model, hard, sets):
    poor = encoded(hard, "childrens_centre", held=["sex", "postcode"], rows=list(range(20)))
    listed = [row for row in rows(model.explain(sets[0], poor).unlinkable()) if row["source"] == "childrens_centre"]
    assert {row["record_id"] for row in listed} == set(poor.record_ids.to_pylist())
    assert all("given_name, surname, dob" in row["missing"] for row in listed)
    assert not len(model.predict(sets[0], poor))


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")  # so little evidence leaves rivals alike
@pytest.mark.parametrize("cut", [0.5, 0.999])
def test_unlinkable__none_of_them_links(model, hard, cut):
    sparse = encoded(hard, "childrens_centre", held=["given_name", "sex", "postcode"], rows=list(range(150)))
    full = encoded(hard, "registry")
    listed = {row["record_id"] for row in rows(model.explain(full, sparse, probability=cut).unlinkable())}
    linked = rows(model.predict(full, sparse, probability=cut))
    assert listed
    assert not listed & {row[side] for row in linked for side in ("left_id", "right_id")}


def test_unlinkable__lists_nobody_where_evidence_is_plenty(population):
    sets = [encoded(population, name) for name in ("registry", "childrens_centre")]
    assert len(lk.fit(*sets).explain(*sets).unlinkable()) == 0


def test_dropping__is_linking_sets_that_never_had_the_field(explanation, model, hard):
    effects = {row["field"]: row for row in rows(explanation.dropping())}
    assert effects[None]["links"] == effects[None]["kept"] == len(model.predict(explanation.left, explanation.right))
    assert "nhs_number" not in effects  # nobody's in these sets
    for name in ("dob", "surname"):
        held = [field.name for field in SCHEMA.fields if field.name != name]
        fields = tuple(
            dataclasses.replace(item, m=item.u, h=item.u) if item.comparison.name == name else item
            for item in model.fields
        )
        mute = dataclasses.replace(model, fields=fields)
        found = mute.predict(*(encoded(hard, side, held=held) for side in ("registry", "childrens_centre")))
        assert effects[name]["links"] == len(found)
        assert effects[name]["kept"] + effects[name]["gained"] == len(found)
        assert effects[name]["kept"] + effects[name]["lost"] == effects[None]["links"]
        assert effects[name]["wrong"] > effects[None]["wrong"]


def test_adding__expects_what_each_pair_would_become(explanation):
    m, u = 0.9, 0.02
    before, after = rows(explanation.adding(m=m, u=u))
    chances = [row["probability"] for row in rows(explanation.nearest(1_000_000))]
    links = wrong = missed = 0.0
    for chance in chances:
        for agree, other in ((m, u), (1 - m, 1 - u)):
            happens = chance * agree + (1 - chance) * other
            if chance * agree / happens >= 0.5:
                links += happens
                wrong += (1 - chance) * other
            else:
                missed += chance * agree
    assert np.allclose([after[name] for name in ("links", "wrong", "missed")], [links, wrong, missed])
    assert after["wrong"] + after["missed"] < before["wrong"] + before["missed"]
    same = rows(explanation.adding(m=0.3, u=0.3))
    assert np.allclose([same[1][name] for name in ("links", "wrong")], [same[0][name] for name in ("links", "wrong")])
    with pytest.raises(ValueError, match="u must be a share"):
        explanation.adding(m=0.9, u=0)


def test_explain__wants_sets_of_its_agreement(model, sets, population):
    other = lk.Schema.preset("uk-person", project="another")
    with pytest.raises(lk.MismatchError):
        model.explain(sets[0], encoded(population, "childrens_centre", schema=other))
    with pytest.raises(ValueError, match="duplicates"):
        model.explain(*sets, duplicates=["nobody"])
