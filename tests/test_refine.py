"""refine(): decisions of people make a model better, or leave it as it is."""

import functools
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage.agency.rejoin import hashed_ids
from linkage.central.reviewing import refining
from linkage.central.reviewing.decided import decided
from linkage.study import invent
from linkage.tables import as_arrow, texts
from tests.test_link import KEY, PROJECT, encoded, quality

SOURCES = ("registry", "childrens_centre")


@functools.cache
def material():
    """People, their sets, the model, and true decisions about the 300 pairs nearest the cut."""
    people = invent(900, seed=11, preset="hard")
    sets = tuple(encoded(people, name) for name in SOURCES)
    model = lk.fit(*sets)
    near = model.explain(*sets).nearest(300).to_arrow()
    left, right = near["left_id"].to_pylist(), near["right_id"].to_pylist()
    true = true_pairs(people)
    return people, sets, model, table(left, right, [pair in true for pair in zip(left, right, strict=True)])


def true_pairs(people):
    found = people.pairs(*SOURCES)
    ids = [
        hashed_ids(found[side].combine_chunks() if isinstance(found[side], pa.Array) else found[side], KEY,
                   project=PROJECT, source=source, column="id").to_pylist()
        for side, source in zip(("left_id", "right_id"), SOURCES, strict=True)
    ]  # fmt: skip
    return set(zip(*ids, strict=True))


def table(left, right, same, sources=SOURCES):
    return {"left_source": [sources[0]] * len(left), "left_id": left, "right_source": [sources[1]] * len(left),
            "right_id": right, "same": same}  # fmt: skip


def first(decisions, n):
    return {name: column[:n] for name, column in decisions.items()}


def turned(decisions):
    names = {"left_source": "right_source", "left_id": "right_id", "right_source": "left_source", "right_id": "left_id"}
    return {names.get(name, name): column for name, column in decisions.items()}


# ---- better, or as it was ---------------------------------------------------------------------------------------


def test_refine__makes_better_links_of_hard_records():
    people, sets, model, decisions = material()
    refined = lk.refine(model, *sets, decisions)
    before, after = (quality(lk.link(*sets, model=each), people).f1 for each in (model, refined))
    assert after > before
    assert refined != model
    assert [sum(item.m) for item in refined.fields] == pytest.approx([1.0] * len(refined.fields))


def test_refine__takes_any_table_and_either_side_first():
    _, sets, _, decisions = material()
    ordered = sorted(sets, key=lambda each: each.source)

    def read(given):
        known = decided(given, *ordered, within=False)
        return known.row.tolist(), known.column.tolist(), known.same.tolist()

    wanted = read(decisions)
    others = table(["x"], ["y"], [True], sources=("police", "registry"))  # about other sources
    more = {name: [*decisions[name], *others[name]] for name in decisions}
    undecided = {name: [*column, None if name == "same" else column[0]] for name, column in decisions.items()}
    assert len(wanted[0]) == 300
    assert read(turned(decisions)) == wanted
    assert read(pl.DataFrame(turned(more)).lazy()) == wanted
    assert read(pd.DataFrame(decisions).sample(frac=1, random_state=1)) == wanted
    assert read(undecided) == wanted


def test_refine__the_order_of_the_sets_changes_nothing():
    _, sets, model, decisions = material()
    assert lk.refine(model, *sets[::-1], first(decisions, 150)) == lk.refine(model, *sets, first(decisions, 150))


def test_refine__leaves_the_model_as_it_was_if_decisions_teach_nothing():
    # drawn with the very probabilities that the model gives, which may teach something by chance
    _, sets, model, decisions = material()
    chance = np.array(model.explain(*sets).nearest(300).to_arrow()["probability"].to_pylist())
    stayed = []
    for seed in range(10):
        drawn = decisions | {"same": (np.random.default_rng(seed).random(len(chance)) < chance).tolist()}
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            stayed.append(lk.refine(model, *sets, drawn) is model)
        assert any("foretold no better" in str(each.message) for each in said) == stayed[-1]
    assert sum(stayed) >= 7


def test_refine__leaves_the_model_as_it_was_if_decisions_deny_what_is_sure():
    _, sets, model, decisions = material()
    inverted = decisions | {"same": [not each for each in decisions["same"]]}
    with pytest.warns(lk.LinkageWarning, match="the right way round"):
        assert lk.refine(model, *sets, inverted) is model


@pytest.mark.parametrize(("n", "same"), [(29, None), (0, None), (60, True)])
def test_refine__leaves_the_model_as_it_was_if_they_are_too_few(n, same):
    _, sets, model, decisions = material()
    few = first(decisions, n)
    few["same"] = few["same"] if same is None else [same] * n
    with pytest.warns(lk.LinkageWarning, match=r"same, \d+ not\) are too few"):
        assert lk.refine(model, *sets, few) is model


def test_refine__works_within_one_set():
    people, sets, model, _ = material()
    ids = [each for side in sets for each in side.record_ids.to_pylist()]
    filters = {name: np.concatenate([side.filters[name] for side in sets]) for name in sets[0].filters}
    both = lk.EncodedSet.from_arrays(ids, filters, schema=model.schema, source="both", key_check=sets[0].key_check)
    true = true_pairs(people)
    near = model.explain(both).nearest(300).to_arrow()
    pairs = list(zip(near["left_id"].to_pylist(), near["right_id"].to_pylist(), strict=True))
    same = [pair in true or pair[::-1] in true for pair in pairs]
    about = table([pair[1] for pair in pairs], [pair[0] for pair in pairs], same, sources=("both", "both"))
    refined = lk.refine(model, both, None, about)

    def f1(each):
        found = each.predict(both).to_arrow()
        pairs = set(zip(found["left_id"].to_pylist(), found["right_id"].to_pylist(), strict=True))
        hits = len({pair for pair in pairs if pair in true or pair[::-1] in true})
        return 2 * hits / (len(pairs) + len(true))

    assert refined is not model
    assert f1(refined) > f1(model)


# ---- how it is done ---------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_scaled__weights_are_what_the_scales_say_and_shares_stay_shares(data):
    model = material()[2]
    n = refining.n_scales(model)
    scales = np.array(data.draw(st.lists(st.floats(-1.0, 1.0), min_size=n, max_size=n)))
    got = refining.scaled(model, scales)
    for index, (old, new) in enumerate(zip(model.fields, got.fields, strict=True)):
        for shares in (new.m, new.u, new.h):
            assert sum(shares) == pytest.approx(1.0)
            assert min(shares) > 0
        weights = np.log(np.array(old.m) / old.u)
        times = np.where(weights > 0, np.exp(scales[2 * index]), np.exp(scales[2 * index + 1]))
        times[0] = 1.0  # missing
        assert np.log(np.array(new.m) / new.u) == pytest.approx(times * weights, abs=1e-6)
    # what a household explains is what it was, times its own scale
    old, new = (_household_terms(each) for each in (model, got))
    assert new == pytest.approx(old * np.exp(scales[-1]), rel=1e-6)


def _household_terms(model):
    """The share of households times h / u, multiplied over the fields, for pairs at the lowest and highest levels."""
    at = [np.prod([np.array(item.h)[level] / item.u[level] for item in model.fields]) for level in (0, 1, -1)]
    return model.households * np.array(at)


def test_fitted__no_small_change_of_the_scales_makes_the_decisions_likelier(monkeypatch):
    _, sets, model, decisions = material()
    seen = []
    fitted = refining.fitted_scales

    def watched(lesson, chosen):
        seen.append((lesson, chosen, fitted(lesson, chosen)))
        return seen[-1][2]

    monkeypatch.setattr(refining, "fitted_scales", watched)
    lk.refine(model, *sets, decisions)
    lesson, chosen, scales = seen[-1]
    assert chosen.all()

    def cost(each):
        return lesson.losses(lesson.log_odds(each)).sum() + (each**2).sum() / (2 * 0.3**2)

    assert cost(scales) < cost(np.zeros_like(scales)) - 1
    for change in np.concatenate([np.eye(len(scales)), -np.eye(len(scales))]) * 0.05:
        assert cost(scales + change) > cost(scales) - 0.02


def test_folds__keep_the_pairs_of_a_record_together():
    _, sets, _, decisions = material()
    known = decided(decisions, *sorted(sets, key=lambda each: each.source), within=False)
    folds = known.folds(5)
    assert set(folds.tolist()) == set(range(5))
    assert all(len(set(folds[known.row == row].tolist())) == 1 for row in set(known.row.tolist()))


# ---- together with `link(known=)` -------------------------------------------------------------------------------


def test_refine__serves_links_that_honour_the_same_decisions():
    people, sets, model, decisions = material()
    links = lk.link(*sets, model=lk.refine(model, *sets, decisions), known=decisions)
    person = dict(zip(links.records["record_id"].to_pylist(), links.records["link_id"].to_pylist(), strict=True))
    for left, right, same in zip(decisions["left_id"], decisions["right_id"], decisions["same"], strict=True):
        assert (person[left] is not None and person[left] == person[right]) == same
    assert quality(links, people).f1 > quality(lk.link(*sets, model=model), people).f1


# ---- refusals ---------------------------------------------------------------------------------------------------


def test_refine__refuses_what_it_cannot_read():
    _, sets, model, decisions = material()
    some = first(decisions, 50)
    with pytest.raises(ValueError, match="lacks the column same"):
        lk.refine(model, *sets, {name: column for name, column in some.items() if name != "same"})
    with pytest.raises(ValueError, match="row 1: same must be true or false"):
        lk.refine(model, *sets, some | {"same": ["yes"] * 50})
    with pytest.raises(ValueError, match="row 1: sources and record ids must be text"):
        lk.refine(model, *sets, some | {"left_id": [1] * 50})
    with pytest.raises(TypeError, match="decisions: must be a data frame"):
        lk.refine(model, *sets, 17)
    twice = {name: column * 2 for name, column in some.items()}
    with pytest.raises(ValueError, match="50 contradict"):
        lk.refine(model, *sets, twice | {"same": some["same"] + [not each for each in some["same"]]})
    with pytest.raises(ValueError, match="1 are about records") as caught:
        lk.refine(model, *sets, some | {"left_id": ["somebody", *some["left_id"][1:]]})
    assert "somebody" not in str(caught.value)
    other = lk.Schema.preset("uk-person", project="another")
    with pytest.raises(lk.MismatchError):
        lk.refine(model, sets[0], encoded(material()[0], SOURCES[1], schema=other), some)


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("us", "Nope/Zone"), pa.int64()])
def test_texts__of_days_times_and_numbers_are_none(kind):
    """Python has no day so far off, nor that zone, and what it said of them came out as it was."""
    column = pa.array([2**31 - 1], pa.int32() if kind == pa.date32() else pa.int64()).cast(kind)
    with pytest.raises(ValueError, match=r"^known, row 1: left_id must be text$"):
        texts(pa.table({"left_id": column}), "known", "left_id")
    words = pa.array(["a", "b"]).dictionary_encode()
    assert texts(pa.table({"left_id": words}), "known", "left_id") == ["a", "b"]


def test_decisions__that_can_not_be_computed_are_refused_and_quote_nobody():
    """polars' own error came out, with the name on which its plan had stumbled."""
    plan = pl.LazyFrame({"left_id": ["a"], "x": ["Zebulon"]}).with_columns(pl.col("x").cast(pl.Int32))
    with pytest.raises(TypeError, match="can't be read") as error:
        as_arrow(plan, "decisions")
    assert "Zebulon" not in str(error.value) and error.value.__cause__ is None
