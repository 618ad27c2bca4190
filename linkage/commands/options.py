"""What several commands ask for, and what is made of the answers: a table's columns, a key, limits, outputs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from linkage.agency.key import Key
    from linkage.central.blocking.ways import Candidates
    from linkage.encoded import EncodedSet

Made = TypeVar("Made", bound=Callable[..., Any])


class Command(click.Command):
    """A command that refuses an option given twice, of which one would be forgotten, and one that is empty."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, and refuse what it would not."""
        given = self.make_parser(ctx).parse_args(list(args))[2]
        for option in given:
            if isinstance(option, click.Option) and not (option.multiple or option.is_flag) and given.count(option) > 1:
                raise click.UsageError(f"{option.opts[-1]}: given twice; it is one value", ctx)
        left = super().parse_args(ctx, args)
        for option in given:
            value = ctx.params.get(option.name or "")
            if isinstance(option, click.Option) and "" in (value if isinstance(value, tuple) else (value,)):
                raise click.UsageError(f"{option.opts[-1]}: is empty; leave it out, or say what", ctx)
        return left


class Group(Command, click.Group):
    """The same of a group's own options."""


command = functools.partial(click.command, cls=Command)


def table_options(command: Made) -> Made:
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


def key_options(command: Made) -> Made:
    """Options that say where the key is."""
    for option in (
        click.option("--key", "key_path", type=click.Path(), help="The project's key file."),
        click.option(
            "--key-fd", type=click.IntRange(0, 2**31 - 1), help="Read the key from this open file descriptor."
        ),
        click.option("--ask-key", is_flag=True, help="Ask for the key on the terminal."),
        click.option("--id-key", "id_key_path", type=click.Path(), help="The agency's own key for record ids."),
    ):
        command = option(command)
    return command


def candidates_options(command: Made) -> Made:
    """Options that say which records meet where there are too many to compare all pairs."""
    for option in (
        click.option("--blocks", is_flag=True, help="Compare only records that share a block of the agreement."),
        click.option("--block", multiple=True, metavar="NAME", help="The same by this block alone; repeat for more."),
        click.option(
            "--lsh-recall",
            metavar="RECALL",
            help="Compare only records that locality-sensitive hashing brings together, with tables enough to find "
            "this share of the pairs, such as 0.99; with blocks, those that either brings together.",
        ),
        click.option("--lsh-threshold", metavar="SIMILARITY", help="From which on it shall; of `link`, 0.7 for most."),
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
threads_option = click.option("--threads", type=click.IntRange(1), help="Default: all cores.")
memory_option = click.option("--memory", "memory_mib", type=click.IntRange(1), default=1024, show_default=True,
                       help="Memory for records or pairs, in MiB; the program comes on top.")  # fmt: skip
out_option = click.option("-o", "--out", required=True, type=click.Path(), help="The file to write.")


run_option = click.option(
    "--run", "run_path", type=click.Path(), metavar="FOLDER",
    help="Work in this folder, for sets larger than memory; the same command continues a run that was stopped. The "
    "pairs are in FOLDER/pairs too, as Parquet.",
)  # fmt: skip


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


def candidates_of(
    blocks: bool, block: tuple[str, ...], lsh_recall: str | None, lsh_threshold: str | None
) -> Candidates | None:
    """``candidates=`` from the options; None for all pairs."""
    from linkage.central.blocking.ways import LSH, Blocks

    if lsh_threshold is not None and lsh_recall is None:
        raise click.UsageError("--lsh-threshold goes with --lsh-recall, such as --lsh-recall 0.99")
    by_block = Blocks(rules=block) if blocks or block else None
    by_hash = None if lsh_recall is None else LSH(recall=lsh_recall, threshold=lsh_threshold)
    if by_block is not None and by_hash is not None:
        return by_block | by_hash
    return by_block or by_hash


def sets_at(paths: Sequence[str], *, in_memory: bool) -> list[EncodedSet]:
    """The encoded sets, refused if they would not fit where they have to be ``in_memory``."""
    from linkage.encoded import EncodedSet

    return [EncodedSet.load(path) if in_memory else EncodedSet.load(path, max_bytes=1 << 62) for path in paths]


def keep_inputs(out: str, *inputs: str | None) -> None:
    """Refuse to write over what is being read: nothing could bring it back."""
    for path in inputs:
        if path is not None and Path(out).exists() and Path(path).exists() and Path(out).samefile(path):
            raise click.UsageError(f"-o {out} would replace an input; choose another name")


def keep_apart(*outputs: str | None, run: str | None = None) -> None:
    """Refuse two outputs that are one file, under whatever names, and one in the folder of the run: it has its own."""
    places = [os.path.realpath(path) for path in outputs if path is not None]  # of an endless link too
    if len(set(places)) < len(places):
        raise click.UsageError("two outputs are one file; give each a name of its own")
    if run is not None and any(Path(os.path.realpath(run)) in Path(place).parents for place in places):
        raise click.UsageError(f"--run {run}: an output would lie in that folder, among its own files; choose another")


def id_key_of(path: str | None) -> Key | None:
    """The agency's own key, if it gave one."""
    from linkage.agency.key import Key

    return None if path is None else Key.load(path)
