"""Whether the audit orders ways to encode as attacks do: the README says what was measured, on all twenty ways."""

import doctest
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "benchmarks").exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(ROOT / "benchmarks")]  # scripts, found as they find each other

import audit_cost  # noqa: E402
import audit_order  # noqa: E402
import results_kept  # noqa: E402

LINES = results_kept.lines_of(audit_order.ORDER)


def test_audit_order__is_measured_on_twenty_ways_ten_of_them_fixed_first():
    assert len(audit_order.FIXED) == len(audit_order.ADDED) == 10
    assert [(line["way"], line["seed"]) for line in LINES] == list(product(audit_order.WAYS, range(1, 11)))
    assert len({audit_order.schema_of(way).fingerprint() for way in audit_order.WAYS.values()}) == 20
    assert not any(line["machine"]["commit"].endswith("-dirty") for line in LINES)


def test_audit_order__correlates_as_the_readme_says():
    fixed = [line for line in LINES if line["way"] in audit_order.FIXED]
    said = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    whole, of_fixed = (audit_order.correlation(lines, "risk") for lines in (LINES, fixed))
    assert whole >= 0.9 and of_fixed >= 0.9
    low, high = audit_order.interval(LINES, "risk")
    assert f"rank correlation {whole:.2f} (of the ten {of_fixed:.2f}; {low:.2f} to {high:.2f} over ways" in said
    assert f"From the file alone it is {audit_order.correlation(LINES, 'risk_of_set'):.2f}" in said
    assert "Spearman, all ways" in audit_order.table(LINES)


def test_audit_order__has_examples_that_hold():
    assert doctest.testmod(audit_order).failed == 0


def test_audit_order__measures_a_way(tmp_path):
    found = audit_order.measure(audit_order.WAYS["plain"], seed=3, people=120)
    assert found["named"] > 0.3 and found["risk"] > 0.5 and set(found["by"]) == {"0.1", "0.3", "1.0"}


def test_audit_cost__is_as_the_readme_says():
    said = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    own = {line["profile"]: line for line in results_kept.lines_of(audit_cost.COST)}
    assert all(line["settings"] == {"records": 1_000_000} and line["seconds"] < 600 for line in own.values())
    first, second = (
        (round(own[name]["processor_seconds"]), f"{own[name]['peak_mib'] / 1024:.1f}")
        for name in ("linkable", "hardened")
    )
    assert (
        f"took {first[0]} seconds of a processor and {first[1]} GB under `linkable`, {second[0]} and {second[1]}"
        in said
    )


def test_audit_cost__measures_in_a_process_of_its_own(tmp_path):
    command = [sys.executable, ROOT / "benchmarks" / "audit_cost.py", "--records", "300", "--profiles", "linkable"]
    subprocess.run([*command, "--out", tmp_path / "cost.jsonl"], check=True, capture_output=True)
    (line,) = results_kept.lines_of(tmp_path / "cost.jsonl")
    assert line["records"] == 300 and line["peak_mib"] > 50 and line["seconds"] > 0
