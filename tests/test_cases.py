"""Clerical review: two agencies settle a case between them, and neither sees the other's record."""

import csv as plain_csv
import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

import linkage as lk
from linkage import study
from linkage.central.reviewing.review import settled
from linkage.cli import cli
from linkage.commands.exitcodes import run

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
AGENCIES = ("registry", "childrens_centre")
SCHEMA = lk.Schema.preset("uk-person", project="cases")
PEOPLE = study.invent(900, seed=17, agencies=AGENCIES, preset="hard")
KEY = lk.Key.generate()

with warnings.catch_warnings():
    warnings.simplefilter("ignore", lk.LinkageWarning)
    SETS = [
        lk.encode(PEOPLE[name], SCHEMA, KEY, id=PEOPLE.ids[name], source=name, columns=PEOPLE.held(name, SCHEMA),
                  progress=False) for name in AGENCIES
    ]  # fmt: skip
    MODEL = lk.fit(*SETS, progress=False)
    LINKS = lk.link(*SETS, progress=False)
    REVIEW = lk.review(LINKS, MODEL, *SETS, n=40)


def ids(source):
    return set(next(each for each in SETS if each.source == source).record_ids.to_pylist())


def test_review__is_of_the_pairs_nearest_the_cut_on_both_sides_of_it():
    rows = REVIEW.to_arrow().to_pylist()
    assert len(rows) == 40 and {row["reaches_cut"] for row in rows} == {True, False}
    assert len({row["case"] for row in rows}) == 40 and all(len(row["case"]) == 16 for row in rows)
    words = {row[field.name] for row in rows for field in SCHEMA.fields}
    assert words <= {"equal", "alike", "differs", "missing", "exchanged"} and "differs" in words
    again = lk.review(LINKS, MODEL, *SETS, n=5).to_arrow()["case"].to_pylist()
    assert again == REVIEW.to_arrow()["case"].to_pylist()[:5]  # a pair keeps its number
    other = lk.link(*SETS, progress=False)
    assert not set(lk.review(other, MODEL, *SETS, n=5).to_arrow()["case"].to_pylist()) & set(again)


@pytest.mark.parametrize(("source", "other"), [AGENCIES, AGENCIES[::-1]])
def test_cases__of_one_agency_hold_nothing_of_the_others(source, other, tmp_path):
    each = REVIEW.for_source(source)
    each.save(tmp_path / "cases.parquet")
    assert set(each.table["record_id"].to_pylist()) <= ids(source)
    assert each.table["case"].to_pylist() == REVIEW.to_arrow()["case"].to_pylist()
    whole = pq.read_table(tmp_path / "cases.parquet")
    told = (
        str(whole.to_pydict()) + str(whole.schema.metadata) + str(pq.read_metadata(tmp_path / "cases.parquet").metadata)
    )
    assert not [name for name in ids(other) if name in told]
    assert not {"similarity", "probability", "match_weight", "reaches_cut"} & set(whole.column_names)
    assert all(str(kind) == "string" for kind in whole.schema.types)
    loaded = lk.CaseList.load(tmp_path / "cases.parquet")
    assert loaded.table.equals(each.table) and (loaded.source, loaded.run) == (source, LINKS.run)


def opened(source):
    table, key = PEOPLE[source], PEOPLE.ids[source]
    return lk.open_cases(REVIEW.for_source(source), table, KEY, id=key)


def test_cases__are_opened_beside_the_agencys_own_rows():
    found = opened("registry")
    assert found["case"].to_pylist() == REVIEW.to_arrow()["case"].to_pylist() and set(found["same"].to_pylist()) == {""}
    assert found.column_names[2:4] == ["agrees_given_name", "agrees_surname"]
    pairs = PEOPLE.pairs(*AGENCIES)
    partner = dict(zip(pairs["left_id"].to_pylist(), pairs["right_id"].to_pylist(), strict=True))
    other = opened("childrens_centre")
    same = [
        partner.get(a) == b for a, b in zip(found["entry_no"].to_pylist(), other["reg_no"].to_pylist(), strict=True)
    ]
    assert 5 < sum(same) < 40  # the two lists are of the same pairs, some of which are one person
    with pytest.raises(lk.MismatchError, match="another key"):
        lk.open_cases(REVIEW.for_source("registry"), PEOPLE["registry"], lk.Key.generate(), id="entry_no")
    with pytest.raises(lk.RecordError, match="not in the table"):
        lk.open_cases(REVIEW.for_source("registry"), PEOPLE["registry"].slice(0, 3), KEY, id="entry_no")


@pytest.mark.parametrize("name", ["case", "same", "agrees_surname"])
def test_cases__are_not_opened_beside_a_column_that_would_stand_for_one_of_ours(name):
    """The agency's case numbers, even names, stood under "case" and "same", which go to the centre."""
    table = PEOPLE["registry"].append_column(name, PEOPLE["registry"]["entry_no"])
    with pytest.raises(lk.RecordError, match=f"column '{name}' is in the table already"):
        lk.open_cases(REVIEW.for_source("registry"), table, KEY, id="entry_no")


def test_settled__of_a_source_that_has_no_case_is_refused():
    """Its answers counted as another party's: one file under two names agreed with itself."""
    answers = {"case": REVIEW.to_arrow()["case"], "same": pa.array(["yes"] * len(REVIEW))}
    with pytest.raises(lk.RecordError, match="no case is of 'registri'; did you mean 'registry'"):
        REVIEW.settled({"registri": answers})


def test_link__at_a_probability_of_one_answers():
    """It divided by zero where the quality of the cut was judged."""
    links = lk.link(*SETS, model=MODEL, probability=1, progress=False)
    assert len(links) < len(LINKS) and links.quality is not None


def test_settled__decisions_are_known_pairs_and_disagreements_are_not():
    numbers = REVIEW.to_arrow()["case"].to_pylist()
    mine = {"case": numbers[:6], "same": ["true", "no", "", "yes", "unsure", "TRUE"]}
    yours = {"case": numbers[:6], "same": [None, "false", "different", "no", "", True]}
    yours["same"] = [None if each is None else str(each) for each in yours["same"]]
    known, contrary = REVIEW.settled({"registry": mine, "childrens_centre": pa.table(yours)})
    assert known["same"].to_pylist() == [True, False, False, True]
    rows = REVIEW.to_arrow().to_pylist()
    assert known["left_id"].to_pylist() == [rows[place]["left_id"] for place in (0, 1, 2, 5)]
    assert contrary.to_pylist() == [{"case": numbers[3], "registry": True, "childrens_centre": False}]
    links = lk.link(*SETS, model=MODEL, known=known, progress=False)
    person = dict(zip(links.records["record_id"].to_pylist(), links.records["link_id"].to_pylist(), strict=True))
    for row in known.to_pylist():
        together = person[row["left_id"]] is not None and person[row["left_id"]] == person[row["right_id"]]
        assert together == row["same"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"case": ["x"], "same": ["true"]}, "row 1: the case is not"),
        ({"case": [REVIEW.to_arrow()["case"][0].as_py()], "same": ["Quetzalcoatl"]}, "same must be true or false"),
        ({"case": ["x"]}, "no column 'same'"),
        ({"case": [["x"]], "same": ["true"]}, "row 1: the case is not"),
        (
            {"case": [REVIEW.to_arrow()["case"][0].as_py()] * 2, "same": ["true", "false"]},
            "row 2: the case is answered",
        ),
    ],
)
def test_settled__says_what_it_cannot_read_and_quotes_nobody(table, says):
    with pytest.raises(lk.RecordError, match=says) as caught:
        REVIEW.settled({"registry": table})
    assert "Quetzalcoatl" not in str(caught.value)


def test_settled__of_two_rows_of_a_case_one_may_be_left_empty():
    """Of a case within one source an agency sees both records; an empty second row once took the answer back."""
    number = REVIEW.to_arrow()["case"][0].as_py()
    for same in (["yes", ""], ["", "yes"], ["yes", "yes"]):
        known, _ = REVIEW.settled({"registry": {"case": [number] * 2, "same": same}})
        assert known["same"].to_pylist() == [True]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("case", 7, "review, row 1: case must be text"), ("left_id", None, "row 1: left_id must"), ("case", [1], "row 1")],
)
def test_settled__of_a_review_that_is_none_says_so(column, value, says):
    table = REVIEW.to_arrow()
    damaged = table.set_column(table.column_names.index(column), column, [pa.array([value] * table.num_rows)])
    with pytest.raises(ValueError, match=says):
        settled(damaged, {})
    with pytest.raises(lk.RecordError, match="a case stands in it twice"):
        settled(pa.concat_tables([table, table]), {})


@pytest.mark.filterwarnings("default")
def test_settle__of_text_that_is_no_utf8_says_so(tmp_path, monkeypatch, capsys):
    """A mutant ended as an unexpected UnicodeDecodeError."""
    monkeypatch.chdir(tmp_path)
    table = REVIEW.to_arrow().select(["case", "left_source", "left_id", "right_source", "right_id"])
    broken = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    pq.write_table(table.slice(0, 1).set_column(2, "left_id", broken), "review.parquet")
    Path("told.csv").write_text(f"case,same\n{table['case'][0].as_py()},yes\n")
    assert run(cli, ["settle", "review.parquet", "--decisions", "registry=told.csv", "-o", "known.csv"]) == 3
    assert "not UTF-8" in capsys.readouterr().err
    with pytest.raises(ValueError, match="known: holds text that is not UTF-8"):
        lk.link(*SETS, model=MODEL, known=table.slice(0, 1).set_column(2, "left_id", broken), progress=False)


def test_review__says_what_does_not_fit():
    with pytest.raises(ValueError, match="give the sets that were linked, of"):
        lk.review(LINKS, MODEL)
    with pytest.raises(ValueError, match="holds nobody twice"):
        lk.review(LINKS, MODEL, SETS[0], SETS[0])
    half = SETS[0].without(SETS[0].record_ids.to_pylist()[::2])
    with pytest.raises(ValueError, match="that were linked are in no set that was given"):
        lk.review(LINKS, MODEL, half, SETS[1])
    rest = SETS[0].without(half.record_ids.to_pylist())
    assert lk.review(LINKS, MODEL, half, rest, SETS[1], n=5).table.equals(lk.review(LINKS, MODEL, *SETS, n=5).table)
    with pytest.raises(ValueError, match="no case is of 'police'"):
        REVIEW.for_source("police")


def test_review__takes_two_of_several_agencies():
    again = lk.EncodedSet.from_arrays(
        SETS[1].record_ids.to_pylist(), dict(SETS[1].filters), schema=SCHEMA, source="school",
        key_check=SETS[1].key_check,
    )  # fmt: skip
    links = lk.link(*SETS, again, progress=False)
    found = lk.review(links, MODEL, *SETS, n=3)
    assert set(found.for_source("registry").table["record_id"].to_pylist()) <= ids("registry")
    with pytest.raises(ValueError, match="no case is of 'school'"):
        found.for_source("school")


@pytest.fixture(scope="module")
def several():
    """Three agencies, one of which holds some people twice, and what they were linked to."""
    names = ("childrens_centre", "police", "registry")
    people = study.invent(1_500, seed=3, agencies=names, preset="hard")
    sets = [
        lk.encode(people[name], SCHEMA, KEY, id=people.ids[name], source=name, columns=people.held(name, SCHEMA),
                  progress=False) for name in names
    ]  # fmt: skip
    return sets, lk.link(*sets, duplicates=["police"], progress=False)


def test_review__of_several_agencies_begins_with_their_conflicts(several):
    sets, links = several
    found = lk.review(links, None, *sets, n=60)
    rows = found.to_arrow().to_pylist()
    conflicts = [row for row in rows if row["conflict"]]
    assert len(rows) == 60 and 0 < len(conflicts) <= 30 and rows[: len(conflicts)] == conflicts
    names = ("left_source", "left_id", "right_source", "right_id")
    apart = {
        frozenset([(row[a], row[b]), (row[c], row[d])]) for a, b, c, d in [names] for row in links.conflicts.to_pylist()
    }
    assert all(
        frozenset([(row["left_source"], row["left_id"]), (row["right_source"], row["right_id"])]) in apart
        for row in conflicts
    )
    assert all(row["reaches_cut"] for row in conflicts)
    assert len({frozenset([(row[a], row[b]), (row[c], row[d])]) for a, b, c, d in [names] for row in rows}) == 60
    assert len({(row["left_source"], row["right_source"]) for row in rows}) >= 3
    backwards = lk.review(links, None, *sets[::-1], n=60).to_arrow()
    assert backwards["case"].to_pylist() == found.to_arrow()["case"].to_pylist()
    with pytest.raises(ValueError, match="hold no model"):
        lk.review(lk.link(*sets[:2], duplicates=["police"], progress=False), None, *sets[:2])


def test_review__of_several_gives_each_agency_its_own_records_alone(several):
    sets, links = several
    found = lk.review(links, None, *sets, n=200)
    given = {each.source: found.for_source(each.source).table for each in sets}
    for each in sets:
        assert set(given[each.source]["record_id"].to_pylist()) <= set(each.record_ids.to_pylist())
    within = [row["case"] for row in found.to_arrow().to_pylist() if row["left_source"] == row["right_source"]]
    assert within and all(given["police"]["case"].to_pylist().count(case) == 2 for case in within)
    cases = [case for table in given.values() for case in table["case"].to_pylist()]
    assert all(cases.count(case) == 2 for case in set(cases))


def test_review__of_one_source_is_of_its_duplicates(several):
    sets, links = several
    assert {row["left_source"] for row in lk.review(links, None, sets[1], n=9).to_arrow().to_pylist()} == {"police"}
    with pytest.raises(ValueError, match="holds nobody twice"):
        lk.review(links, None, sets[0])


def test_settled__a_conflict_that_people_decide_is_decided(several):
    sets, links = several
    found = lk.review(links, None, *sets, n=4)
    case = found.to_arrow().to_pylist()[0]
    known, _ = found.settled({case["left_source"]: {"case": [case["case"]], "same": ["yes"]}})
    again = lk.link(*sets, duplicates=["police"], standing=links, known=known, progress=False)
    person = {(row["source"], row["record_id"]): row["link_id"] for row in again.records.to_pylist()}
    one, other = person[case["left_source"], case["left_id"]], person[case["right_source"], case["right_id"]]
    assert one is not None and one == other


@pytest.mark.parametrize("kind", ["release", "text"])
def test_cases__of_another_file_are_refused(kind, tmp_path):
    if kind == "text":
        (tmp_path / "a.parquet").write_text("case,record_id\n")
    else:
        LINKS.release("registry").save(tmp_path / "a.parquet")
    with pytest.raises(lk.FileFormatError):
        lk.CaseList.load(tmp_path / "a.parquet")


def test_cases__from_the_command_line_to_known_pairs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    KEY.save("project.key")
    LINKS.save("links.parquet")
    MODEL.save("model.json")
    for each in SETS:
        each.save(f"{each.source}.parquet")
        csv.write_csv(PEOPLE[each.source], f"{each.source}.csv")
    files = [f"{name}.parquet" for name in AGENCIES]
    to = [part for name in AGENCIES for part in ("--to", f"{name}={name}-cases.parquet")]
    assert (
        run(cli, ["cases", "links.parquet", *files, "--model", "model.json", "--pairs", "12", "-o", "r.csv", *to]) == 0
    )
    for name in AGENCIES:
        opening = [
            "open-cases",
            f"{name}-cases.parquet",
            f"{name}.csv",
            "--key",
            "project.key",
            "--id",
            PEOPLE.ids[name],
        ]
        assert run(cli, [*opening, "-o", f"{name}-open.csv"]) == 0
        with Path(f"{name}-open.csv").open(newline="", encoding="utf-8") as handle:
            rows = list(plain_csv.DictReader(handle))
        with Path(f"{name}-back.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = plain_csv.writer(handle)
            writer.writerow(["case", "same"])
            writer.writerows([row["case"], "false" if place else "true"] for place, row in enumerate(rows))
    given = [part for name in AGENCIES for part in ("--decisions", f"{name}={name}-back.csv")]
    assert run(cli, ["settle", "r.csv", *given, "-o", "known.csv"]) == 0
    assert "12 pairs known, 0 disagreements" in capsys.readouterr().out
    assert run(cli, ["link", *files, "--model", "model.json", "--known", "known.csv", "-o", "new.parquet"]) == 0
    assert run(cli, ["settle", "r.csv", "--decisions", "registry", "-o", "k.csv"]) == 2
    # a table that is no review ended in KeyError, and lists for two agencies in one file
    capsys.readouterr()
    assert run(cli, ["settle", given[1].partition("=")[2], *given, "-o", "k.csv"]) == 3
    assert "has no column 'left_source'" in capsys.readouterr().err
    for out in ("one.parquet", "../" + Path.cwd().name + "/r2.csv"):
        to = ["--to", f"registry={out}", "--to", "childrens_centre=one.parquet"]
        assert run(cli, ["cases", "links.parquet", *files, "--model", "model.json", "-o", "r2.csv", *to]) == 2
    assert not Path("one.parquet").exists() and not Path("r2.csv").exists()


def test_cases__are_not_opened_in_a_table_that_has_an_id_twice():
    """The first row of that id was shown, whoever's it was: the reviewer decided on another person."""
    table, column = PEOPLE["registry"], PEOPLE.ids["registry"]
    cases = REVIEW.for_source("registry")
    twice = pa.concat_tables([table.slice(5, 1), table])
    with pytest.raises(lk.RecordError, match=f"column '{column}': an id is used twice"):
        lk.open_cases(cases, twice, KEY, id=column)


def test_fit__of_a_set_and_itself_is_refused(tmp_path):
    """Given a file twice it estimated a model of everybody beside themselves, without a word."""
    SETS[0].save(tmp_path / "a.parquet")
    again = lk.EncodedSet.load(tmp_path / "a.parquet")
    for do in (lk.fit, lk.plan, MODEL.predict, lambda a, b: MODEL.explain(a, b)):
        with pytest.raises(ValueError, match=f"the set of '{again.source}' was given twice"):
            do(SETS[0], again)


def test_report__is_of_what_was_linked_alone(tmp_path):
    """Only the name of the source was looked at: a page of a set beside itself, of half of it, of another key."""
    pytest.importorskip("matplotlib", reason="pictures are the extra `plot`").use("Agg")
    path, (one, other) = tmp_path / "page.html", SETS
    half = one.without(one.record_ids.to_pylist()[::2])
    key = lk.Key.generate()
    foreign = lk.encode(
        PEOPLE[one.source], SCHEMA, key, id=PEOPLE.ids[one.source], source=one.source,
        columns=PEOPLE.held(one.source, SCHEMA), progress=False,
    )  # fmt: skip
    for sets, says in (
        ((one, one), "alone"),
        ((half, other), "in no set"),
        ((foreign, other), "another agreement or key"),
    ):
        with pytest.raises(ValueError, match=says):
            lk.report(LINKS, path, *sets)
    assert not path.exists()
    rest = one.without(half.record_ids.to_pylist())
    lk.report(LINKS, path, half, other, rest)  # in two batches
    assert "every record with every other" in path.read_text(encoding="utf-8")
