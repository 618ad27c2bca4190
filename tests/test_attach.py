"""Two tables side by side: the right rows beside each other, in any kind of frame, nothing lost and nothing made up."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import linkage as lk

KEY = lk.Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
SCHEMA = lk.Schema(
    project="attach", layout="record", fields=(lk.Field(name="surname", type="name"), lk.Field(name="dob", type="date"))
)


def people(ids: str, numbers) -> dict[str, list]:
    """Person 7 of any agency is the same person."""
    return {
        ids: [f"{ids}-{number:03}" for number in numbers],
        "surname": [f"{'abcdefghij'[number % 10]}{'klmnop'[number % 6]}wood {number}" for number in numbers],
        "dob": [f"{1950 + number}-{1 + number % 12:02}-{1 + number % 28:02}" for number in numbers],
    }


def encoded(table, id, source, **options):
    return lk.encode(table, SCHEMA, KEY, id=id, source=source, progress=False, **options)


POLICE = people("no", [5, 3, 1, 4, 2]) | {"height": [150, 130, 110, 140, 120]}
SCHOOL = people("upn", [9, 2, 8, 1, 4])
LINKS = lk.link(encoded(POLICE, "no", "police"), encoded(SCHOOL, "upn", "school"), threshold=1.0)


def ids(frame) -> list[tuple[str | None, str | None]]:
    table = pa.table(frame)
    return list(zip(table["no"].to_pylist(), table["upn"].to_pylist(), strict=True))


LINKED = [("no-001", "upn-001"), ("no-004", "upn-004"), ("no-002", "upn-002")]
LEFT = [("no-005", None), ("no-003", None), *LINKED]


@pytest.mark.parametrize("how", ["inner", "left", "outer"])
@pytest.mark.parametrize("kind", [dict, pa.table, pd.DataFrame, pl.DataFrame])
def test_attach__puts_the_records_of_one_person_side_by_side(kind, how):
    found = lk.attach(LINKS, kind(POLICE), kind(SCHOOL), key=KEY, id=("no", "upn"), how=how)
    assert isinstance(found, pa.Table if kind is dict else type(kind(POLICE)))
    outer = [*LEFT, (None, "upn-009"), (None, "upn-008")]
    assert ids(found) == {"inner": LINKED, "left": LEFT, "outer": outer}[how]
    table = pa.table(found)
    names = ["link_id", "similarity", "no", "surname_police", "dob_police", "height", "upn", "surname_school"]
    assert table.column_names[:8] == names
    for row in table.to_pylist():
        linked = row["no"] is not None and row["upn"] is not None
        assert (row["link_id"] is not None) == linked and (row["similarity"] == 1.0 if linked else True)
        assert not linked or row["surname_police"] == row["surname_school"]
        assert row["no"] is None or row["height"] == 100 + 10 * int(row["no"][-3:])


def test_attach__knows_by_the_ids_which_table_is_which():
    swapped = lk.attach(LINKS, SCHOOL, POLICE, key=KEY, id=("upn", "no"))
    assert sorted(ids(swapped)) == sorted(LINKED)
    assert [row["upn"] for row in swapped.to_pylist()] == ["upn-002", "upn-001", "upn-004"]  # in the left one's order
    named = lk.attach(LINKS, SCHOOL, POLICE, key=KEY, id=("upn", "no"), sources=("school", "police"))
    assert named.equals(swapped)


def test_attach__mixes_kinds_of_frames():
    found = lk.attach(LINKS, pd.DataFrame(POLICE), pl.DataFrame(SCHOOL), key=KEY, id=("no", "upn"))
    assert isinstance(found, pd.DataFrame) and ids(found) == LINKED


def test_attach__shows_duplicates_within_one_table():
    twice = {name: values + values[:2] for name, values in POLICE.items()}
    twice["no"][-2:] = ["no-105", "no-103"]
    links = lk.link(encoded(twice, "no", "police"), threshold=1.0)
    found = lk.attach(links, twice, key=KEY, id="no").to_pylist()
    assert {frozenset((row["no_1"], row["no_2"])) for row in found} == {
        frozenset(("no-005", "no-105")),
        frozenset(("no-003", "no-103")),
    }
    assert len(found) == 2


def test_attach__links_two_through_a_third_without_measures():
    work = people("case", [1, 2])
    sets = [encoded(POLICE, "no", "police"), encoded(SCHOOL, "upn", "school"), encoded(work, "case", "work")]
    links = lk.link(*sets, threshold=1.0)
    gone = links.pairs.filter(pa.compute.equal(links.pairs["left_source"], "nobody"))
    through = lk.Links(gone, links.records, links.sources, links.schema, links.key_check, links.cut, links.release_key)
    found = lk.attach(through, POLICE, SCHOOL, key=KEY, id=("no", "upn"), sources=("police", "school"))
    assert ids(found) == LINKED and found["similarity"].null_count == 3
    with pytest.raises(ValueError, match=r"sources=\(left, right\)"):
        lk.attach(links, POLICE, SCHOOL, key=KEY, id=("no", "upn"))


def test_attach__of_nothing_linked_keeps_the_columns():
    others = people("upn", [20, 21])
    links = lk.link(encoded(POLICE, "no", "police"), encoded(others, "upn", "school"), threshold=1.0)
    assert len(lk.attach(links, POLICE, others, key=KEY, id=("no", "upn"))) == 0
    assert len(lk.attach(links, POLICE, others, key=KEY, id=("no", "upn"), how="outer")) == 7


def test_attach__takes_an_agencys_own_id_key():
    own = lk.Key.generate()
    links = lk.link(encoded(POLICE, "no", "police", id_key=own), encoded(SCHOOL, "upn", "school"), threshold=1.0)
    assert ids(lk.attach(links, POLICE, SCHOOL, key=KEY, id=("no", "upn"), id_key=(own, None))) == LINKED
    with pytest.raises(lk.RecordError, match="not in the table"):
        lk.attach(links, POLICE, SCHOOL, key=KEY, id=("no", "upn"))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"key": lk.Key.generate()}, lk.MismatchError, "another key"),
        ({"how": "right"}, ValueError, "how"),
        ({"sources": ("police", "nobody")}, ValueError, "was not linked"),
        ({"sources": ("police", "police")}, ValueError, "two names for two tables"),
        ({"id": ("no", "no")}, lk.RecordError, "column 'no'"),
        ({"left": {name: values[1:] for name, values in POLICE.items()}}, lk.RecordError, "1 of the 5 records"),
        ({"left": POLICE | {"no": ["no-001"] * 5}}, lk.RecordError, "used twice"),
        ({"left": POLICE | {"surname_school": [1] * 5}}, lk.RecordError, "two columns would be called"),
    ],
)
def test_attach__says_what_does_not_fit(change, error, says):
    given = {"left": POLICE, "right": SCHOOL, "key": KEY, "id": ("no", "upn"), **change}
    with pytest.raises(error, match=says):
        lk.attach(LINKS, given.pop("left"), given.pop("right"), **given)


def test_rejoin__of_a_table_with_one_name_twice_or_that_can_not_be_computed_says_so():
    """They were "unexpected": errors of narwhals and of polars."""
    release = LINKS.release("police")
    twice = pa.table([pa.array(POLICE["no"]), pa.array([1] * 5), pa.array([2] * 5)], names=["no", "x", "x"])
    plan = pl.LazyFrame({"no": POLICE["no"], "x": ["Zebulon"] * 5}).with_columns(pl.col("x").cast(pl.Int32))
    for table, says in ((twice, "there twice"), (plan, "could not be computed")):
        with pytest.raises(lk.RecordError, match=says) as error:
            lk.rejoin(release, table, KEY, id="no")
        assert "Zebulon" not in str(error.value)
