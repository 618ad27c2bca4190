"""The commands from keys to links and back in one process whose every log, write and removal is kept: a child's work.

Run as ``python -m tests.hostile.watched FOLDER``. In the folder are ``one.csv``, ``two.csv``, ``agreement.toml`` and
``project.key``; ``kept`` takes a copy of each file before it is removed, ``written`` the path and mode of each that was
opened to be written.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import warnings
from pathlib import Path

AT = ("--schema", "agreement.toml", "--key", "project.key", "--id", "no")
KEEP = {"on": False}


def hear(folder: Path) -> None:
    """All that is logged at any level, to a file and to stderr."""
    logging.captureWarnings(capture=True)
    for handler in (logging.FileHandler(folder / "everything.log"), logging.StreamHandler(sys.stderr)):
        logging.getLogger().addHandler(handler)
    for name in (None, "linkage", "pyarrow", "narwhals", "duckdb", "matplotlib"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.debug("heard")


def watch(folder: Path) -> None:
    """Note what is opened to be written, and copy what is to be removed."""
    kept, written = folder / "kept", folder / "written"
    kept.mkdir()

    def hook(event: str, given: tuple[object, ...]) -> None:
        if not KEEP["on"]:
            return
        KEEP["on"] = False  # what this writes itself is no news
        try:
            if event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR):
                with written.open("a") as lines:
                    lines.write(json.dumps([str(given[0]), given[2]]) + "\n")
            elif event in ("os.remove", "shutil.rmtree") and Path(str(given[0])).is_absolute():
                _copy(Path(str(given[0])), kept)
            elif event.startswith("tempfile."):
                with written.open("a") as lines:
                    lines.write(json.dumps([f"tempfile: {given[0]}", 0]) + "\n")
        finally:
            KEEP["on"] = True

    sys.addaudithook(hook)
    KEEP["on"] = True


def _copy(path: Path, kept: Path) -> None:
    for each in [path] if path.is_file() else list(path.rglob("*")):
        mode = each.stat().st_mode & 0o777
        with contextlib.suppress(OSError):
            shutil.copyfile(each, kept / f"{mode:03o} {each.parent.name} {each.name}")


def work(folder: Path) -> None:
    """What agencies and centre do, with what is wrong too."""
    import linkage as lk
    from linkage.cli import cli
    from linkage.commands.exitcodes import run

    def ran(*line: str, code: int = 0) -> None:
        found = run(cli, ["--log", "log.jsonl", *line])
        assert found == code, (line, found)

    for name in ("one", "two"):
        ran("check", f"{name}.csv", "--schema", "agreement.toml", "--id", "no")
        ran("encode", f"{name}.csv", *AT, "--source", name, "-o", f"{name}.parquet")
    ran("audit", "one.parquet", *AT, "--table", "one.csv", "--allow", "fail", "-o", "one.html")
    ran("encode", "bad.csv", *AT, "--source", "one", "-o", "bad.parquet", code=3)
    ran("link", "one.parquet", "two.parquet", "-o", "links.parquet")
    ran("report", "links.parquet", "one.parquet", "two.parquet", "-o", "report.html")
    ran("overlap", "links.parquet")
    ran("release", "links.parquet", "--source", "one", "-o", "release.parquet")
    ran("rejoin", "release.parquet", "one.csv", *AT[2:], "-o", "back.csv")
    ran("info", "one.parquet")
    schema, key = lk.Schema.load("agreement.toml"), lk.Key.load("project.key")
    at, out = {"id": "no", "source": "one", "progress": True}, folder / "spilled.parquet"
    lk.encode("one.csv", schema, key, out=out, memory=1, **at)
    with contextlib.suppress(lk.LinkageError):  # it stops at the end, when records have been spilled
        lk.encode("bad.csv", schema, key, out=folder / "bad.parquet", memory=1, **at)
    both = lk.attach(lk.Links.load("links.parquet"), "one.csv", "two.csv", key=key, id="no")
    assert both.num_rows
    print(schema, key, lk.EncodedSet.load(out), lk.Links.load("links.parquet"))


if __name__ == "__main__":
    place = Path(sys.argv[1]).resolve()
    os.chdir(place)
    os.umask(0o022)
    warnings.simplefilter("always")
    hear(place)
    watch(place)
    work(place)
