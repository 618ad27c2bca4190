"""The commands of a linkage that goes on, as the agencies and the centre run them."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv as arrow_csv

import linkage as lk
from linkage.central.overtime.heldsets import chosen
from linkage.cli import cli
from linkage.commands.exitcodes import run
from linkage.commands.tablefiles import by_source
from linkage.study import invent
from tests.test_link import KEY, PROJECT, encoded

AGENCIES = ("childrens_centre", "registry")


@pytest.fixture(scope="module")
def population():
    return invent(500, seed=3, agencies=AGENCIES)


@pytest.fixture(scope="module")
def sets(population):
    return [encoded(population, agency) for agency in AGENCIES]


@pytest.fixture
def files(sets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for each in sets:
        half = np.arange(len(each)) % 2 == 0
        chosen(each, half).save(f"{each.source}-1.parquet")
        chosen(each, ~half).save(f"{each.source}-2.parquet")
    return tmp_path


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def batch(n):
    return [f"{agency}-{n}.parquet" for agency in AGENCIES]


def test_command__that_carries_on_a_result_which_another_wrote_meanwhile_leaves_that(files, capsys, monkeypatch):
    """Of two nights' jobs at once the second would have taken the first one's batch away again."""
    assert run(cli, ["link", *batch(1), "-o", "links.parquet"]) == 0
    one, other = Path("links.parquet").read_bytes(), {}

    def meanwhile(*given, **options):
        links = link(*given, **options)
        Path("theirs").write_bytes(one)
        Path("theirs").replace("links.parquet")
        other["written"] = True
        return links

    link = lk.link
    monkeypatch.setattr(lk, "link", meanwhile)
    assert run(cli, ["link", *batch(1), *batch(2), "--standing", "links.parquet", "-o", "links.parquet"]) == 3
    assert "somebody wrote it meanwhile" in capsys.readouterr().err
    assert other["written"] and Path("links.parquet").read_bytes() == one


def test_withdraw__of_ids_that_are_no_text_is_refused(files, capsys):
    """Nothing was taken out, and nobody told: an erasure that was not done."""
    before = Path("registry-1.parquet").read_bytes()
    pq.write_table(pa.table({"record_id": [1, 2]}), "ids.parquet")
    assert run(cli, ["withdraw", "registry-1.parquet", "--ids", "ids.parquet", "-o", "registry-1.parquet"]) != 0
    assert "record_id must be text" in capsys.readouterr().err
    assert Path("registry-1.parquet").read_bytes() == before


def test_command__links_a_batch_against_the_standing_result(files, capsys):
    assert run(cli, ["link", *batch(1), "-o", "links.parquet"]) == 0
    assert run(cli, ["link", *batch(1), *batch(2), "--standing", "links.parquet", "-o", "links.parquet", "--json"]) == 0
    found = said(capsys)
    assert found["sources"] == list(AGENCIES) and set(found["events"]) <= {"merge", "split", "end"}
    assert run(cli, ["events", "links.parquet", "-o", "events.csv"]) == 0
    with Path("events.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == sum(found["events"].values())
    assert run(cli, ["link", *batch(1), *batch(2), "--standing", "links.parquet", "-o", "registry-1.parquet"]) == 2
    assert run(cli, ["link", *batch(2), "--standing", "links.parquet", "-o", "other.parquet"]) == 2
    assert "are in no set that was given" in capsys.readouterr().err


def test_command__honours_a_table_of_known_pairs(files, capsys):
    assert run(cli, ["link", *batch(1), "-o", "links.parquet"]) == 0
    first = lk.Links.load("links.parquet").pairs.to_pylist()[0]
    ends = [first[name] for name in ("left_source", "left_id", "right_source", "right_id")]
    with Path("known.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([["left_source", "left_id", "right_source", "right_id", "same"], [*ends, "false"]])
    command = ["link", *batch(1), "--standing", "links.parquet", "--known", "known.csv", "-o", "links.parquet"]
    assert run(cli, command) == 0
    after = {row["record_id"]: row["link_id"] for row in lk.Links.load("links.parquet").records.to_pylist()}
    assert after[ends[1]] is None or after[ends[1]] != after[ends[3]]
    Path("known.csv").write_text("left_source,left_id\nx,y\n")
    assert run(cli, command) == 2
    assert "lacks the column right_source, right_id, same" in capsys.readouterr().err


def test_command__forgets_withdrawn_records(files, population, capsys):
    KEY.save("project.key")
    table, column = population["registry"], population.ids["registry"]
    own = table[column].to_pylist()[:3]
    with Path("gone.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([[column], *([each] for each in own)])
    said_where = ["--id", column, "--source", "registry", "--project", PROJECT]
    assert run(cli, ["link", *batch(1), "-o", "links.parquet"]) == 0
    both = [*batch(1), *batch(2)]
    assert run(cli, ["link", *both, "--standing", "links.parquet", "-o", "links.parquet"]) == 0
    assert run(cli, ["withdrawal", "gone.csv", "--key", "project.key", *said_where, "-o", "ids.csv"]) == 0
    capsys.readouterr()
    taken = 0
    for number in (1, 2):
        path = f"registry-{number}.parquet"
        assert run(cli, ["withdraw", path, "--ids", "ids.csv", "-o", path, "--json"]) == 0
        taken += said(capsys)["withdrawn"]
    assert taken == 3
    command = ["link", *both, "--standing", "links.parquet", "--withdraw", "registry=ids.csv", "-o", "links.parquet"]
    assert run(cli, command) == 0
    left = lk.Links.load("links.parquet").records.to_pylist()
    assert sum(row["source"] == "registry" for row in left) == table.num_rows - 3
    assert run(cli, [*command[:-4], "--withdraw", "ids.csv", "-o", "links.parquet"]) == 2


def test_command__bridges_a_change_of_key(files, population, sets, capsys):
    other = lk.Key(np.random.default_rng(1).bytes(32))
    KEY.save("old.key")
    other.save("new.key")
    names = []
    for each in sets:
        each.save(f"{each.source}.parquet")
        encoded(population, each.source, key=other).save(f"{each.source}-new.parquet")
        arrow_csv.write_csv(population[each.source], f"{each.source}.csv")
        column = population.ids[each.source]
        command = ["bridge", f"{each.source}.csv", "--key", "old.key", "--new-key", "new.key", "--id", column]
        command += ["--source", each.source, "--project", PROJECT, "-o", f"{each.source}-bridge.parquet"]
        assert run(cli, command) == 0
        names += ["--bridge", f"{each.source}={each.source}-bridge.parquet"]
    assert run(cli, ["link", *(f"{each.source}.parquet" for each in sets), "-o", "links.parquet"]) == 0
    renewed = [f"{each.source}-new.parquet" for each in sets]
    assert run(cli, ["link", *renewed, "--standing", "links.parquet", "-o", "new-links.parquet"]) == 4
    assert run(cli, ["link", *renewed, "--standing", "links.parquet", *names, "-o", "new-links.parquet"]) == 0
    before, after = (set(lk.Links.load(path).records["link_id"].drop_null().to_pylist())
                     for path in ("links.parquet", "new-links.parquet"))  # fmt: skip
    assert len(before & after) > 0.98 * len(before)


def test_bridge__says_nothing_but_which_id_is_which(population):
    column, table = population.ids["registry"], population["registry"]
    other = lk.Key(np.random.default_rng(1).bytes(32))
    made = lk.bridge(table, KEY, other, id=column, source="registry", project=PROJECT)
    assert made.column_names == ["old_record_id", "new_record_id"] and made.num_rows == table.num_rows
    assert made["old_record_id"].to_pylist() == sorted(made["old_record_id"].to_pylist())
    shuffled = table.take(pa.array(np.random.default_rng(0).permutation(table.num_rows)))
    assert lk.bridge(shuffled, KEY, other, id=column, source="registry", project=PROJECT).equals(made)
    with pytest.raises(lk.RecordError, match="used twice"):
        lk.bridge(pa.concat_tables([table, table]), KEY, other, id=column, source="registry", project=PROJECT)
    gone = lk.withdrawal(table, KEY, id=column, source="registry", project=PROJECT)
    assert gone["record_id"].to_pylist() == made["old_record_id"].to_pylist()


def test_withdraw__takes_no_table_that_names_others_too(files, capsys):
    """A set, or a list of cases, has a column record_id as well: everybody in it would have been forgotten."""
    assert run(cli, ["withdraw", batch(1)[0], "--ids", batch(1)[0], "-o", "left.parquet"]) == 3
    assert "would withdraw all" in capsys.readouterr().err and not Path("left.parquet").exists()
    assert run(cli, ["link", *batch(1), "-o", "links.parquet"]) == 0
    later = ["link", *batch(1), "--standing", "links.parquet", "-o", "later.parquet"]
    assert run(cli, [*later, "--withdraw", f"registry={batch(1)[1]}"]) == 3
    assert "would withdraw all" in capsys.readouterr().err and not Path("later.parquet").exists()


def test_bridge__of_one_key_says_so(population):
    table = population["registry"]
    with pytest.raises(ValueError, match="one key"):
        lk.bridge(table, KEY, KEY, id="entry_no", source="registry", project=PROJECT)
    own = lk.bridge(
        table, KEY, KEY, id="entry_no", source="registry", project=PROJECT, id_key=KEY, new_id_key=lk.Key.generate()
    )
    assert len(own) == len(table)


GROUPED = dataclasses.replace(
    lk.Schema.preset("uk-person", project=PROJECT), groups=(lk.Group(name="ward", smallest=1),)
)


@pytest.fixture
def grouped(population, tmp_path, monkeypatch):
    """Two batches a source, with a group that travels, and the standing result of all."""
    monkeypatch.chdir(tmp_path)
    names = []
    for agency in AGENCIES:
        whole = encoded(population, agency, schema=GROUPED)
        half = np.arange(len(whole)) % 2 == 0
        for number, rows in enumerate((half, ~half)):
            names.append(f"{agency}-{number}.parquet")
            chosen(whole, rows).save(names[-1])
    assert run(cli, ["link", names[0], names[2], "-o", "links.parquet"]) == 0
    assert run(cli, ["link", *names, "--standing", "links.parquet", "-o", "all.parquet"]) == 0
    return names


def test_groups__of_a_result_of_several_batches_are_counted(grouped, capsys):
    """With some of the files records were missing, and with all of them the sources were named once too often."""
    assert run(cli, ["overlap", "all.parquet", *grouped, "--by", "ward"]) == 0
    assert run(cli, ["research", "all.parquet", *grouped, "--recipient", "a university", "-o", "rows.csv"]) == 0
    assert run(cli, ["overlap", "all.parquet", grouped[0], grouped[2], "--by", "ward"]) == 2
    assert "in no set that was given" in capsys.readouterr().err


def test_research__of_a_group_that_only_some_records_of_a_person_show(population):
    """None and text can't be put in order: an error of Python's."""
    one, other = (encoded(population, agency, schema=GROUPED) for agency in AGENCIES)
    links = lk.link(one, other, progress=False)
    both = dataclasses.replace(
        links, records=links.records.set_column(2, "link_id", pa.array(["x"] * len(links.records)))
    )
    wards = one.groups["ward"].value_counts().to_pylist()
    usual = max(each["counts"] for each in wards)
    assert any(each["counts"] < usual for each in wards)
    table = both.for_research(one, other, recipient="a university", smallest=usual)
    assert table["ward"].null_count and len(table) == len(one) + len(other)


def test_log__names_all_that_came_out(grouped, capsys):
    """Files for the agencies, records in no block and a ledger were no outputs, and inputs once they were there."""
    assert run(cli, ["fit", grouped[0], grouped[2], "-o", "model.json"]) == 0
    commands = {
        "cases": ["cases", "links.parquet", grouped[0], grouped[2], "--model", "model.json", "-o", "list.csv",
                  "--to", f"{AGENCIES[0]}=own.parquet"],
        "overlap": ["overlap", "links.parquet", "--ledger", "book.json"],
    }  # fmt: skip
    for _ in range(2):
        for command in commands.values():
            assert run(cli, ["--log", "log.jsonl", *command]) == 0
    lines = [json.loads(line) for line in Path("log.jsonl").read_text(encoding="utf-8").splitlines()]
    told = [(line["operation"], *([f["name"] for f in line[part]] for part in ("inputs", "outputs"))) for line in lines]
    for name, inputs, outputs in told:
        assert outputs == (["list.csv", "own.parquet"] if name == "cases" else ["book.json"])
        assert "own.parquet" not in inputs
    assert "book.json" in told[3][1] and "book.json" not in told[1][1]
    assert run(cli, ["--log", "one.jsonl", "--log", "two.jsonl", "info"]) == 2


def test_info__knows_pairs_and_cases(grouped, capsys):
    assert run(cli, ["fit", grouped[0], grouped[2], "-o", "model.json"]) == 0
    cases = ["cases", "links.parquet", grouped[0], grouped[2], "--model", "model.json", "-o", "list.csv"]
    assert run(cli, [*cases, "--to", f"{AGENCIES[0]}=own.parquet"]) == 0
    compare = ["compare", grouped[0], grouped[2], "--filter", "surname", "--threshold", "0.9", "-o", "pairs.parquet"]
    assert run(cli, compare) == 0
    for name, kind in (("own.parquet", "cases (for one agency)"), ("pairs.parquet", "pairs (stay at the centre)")):
        capsys.readouterr()
        assert run(cli, ["info", name]) == 0
        assert kind in capsys.readouterr().out
    pq.write_table(pa.table({"left_id": ["a"]}), "other.parquet")
    assert run(cli, ["info", "other.parquet"]) == 3


def test_source_and_file__are_parted_where_the_file_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run=3").mkdir()
    Path("run=3/w.parquet").touch()
    assert by_source("--withdraw", ("police=run=3/w.parquet", "a=b=c.csv")) == {
        "police": "run=3/w.parquet",
        "a=b": "c.csv",
    }
