"""The cut that nobody asked for: 0.5 where links are sure, up to 0.7 where they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage.central.judging.cut import HIGHEST, LOWEST, WRONG, default_cut
from linkage.study import invent

chances = st.lists(st.floats(0.5, 1.0), max_size=200).map(np.array)


def test_default_cut__of_no_links_is_the_lowest():
    assert default_cut(np.empty(0)) == LOWEST


@settings(deadline=None)
@given(chances)
def test_default_cut__lies_within_its_bounds_whatever_the_order(chances):
    cut = default_cut(chances)
    assert LOWEST <= cut <= HIGHEST
    assert cut == default_cut(chances[::-1])


@settings(deadline=None)
@given(chances)
def test_default_cut__leaves_few_expected_wrong_links_or_is_the_highest(chances):
    cut = default_cut(chances)
    kept = chances[chances >= cut]
    if cut < HIGHEST:
        assert not len(kept) or (1 - kept).mean() <= WRONG
    if cut > LOWEST:
        assert (1 - chances).mean() > WRONG


@pytest.fixture(scope="module")
def sets():
    people, key = invent(1_500, seed=4, preset="hard"), lk.Key(np.random.default_rng(8).bytes(32))
    fields = tuple(
        each
        for each in lk.Schema.preset("uk-person", project="t").fields
        if each.name in ("given_name", "surname", "dob")
    )
    agreed = lk.Schema(project="t", fields=fields)
    return [
        lk.encode(people[agency], agreed, key, id=people.ids[agency], source=agency,
                  columns=people.held(agency, agreed), progress=False)
        for agency in ("registry", "childrens_centre")
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_link__says_which_cut_it_took_and_takes_the_one_that_is_asked_for(sets):
    model = lk.fit(*sets, progress=False)
    chosen = lk.link(*sets, model=model, progress=False)
    cut = chosen.cut["probability"]
    assert LOWEST < cut <= HIGHEST  # three fields of records with many errors
    assert min(chosen.pairs["probability"].to_pylist()) >= cut
    given = lk.link(*sets, model=model, probability=0.5, progress=False)
    assert given.cut == {"probability": 0.5}
    assert len(given) > len(chosen)
    again = lk.link(*sets, model=model, probability=cut, progress=False)
    assert again.pairs.equals(chosen.pairs)
