"""The record layout without a number: the threshold comes from the sets."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage import interop
from linkage.agency.rejoin import hashed_ids
from linkage.central.judging.calibrate import Calibration
from linkage.central.judging.curves import rising
from linkage.central.judging.ownthreshold import _cut
from linkage.central.judging.rivals import Candidates, links_of, shown
from linkage.study import invent
from tests import naive

KEY = lk.Key(np.random.default_rng(5).bytes(32))
AGENCIES = ("registry", "childrens_centre")


def record_sets(population, other=None, *, leave_out=(), **settings):
    schema = lk.Schema.preset("uk-person", project="trial", **(settings or {"layout": "record"}))
    schema = dataclasses.replace(schema, fields=tuple(each for each in schema.fields if each.name not in leave_out))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)  # invented people have invented NHS numbers
        return [
            lk.encode(
                of[agency],
                schema,
                KEY,
                id=of.ids[agency],
                source=agency,
                columns=of.held(agency, schema),
                progress=False,
            )
            for of, agency in zip((population, other or population), AGENCIES, strict=True)
        ]


@pytest.mark.parametrize("preset", ["typical", "hard"])
def test_link__of_the_record_layout_finds_its_threshold(preset):
    population = invent(1_500, seed=3, preset=preset)
    sets = record_sets(population)
    own = lk.link(*sets)
    tried = [
        lk.evaluate(lk.link(*sets, threshold=f"{cut / 100:.2f}"), population.truth, key=KEY).f1
        for cut in range(60, 90, 3)
    ]
    assert lk.evaluate(own, population.truth, key=KEY).f1 >= max(tried) - 0.01
    assert lk.link(*sets, threshold=own.cut["threshold"]).pairs == own.pairs


@pytest.mark.parametrize(
    ("seed", "preset", "leave_out", "least"),
    [
        (
            2,
            "typical",
            ("sex", "address", "nhs_number"),
            0.99,
        ),  # most pairs are equal, and a curve without matches fits the rest
        (1, "hard", (), 0.92),  # so few records that the estimates go in a circle, a small one
    ],
)
def test_link__of_a_guarded_set_finds_its_threshold(seed, preset, leave_out, least):
    population = invent(1_200, seed=seed, preset=preset, agencies=AGENCIES)
    own = lk.link(*record_sets(population, leave_out=leave_out, profile="guarded"))
    assert lk.evaluate(own, population.truth, key=KEY).f1 >= least


def test_link__finds_one_threshold_whatever_the_order_and_threads():
    sets = record_sets(invent(800, seed=4))
    assert lk.link(*sets).cut == lk.link(*sets[::-1], threads=1).cut


def test_link__refuses_to_find_a_threshold_for_sets_with_nobody_in_common():
    sets = record_sets(invent(600, seed=1), invent(600, seed=101))
    with pytest.raises(lk.EvidenceError, match="threshold"):
        lk.link(*sets)


def test_links_of__are_those_of_taking_the_best_pair_that_is_left():
    rng = np.random.default_rng(7)
    row, column = (each.astype(np.int32) for each in np.divmod(np.sort(rng.choice(600, 150, replace=False)), 30))
    value = rng.integers(0, 20, 150) / 20  # with ties
    expected, rows, columns = [], set(), set()
    for place in np.lexsort((column, row, -value)).tolist():
        if int(row[place]) not in rows and int(column[place]) not in columns:
            expected.append(place)
            rows.add(int(row[place]))
            columns.add(int(column[place]))
    assert links_of(Candidates.of(row, column, value, 20, 30)).tolist() == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shown__is_what_taking_the_best_pair_that_is_left_gives_without_the_partner(seed):
    rng = np.random.default_rng(seed)
    row, column = (each.astype(np.int32) for each in np.divmod(np.sort(rng.choice(90, 40, replace=False)), 9))
    pairs = Candidates.of(row, column, rng.permutation(40) / 40, 10, 9)  # no two alike: what is left has one answer
    links = links_of(pairs)
    links = links[np.argsort(-pairs.value[links])]
    seen = shown(pairs, links)
    rows, columns = naive.linked_without_partner(pairs, links), naive.linked_without_partner(pairs, links, turned=True)
    assert dict(zip(seen.row.tolist(), seen.row_value.tolist(), strict=True)) == rows
    assert dict(zip(seen.column.tolist(), seen.column_value.tolist(), strict=True)) == columns
    both = zip(seen.both_row.tolist(), seen.both_column.tolist(), seen.both_value.tolist(), strict=True)
    assert sorted(both) == naive.linked_without_both(pairs, links, rows, columns)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 5)), min_size=1, max_size=12))
def test_rising__never_falls_and_keeps_the_total(given_):
    share, weight = np.array(given_).T
    found = rising(share, weight)
    assert (np.diff(found) >= -1e-12).all()
    assert np.isclose(found @ weight, share @ weight)


def test_link__of_clkhash_sets_with_all_fields_alike_finds_a_threshold_near_the_best():
    """A line for the log odds cut at 0.75 where 0.65 is best: children who moved were all lost."""
    population = invent(1_500, seed=11, agencies=AGENCIES)
    features = [
        {"identifier": name, "format": {"type": "string", "encoding": "utf-8"},
         "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 10},
                     "hash": {"type": "blakeHash"}}}
        for name in ("given_name", "surname", "dob", "postcode")
    ]  # fmt: skip
    schema = lk.Schema.from_clkhash(
        {"version": 3, "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}}, "features": features}
    )
    sets, ids = [], []
    for agency in AGENCIES:
        table, held = population[agency], population.columns[agency]
        columns = {each["identifier"]: table[held[each["identifier"]]].to_pylist() for each in features}
        columns = {name: ["" if value is None else value.lower() for value in own] for name, own in columns.items()}
        sets.append(interop.encode_clkhash(columns, schema, b"a shared secret", source=agency))
        ids.append(table[population.ids[agency]].to_pylist())
    truth = {tuple(pair.values()) for pair in population.pairs(*AGENCIES).to_pylist()}

    def f1(links):
        # sources are in the order of their names
        sides = [[int(each) for each in links.pairs[name].to_pylist()] for name in ("left_id", "right_id")]
        if links.pairs["left_source"].to_pylist()[0] != AGENCIES[0]:
            sides = sides[::-1]
        right = sum((ids[0][a], ids[1][b]) in truth for a, b in zip(*sides, strict=True))
        return 2 * right / (len(links) + len(truth))

    best = max(f1(lk.link(*sets, threshold=f"{cut / 100:.2f}")) for cut in range(56, 90, 3))
    assert f1(lk.link(*sets)) >= best - 0.01


@pytest.mark.parametrize("kept", [0.01, 0.1])
def test_link__refuses_where_few_have_a_partner_and_says_so(kept):
    population = invent(1_500, seed=6)
    partners = population.pairs(*AGENCIES)["left_id"].to_pylist()
    gone = set(partners[int(kept * len(partners)) :])
    sets = record_sets(population)
    known = hashed_ids(
        population["registry"][population.ids["registry"]],
        KEY, project="trial", source="registry", column=population.ids["registry"],
    ).to_pylist()  # fmt: skip
    own = population["registry"][population.ids["registry"]].to_pylist()
    fewer = sets[0].without([name for name, each in zip(known, own, strict=True) if each in gone])
    with pytest.raises(lk.EvidenceError, match="threshold"):
        lk.link(fewer, sets[1])


def test_cut__warns_where_more_than_one_link_in_ten_is_expected_to_be_wrong():
    """Of guarded sets half of whose records have no partner, one link in four was wrong, and nothing said so."""

    def links(second: float) -> Calibration:
        value, chance = np.linspace(0.9, 0.6, 90), np.repeat([0.95, second], [60, 30])
        return Calibration(np.arange(90), value, chance, settled=True)

    with pytest.warns(lk.LinkageWarning, match="of 90 links about 12 are expected to be wrong"):
        assert _cut(links(0.7), 100) == 0.6
    assert _cut(links(0.85), 100) == 0.6  # one in ten, and warnings are errors here
