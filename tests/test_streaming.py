"""A table larger than the memory allowed is encoded in memory that does not grow with it."""

import subprocess
import sys
from pathlib import Path

import pytest

import linkage

CHILD = """
import resource, sys, warnings
import linkage as lk
warnings.simplefilter("ignore")
fields = (lk.Field(name="given_name", type="name"), lk.Field(name="dob", type="date"))
schema = lk.Schema(project="p", fields=fields)
made = lk.encode(sys.argv[1], schema, lk.Key.generate(), id="no", source="s", out=sys.argv[2], memory=32 << 20)
print(len(made), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kib(folder: Path, rows: int) -> int:
    with (folder / "t.csv").open("w") as handle:
        handle.write("no,given_name,dob\n")
        for row in range(rows):
            handle.write(f"N{row},Name{row % 50_021},{1990 + row % 30}-0{1 + row % 9}-1{row % 10}\n")
    command = [sys.executable, "-c", CHILD, str(folder / "t.csv"), str(folder / "t.parquet")]
    environment = {"PYTHONPATH": str(Path(linkage.__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    records, peak = map(int, done.stdout.split())
    assert records == rows
    return peak


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not account for a child's peak in this way")
def test_encode__takes_no_more_memory_for_five_times_the_records(tmp_path):
    small, large = peak_kib(tmp_path, 500_000), peak_kib(tmp_path, 2_500_000)
    assert large < small + 100_000, (small, large)
