"""Each kind of error and habit alone, against what is stated of it a second time in `linkage.study.kinds`.

Tolerances are four standard errors. Constants that are changed in the writing, and not there, are noticed.
"""

import dataclasses

import numpy as np
import pytest

from linkage.study import families, holding, kinds, mistakes, parents, places, writing
from linkage.study.agencies import AGENCIES
from linkage.study.kinds import lives

PEOPLE, SEED = 8_000, 5


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def young() -> families.People:
    return families.draw_children(PEOPLE, 0.08, rng(SEED))


@pytest.fixture(scope="module")
def known(young) -> families.People:
    return parents.everyone(young, 0.08, rng(SEED + 1))


def off(findings) -> list[str]:
    return [str(finding) for finding in findings if not finding.holds]


def noticed(findings) -> bool:
    return any(not finding.holds for finding in findings)


def test_kinds__are_stated_of_every_agency():
    assert set(kinds.STATED) == set(AGENCIES)


@pytest.mark.parametrize("agency", list(AGENCIES))
def test_kinds__of_each_agency_are_as_often_as_stated(agency, young, known):
    findings = list(kinds.about_agency(agency, young if AGENCIES[agency].young_only else known, SEED))
    assert not off(findings)
    said = " ".join(finding.what for finding in findings)
    for what in (
        "without the space", "small letters", "short form", "second one", "initials", "familiar forms",
        "the other parent's", "otherwise romanised", "spelt by ear", "scanner",
    ):  # fmt: skip
        assert what in said
    assert ("before the birth" in said) == bool(AGENCIES[agency].unborn)
    assert said.count("a placeholder") == len(AGENCIES[agency].placeholders)
    assert ("newcomers" in said) == (agency != "registry")


def everywhere(young, known):
    yield from kinds.about_slips(known, SEED)
    yield from kinds.about_newborns(young, SEED)
    yield from kinds.about_the_dead(young, SEED)
    yield from kinds.about_parents(known)
    yield from kinds.about_homes(young)


def test_kinds__of_all_agencies_are_as_often_as_stated(young, known):
    findings = list(everywhere(young, known))
    assert len(findings) > 14 and not off(findings)


AGENCYS_OWN = [
    ("police", "initials", 0.15),
    ("police", "nicknames", 0.7),
    ("youth_work", "scans", 0.5),
    ("social_work", "second_names", 0.22),
    ("social_work", "unborn", 0.25),
    ("childrens_centre", "abbreviates", 0.4),
    ("secondary_school", "tight_postcodes", 0.57),
    ("childrens_centre", "lower_postcodes", 0.27),
    ("youth_work", "newcomers", 1.0),
    ("registry", "nicknames", 0.5),
]


@pytest.mark.parametrize(("agency", "habit", "share"), AGENCYS_OWN)
def test_kinds__of_an_agency_that_changed_are_noticed(agency, habit, share, young, known, monkeypatch):
    changed = {**AGENCIES, agency: dataclasses.replace(AGENCIES[agency], **{habit: share})}
    for module in (lives, writing):
        monkeypatch.setattr(module, "AGENCIES", changed)
    assert noticed(kinds.about_agency(agency, young if AGENCIES[agency].young_only else known, SEED))


@pytest.mark.parametrize(
    ("module", "constant", "value"),
    [
        (writing, "ROMANISED", 0.75),
        (writing, "BY_EAR", 0.6),
        (writing, "OTHER_SURNAME", 0.36),
        (writing, "INSISTS", 0.6),
        (mistakes, "SWAPPED", 0.6),
        (mistakes, "DAY_SLIPS", ((0, 0, 1), (0, 0, -1), (0, 0, 10), (0, 1, 0), (0, -1, 0), (1, 0, 0))),
    ],
)
def test_kinds__that_all_agencies_share_are_noticed_when_changed(module, constant, value, known, monkeypatch):
    monkeypatch.setattr(module, constant, value)
    assert noticed(kinds.about_agency("police", known, SEED))


@pytest.mark.parametrize("slips", [(25, 25, 30, 20), (20, 20, 40, 20), (20, 25, 40, 15)])
def test_kinds__slips_in_other_proportions_are_noticed(slips, known, monkeypatch):
    monkeypatch.setattr(mistakes, "SLIPS", slips)
    assert noticed(kinds.about_slips(known, SEED))


@pytest.mark.parametrize(
    ("module", "constant", "value", "about"),
    [
        (writing, "BABY", 0.55, kinds.about_newborns),
        (writing, "BABY_SMITH", 0.85, kinds.about_newborns),
        (holding, "DEAD", 0.27, kinds.about_the_dead),
    ],
)
def test_kinds__of_the_first_and_last_days_are_noticed_when_changed(module, constant, value, about, young, monkeypatch):
    monkeypatch.setattr(module, constant, value)
    assert noticed(about(young, SEED))


@pytest.mark.parametrize(
    ("module", "constant", "value"),
    [
        (parents, "DEATHS", 0.015),
        (parents, "NEW_YEARS_BIRTHDAYS", {"arabic": 0.04, "african": 0.1, "pakistani": 0.03}),
        (parents, "NEW_YEARS_BIRTHDAYS", {"arabic": 0.04, "african": 0.04, "pakistani": 0.03, "indian": 0.1}),
        (places, "FLATS", 0.1),
        (places, "LETTERED", 0.03),
    ],
)
def test_kinds__of_parents_and_homes_are_noticed_when_changed(module, constant, value, monkeypatch):
    monkeypatch.setattr(module, constant, value)
    young = families.draw_children(PEOPLE, 0.08, rng(SEED))
    known = parents.everyone(young, 0.08, rng(SEED + 1))
    assert noticed([*kinds.about_parents(known), *kinds.about_homes(young)])
