"""Stop the commands that write, at random moments: ``python -m tests.hostile.kill --kills 240``.

Half of the kills come at any moment of the run, half once a part of the output lies beside its place. Half are SIGKILL,
which nothing can catch; the others SIGTERM, SIGINT and SIGHUP, after which nothing may be left. Then every output is
what it was before or whole, what is left over has a name that says so, the log holds together, and the command run
again makes what it would have made, and removes what was left.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from linkage import journal
from tests.hostile.commands import Command, commands, finished, prepare, started

LEFT_OVER = re.compile(r"\.(.+\.|linkage-sort-)[0-9a-f]{12}\.part")
SIGNALS = (*[signal.SIGKILL] * 3, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def trial(command: Command, inputs: Path, folder: Path, seconds: float, draw: random.Random) -> str:
    """How one kill ended; raises `AssertionError` if anything is not as it must be."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(inputs, folder)
    before = {
        name: value(folder / name) if (folder / name).exists() else None for name, value in command.outputs.items()
    }
    number = draw.choice(SIGNALS)
    process = started(command.line, folder)
    if draw.random() < 0.5:
        time.sleep(draw.uniform(0.1, 1.1) * seconds)
    else:
        _wait_for_part(process, [folder, *(folder / each / below for each in command.kept for below in ("", "pairs"))])
        time.sleep(draw.random() ** 3 * 0.1)
    process.send_signal(number)
    said = "".join(process.communicate(timeout=120))
    assert process.returncode in (0, -number, 128 + number) or _while_python_started(number, said), (
        f"{signal.Signals(number).name} ended with {process.returncode}: {said[-500:]}"
    )
    ended = "whole" if process.returncode == 0 else signal.Signals(number).name
    left = left_in(folder, command)
    strange = {path.name for path in folder.iterdir()} - {path.name for path in inputs.iterdir()} - set(left)
    assert strange <= {*command.outputs, *command.kept, "log.jsonl"}, f"left behind: {strange}"
    # SIGINT while Python starts is Python's; from then on nothing may be left
    assert number == signal.SIGKILL or not left, f"{ended} left {left}"
    after = {
        name: value(folder / name) if (folder / name).exists() else None for name, value in command.outputs.items()
    }
    for name, value in after.items():
        assert value in (before[name], command_value(command, inputs)[name]), f"{name} is neither as it was nor whole"
    if (folder / "log.jsonl").exists():
        journal.verify(folder / "log.jsonl")
    if draw.random() < (0.5 if left or command.kept else 0.1):
        again(command, inputs, folder, left)
    return f"{ended}, {'a part left' if left else 'nothing left'}"


def left_in(folder: Path, command: Command) -> list[str]:
    """What a process that was stopped should have removed, in the folder and in that of its run."""
    runs = [(folder / name) for name in command.kept if (folder / name).exists()]
    paths = [path for place in (folder, *runs, *(run / "pairs" for run in runs)) for path in place.glob("*")]
    mapped = [run / "rows" for run in runs if (run / "rows").exists()]
    return [
        str(path.relative_to(folder)) for path in [*(each for each in paths if LEFT_OVER.fullmatch(each.name)), *mapped]
    ]  # fmt: skip


def again(command: Command, inputs: Path, folder: Path, left: list[str]) -> None:
    """Run once more: what comes out is whole, and what was left is gone, that of a run at once."""
    for name in (each for each in left if "/" not in each):
        for path in (folder / name, *(folder / name).glob("*")):
            os.utime(path, (time.time() - 300,) * 2)
    if any(after in {path.name for path in inputs.iterdir()} for after in command.outputs):
        for name in command.outputs:  # what is replaced in place begins anew
            shutil.copy(inputs / name, folder / name)
    line = (*command.line, "--replace") if command.line[0] == "link" else command.line
    for name in command.new:
        remove(folder / name)
    code, said = finished(line, folder)
    assert code == 0, said
    for name, value in (command.outputs | command.kept).items():
        assert value(folder / name) == command_value(command, inputs)[name], f"{name} is another than at first"
    assert not left_in(folder, command), "what was left is still there"


def remove(path: Path) -> None:
    """A file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


VALUES: dict[tuple[str, ...], dict[str, object]] = {}
SECONDS: dict[tuple[str, ...], float] = {}


def command_value(command: Command, inputs: Path) -> dict[str, object]:
    """What the command makes when nobody stops it."""
    if command.line not in VALUES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "run"
            shutil.copytree(inputs, folder)
            began = time.monotonic()
            code, said = finished(command.line, folder)
            assert code == 0, said
            SECONDS[command.line] = time.monotonic() - began
            made = command.outputs | command.kept
            VALUES[command.line] = {name: value(folder / name) for name, value in made.items()}
    return VALUES[command.line]


def _while_python_started(number: int, said: str) -> bool:
    return number == signal.SIGINT and "KeyboardInterrupt" in said and "linkage/cli.py" not in said


def _wait_for_part(process: object, folders: list[Path]) -> None:
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:  # type: ignore[attr-defined]
        if any(LEFT_OVER.fullmatch(path.name) for folder in folders for path in folder.glob(".*")):
            return
        time.sleep(0.001)


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=240, help="in all")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--people", type=int, default=1_200)
    asked.add_argument("--command", action="append", help="only this one; repeat")
    given = asked.parse_args(arguments)
    draw, failed = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        inputs, folder = Path(name) / "inputs", Path(name) / "run"
        inputs.mkdir()
        prepare(inputs, given.people)
        chosen = {name: each for name, each in commands(inputs).items() if name in (given.command or commands(inputs))}
        print("| command | kills | how they ended |\n|---|---:|---|")
        for number, (name, command) in enumerate(chosen.items()):
            command_value(command, inputs)
            seconds, ended = SECONDS[command.line], Counter()  # type: ignore[var-annotated]
            kills = given.kills // len(chosen) + (number < given.kills % len(chosen))
            for _ in range(kills):
                try:
                    ended[trial(command, inputs, folder, seconds, draw)] += 1
                except AssertionError as error:
                    failed += 1
                    ended[f"FAILED: {error}"] += 1
            print(
                f"| {name} | {kills} | " + "; ".join(f"{how} {n}" for how, n in sorted(ended.items())) + " |",
                flush=True,
            )
    print(f"{given.kills - failed:,} of {given.kills:,} kills survived")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
