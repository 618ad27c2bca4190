"""Quality without truth: the stated figures hold the true ones, and what can't be known is said."""

import dataclasses
import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import linkage as lk
from linkage import study
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.judging.judgement import judge, recall_by_group
from linkage.central.modelling import predicting, scoring
from linkage.central.modelling.competition import Edges, Messages
from linkage.central.modelling.predicting import Scored, Within, look_alikes
from linkage.quality import MEASURES, Expectation, Quality, wide_of

AGENCIES = ("registry", "childrens_centre")
LIMITS = {"executor": None, "threads": None, "memory": DEFAULT_MEMORY, "progress": False}
WITH_WARD = dataclasses.replace(
    lk.Schema.preset("uk-person", project="quality"), groups=(lk.Group(name="ward", smallest=1),)
)


def encoded(people, schema, *, rows=None):
    key = lk.Key.generate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return key, [
            lk.encode(
                people[name].take(rows[name]) if rows else people[name], schema, key, id=people.ids[name], source=name,
                columns=people.held(name, schema), progress=False,
            )
            for name in people.ids
        ]  # fmt: skip


def thinned(people, kept):
    """Rows of either side, of which the registry's keep only this share of those with a partner."""
    left = people.pairs(*AGENCIES)["left_id"].to_pylist()
    gone = set(left[int(len(left) * kept) :])
    ids = people["registry"][people.ids["registry"]].to_pylist()
    return {
        "registry": [row for row, name in enumerate(ids) if name not in gone],
        "childrens_centre": list(range(people["childrens_centre"].num_rows)),
    }


@pytest.mark.parametrize("layout", ["fields", "record"])
@pytest.mark.parametrize(("preset", "kept"), [("typical", 1.0), ("hard", 1.0), ("typical", 0.4), ("hard", 0.4)])
def test_quality__holds_the_truth(preset, kept, layout):
    people = study.invent(2_500, seed=41, agencies=AGENCIES, preset=preset)
    schema = lk.Schema.preset("uk-person", project="quality", layout=layout)
    key, sets = encoded(people, schema, rows=thinned(people, kept))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        links = lk.link(*sets, progress=False)
        true = lk.evaluate(links, people.truth, key=key)
    quality = links.quality
    assert (quality.known or layout == "record") and quality.checked == (layout == "fields")
    assert quality.at.links == len(links)
    for name in MEASURES:
        said = getattr(quality, name)
        assert said.low <= getattr(true, name) <= said.high and said.low <= said.value <= said.high, name
    if layout == "fields":
        assert abs(quality.precision.value - true.precision) < 0.02
        assert abs(quality.recall.value - true.recall) < 0.05


def test_quality__sees_siblings_that_the_model_takes_for_people():
    """At a tenth of the partners twins are linked, and the mean probability of the links says nothing of it."""
    people = study.invent(5_000, seed=3, agencies=AGENCIES)
    key, sets = encoded(people, lk.Schema.preset("uk-person", project="quality"), rows=thinned(people, 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        links = lk.link(*sets, progress=False)
        true = lk.evaluate(links, people.truth, key=key)
    naive = float(np.mean(links.pairs["probability"].to_numpy()))
    assert abs(links.quality.precision.value - true.precision) < abs(naive - true.precision)
    assert links.quality.precision.low <= true.precision


def test_precision__asked_for_is_given():
    people = study.invent(4_000, seed=42, agencies=AGENCIES, preset="hard")
    key, sets = encoded(people, lk.Schema.preset("uk-person", project="quality"))
    found = {share: lk.link(*sets, precision=share, progress=False) for share in ("0.97", 0.99)}
    true = {share: lk.evaluate(links, people.truth, key=key) for share, links in found.items()}
    assert true[0.99].precision >= 0.985 and found[0.99].cut["probability"] > found["0.97"].cut["probability"]
    assert true["0.97"].recall >= true[0.99].recall > 0.9
    assert found[0.99].quality.precision.value >= 0.99


def test_precision__that_no_cut_reaches_is_refused():
    people = study.invent(900, seed=4, agencies=AGENCIES, preset="hard")
    fields = tuple(field for field in WITH_WARD.fields if field.name in ("surname", "sex", "postcode"))
    _, sets = encoded(people, lk.Schema(project="quality", fields=fields))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        with pytest.raises(lk.EvidenceError, match="at no cut"):
            lk.link(*sets, model=lk.fit(*sets, progress=False), precision=0.9999, progress=False)


def test_precision__is_for_two_sets_of_the_fields_layout_and_in_place_of_a_probability():
    people = study.invent(300, seed=5, agencies=AGENCIES)
    _, sets = encoded(people, WITH_WARD)
    _, clks = encoded(people, lk.Schema.preset("uk-person", project="quality", layout="record"))
    with pytest.raises(ValueError, match="one of them"):
        lk.link(*sets, precision=0.99, probability=0.5)
    with pytest.raises(ValueError, match="precision belongs to the fields layout"):
        lk.link(*clks, precision=0.99)
    with pytest.raises(ValueError, match="precision: must be above 0"):
        lk.link(*sets, precision=1.5)


def test_quality__is_kept_with_the_links(tmp_path):
    people = study.invent(700, seed=6, agencies=AGENCIES)
    _, sets = encoded(people, WITH_WARD)
    links = lk.link(*sets, progress=False)
    links.save(tmp_path / "links.parquet")
    assert lk.Links.load(tmp_path / "links.parquet").quality == links.quality
    assert Quality.from_json(json.loads(json.dumps(links.quality.to_json()))) == links.quality
    table = links.quality.to_arrow()
    assert links.cut["probability"] in table["cut"].to_pylist() and table["links"].to_pylist()[0] >= len(links)


def test_quality__within_one_set_says_that_nothing_checks_it():
    people = study.invent(1_500, seed=7, agencies=["police"])
    key = lk.Key.generate()
    schema = lk.Schema.preset("uk-person", project="quality")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        police = lk.encode(
            people["police"], schema, key, id=people.ids["police"], source="police",
            columns=people.held("police", schema), progress=False,
        )  # fmt: skip
        links = lk.link(police, progress=False)
    assert not links.quality.checked and any("hold people twice" in word for word in links.quality.words)
    true = lk.evaluate(links, people.truth, key=key)
    assert links.quality.precision.low <= true.precision <= links.quality.precision.high


def test_quality__of_no_links_states_no_precision():
    at = Expectation(cut=0.5, links=0, wrong=0.0, missed=3.0)
    assert str(Quality(at, (at,), "probability", True, False, ("look",))) == "0 links at probability 0.5\nlook"


def test_quality__of_next_to_nothing_is_not_known():
    people = study.invent(60, seed=8, agencies=AGENCIES)
    _, sets = encoded(people, WITH_WARD)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        links = lk.link(*sets, model=lk.fit(*sets, progress=False), probability=0.999999, progress=False)
    if len(links) < 20:
        assert not links.quality.known and "neither precision nor recall" in links.quality.words[-1]


def test_quality__is_none_where_nothing_shows_it():
    people = study.invent(300, seed=9, agencies=AGENCIES)
    _, clks = encoded(people, lk.Schema.preset("uk-person", project="quality", layout="record"))
    assert lk.link(*clks, threshold=0.8, progress=False).quality is None


# ---- groups -----------------------------------------------------------------------------------------------------


def test_quality__says_what_it_cannot_tell_closely():
    close, few = Expectation(0.5, 10_000, 5.0, 20.0), Expectation(0.5, 90, 1.0, 8.0)
    assert not list(wide_of(close))
    said = list(wide_of(few))
    assert [word.split()[0] for word in said] == ["precision", "recall"]
    assert f"{few.precision.low:.3f} to {few.precision.high:.3f}" in said[0]


def with_chances(edges, chance, matches):
    quiet, there = Messages.silent(len(chance)), np.ones(len(chance), dtype=bool)
    return Scored(None, None, None, edges, there, np.full(len(chance), 9.0), quiet, chance, matches)


def test_quality__tells_a_group_that_is_served_worse():
    row, column = np.arange(200, dtype=np.int32), np.arange(200, dtype=np.int32)
    chance = np.where(row < 100, 0.99, 0.4)
    shares = recall_by_group([["north"] * 100 + ["south"] * 100, []], (row, column), chance, chance > 0.5, met=1.0)
    assert shares == {"north": 1.0, "south": 0.0}
    few = recall_by_group([["north"] * 180 + ["west"] * 20, []], (row, column), chance, chance > 0.5, met=1.0)
    assert set(few) == {"north"}  # of the other eight matches are expected
    edges = Edges(row, column, 400, 400)
    quality = judge(with_chances(edges, chance, 139.0), None, 0.5, chance[:100], groups={"ward": shares})
    assert any("by ward, south" in word for word in quality.words) and "recall by ward: north 1.000" in str(quality)


def test_quality__has_the_groups_that_travel_with_the_sets():
    people = study.invent(3_000, seed=10, agencies=AGENCIES)
    _, sets = encoded(people, WITH_WARD)
    shares = lk.link(*sets, progress=False).quality.groups["ward"]
    wards = set(sets[0].groups["ward"].to_pylist())
    assert (
        len(shares) > 1 and set(shares) <= wards | {"not known"} and all(0.9 < share <= 1 for share in shares.values())
    )


# ---- what it is made of -----------------------------------------------------------------------------------------


def test_look_alikes__are_the_likely_pairs_within_a_source(monkeypatch):
    people = study.invent(1_200, seed=11, agencies=AGENCIES)
    _, sets = encoded(people, WITH_WARD)
    model = lk.fit(*sets, progress=False)
    registry = next(each for each in sets if each.source == "registry")
    found = scoring.contenders(model, registry, registry, within=True, **LIMITS)
    levels = scoring.levels_of(model, registry, registry, found)
    match, household = scoring.evidence_of(model, found, levels, 1_500)
    every = np.sort(match - np.logaddexp(0.0, household))
    within = look_alikes(model, registry, 1_500, limits=LIMITS)
    least = float(every[-30])
    assert within.times == 0.5 and within.reaching(least) == (every >= least).sum()
    monkeypatch.setattr(predicting, "_SAMPLE", len(registry) // 2)
    half = look_alikes(model, registry, 1_500, limits=LIMITS)
    assert half.times == pytest.approx(1.0, abs=0.01)
    low = float(every[len(every) // 2])
    assert half.reaching(low) == pytest.approx(within.reaching(low), rel=0.35)


def test_judge__counts_look_alikes_of_which_both_have_no_partner():
    edges = Edges(np.arange(50, dtype=np.int32), np.arange(50, dtype=np.int32), 200, 100)
    every = with_chances(edges, np.full(50, 0.99), 50.0)
    odds = -every.prior  # evidence of a pair that is as likely as not
    within = [Within(np.array([odds - 1] * 5 + [odds + 1] * 8), 0.5), Within(np.array([odds + 1] * 12), 1.0)]
    quality = judge(every, within, 0.5, np.full(50, 0.99))
    a, b, free = 4.0, 12.0, (1 - 50 / 200) * (1 - 50 / 100)
    assert quality.at.wrong == pytest.approx((0.5 + 4 * a * b / (a + b) * free) / 2)
    assert quality.at.missed == pytest.approx(50 - 49.5)
    assert judge(every, None, 0.5, np.full(50, 0.99)).at.wrong == pytest.approx(0.5)


@given(
    links=st.integers(0, 10_000),
    wrong=st.floats(0, 1),
    missed=st.floats(0, 20_000),
)
def test_expectation__lies_within_its_interval_and_in_0_to_1(links, wrong, missed):
    point = Expectation(0.5, links, wrong * links, missed)
    for name in MEASURES:
        span = getattr(point, name)
        assert 0 <= span.low <= span.value <= span.high <= 1, name
    right = links - point.wrong
    if right > 0:
        f1 = 2 * point.precision.value * point.recall.value / (point.precision.value + point.recall.value)
        assert math.isclose(point.f1.value, f1, rel_tol=1e-6, abs_tol=1e-12)


def test_quality__draws_its_curve():
    pytest.importorskip("matplotlib", reason="pictures are the extra `plot`").use("Agg")
    points = tuple(Expectation(cut, 100, 10 * (1 - cut), 50 * cut) for cut in (0.5, 0.7, 0.9))
    ax = Quality(points[0], points, "probability", True, True).plot()
    assert [line.get_label() for line in ax.lines] == ["precision", "recall", "F1"]
    assert ax.lines[1].get_xdata().tolist() == [0.5, 0.7, 0.9] and ax.get_xlabel() == "probability"


@pytest.mark.parametrize(
    "change",
    [
        {"points": []},
        {"points": [[1, 2, 3]]},
        {"points": [[0.5, 1, "x", 2]]},
        {"points": [[0.5, 1, math.inf, 2]]},
        {"groups": {"ward": 3}},
        {"words": None},
    ],
)
def test_quality__of_a_damaged_file_is_refused(change):
    content = Quality(Expectation(0.5, 1, 0.1, 0.1), (), "probability", True, True).to_json()
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError, IndexError)):
        Quality.from_json(content | change)


def test_links__with_a_damaged_judgement_are_refused(tmp_path):
    people = study.invent(300, seed=12, agencies=AGENCIES)
    _, sets = encoded(people, WITH_WARD)
    links = lk.link(*sets, progress=False)

    class Broken:
        def to_json(self):
            return {"points": []}

    object.__setattr__(links, "quality", Broken())
    links.save(tmp_path / "links.parquet")
    with pytest.raises(lk.FileFormatError, match="header"):
        lk.Links.load(tmp_path / "links.parquet")
