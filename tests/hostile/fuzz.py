"""Damage guided by coverage, with atheris: ``python -m tests.hostile.fuzz --seconds 600`` (pip install atheris).

Each format's reader is fed what reaches code that nothing before reached, a process for each. What ends it is what
the mutation corpus calls a finding: another exception than the library's own, a crash, 20 seconds, 2 GiB. The input is
kept in the folder, and prints with the outcome.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FORMATS_FUZZED = (
    "agreement", "clkhash schema 1", "clkhash schema 2", "clkhash schema 3", "CLKs", "CLKs with blocks", "groups",
    "candidate pairs", "blocks", "ledger", "log, forged", "key", "model, forged", "encoded set", "links", "release",
    "cases", "cases, forged", "links, forged", "links, carried on, forged", "encoded set, forged", "release, forged",
    "pairs", "run, forged", "table in Parquet", "CSV", "known pairs", "record ids", "decisions in Parquet",
    "answers to cases", "truth", "bridge", "review", "review in Parquet", "part of a run, forged",
    "model of a run, forged", "similar pairs of a run, forged", "end of a part, forged",
)  # fmt: skip
FORGED_BY = {"model, forged": "sealed_model", "log, forged": "sealed_log", "run, forged": "sealed_run"}
_SAID = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_REACHED = re.compile(r"cov: (\d+)")


def fuzz(kind: str, folder: Path, options: list[str]) -> None:
    """Feed one reader until the time is up; never returns."""
    import atheris

    # what an editable install finds by a way of its own is not counted: the checkout itself is read, without its C
    sys.meta_path[:] = [each for each in sys.meta_path if "Redirecting" not in type(each).__name__]
    os.environ["LINKAGE_KERNEL"] = "portable"
    with atheris.instrument_imports(include=["linkage", "tomllib", "csv"]):
        from tests.hostile import forgeries
        from tests.hostile.formats import FORMATS
    import warnings

    from linkage import LinkageError

    warnings.simplefilter("ignore")
    given = FORMATS[kind]
    original = given.make(folder)
    place, seeds = original.with_name(f"mutant{original.suffix}"), folder / "seeds"
    given.read(original)
    place.touch(mode=0o600)
    seeds.mkdir()
    whole = original.read_bytes()
    # of a format whose digest would refuse everything, the digest is made to fit: of Parquet the footer's texts are fed
    forged = FORGED_BY.get(kind, "sealed_parquet" if kind.endswith("forged") else "")
    sealed = getattr(forgeries, forged) if forged else bytes
    if forged == "sealed_parquet":
        sealed = functools.partial(sealed, whole)
        whole = forgeries.texts_of(whole)
    (seeds / "original").write_bytes(whole)

    def once(data: bytes) -> None:
        place.write_bytes(sealed(data))
        try:
            given.read(place)
        except LinkageError:
            return

    atheris.Setup([sys.argv[0], str(seeds), *options], once)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=int, default=60, help="for each format")
    asked.add_argument("--format", action="append", choices=FORMATS_FUZZED, help="only this one; repeat")
    asked.add_argument("--keep", default="fuzzed", help="folder for inputs that end a reader")
    asked.add_argument("--one", help=argparse.SUPPRESS)
    given = asked.parse_args(arguments)
    kept = Path(given.keep).absolute()
    options = [f"-max_total_time={given.seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536",
               "-print_final_stats=1", f"-artifact_prefix={kept}/"]  # fmt: skip
    if given.one:
        with tempfile.TemporaryDirectory() as name:
            fuzz(given.one, Path(name), options)
    kept.mkdir(parents=True, exist_ok=True)
    failed, runs, began = 0, 0, time.monotonic()
    print("| format | inputs | lines of control reached | findings |\n|---|---:|---:|---:|")
    for kind in given.format or FORMATS_FUZZED:
        command = [sys.executable, "-m", "tests.hostile.fuzz", "--one", kind, "--seconds", str(given.seconds)]
        command += ["--keep", str(kept)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        tried, reached = _SAID.findall(done.stderr), _REACHED.findall(done.stderr)
        bad = done.returncode != 0
        failed, runs = failed + bad, runs + int(tried[-1] if tried else 0)
        n, most = int(tried[-1]) if tried else 0, max(map(int, reached), default=0)
        print(f"| {kind} | {n:,} | {most:,} | {int(bad)} |", flush=True)
        if bad:
            print(done.stderr[-3_000:], file=sys.stderr, flush=True)
    if not any(kept.iterdir()):
        kept.rmdir()
    print(f"{runs:,} inputs, {(time.monotonic() - began) / 3600:.2f} hours, {failed} findings")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
