"""The invented people: the same for the same seed, true to their truth, and as wrong as the preset says."""

import dataclasses
import hashlib
import io
import json
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from linkage import LimitError, LinkageWarning, Schema
from linkage.study import families, mistakes, names, people, places, spellings
from linkage.study.agencies import AGENCIES
from linkage.study.people import invent
from linkage.study.population import Population
from linkage.study.rates import PRESETS

ALL = tuple(AGENCIES)
UK_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9]{1,2} [0-9][ABD-HJLNP-UW-Z]{2}")


def bytes_of(population: Population) -> bytes:
    sink = io.BytesIO()
    for table in (*population.tables.values(), population.truth):
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_invent__same_seed_gives_equal_bytes():
    assert bytes_of(invent(700, seed=5, agencies=ALL)) == bytes_of(invent(700, seed=5, agencies=ALL))


def test_invent__gives_the_people_it_gave_when_this_was_written():
    # A new digest means new people, so every published figure made with them changes: say so in the notes.
    values = [table.to_pydict() for table in invent(500, seed=1, agencies=ALL).tables.values()]
    assert hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16] == "d8af76fa3adb9669"


@pytest.mark.parametrize(("agencies", "most"), [(["registry", "childrens_centre"], 52_060_209), (ALL, 7_437_172)])
def test_invent__refuses_more_people_than_memory_is_for(agencies, most, monkeypatch):
    """A thousand million ended in NumPy's MemoryError, after long work."""

    def begun(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(families, "draw_children", begun)
    with pytest.raises(KeyboardInterrupt):
        invent(most, seed=1, agencies=agencies)
    for many in (most + 1, 10**9, 10**30):
        with pytest.raises(LimitError, match=f"allowed are 34,359,738,368: at most {most:,} of these") as caught:
            invent(many, seed=1, agencies=agencies)
        assert caught.value.needed > caught.value.allowed == people.MOST_BYTES


def test_invent__other_seed_gives_other_people():
    assert bytes_of(invent(700, seed=5)) != bytes_of(invent(700, seed=6))


def test_invent__one_more_agency_changes_none_of_the_others():
    alone, among_all = (invent(500, seed=2, agencies=agencies) for agencies in (("primary_school",), ALL))
    assert alone["primary_school"].equals(among_all["primary_school"])


@pytest.mark.parametrize("people", [1, 2, 3, 17])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_invent__works_for_a_handful_of_people(people, preset):
    for seed in range(6):
        population = invent(people, seed=seed, agencies=ALL, preset=preset)
        assert len(population) > 2 * people, f"seed {seed}"
        assert population.truth.num_rows == sum(table.num_rows for table in population.tables.values())


def test_invent__columns_are_strings_named_in_the_mapping():
    population = invent(300, seed=3, agencies=ALL)
    for agency in ALL:
        table = population[agency]
        assert all(pa.types.is_string(kind) for kind in table.schema.types)
        held = [column for column in population.columns[agency].values() if column is not None]
        assert table.column_names == [population.ids[agency], *held]


def test_invent__every_agency_declares_every_field():
    assert len({frozenset(habits.columns) for habits in AGENCIES.values()}) == 1


def test_invent__ids_are_unique_and_truth_covers_each_record_once():
    population = invent(3_000, seed=4, agencies=ALL)
    truth = list(zip(population.truth["source"].to_pylist(), population.truth["id"].to_pylist(), strict=True))
    records = [(agency, record) for agency in ALL for record in population[agency][population.ids[agency]].to_pylist()]
    assert len(set(records)) == len(records)
    assert sorted(truth) == sorted(records)
    assert None not in population.truth["person"].to_pylist()


def test_invent__neither_id_nor_order_follows_the_person():
    population = invent(5_000, seed=8)
    registry = population.truth.slice(0, population["registry"].num_rows)
    ids = [int(text[1:]) for text in registry["id"].to_pylist()]
    person = [int(text[1:]) for text in registry["person"].to_pylist()]
    order = np.arange(len(ids))
    for left, right in ((ids, person), (ids, order), (person, order)):
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.06
    # Siblings are neighbours in the truth; in the table they must not be.
    homes = population["registry"]["address"].to_pylist()
    assert sum(a == b for a, b in pairwise(homes)) < 5


def test_pairs__equal_a_brute_force_count():
    population = invent(400, seed=9, agencies=ALL)
    rows = population.truth.to_pylist()
    for left, right in (("registry", "childrens_centre"), ("police", "primary_school")):
        expected = sorted(
            (a["id"], b["id"])
            for a in rows
            if a["source"] == left
            for b in rows
            if b["source"] == right and a["person"] == b["person"]
        )
        found = population.pairs(left, right).to_pydict()
        assert list(zip(found["left_id"], found["right_id"], strict=True)) == expected
        assert expected


def test_pairs__of_an_agency_with_itself_are_its_duplicates():
    assert invent(400, seed=9).pairs("registry", "registry").num_rows == 0


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets__coverage_is_as_stated(preset):
    population = invent(12_000, seed=11, preset=preset)
    centre = population["childrens_centre"].num_rows
    matched = population.pairs("registry", "childrens_centre").num_rows
    assert centre / len(population) == pytest.approx(PRESETS[preset].coverage["childrens_centre"], abs=0.02)
    assert 1 - matched / centre == pytest.approx(PRESETS[preset].moved_in, abs=0.02)
    column = population["childrens_centre"]["nhs_no"]
    assert column.null_count / len(column) == pytest.approx(PRESETS[preset].missing["nhs_number"], abs=0.02)


def test_families__siblings_share_surname_and_address():
    children = families.draw_children(5_000, 0.08, rng())
    per_family = np.bincount(children.family)
    assert (per_family[children.family] > 1).mean() == pytest.approx(0.45, abs=0.04)
    surnames: dict[int, set[str]] = {}
    for family, surname in zip(children.family.tolist(), children.surname.to_pylist(), strict=True):
        surnames.setdefault(family, set()).add(re.sub("([sc])ka$", r"\1ki", surname).replace("Kaur", "Singh"))
    assert all(len(found) == 1 for found in surnames.values())
    assert len(children.homes[0]["address"]) == len(per_family)


def test_families__siblings_share_address_in_a_clean_registry():
    population = invent(3_000, seed=12, preset="clean")
    table = population["registry"]
    rows = zip(*(table[name].to_pylist() for name in ("surname", "address", "postcode")), strict=True)
    shared = sum(count for count in Counter(rows).values() if count > 1)
    assert shared / table.num_rows == pytest.approx(0.45, abs=0.05)


def test_families__twins_share_the_birthday_and_others_do_not():
    children = families.draw_children(40_000, 0.08, rng())
    same_family = children.family[1:] == children.family[:-1]
    gaps = (children.born[:-1] - children.born[1:]).astype(int)[same_family]
    assert (gaps == 0).sum() / (len(children) - (gaps == 0).sum()) == pytest.approx(0.015, abs=0.003)
    assert gaps[gaps != 0].min() >= families.GAPS[0] - 10  # the season moves a birthday by some days
    names_in_family = Counter(zip(children.family.tolist(), children.given_name.to_pylist(), strict=True))
    assert max(names_in_family.values()) == 1


def test_families__most_children_are_born_from_2019_to_2023():
    born = families.draw_children(5_000, 0.08, rng()).born
    assert (born >= np.datetime64("2019-01-01")).mean() > 0.8
    assert born.max() <= np.datetime64("2023-12-31")


def test_families__nhs_numbers_are_test_numbers_with_right_check_digits():
    numbers = families.draw_children(20_000, 0.08, rng()).nhs_number.to_pylist()
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert re.fullmatch(r"999\d{7}", number)
        total = sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False))
        assert (11 - total % 11) % 11 == int(number[-1])


def test_families__full_names_collide_at_times_but_do_not_flood():
    # Unrelated children only: siblings never share the given name.
    children = families.draw_children(5_000, 0.08, rng())
    full = Counter(zip(children.given_name.to_pylist(), children.surname.to_pylist(), strict=True))
    assert 20 <= sum(count * (count - 1) // 2 for count in full.values()) <= 130
    assert len(set(children.surname.to_pylist())) > 1_500


def test_homes__postcodes_have_the_pattern_of_the_united_kingdom():
    homes = places.draw_homes(3_000, rng())
    assert all(UK_POSTCODE.fullmatch(postcode) for postcode in homes["postcode"].to_pylist())
    registry = invent(3_000, seed=1, preset="clean")["registry"]["postcode"].drop_null().to_pylist()
    assert np.mean([UK_POSTCODE.fullmatch(postcode) is not None for postcode in registry]) > 0.998


def test_homes__one_postcode_is_one_street_and_ward():
    homes = places.draw_homes(3_000, rng())
    wards = set(zip(homes["postcode"].to_pylist(), homes["ward"].to_pylist(), strict=True))
    assert len(wards) == len(set(homes["postcode"].to_pylist()))


def test_names__tables_hold_hyphens_apostrophes_and_accents():
    per_origin = [names.surnames_of(origin).values.to_pylist() for origin in names.ORIGIN_SHARES]
    surnames = set().union(*per_origin)
    assert {"O'Brien", "D'Souza", "Al-Masri", "Wiśniewski", "Şahin", "Müller"} <= surnames
    assert not any(name != name.strip() or "_" in name for name in surnames)


def test_slip__changes_every_text_by_one_edit():
    for text in ("Katherine", "Jo", "X", "Anna", "Siân", "O'Brien", "Lily-Mae", "LS1 2AB", "9991234567"):
        slipped = mistakes.slip(pa.array([text] * 200), rng()).to_pylist()
        assert text not in slipped
        assert {len(other) - len(text) for other in slipped} <= {-1, 0, 1}
        assert all("\0" not in other for other in slipped)


def test_familiar__knows_both_directions_and_says_when_it_knows_none():
    found = spellings.familiar(pa.array(["Katherine", "Xiu", "Kate"]), rng()).to_pylist()
    assert found[0] in {"Kate", "Katie", "Kathy", "Kat"}
    assert found[1] is None
    assert found[2] in {"Katherine", "Catherine"}


def test_wrong_day__is_always_another_real_day():
    days = np.arange(np.datetime64("2019-01-01"), np.datetime64("2021-01-01"))
    for seed in range(10):
        assert (mistakes.wrong_day(days, rng(seed)) != days).all(), f"seed {seed}"


def test_agencies__write_in_their_own_way():
    population = invent(3_000, seed=6, agencies=ALL)
    assert set(population["registry"]["sex"].to_pylist()) <= {"Male", "Female", None}
    assert set(population["childrens_centre"]["gender"].to_pylist()) == {"M", "F", None}
    assert set(population["primary_school"]["gender"].to_pylist()) == {"1", "2", "9", None}
    assert all(name is None or name == name.upper() for name in population["primary_school"]["forename"].to_pylist())
    assert "Baby" in population["registry"]["forename"].to_pylist()
    assert "01/01/1900" in population["childrens_centre"]["dob"].to_pylist()
    assert any(len(day) == 4 for day in population["police"]["date_of_birth"].drop_null().to_pylist())


def test_invent__takes_whole_numbers_of_numpy():
    assert bytes_of(invent(np.int64(50), seed=np.uint8(7))) == bytes_of(invent(50, seed=7))
    with pytest.raises(ValueError, match="at least 0"):
        invent(50, seed=np.int64(-1))
    with pytest.raises(TypeError, match="whole number"):
        invent(50, seed=np.float64(1))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"agencies": ("registry", "polcie")}, "did you mean 'police'"),
        ({"agencies": ("Registry",)}, "did you mean 'registry'"),
        ({"agencies": "registry"}, "sequence"),
        ({"agencies": ()}, "at least one"),
        ({"agencies": ("primary_school", "primary_school")}, "twice"),
        ({"preset": "tipical"}, "did you mean 'typical'"),
        ({"preset": []}, "preset: must be text, not list"),
        ({"preset": None}, "preset: must be text, not NoneType"),
        ({"agencies": None}, "sequence"),
        ({"agencies": 7}, "sequence"),
        ({"agencies": {"registry"}}, "sequence"),
        ({"agencies": (["registry"],)}, "each text, not tuple of list"),
        ({"people": 0}, "at least 1"),
        ({"people": -3}, "at least 1"),
        ({"people": 2.5}, "whole number"),
        ({"people": True}, "whole number"),
        ({"seed": -1}, "at least 0"),
        ({"seed": 0.5}, "whole number"),
    ],
)
def test_invent__refuses_what_it_cannot_invent_and_says_what_was_meant(wrong, hint):
    with pytest.raises((TypeError, ValueError), match=hint):
        invent(**{"people": 10, "seed": 1} | wrong)


def test_population__names_the_nearest_agency_it_holds():
    population = invent(50, seed=1)
    with pytest.raises(KeyError, match="registry"):
        population["regstry"]
    with pytest.raises(ValueError, match="did you mean 'childrens_centre'"):
        population.pairs("registry", "children_centre")
    with pytest.raises(ValueError, match="no agency called 'polise'; the choices are: registry, childrens_centre"):
        population.held("polise", Schema.preset("uk-person", project="test"))
    with pytest.raises(TypeError, match="left: must be text, not list"):
        population.pairs(["registry"], None)
    with pytest.raises(KeyError, match="no agency"):
        population[["registry"]]
    with pytest.raises(TypeError, match="schema: must be of the type Schema, not str"):
        population.held("registry", "uk-person")


def test_invent__says_that_numbers_ran_out_and_gives_none_twice():
    # the range for tests: a million, of which one in eleven has no check digit
    first, second = families.nhs_numbers(600_000, (), rng()), families.nhs_numbers(400_000, (600_000,), rng(2))
    given = pa.concat_arrays([first, second]).drop_null()
    assert first.null_count == 0 and second.null_count > 0
    assert len(given.unique()) == len(given)
    alone = families.nhs_numbers(1_000_000, (), rng())
    assert len(alone) - alone.null_count == len(alone.drop_null().unique()) == 909_091
    known = dataclasses.replace(families.draw_children(3, 0.0, rng()), nhs_number=pa.array(["9990000018", None, None]))
    with pytest.warns(LinkageWarning, match="2 of 3 people have none"):
        people._warn_of_missing_numbers(known, ("registry", "childrens_centre"))
    people._warn_of_missing_numbers(known, ("registry",))  # which does not hold the number


def test_population__shows_counts_and_no_one():
    population = invent(200, seed=1)
    assert repr(population).startswith("Population: 200 people; records: registry ")
    surname = population["registry"]["surname"][0].as_py()
    assert surname not in repr(population) + population._repr_html_()


def test_invent__takes_ages_in_place_of_an_agencys_own():
    schools = ("primary_school", "secondary_school")
    july = invent(1_500, seed=4, agencies=schools, ages={"primary_school": (5, 12)})
    own = invent(1_500, seed=4, agencies=schools)
    assert july["secondary_school"].equals(own["secondary_school"])
    moved_up = july.pairs(*schools)
    assert len(own.pairs(*schools)) == 0 and len(moved_up) > 50
    with pytest.raises(ValueError, match="none of the agencies"):
        invent(100, seed=1, agencies=schools, ages={"primary": (5, 12)})
    with pytest.raises(ValueError, match="two whole numbers of years"):
        invent(100, seed=1, agencies=schools, ages={"primary_school": (12, 5)})
