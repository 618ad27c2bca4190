"""The commands at the centre that say why, and learn from people's decisions: explain and refine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from linkage.commands.options import command, json_option, keep_inputs, memory_option, out_option, threads_option
from linkage.commands.tablefiles import table_of, write_table
from linkage.errors import LinkageWarning

if TYPE_CHECKING:
    from linkage.encoded import EncodedSet
    from linkage.tables import TableOfResults

_model = click.option("--model", "model_path", required=True, type=click.Path(), help="Of `linkage fit`.")
_duplicates = click.option(
    "--duplicates", multiple=True, metavar="SOURCE", help="A source with several records of a person."
)


@command()
@click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="LEFT [RIGHT]")
@_model
@click.option("--pair", nargs=2, metavar="LEFT_ID RIGHT_ID", help="Two record ids: why they are linked or not.")
@click.option("--nearest", type=click.IntRange(1), metavar="N", help="The N pairs nearest the cut (default: 20).")
@click.option("--unlinkable", is_flag=True, help="The records that cannot be linked with this evidence.")
@click.option("--dropping", is_flag=True, help="What would change if nobody held a field, each in turn.")
@click.option("--probability", default="0.5", show_default=True, help="The cut that is asked about.")
@click.option("-o", "--out", type=click.Path(), help="Write all rows as CSV; without it 20 are shown.")
@_duplicates
@threads_option
@memory_option
@json_option
def explain(
    sets: tuple[str, ...], *, model_path: str, pair: tuple[str, str] | None, nearest: int | None, unlinkable: bool,
    dropping: bool, probability: str, out: str | None, duplicates: tuple[str, ...], threads: int | None,
    memory_mib: int, as_json: bool,
) -> None:  # fmt: skip
    """Say why records are linked or not, from their encodings alone.

    The file of --nearest is one to review: add a column `same` (true, false, or empty), and give it to
    `linkage refine`.
    """
    import linkage

    if sum((pair is not None, nearest is not None, unlinkable, dropping)) > 1:
        raise click.UsageError("one of --pair, --nearest, --unlinkable and --dropping at a time")
    if out is not None:
        keep_inputs(out, *sets, model_path)
    loaded = _one_or_two(sets)
    asked = linkage.Model.load(model_path).explain(
        *loaded, probability=probability, duplicates=duplicates, threads=threads, memory=memory_mib << 20
    )
    found: TableOfResults
    if pair is not None:
        found = asked.pair(*pair)
    elif unlinkable:
        found = asked.unlinkable()
    else:
        found = asked.dropping() if dropping else asked.nearest(nearest or 20)
    rows: list[dict[str, Any]] = found.to_arrow().to_pylist()
    if out is not None:
        write_table(found.to_arrow(), out)
        click.echo(json.dumps({"rows": len(rows), "file": out}) if as_json else f"{out}: {len(rows):,} rows")
    elif as_json:
        click.echo(json.dumps(rows))
    else:
        click.echo(str(found) if pair is not None else _text(rows, repr(found)))


@command()
@click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="LEFT [RIGHT]")
@_model
@click.option(
    "--decisions",
    "decisions_path",
    required=True,
    type=click.Path(),
    help="CSV: left_source, left_id, right_source, right_id, same (true, false, or empty where nobody decided).",
)
@out_option
@_duplicates
@threads_option
@memory_option
@json_option
def refine(
    sets: tuple[str, ...], *, model_path: str, decisions_path: str, out: str, duplicates: tuple[str, ...],
    threads: int | None, memory_mib: int, as_json: bool,
) -> None:  # fmt: skip
    """Make a model better with a few hundred decisions of people, or leave it as it was, and say so."""
    import warnings

    import linkage

    keep_inputs(out, *sets, model_path, decisions_path)
    loaded = _one_or_two(sets)
    model, decisions = linkage.Model.load(model_path), table_of(decisions_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LinkageWarning)
        better = linkage.refine(
            model, loaded[0], loaded[1] if len(loaded) == 2 else None, decisions,
            duplicates=duplicates, threads=threads, memory=memory_mib << 20,
        )  # fmt: skip
    for each in caught:
        click.echo(f"warning: {each.message}", err=True)
    better.save(out)
    data = {"refined": better is not model, "decisions": decisions.num_rows, "file": out}
    word = "refined" if better is not model else "as it was"
    click.echo(json.dumps(data) if as_json else f"{out}: the model {word}, after {decisions.num_rows:,} decisions")


def _text(rows: list[dict[str, Any]], title: str) -> str:
    """The rows as columns of text."""
    if not rows:
        return title
    cells = [list(rows[0])] + [[_shown(value) for value in row.values()] for row in rows[:20]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([title, *lines])


def _shown(value: object) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _one_or_two(sets: tuple[str, ...]) -> list[EncodedSet]:
    """The sets loaded."""
    import linkage

    if len(sets) > 2:
        raise click.UsageError(f"one encoded set or two; {len(sets)} given")
    return [linkage.EncodedSet.load(path) for path in sets]
