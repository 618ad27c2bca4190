"""The invented people are as their sources and rates say, and every agency as its bias and habits say."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linkage.study import (
    differences,
    families,
    known_names,
    marriages,
    name_tables,
    names,
    parents,
    places,
    plausible,
    rates,
    spellings,
    writing,
)
from linkage.study.agencies import AGENCIES
from linkage.study.name_cohorts import GIVEN_BEFORE
from linkage.study.name_tables import GIVEN, ORIGIN_SHARES, SURNAMES
from linkage.study.people import invent
from linkage.study.population import Population
from linkage.study.rates import PRESETS

PEOPLE = 20_000


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def off(findings) -> list[str]:
    return [str(finding) for finding in findings if not finding.holds]


def held(population: Population, agency: str):
    """Who the agency's records are of: their rows in ``population.persons``, a record each."""
    truth = population.truth.filter(pc.equal(population.truth["source"], agency))
    return population.persons.take(pc.index_in(truth["person"], population.persons["person"]))


@pytest.fixture(scope="module")
def typical() -> Population:
    return invent(PEOPLE, seed=11, agencies=tuple(AGENCIES))


@pytest.fixture(scope="module", params=["clean", "hard"])
def other(request) -> tuple[str, Population]:
    return request.param, invent(PEOPLE, seed=11, agencies=tuple(AGENCIES), preset=request.param)


@pytest.mark.parametrize(
    "about",
    [
        known_names.about_names,
        known_names.about_origins,
        plausible.about_twins,
        plausible.about_births,
        plausible.about_families,
        plausible.about_unequal_errors,
        plausible.about_places,
    ],
)
def test_people__are_as_their_sources_say(typical, about):
    findings = list(about(typical))
    assert findings and not off(findings)


def test_names__are_held_to_lists_far_below_the_top(typical):
    said = [finding.what for finding in known_names.about_names(typical)]
    ranks, shares = ([what for what in said if mark in what] for mark in ("rank of", "% called"))
    assert len(ranks) > 50 and len(shares) > 40
    assert sum("parents, % called" in what for what in shares) >= 20
    assert {what.split(",")[0].split()[-1] for what in ranks} >= {"1970s", "1980s", "1990s", "2019"}


def test_origins__are_allowed_what_chance_does_and_never_more_than_a_third(typical):
    for finding in known_names.about_origins(typical):
        assert 0 < finding.allowed <= finding.target / 3


@pytest.mark.parametrize(("origin", "weight"), [("turkish", 14), ("chinese", 6), ("polish", 36), ("english", 660)])
def test_origins__in_other_proportions_are_noticed(origin, weight, monkeypatch):
    stated = dict(name_tables.ORIGIN_SHARES)
    monkeypatch.setitem(name_tables.ORIGIN_SHARES, origin, weight)
    population = invent(PEOPLE, seed=11, agencies=("police",))
    monkeypatch.undo()
    assert stated == name_tables.ORIGIN_SHARES
    assert off(known_names.about_origins(population))


def test_names__that_are_rarer_than_in_their_source_are_noticed(monkeypatch):
    others = " ".join(name for name in SURNAMES["english"].split() if name != "Walker")
    monkeypatch.setitem(SURNAMES, "english", others)
    names.surnames_of.cache_clear()
    population = invent(PEOPLE, seed=11, agencies=("police",))
    monkeypatch.undo()
    names.surnames_of.cache_clear()
    assert any("called Walker" in line for line in off(known_names.about_names(population)))


def test_presets__typical_errs_as_often_as_the_table_says(typical):
    findings = [*differences.between(typical, "typical")]
    findings += [finding for name in AGENCIES for finding in differences.from_truth(typical, "typical", name)]
    assert len(findings) > 40 and not off(findings)


def test_presets__clean_and_hard_err_as_often_as_the_table_says(other):
    preset, population = other
    findings = [*differences.between(population, preset)]
    findings += [finding for name in AGENCIES for finding in differences.from_truth(population, preset, name)]
    assert not off(findings)


def test_presets__hard_is_what_was_asked_for():
    population = invent(PEOPLE, seed=12, preset="hard")
    measured = {finding.what: finding.measured for finding in differences.between(population, "hard")}
    for what, share in (("given_name differs", 0.30), ("surname differs", 0.30), ("dob differs", 0.08)):
        assert measured[f"registry x childrens_centre, {what}"] == pytest.approx(share, rel=0.08)
    for agency in ("registry", "childrens_centre"):
        assert measured[f"{agency}, share without a partner"] == pytest.approx(0.5, abs=0.02)


def test_duplicates__are_where_the_agency_has_them(typical):
    again = {name: habits.again for name, habits in AGENCIES.items() if habits.again}
    assert set(again) == {"police", "social_work", "domestic_abuse"}
    assert not off(plausible.about_duplicates(typical, "typical", again))
    for agency in AGENCIES:
        assert (typical.pairs(agency, agency).num_rows > 0) == (agency in again)


def test_bias__every_agency_sees_whom_it_says(typical):
    persons = typical.persons
    everyone = persons.filter(pc.equal(persons["role"].cast("string"), "child"))
    for agency, habits in AGENCIES.items():
        seen = held(typical, agency)
        roles = Counter(seen["role"].to_pylist())
        assert (roles["mother"] > 0, roles["father"] > 0) == (habits.mothers > 0, habits.fathers > 0)
        tilt = pc.mean(seen["hardship"]).as_py() - 0.5  # a density of 1 + t (2 h - 1) has its mean at 1/2 + t/6
        assert tilt == pytest.approx(habits.poorer / 6, abs=0.02), agency
        children = seen.filter(pc.equal(seen["role"].cast("string"), "child"))
        age = (families.TODAY - children["born"].to_numpy()).astype(int) / 365.25
        assert habits.ages[0] - 0.01 <= age.min() and age.max() <= habits.ages[1] + 0.01, agency
        boys, all_boys = (pc.mean(pc.equal(t["sex"].cast("string"), "male")).as_py() for t in (children, everyone))
        expected = all_boys * habits.boys / (all_boys * habits.boys + 1 - all_boys)
        assert boys == pytest.approx(expected, abs=4 * (0.25 / len(children)) ** 0.5), agency


def test_agencies__newborns_without_a_name(typical):
    registry = typical["registry"]["forename"].to_pylist()
    said = Counter((name or "").split()[0] for name in registry if name and name.split()[0] in ("Baby", "Twin"))
    assert said["Baby"] / len(registry) == pytest.approx(PRESETS["typical"].unnamed, abs=0.002)
    full = dict(zip(registry, typical["registry"]["surname"].to_pylist(), strict=True))
    assert any(name and surname and name == f"Baby {surname}" for name, surname in full.items())
    known_as = set(typical["social_work"]["forenames"].to_pylist())
    assert "Unborn" in known_as
    assert known_as & {"Baby Girl", "Baby Boy"}  # few are met so early: of one draw one of the two may be missing


def test_agencies__have_formats_and_habits_of_their_own(typical):
    assert all(len(day) in (8,) for day in typical["secondary_school"]["birth_date"].drop_null().to_pylist())
    assert "ZZ99 3VZ" in typical["secondary_school"]["post_code"].to_pylist()
    assert any(len(name) == 1 for name in typical["youth_work"]["known_as"].drop_null().to_pylist())
    assert any(" " in name for name in typical["police"]["first_name"].drop_null().to_pylist())
    hidden = typical["domestic_abuse"]["safe_address"].null_count / typical["domestic_abuse"].num_rows
    assert hidden == pytest.approx(0.43, abs=0.05)
    assert typical["police"]["last_name"].to_pylist().count("UNKNOWN") > 0
    # The scanner's digits among letters; nobody types them so.
    assert any(any(c.isdigit() for c in name) for name in typical["youth_work"]["surname"].drop_null().to_pylist())


def test_parents__mothers_change_their_surname_with_marriage_and_divorce():
    everyone = parents.everyone(families.draw_children(3_000, 0.08, rng()), 0.08, rng(2))
    mothers = np.flatnonzero(everyone.role == families.MOTHER)
    wed, parted = (~np.isnat(column[mothers]) for column in (everyone.married, everyone.divorced))
    assert wed.mean() == pytest.approx(marriages.MARRIED, abs=0.02)
    assert parted.sum() / wed.sum() == pytest.approx(marriages.DIVORCED, abs=0.02)
    assert (everyone.divorced[mothers][parted] >= everyone.married[mothers][parted]).all()
    taken = everyone.other_surname.take(pa.array(mothers)).is_valid().to_numpy(zero_copy_only=False)
    assert taken.sum() / wed.sum() == pytest.approx(parents.TAKES_NAME, abs=0.02)
    first, his = (column.take(pa.array(mothers)) for column in (everyone.surname, everyone.other_surname))
    before, _ = writing.surnames_on(everyone, mothers, everyone.married[mothers] - np.timedelta64(1, "D"))
    assert before.equals(first)
    on_the_day, maiden = writing.surnames_on(everyone, mothers, everyone.married[mothers])
    assert on_the_day.equals(pc.coalesce(his, first))
    assert maiden.equals(first)
    after, _ = writing.surnames_on(everyone, mothers, everyone.divorced[mothers])
    kept = pc.equal(after, his).to_numpy(zero_copy_only=False)[taken & parted]
    assert kept.mean() == pytest.approx(0.5, abs=0.08)


def test_parents__some_divorced_mothers_marry_again_and_take_that_name():
    everyone = parents.everyone(families.draw_children(12_000, 0.08, rng()), 0.08, rng(2))
    mothers = np.flatnonzero(everyone.role == families.MOTHER)
    parted, again = (~np.isnat(column[mothers]) for column in (everyone.divorced, everyone.remarried))
    assert again.sum() / parted.sum() == pytest.approx(marriages.REMARRIED, abs=0.03)
    assert not (again & ~parted).any()
    assert (everyone.remarried[mothers][again] >= everyone.divorced[mothers][again]).all()
    last, his = (column.take(pa.array(mothers[again])) for column in (everyone.last_surname, everyone.other_surname))
    assert pc.is_valid(last).equals(pc.is_valid(his))
    now, once = writing.surnames_on(everyone, mothers[again], families.TODAY)
    took = pc.is_valid(last)
    assert now.filter(took).equals(last.filter(took)) and once.filter(took).equals(his.filter(took))


def test_moves__an_agency_that_wrote_earlier_holds_the_home_before(typical):
    moved = typical.persons["moved"].to_numpy()
    ago = (families.TODAY - moved).astype(int) / families.DAYS_A_YEAR
    assert ago.min() >= 0 and ago.max() <= families.HOME_YEARS
    assert (ago < 3).mean() == pytest.approx(0.3, abs=0.02)
    pairs = typical.pairs("registry", "childrens_centre")
    where = pc.index_in(pairs["left_id"], typical["registry"]["entry_no"])
    other = pc.index_in(pairs["right_id"], typical["childrens_centre"]["reg_no"])
    here, there = typical["registry"]["ward"].take(where), typical["childrens_centre"]["ward"].take(other)
    differ = pc.fill_null(pc.not_equal(here, there), False).to_numpy()
    who = pc.index_in(typical.truth.slice(0, typical["registry"].num_rows)["person"], typical.persons["person"])
    lately = ago[who.to_numpy()[where.to_numpy()]]
    longest = 2 * PRESETS["typical"].moved * families.HOME_YEARS  # an agency's oldest record is from then
    assert differ[lately < longest / 4].mean() > 3 * differ[lately > longest / 2].mean()
    assert not differ[lately > longest].any()


def test_presets__hard_has_the_shares_without_a_partner_that_its_table_says():
    agencies = tuple(AGENCIES)
    population = invent(PEOPLE, seed=4, agencies=agencies, preset="hard")
    people = {
        agency: population.truth.filter(pc.equal(population.truth["source"], agency))["person"] for agency in agencies
    }
    said = {
        line.split()[0]: line.split()[1:] for line in rates.__doc__.splitlines() if line.strip().startswith(agencies)
    }
    assert list(said) == list(agencies)
    for agency, shares in said.items():
        for other, share in zip(agencies, shares, strict=True):
            if agency == other:
                continue
            unmatched = 1 - pc.mean(pc.is_in(people[agency], people[other])).as_py()
            n = len(people[agency].unique())
            target = float(share) / 100
            allowed = 0.01 + 4 * (max(target * (1 - target), 0.01) / (n / 3)) ** 0.5  # families come together
            assert unmatched == pytest.approx(target, abs=allowed), f"{agency} x {other}"


def test_parents__children_stay_as_they_are_and_numbers_stay_unique():
    young = families.draw_children(2_000, 0.08, rng())
    everyone = parents.everyone(young, 0.08, rng(2))
    assert everyone.given_name.slice(0, len(young)).equals(young.given_name)
    numbers = everyone.nhs_number.drop_null()
    assert len(numbers.unique()) == len(numbers) == len(everyone)
    age = (families.TODAY - everyone.born[everyone.role != families.CHILD]).astype(int) / 365.25
    assert age.min() > 15.5 and age.max() < 85


def test_tables__no_list_names_anyone_twice():
    lists = [line for given in GIVEN.values() for line in given] + list(SURNAMES.values())
    lists += [line for cohorts in GIVEN_BEFORE.values() for given in cohorts.values() for line in given]
    for line in lists:
        assert not [name for name, count in Counter(line.split()).items() if count > 1], line[:40]
    assert set(GIVEN) == set(SURNAMES) == set(ORIGIN_SHARES) == set(GIVEN_BEFORE)


def test_names__follow_the_cohort_and_every_origin_has_its_own():
    for origin in ORIGIN_SHARES:
        old, young = (names.given_names_of(origin, male=True, cohort=c).values.to_pylist() for c in ("1980s", "2020s"))
        assert set(old) != set(young), origin
    kinds = np.array([list(ORIGIN_SHARES).index("polish")] * 4)
    sexes = np.array([True, False, True, False])
    surnames = pa.array(["Kowalski", "Kowalski", "Nowak", "Nowak"])
    assert families.gendered(surnames, kinds, sexes).to_pylist() == ["Kowalski", "Kowalska", "Nowak", "Nowak"]


def test_second_names__are_the_same_wherever_written():
    young = families.draw_children(500, 0.08, rng())
    assert writing.second_names(young).equals(writing.second_names(young))


def test_spellings__each_kind_changes_what_it_fits():
    found = spellings.romanised(pa.array(["Mohammed", "Smith"] * 50), rng()).to_pylist()
    assert set(found[1::2]) == {None} and len(set(found[::2])) > 3 and "Mohammed" not in found
    assert spellings.misread(pa.array(["Barnes"] * 60), rng()).to_pylist().count("Barnes") == 0
    assert "8arnes" in spellings.misread(pa.array(["Barnes"] * 60), rng()).to_pylist()
    assert spellings.initial(pa.array(["Åsa", "K"])).to_pylist() == ["Å", None]


def test_postcodes__are_in_no_district_in_use():
    for town, area, first, count, _ in places.TOWNS:
        invented = {f"{area}{number}" for number in range(first, first + count)}
        assert first > plausible.LAST_REAL[area] and not invented & plausible.REAL_ABOVE, town


def test_persons__say_who_everyone_is_and_no_more(typical):
    persons = typical.persons
    assert persons.num_rows == len(typical)
    assert len(set(persons["person"].to_pylist())) == len(typical)
    assert set(typical.truth["person"].to_pylist()) <= set(persons["person"].to_pylist())
    assert persons["given_name"].null_count == persons["surname"].null_count == 0
    assert sum(a == b for a, b in pairwise(sorted(persons["person"].to_pylist()))) == 0
