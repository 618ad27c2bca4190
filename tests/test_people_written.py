"""Every rate of every preset alone, at every agency that it touches, against its target: only chance is allowed for."""

import dataclasses

import pytest

from linkage.study import written
from linkage.study.agencies import AGENCIES
from linkage.study.rates import PRESETS, TYPICAL

PEOPLE = 10_000


@pytest.mark.parametrize("agency", list(AGENCIES))
@pytest.mark.parametrize("preset", list(PRESETS))
def test_rates__are_what_each_agency_writes(preset, agency):
    rates = PRESETS[preset]
    findings = list(written.against_truth(written.write(agency, rates, PEOPLE, seed=5), rates))
    assert not [str(finding) for finding in findings if not finding.holds]
    said = {finding.what.removeprefix(f"{agency}, ") for finding in findings}
    held = {field for field, column in AGENCIES[agency].columns.items() if column}
    expected = {"the other sex", "given name and surname exchanged", "address slipped", "postcode slipped"}
    expected |= {"the home before the last move"} | {f"{field} missing" for field in held}
    assert expected <= said
    assert ("the year of birth alone" in said) == AGENCIES[agency].bare_years
    assert ("nhs_number slipped" in said) == ("nhs_number" in held)


@pytest.mark.parametrize(
    ("rate", "agency", "what"),
    [
        ("sex", "police", "the other sex"),
        ("exchanged", "police", "given name and surname exchanged"),
        ("bare_year", "youth_work", "the year of birth alone"),
        ("address", "childrens_centre", "address slipped"),
        ("postcode", "childrens_centre", "postcode slipped"),
        ("nhs_number", "childrens_centre", "nhs_number slipped"),
        ("moved", "childrens_centre", "the home before the last move"),
        ("dob", "childrens_centre", "another day of birth"),
        ("unnamed", "registry", "a newborn without a name"),
    ],
)
def test_rates__that_are_nearly_twice_as_high_are_noticed(rate, agency, what):
    wrong = dataclasses.replace(TYPICAL, **{rate: 1.8 * getattr(TYPICAL, rate)})
    found = {f.what: f for f in written.against_truth(written.write(agency, wrong, 20_000, seed=6), TYPICAL)}
    assert not found[f"{agency}, {what}"].holds


@pytest.mark.parametrize("field", [name for name, column in AGENCIES["social_work"].columns.items() if column])
def test_rates__of_missing_values_that_are_higher_are_noticed(field):
    wrong = dataclasses.replace(TYPICAL, missing={name: 0.02 + 1.5 * share for name, share in TYPICAL.missing.items()})
    found = {f.what: f for f in written.against_truth(written.write("social_work", wrong, PEOPLE, seed=6), TYPICAL)}
    assert not found[f"social_work, {field} missing"].holds
