"""The grid of ways to encode, and what is measured of one: on few people, with nothing kept."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "rivals")]  # scripts, found as they find each other
import composite  # noqa: E402
import composite_model  # noqa: E402
import datasets  # noqa: E402
import frontier  # noqa: E402
import frontier_tables  # noqa: E402
import frontier_ways  # noqa: E402

del sys.path[:2]

from linkage.profile import PROFILES  # noqa: E402


def test_frontier__examples_in_docstrings_hold():
    for module in (frontier_ways, frontier_tables, composite_model):
        tried = doctest.testmod(module)
        assert tried.attempted and not tried.failed


def test_grid__has_sixty_ways_and_more_each_of_which_is_an_agreement_under_its_name():
    trial = datasets.invented("typical", 60, 1)
    assert len(frontier_ways.grid()) >= 60
    for name, way in frontier_ways.grid().items():
        assert frontier_ways.way_of(name) == way
        schema = frontier.schema_of(way, trial)
        assert len(schema.filters) == 1 or schema.profile == "linkable"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_profiles__say_what_was_measured(profile):
    found = frontier_tables.figures(frontier_tables.full_frontier(), f"profile: {profile.name}")
    said = profile.measured
    for name in ("f1_typical", "f1_hard", "leak", "named", "told"):
        assert getattr(said, name) == round(found[name], 4), name
    assert said.records_per_second == round(found["encoded_per_second"], -3)
    pairs = found["million_pairs_per_second"]
    assert said.million_pairs_per_second == (None if pairs is None else round(pairs))


def test_leak__of_unrelated_similarities_is_about_one_in_a_hundred():
    rng = np.random.default_rng(5)
    one, other = rng.random((2, 600, 600))
    assert abs(frontier.graph.leak(one, other) - 0.01) < 0.01


def test_frontier__measures_a_way_and_keeps_a_line(tmp_path):
    out = tmp_path / "frontier.jsonl"
    ways = ["plain,bits=256", "saul=2,bits=512", "profile: linkable"]
    command = [sys.executable, BENCHMARKS / "frontier.py", "--people", "300", "--seeds", "1", "--presets", "typical"]
    done = subprocess.run([*command, "--out", out, "--at", *ways], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["way"] for line in lines] == ways
    assert all(0.5 < line["f1"] <= 1 and 0 < line["leak"] < 1 and line["encoded_per_second"] > 0 for line in lines)
    assert lines[1]["leak"] < lines[0]["leak"]
    assert done.stdout.count("| saul=2,bits=512 | 512 |") == 1


def test_log_linear__has_the_two_way_margins_of_the_counts():
    counts = np.random.default_rng(3).random(composite_model.LEVELS**3) * 100
    shape = (composite_model.LEVELS,) * 3
    fitted = composite_model.log_linear(counts, 3, order=2).reshape(shape)
    for axis in range(3):
        assert np.allclose(fitted.sum(axis=axis), counts.reshape(shape).sum(axis=axis) / counts.sum(), atol=1e-4)
    apart = composite_model.log_linear(counts, 3, order=1).reshape(shape)
    ones = [apart.sum(axis=tuple({0, 1, 2} - {axis})) for axis in range(3)]
    assert np.allclose(apart, np.einsum("i,j,k->ijk", *ones))


def test_composite__measures_a_way_and_keeps_a_line(tmp_path):
    out = tmp_path / "composite.jsonl"
    command = [sys.executable, BENCHMARKS / "composite.py", "--people", "300", "--seeds", "1", "--presets", "typical"]
    only = ["three pairs, f=4", "one filter, f=4"]
    subprocess.run([*command, "--out", out, "--only", *only], capture_output=True, check=True)
    one, three = (json.loads(line) for line in out.read_text().splitlines())
    assert (one["bits"], three["bits"]) == (5120, 3 * 2048)
    assert all(0.8 < line[name] <= 1 for line in (one, three) for name in ("f1", "f1_apart", "f1_told"))
    assert all(0 < line["f1_joint"] <= 1 for line in (one, three))  # of so few it has little to go by
    assert all(0 < line["leak"] < 0.5 for line in (one, three))


def test_filters__of_a_way_are_of_the_same_records_and_of_other_votes():
    trial = datasets.invented("typical", 80, 1)
    way = ((("given_name", "dob"), ("given_name", "dob")), 3, 512)
    one, other = composite.filters(trial.left, trial.fields, way, datasets.key(1))
    assert one.record_ids.equals(other.record_ids)
    assert not np.array_equal(one.filters["record"], other.filters["record"])


def test_attacks__on_a_plain_way_name_more_than_on_a_hardened_one_in_each_of_ten_seeds(tmp_path):
    out = tmp_path / "attacked.jsonl"
    command = [sys.executable, BENCHMARKS / "frontier.py", "--attacks", "--attacked", "100", "--out", out]
    subprocess.run([*command, "--at", "plain,bits=512", "saul=6,bits=512"], capture_output=True, check=True)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["seed"] for line in lines] == 2 * list(range(1, 11))
    plain, hardened = (
        sum(line["attacks"]["known pairs"][0] for line in lines if line["way"] == way)
        for way in ("plain,bits=512", "saul=6,bits=512")
    )
    assert plain > 5 * hardened
    assert all(right <= of for line in lines for right, of in line["attacks"].values())


def test_attacks__one_of_them_anew_leaves_the_others_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(frontier_tables, "ATTACKED", tmp_path / "attacked.jsonl")
    monkeypatch.setattr(frontier.full_size, "ATTACK_SEEDS", (1,))
    ways = {"plain,bits=512": {"bits": 512}}
    frontier.measure_attacks(ways, frontier.attacked, 60, frontier_tables.ATTACKED)
    frontier.measure_attacks(ways, frontier.attacked, 60, frontier_tables.ATTACKED, ["graph matching"])
    first, second = (json.loads(line) for line in frontier_tables.ATTACKED.read_text().splitlines())
    assert list(first["attacks"]) == list(second["attacks"]) and first == second
    with pytest.raises(SystemExit, match="nothing was measured"):
        frontier.measure_attacks({"other": {"bits": 512}}, frontier.attacked, 60, tmp_path / "x", ["pattern mining"])


def test_attacks__on_several_filters_name_from_one_at_least_what_they_name_from_all():
    found = composite.attacked(composite.WAYS["three pairs, f=2"], seed=1, people=60)
    assert list(found["attacks"]) == list(found["of_one"]) == list(composite.audit_order.ATTACKS)
    assert all(found["of_one"][name] >= count for name, count in found["attacks"].items())


def test_named__is_of_the_keyless_attack_that_names_most_of_all_seeds():
    lines = [
        {"attacks": {"graph matching": [2, 10], "pattern mining": [3, 10], "known pairs": [9, 9]}},
        {"attacks": {"graph matching": [5, 10], "pattern mining": [3, 10], "known pairs": [8, 9]}},
    ]
    found = frontier_tables._named(lines)
    assert [each["correct"] for each in found["named"]] == [2, 5]
    assert frontier_tables.rate_of(found["told"]) == 17 / 18
