"""Sweeps: one tidy row for each way, what was measured is kept, and what one brings along is measured too."""

import json
import math
from types import SimpleNamespace

import pyarrow as pa
import pytest

import linkage as lk
from linkage import study
from linkage.study.swept import COLUMNS

CLK = lk.Schema.preset("uk-person", project="sweep", layout="record")
FIELDS = lk.Schema.preset("uk-person", project="sweep")
PEOPLE = {seed: study.invent(250, seed=seed, agencies=["registry", "childrens_centre"]) for seed in (1, 2)}
SMALL = {"people": PEOPLE.__getitem__, "seeds": [1], "thresholds": [0.8], "progress": False}


def test_sweep__has_a_row_for_each_way_seed_and_threshold():
    harden = {"plain": lk.Hardening(), "folded": lk.Hardening(fold=1)}
    found = study.sweep(
        {"CLK": CLK, "fields": FIELDS}, harden=harden, **SMALL | {"seeds": [2, 1], "thresholds": [None, 0.7]}
    )
    table = found.to_arrow()
    assert tuple(table.column_names) == COLUMNS and len(found) == len(table) == 12
    ways = [(row["seed"], row["schema"], row["harden"], row["threshold"]) for row in table.to_pylist()]
    assert ways[:4] == [(2, "CLK", "plain", None), (2, "CLK", "plain", 0.7), (2, "CLK", "folded", None),
                        (2, "CLK", "folded", 0.7)]  # fmt: skip
    assert ways[4] == (2, "fields", "", None) and ways[6][0] == 1
    rows = dict(zip(ways, table.to_pylist(), strict=True))
    assert rows[2, "fields", "", None]["f1"] > 0.95
    assert rows[2, "CLK", "plain", 0.7]["bits"] == 1024 and rows[2, "CLK", "folded", 0.7]["bits"] == 512
    assert rows[2, "CLK", "plain", 0.7]["risk"] == rows[2, "CLK", "plain", None]["risk"] > 0
    true = len(PEOPLE[2].pairs("registry", "childrens_centre"))
    people, schema, key = PEOPLE[1], CLK, lk.Key.generate()
    held = {"id": "entry_no", "columns": people.held("registry", schema)}
    encoded = lk.encode(people["registry"], schema, key, source="registry", **held)
    risk = lk.audit(encoded, schema=schema, key=key, table=people["registry"], **held).risk
    assert rows[1, "CLK", "plain", 0.7]["risk"] == pytest.approx(risk, abs=0.1)  # another key
    row = rows[2, "CLK", "plain", 0.7]
    assert row["links"] * row["precision"] == pytest.approx(row["recall"] * true)
    assert repr(found) == "Sweep: 12 rows, 3 ways, seeds [1, 2]"


@pytest.fixture
def quick(monkeypatch):
    """Two seconds less for each way: that the risk is the audit's is seen in the first test."""
    monkeypatch.setattr("linkage.auditing.audit", lambda *_, **__: SimpleNamespace(risk=0.5))


def test_sweep__goes_on_where_it_stopped(tmp_path, quick):
    out, calls = tmp_path / "sweep.json", []

    def cost(trial):
        calls.append((trial.schema.harden.fold, trial.seed))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return len(trial.left)

    harden = {"plain": lk.Hardening(), "folded": lk.Hardening(fold=1)}
    ways = {"schemas": {"CLK": CLK}, "harden": harden, "measures": {"cost": cost}, "out": out, **SMALL}
    with pytest.raises(KeyboardInterrupt):
        study.sweep(**ways)
    found = study.sweep(**ways)
    assert calls == [(0, 1), (1, 1), (1, 1)]
    again = study.sweep(**ways)
    assert len(calls) == 3 and again.to_arrow().equals(found.to_arrow())
    assert found.to_arrow()["cost"].to_pylist() == [len(PEOPLE[1]["registry"])] * 2
    study.sweep(**ways | {"people": lambda _: PEOPLE[2]})  # other people under the same seed
    assert len(calls) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sweep 1": [1]}', '{"sweep 1": {"a": [3]}}'])
def test_sweep__refuses_a_file_of_another_kind(text, tmp_path):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(lk.FileFormatError, match=r"sweep\.json"):
        study.sweep({"CLK": CLK}, out=tmp_path / "sweep.json", **SMALL)


@pytest.mark.parametrize("name", COLUMNS)
def test_sweep__a_measure_is_not_called_like_a_column_of_the_sweep(name):
    """It took the column's place without a word, or ended in an error of Arrow's, after everything was measured."""
    with pytest.raises(ValueError, match=f"measures: '{name}' is a column of the sweep's own"):
        study.sweep({"CLK": CLK}, measures={"cost": lambda _: 1.0, name: lambda _: 3.0}, **SMALL)


@pytest.mark.parametrize("given", [{"methods": {"linkage": None}}, {"rivals": {"linkage": None}}])
def test_sweep__a_method_is_not_called_like_another(given):
    """One called linkage took our place without a word."""
    with pytest.raises(ValueError, match="'linkage' is the name of two methods"):
        study.sweep({"CLK": CLK}, **given, **SMALL)


def test_sweep__measures_what_one_brings_along():
    def same_surname(left, right):
        """A rival on plaintext."""
        both = left.select(["entry_no", "surname"]).rename_columns(["left_id", "surname"])
        other = right.select(["reg_no", "family_name"]).rename_columns(["right_id", "surname"])
        return both.join(other, keys="surname", join_type="inner")

    def shared_bits(left, right, threshold):
        return lk.compare(left, right, threshold=threshold, measure="jaccard", progress=False)

    def stubborn(left, right, threshold):
        raise lk.EvidenceError("no")

    def attack(trial):
        held = {"truth": PEOPLE[1].pairs(*trial.agencies), "truth_key": trial.key, **trial.at[0]}
        held["truth"] = pa.table({"left_id": held["truth"]["left_id"], "right_id": held["truth"]["left_id"]})
        return study.attacks.frequency_alignment(trial.left, trial.tables[0], **held).rate

    found = study.sweep(
        {"CLK": CLK},
        methods={"jaccard": shared_bits, "stubborn": stubborn},
        rivals={"same surname": same_surname},
        measures={"frequency alignment": attack, "none": lambda trial: math.nan},
        **SMALL,
    )
    rows = {row["method"]: row for row in found.to_arrow().to_pylist()}
    assert list(rows) == ["linkage", "jaccard", "stubborn", "same surname"]
    assert rows["stubborn"]["refused"] == "EvidenceError" and rows["stubborn"]["f1"] is None
    assert rows["jaccard"]["recall"] < rows["linkage"]["recall"]
    assert rows["same surname"]["schema"] is None and 0 < rows["same surname"]["recall"] < 1
    assert 0 <= rows["linkage"]["frequency alignment"] <= 1 and rows["linkage"]["none"] is None


def test_sweep__draws_any_two_columns(quick):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="pictures are the extra `plot`")
    pytest.importorskip("matplotlib", reason="pictures are the extra `plot`").use("Agg")
    found = study.sweep({"CLK": CLK, "fields": FIELDS}, **SMALL | {"thresholds": [0.7, 0.9], "seeds": [1, 2]})
    ax = found.plot("bits", "recall")
    lines = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    assert set(lines) == {"CLK", "fields"}
    recalls = [
        row["recall"] for row in found.to_arrow().to_pylist() if (row["schema"], row["threshold"]) == ("CLK", 0.9)
    ]
    assert lines["CLK"][1][1] == pytest.approx(sum(recalls) / 2)
    with pytest.raises(ValueError, match="no column of numbers"):
        found.plot("method")
    pyplot.close("all")


def test_sweep__wants_something_to_do():
    with pytest.raises(ValueError, match="at least one"):
        study.sweep({}, **SMALL)
    with pytest.raises(ValueError, match="at least one"):
        study.sweep({"CLK": CLK}, **SMALL | {"seeds": []})


def test_sweep__file_is_plain_json(tmp_path, quick):
    study.sweep({"CLK": CLK}, out=tmp_path / "a.json", **SMALL)
    content = json.loads((tmp_path / "a.json").read_text())
    assert [len(rows) for rows in content["sweep 1"].values()] == [1]
