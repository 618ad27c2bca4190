"""What several commands ask for, and what is made of the answers: a table's columns, a key, limits, outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from linkage.agency.key import Key

Command = TypeVar("Command", bound=Callable[..., Any])


def table_options(command: Command) -> Command:
    """Options that say how an agency's table fits the agreement."""
    for option in (
        click.option("--schema", "schema_path", required=True, type=click.Path(), help="The agreement (TOML)."),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="A field's column, if its name differs; repeat as needed.",
        ),
        click.option(
            "--without",
            multiple=True,
            metavar="FIELD",
            help="A field this agency does not hold; repeat, or use commas.",
        ),
    ):
        command = option(command)
    return command


def key_options(command: Command) -> Command:
    """Options that say where the key is."""
    for option in (
        click.option("--key", "key_path", type=click.Path(), help="The project's key file."),
        click.option("--key-fd", type=int, help="Read the key from this open file descriptor."),
        click.option("--ask-key", is_flag=True, help="Ask for the key on the terminal."),
        click.option("--id-key", "id_key_path", type=click.Path(), help="The agency's own key for record ids."),
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
threads_option = click.option("--threads", type=click.IntRange(1), help="Default: all cores.")
memory_option = click.option("--memory", "memory_mib", type=click.IntRange(1), default=1024, show_default=True,
                       help="Memory for records or pairs, in MiB; the program comes on top.")  # fmt: skip
out_option = click.option("-o", "--out", required=True, type=click.Path(), help="The file to write.")


def columns_of(columns: tuple[str, ...], without: tuple[str, ...]) -> dict[str, str | None]:
    """``columns=`` of `linkage.encode`, from --column and --without."""
    mapping: dict[str, str | None] = dict.fromkeys(name for item in without for name in item.split(","))
    for item in columns:
        field, equals, column = item.partition("=")
        if not equals or not column:
            raise click.UsageError(f"--column {field}: written as FIELD=COLUMN")
        if field in mapping:
            raise click.UsageError(f"--column {field}: the field was given before, by --column or --without")
        mapping[field] = column
    return mapping


def key_of(key_path: str | None, key_fd: int | None, ask_key: bool) -> Key:
    """The key, from the one place that was named."""
    from linkage.agency.key import Key

    if (key_path is not None) + (key_fd is not None) + ask_key != 1:
        raise click.UsageError("give the key one way: --key FILE, --key-fd NUMBER or --ask-key")
    if ask_key:
        return Key.prompt()
    return Key.load(key_fd if key_fd is not None else str(key_path))


def keep_inputs(out: str, *inputs: str | None) -> None:
    """Refuse to write over what is being read: nothing could bring it back."""
    for path in inputs:
        if path is not None and Path(out).exists() and Path(path).exists() and Path(out).samefile(path):
            raise click.UsageError(f"-o {out} would replace an input; choose another name")


def id_key_of(path: str | None) -> Key | None:
    """The agency's own key, if it gave one."""
    from linkage.agency.key import Key

    return None if path is None else Key.load(path)
