"""Every command may be written down: `linkage --log FILE COMMAND ...`, and `linkage log FILE` reads it through."""

from __future__ import annotations

import functools
import getpass
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from linkage import errors, journal
from linkage.commands.options import command, json_option
from linkage.commands.tablefiles import parted

_BOTH = ("book",)  # a ledger is read, and written anew
_OUTPUTS = ("out", "csv_path", "report_path", "folder", "unblocked_path", "recipients", *_BOTH)
# record ids, and where secrets are
_NOT_SAID = ("pair", "key_path", "id_key_path", "key_fd", "ask_key")


def logged(command: click.Command) -> click.Command:
    """The command, which also adds a line to the log if one was named, however it ends."""
    inner = command.callback
    assert inner is not None

    @functools.wraps(inner)
    def outer(*args: Any, **params: Any) -> Any:
        context = click.get_current_context()
        path = context.find_root().params.get("log_path")
        if path is None:
            return inner(*args, **params)
        _keep_log(path, params)
        if Path(path).exists():
            journal.verify(path)  # before any work: a log that doesn't hold together is not carried on
        journal.require_writable(path)
        said: dict[str, Any] = {"who": _who(), "inputs": _files(params, outputs=False), "settings": _settings(params)}
        before = _identities(params)
        start, ended = time.monotonic(), "failed"
        try:
            result = inner(*args, **params)
            ended = "done"
        except errors.LinkageError as error:
            ended = f"refused: {type(error).__name__}"
            raise
        except BrokenPipeError:  # nobody reads what is printed; all was done before
            ended = "done"
            raise
        finally:
            written = ended == "done" or _identities(params) != before
            said |= {"outputs": _files(params, outputs=True) if written else [], "outcome": ended}
            journal.append(path, str(command.name), seconds=round(time.monotonic() - start, 2), **said)
        return result

    command.callback = outer
    return command


@command("log")
@click.argument("path", type=click.Path(exists=True))
@click.option("--head", help="A last hash that was noted earlier: it must still be in the log.")
@json_option
def log(path: str, *, head: str | None, as_json: bool) -> None:
    """Read the audit log at PATH through: any line that was edited, moved or taken out is found.

    Note the last hash somewhere else: without it a log that was cut off at the end looks whole.
    """
    found = journal.verify(path, head=head)
    text = f"{found.lines:,} lines, none edited; last hash {found.head}"
    click.echo(json.dumps(vars(found)) if as_json else text)


def _keep_log(path: str, params: Mapping[str, Any]) -> None:
    """Refuse a log that is also read or written as something else: nothing could bring it back."""
    own = os.path.realpath(path)
    for name, value in params.items():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, str) and own in map(os.path.realpath, (each, parted(each)[1])):
                option = name.removesuffix("_path").replace("_", "-")
                raise click.UsageError(f"{path} is the log, and was given as {option} too; choose another name")


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in a container
        return "unknown"


def _files(params: Mapping[str, Any], *, outputs: bool) -> list[Mapping[str, Any]]:
    """The files that are named: what goes in, as it was before, or what came out."""
    found = []
    for name, value in sorted(params.items()):
        if (name in _OUTPUTS if outputs else name not in _OUTPUTS or name in _BOTH) and name not in _NOT_SAID:
            found += [journal.file_facts(path) for path in _paths(value)]
    if outputs and params.get("run_path") and not params.get("out"):  # the pairs in its folder are all that comes out
        found += [journal.file_facts(path) for path in sorted(Path(params["run_path"]).glob("pairs/*.parquet"))]
    return found


def _identities(params: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    """Of each output that is there, which file it is, and when it was changed."""
    paths = [path for name in _OUTPUTS for path in _paths(params.get(name))]
    return [(each.st_dev, each.st_ino, each.st_mtime_ns) for each in map(os.stat, paths)]


def _paths(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, str) and each:
            path = each if Path(each).is_file() else parted(each)[1]
            if path and Path(path).is_file():
                yield path


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """What else was asked for, but for files and what may not be written down."""
    kept = {}
    for name, value in sorted(params.items()):
        if name not in (*_NOT_SAID, *_OUTPUTS) and value not in (None, (), False) and not list(_paths(value)):
            kept[name] = list(value) if isinstance(value, tuple) else value
    return kept
