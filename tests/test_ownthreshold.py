"""The record layout without a number: the threshold comes from the sets."""

import dataclasses
import warnings

import numpy as np
import pytest

import linkage as lk
from linkage.central.judging.rivals import Candidates, links_of, shown
from linkage.study import invent

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


def test_shown__a_pair_is_taken_by_a_stronger_likely_match_only():
    # the first pair is a likely match; it takes the row of the second and the column of the third
    pairs = Candidates.of(
        np.array([0, 0, 1, 2], np.int32), np.array([0, 1, 0, 2], np.int32), np.array([0.9, 0.5, 0.6, 0.4]), 3, 3
    )
    links = links_of(pairs)
    seen = shown(pairs, links, np.where(pairs.value[links] > 0.8, 0.75, 0.0))
    taken = {int(place): (row, column) for place, row, column in zip(seen.place, seen.row, seen.column, strict=True)}
    assert taken == {0: (0, 0), 1: (0.75, 0), 2: (0, 0.75), 3: (0, 0)}
