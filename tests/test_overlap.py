"""Counts under disclosure control: who tries every table there is, or holds one against the last, learns of no few."""

import dataclasses
import json
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage import ledger, study
from linkage.central.disclosing.overlap import _published
from linkage.cli import cli
from linkage.commands.exitcodes import run
from linkage.disclosure import POLICIES, Counts, Policy, policy_of, protect
from tests import naive

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
AGENCIES = ("registry", "childrens_centre")
SCHEMA = dataclasses.replace(
    lk.Schema.preset("uk-person", project="overlap"), groups=(lk.Group(name="ward", smallest=1),)
)


def linked(seed, people=600):
    population = study.invent(people, seed=seed, agencies=AGENCIES)
    key = lk.Key.generate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = [
            lk.encode(population[name], SCHEMA, key, id=population.ids[name], source=name,
                      columns=population.held(name, SCHEMA), progress=False) for name in AGENCIES
        ]  # fmt: skip
        return lk.link(*sets, progress=False), sets


LINKS, SETS = linked(1)


def shown(told):
    return [None if hide else value for value, hide in zip(told.value.tolist(), told.hidden.tolist(), strict=True)]


# ---- the rules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "counts", "expected"),
    [
        ("hes", [0, 1, 7, 8, 12, 13, 100], [0, None, None, 10, 10, 15, 100]),
        ("opensafely", [0, 1, 7, 8, 12, 13, 100], [None, None, None, 10, 10, 15, 100]),
        ("ons", [0, 1, 9, 10, 12, 13, 100], [0, None, None, 10, 12, 13, 100]),
        ("ukllc", [0, 1, 9, 10, 12, 13, 100], [None, None, None, 10, 12, 13, 100]),
        ("strict", [0, 1, 9, 10, 12, 13, 100], [None, None, None, 10, 10, 15, 100]),
    ],
)
def test_policies__suppress_and_round_as_they_say(name, counts, expected):
    each = Counts(np.array(counts), len(counts), np.zeros((0, len(counts)), dtype=bool))
    assert shown(protect(each, POLICIES[name])) == expected


def test_policy__of_ones_own_and_what_is_none():
    assert policy_of(Policy(threshold=3, base=1)).threshold == 3
    with pytest.raises(ValueError, match="did you mean 'hes'"):
        policy_of("hess")
    for wrong in ({"threshold": 0}, {"base": 1.5}, {"threshold": True}, {"zero": "hidden"}):
        with pytest.raises(ValueError, match="policy"):
            Policy(**wrong)


@pytest.mark.parametrize("setting", ["threshold", "base"])
def test_policy__has_bounds_that_counts_can_be_compared_with(setting):
    """A threshold of 10**30 was taken, and ended in an OverflowError at the first table."""
    with pytest.raises(ValueError, match=f"policy, {setting}: a whole number from 1 to 1,000,000,000"):
        Policy(**{setting: 10**9 + 1})
    assert Policy(threshold=10**9, base=10**9).rounded(np.array([10**9])).tolist() == [10**9]


def test_protect__hides_a_second_count_where_one_would_show_itself():
    table = Counts.of(np.array([[50, 4], [60, 30]]))
    told = protect(table, POLICIES["ukllc"])
    assert told.hidden[1] and told.hidden.sum() >= 4  # its row, its column, and the corner of both
    alone = protect(Counts.of(np.array([[50, 60, 4]])), POLICIES["ukllc"])  # one row: three cells and their total
    assert shown(alone) == [None, 60, None, 114] or shown(alone)[3] is None


@given(
    cells=st.lists(st.integers(0, 24), min_size=4, max_size=4),
    name=st.sampled_from(["strict", "hes", "ons", "ukllc", "opensafely"]),
)
@settings(max_examples=20, deadline=None)
@example(cells=[0, 0, 1, 8], name="hes")  # a row of noughts whose total was suppressed: 1 to 4 was told of 1 to 7
def test_protect__leaves_an_attacker_who_tries_every_table_the_whole_threshold_to_guess(cells, name):
    policy = POLICIES[name]
    counts = Counts.of(np.array(cells).reshape(2, 2))
    told = protect(counts, policy)
    possible = naive.could_be(shown(told), policy.lowest, policy.threshold, policy.base)
    for place in np.flatnonzero(policy.small(counts.count[:4])).tolist():
        assert told.hidden[place]
        values = possible[place]
        assert counts.count[place] in values or policy.lowest > counts.count[place]
        assert max(values) - min(values) >= policy.threshold - 1


@given(
    before=st.lists(st.integers(0, 40), min_size=4, max_size=4),
    change=st.lists(st.integers(-6, 25), min_size=4, max_size=4),
    name=st.sampled_from(["strict", "ons", "ukllc", "hes"]),
)
@settings(max_examples=20, deadline=None)
def test_two_releases__held_against_each_other_tell_of_no_few(before, change, name):
    policy, names = POLICIES[name], [str(place) for place in range(9)]
    tables = [np.array(before).reshape(2, 2), np.maximum(np.array(before) + change, 0).reshape(2, 2)]
    old, new = (Counts.of(table) for table in tables)
    first = _published(old, names, policy, {})
    kept = {each: ledger.Count(int(true), first[each]) for each, true in zip(names, old.count, strict=True)}
    second = _published(new, names, policy, kept)
    for place, each in enumerate(names):
        changed = abs(int(new.count[place]) - int(old.count[place]))
        if first[each] is not None and second[each] is not None and first[each] != second[each]:
            assert changed >= policy.threshold
        if first[each] is None and second[each] is not None:  # what was hidden is shown when it has grown by many
            assert changed == 0 or changed >= policy.threshold
    # what the totals of both say of the cells that are not shown in both
    for place, members in enumerate(old.sums, start=4):
        totals = first[names[place]], second[names[place]]
        if None in totals:
            continue
        cells = np.flatnonzero(members).tolist()
        apart = [cell for cell in cells if None in (first[names[cell]], second[names[cell]])]
        seen = totals[1] - totals[0] - sum(second[names[c]] - first[names[c]] for c in cells if c not in apart)
        true = int(sum(new.count[cell] - old.count[cell] for cell in apart))
        assert not (policy.base == 1 and 0 < abs(true) < policy.threshold and seen == true)


# ---- the table ---------------------------------------------------------------------------------------------------


def test_overlap__counts_people_by_who_knows_them():
    exact = lk.overlap(LINKS, policy=Policy(threshold=1, base=1, zero="shown")).to_arrow().to_pylist()
    told = {row["known_to"]: row["people"] for row in exact}
    by_source = [source for source, link in zip(*(LINKS.records[name].to_pylist() for name in ("source", "link_id")),
                                                strict=True) if link is None]  # fmt: skip
    assert told == {
        "childrens_centre": by_source.count("childrens_centre"),
        "childrens_centre, registry": len(LINKS),
        "registry": by_source.count("registry"),
        "all": len(by_source) + len(LINKS),
    }


def test_overlap__by_ward_shows_no_small_count_and_adds_up_to_none():
    found = lk.overlap(LINKS, *SETS, by="ward")
    rows = found.to_arrow().to_pylist()
    assert found.to_arrow().column_names == ["known_to", "ward", "people"]
    assert all(row["people"] is None or (row["people"] >= 10 and row["people"] % 5 == 0) for row in rows)
    assert any(row["people"] is None for row in rows) and any(row["people"] for row in rows)
    exact = lk.overlap(LINKS, *SETS, by="ward", policy=Policy(threshold=1, base=1, zero="shown")).to_arrow().to_pylist()
    assert [(row["known_to"], row["ward"]) for row in rows] == [(row["known_to"], row["ward"]) for row in exact]
    for row, true in zip(rows, exact, strict=True):
        assert row["people"] is None or abs(row["people"] - true["people"]) <= 2
        assert row["people"] is None or true["people"] >= 10
    cells = [row["people"] for row in exact if "all" not in (row["known_to"], row["ward"])]
    assert sum(cells) == next(row["people"] for row in exact if (row["known_to"], row["ward"]) == ("all", "all"))
    assert "*" in str(found) and "<table>" in found._repr_html_()


def test_overlap__of_one_source_counts_its_people_alone(tmp_path):
    rows = lk.overlap(LINKS, *SETS, by="ward", of="registry").to_arrow().to_pylist()
    assert {row["known_to"] for row in rows} == {"registry", "childrens_centre, registry", "all"}
    ours = len(SETS[0])
    total = next(row["people"] for row in rows if (row["known_to"], row["ward"]) == ("all", "all"))
    assert abs(total - ours) <= 5
    book = tmp_path / "ledger.json"
    lk.overlap(LINKS, *SETS, by="ward", of="registry", book=book)
    lk.overlap(LINKS, of="registry", book=book)  # of the same people
    for other in (None, "childrens_centre"):
        with pytest.raises(lk.PrivacyError, match="would fill its gaps"):
            lk.overlap(LINKS, *SETS, by="ward", of=other, book=book)
    with pytest.raises(ValueError, match="of: 'registri' was not linked"):
        lk.overlap(LINKS, of="registri")


def test_overlap__says_what_does_not_fit():
    with pytest.raises(ValueError, match="no group of the agreement"):
        lk.overlap(LINKS, *SETS, by="wards")
    with pytest.raises(ValueError, match="give the sets"):
        lk.overlap(LINKS, by="ward")


def test_overlap__refuses_words_that_its_table_has_for_totals_and_for_several_sources(tmp_path):
    """A ward "all" was an error of Arrow's, its total in the ledger; the source "a, b" was taken for a and b."""
    fields = (lk.Field(name="surname", type="name"), lk.Field(name="dob", type="date"))
    schema = lk.Schema(project="overlap", fields=fields, groups=(lk.Group(name="ward", smallest=1),))
    key, names = lk.Key.generate(), [f"{a}{b}son" for a in ["Smith", "Brown", "Lee", "Hill", "Moor"] for b in "abcdef"]
    days = [f"19{50 + n}-0{1 + n % 9}-1{n % 9}" for n in range(len(names))]

    def sets(*sources, ward):
        table = {"no": [str(n) for n in range(len(names))], "surname": names, "dob": days, "ward": [ward] * len(names)}
        return [lk.encode(table, schema, key, id="no", source=each, progress=False) for each in sources]

    def joined(*given):
        return lk.link(*given, probability=0.9, model=lk.fit(*given, progress=False), progress=False)

    given = sets("a", "b", ward="all")
    with pytest.raises(ValueError, match="word for a total"):
        lk.overlap(joined(*given), *given, by="ward", book=tmp_path / "book.json")
    assert not (tmp_path / "book.json").exists()
    given = sets("a", "a, b", ward="w1")
    with pytest.raises(ValueError, match="several sources"):
        lk.overlap(joined(*given), *given)


def test_ledger__keeps_what_was_published_and_refuses_a_table_that_would_tell(tmp_path):
    book = tmp_path / "ledger.json"
    first = lk.overlap(LINKS, *SETS, by="ward", book=book)
    again = lk.overlap(LINKS, *SETS, by="ward", book=book)
    assert again.to_arrow().equals(first.to_arrow()) and book.stat().st_mode & 0o077 == 0
    with pytest.raises(lk.PrivacyError, match="another policy"):
        lk.overlap(LINKS, *SETS, by="ward", policy="hes", book=book)
    alone = [row for row, link_id in enumerate(LINKS.records["link_id"].to_pylist()) if link_id is None][:3]
    rest = [row for row in range(LINKS.records.num_rows) if row not in alone]
    with pytest.raises(lk.PrivacyError, match="held against it"):  # three people fewer, and no wards
        lk.overlap(dataclasses.replace(LINKS, records=LINKS.records.take(rest)), book=book)
    assert len(ledger.load(book)) == 2
    assert not {name for each in SETS for name in each.record_ids.to_pylist() if name in book.read_text()}
    other, sets = linked(1, people=900)
    lk.overlap(other, *sets, by="ward", book=book)
    assert len(ledger.load(book)) == 3


def test_ledger__of_two_who_publish_at_once_holds_both(tmp_path, monkeypatch):
    """Both read it before either wrote: each table was published, and one was not in the ledger."""
    book, save = tmp_path / "ledger.json", ledger.save

    def slowly(path, entries):
        time.sleep(0.3)
        save(path, entries)

    monkeypatch.setattr(ledger, "save", slowly)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(lk.overlap, LINKS, book=book) for _ in range(4)]:
            done.result()
    assert len(ledger.load(book)) == 4


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"ledger 1": {}}', '{"ledger 1": [3]}', '{"ledger 1": [{"definition": ""}]}']
    + [
        json.dumps({"ledger 1": [{"definition": text, "policy": "p", "population": 1, "counts": {}}]})
        for text in ("x", "1", "null", '{"a": 1}', "[1, null]", '[["a"], 3]', '[["a"], null, "x", "y"]', "[" * 9_999)
    ]
    + [
        json.dumps(
            {"ledger 1": [{"definition": '[["a"], null]', "policy": "p", "population": 1, "counts": {name: [1, 1]}}]}
        )
        for name in ("x", "[]", '["a"]', '["a", 1]')
    ],
)
def test_ledger__of_another_kind_is_refused(tmp_path, text):
    (tmp_path / "ledger.json").write_text(text)
    with pytest.raises(lk.FileFormatError, match=r"ledger\.json"):
        lk.overlap(LINKS, book=tmp_path / "ledger.json")


def test_overlap__from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    LINKS.save("l.parquet")
    for name, each in zip(("a.parquet", "b.parquet"), SETS, strict=True):
        each.save(name)
    assert run(cli, ["overlap", "l.parquet", "--policy", "hes"]) == 0
    assert "childrens_centre, registry" in capsys.readouterr().out
    ward = ["overlap", "l.parquet", "a.parquet", "b.parquet", "--by", "ward", "--ledger", "book.json"]
    assert run(cli, [*ward, "--csv", "o.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suppressed"] == sum(row["people"] is None for row in told["counts"])
    assert (tmp_path / "o.csv").read_text().startswith('"known_to","ward","people"')
    assert run(cli, ["overlap", "l.parquet", "--policy", "none"]) == 2
    assert run(cli, ["overlap", "l.parquet", "--ledger", "l.parquet"]) == 3
    # the ledger was written before it was seen that the table would replace it: counted as published, and never shown
    assert run(cli, ["overlap", "l.parquet", "--ledger", "new.json", "--csv", f"../{tmp_path.name}/new.json"]) == 2
    assert not (tmp_path / "new.json").exists()


def test_research__from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    LINKS.save("l.parquet")
    for name, each in zip(("a.parquet", "b.parquet"), SETS, strict=True):
        each.save(name)
    assert (
        run(cli, ["research", "l.parquet", "a.parquet", "b.parquet", "--recipient", "university", "-o", "r.csv"]) == 0
    )
    text = (tmp_path / "r.csv").read_text()
    assert text.startswith('"link_id","source","ward"') and len(text.splitlines()) == LINKS.records.num_rows + 1
    assert not [name for each in SETS for name in each.record_ids.to_pylist() if name in text]


def test_ledger__is_one_under_each_of_its_names(tmp_path):
    """Through a link it was copied, and each of the two let a table pass that the other would not."""
    (tmp_path / "real.json").write_text('{"ledger 1": []}')
    (tmp_path / "book.json").symlink_to(tmp_path / "real.json")
    lk.overlap(LINKS, book=tmp_path / "book.json")
    assert (tmp_path / "book.json").is_symlink() and len(ledger.load(tmp_path / "real.json")) == 1


def test_overlap__and_research_name_sets_that_are_not_those_of_the_links():
    """A KeyError showed a record id."""
    short = [SETS[0].without(SETS[0].record_ids.to_pylist()[:1]), *SETS[1:]]
    with pytest.raises(ValueError, match=f"by: 1 records of '{SETS[0].source}' that were linked are in no set"):
        lk.overlap(LINKS, *short, by="ward")
    with pytest.raises(ValueError, match="for_research: 1 records of"):
        LINKS.for_research(*short, recipient="university")
    with pytest.raises(ValueError, match="smallest is 1 or more"):
        LINKS.for_research(*SETS, recipient="university", smallest=0)


def test_text__does_not_move_the_readers_cursor():
    """Groups come from the agencies; in a terminal ESC [ begins a command."""
    table = pa.table({"known_to": ["registry"], "ward": ["\x1b[2Jnorth\nall"], "people": [120]})
    text = str(lk.Overlap(table, "ward", POLICIES["strict"]))
    assert text.isprintable() and "north" in text


def counted(known_to_x: int, to_both: int, to_y: int, wards: str = "AB"):
    """Links of so many people, in the wards in turn, and the sets."""
    schema = lk.Schema(
        project="p", layout="record", fields=(lk.Field(name="n", type="name"),), groups=(lk.Group(name="ward"),)
    )
    people = [("x", known_to_x), ("xy", to_both), ("y", to_y)]
    rows = [
        (source, place, None if len(who) == 1 else f"L{who}{place}", wards[place % len(wards)], who)
        for who, count in people
        for place in range(count)
        for source in who
    ]
    rows.sort(key=lambda row: row[0])
    ids = [f"{number:032x}" for number in range(len(rows))]
    sets = []
    for source in "xy":
        own = [place for place, row in enumerate(rows) if row[0] == source]
        bits = {"record": np.zeros((len(own), schema.filters[0].words), np.uint64)}
        group = {"ward": [rows[place][3] for place in own]}
        sets.append(lk.EncodedSet.from_arrays([ids[p] for p in own], bits, schema=schema, source=source, groups=group))
    records = {"source": [row[0] for row in rows], "record_id": ids, "link_id": pa.array([row[2] for row in rows])}
    pairs = {name: pa.array([], pa.string()) for name in ("left_source", "left_id", "right_source", "right_id")}
    pairs["similarity"] = pa.array([], pa.float64())
    links = lk.Links(
        pa.table(pairs), pa.table(records), ("x", "y"), schema, sets[0].key_check, {"threshold": 0.8}, bytes(32)
    )
    return links, sets


@pytest.mark.parametrize("wards", ["AB", "A"])
@pytest.mark.parametrize("policy", sorted(POLICIES))
@pytest.mark.parametrize("first_by_ward", [True, False])
def test_book__holds_tables_by_a_group_against_those_of_all(tmp_path, policy, first_by_ward, wards):
    """Four new links of people known before left the population as it was, and the other kind of table told of them."""
    before, after = counted(204, 100, 300, wards), counted(200, 104, 300, wards)
    of_all = []
    for (links, sets), by_ward in ((before, first_by_ward), (after, not first_by_ward)):
        of_group = (sets, "ward") if by_ward else ((), None)
        found = lk.overlap(links, *of_group[0], by=of_group[1], policy=policy, book=tmp_path / "book.json")
        total = {"AB": "all", "A": "A"}[wards]
        rows = [row for row in found.to_arrow().to_pylist() if row.get("ward", total) == total]
        of_all.append({row["known_to"]: row["people"] for row in rows})
    assert of_all[0] == of_all[1] and of_all[0]["x, y"] == 100


def test_names__that_no_file_can_hold_are_refused():
    """Half of a letter of UTF-16 was an error of Python's, or unexpected."""
    half = "\ud800"
    bits = {each.name: np.zeros((1, each.words), np.uint64) for each in SCHEMA.filters}
    for do, says in (
        (lambda: lk.Key.generate().check(half), "project: a name"),
        (lambda: LINKS.for_research(*SETS, recipient=half), "recipient a name"),
        (lambda: lk.EncodedSet.from_arrays(
            ["a"], bits, schema=SCHEMA, source="a", groups={"ward": ["x"]}, key_check=half), "key_check: what"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            do()
