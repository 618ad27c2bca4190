"""The commands of clerical review: cases at the centre, opened at an agency, settled at the centre."""

from __future__ import annotations

import json

import click

from linkage.commands.options import (
    command,
    id_key_of,
    json_option,
    keep_apart,
    keep_inputs,
    key_of,
    key_options,
    out_option,
)
from linkage.commands.tablefiles import by_source, table_of, write_table


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="SETS...")
@click.option("--model", "model_path", type=click.Path(), help="Of `linkage fit` on these sets, if LINKS hold none.")
@click.option("--pairs", "n", type=click.IntRange(1), default=300, show_default=True, help="How many.")
@click.option("--to", "recipients", multiple=True, metavar="SOURCE=FILE", help="Write what that agency is given.")
@out_option
@json_option
def cases(
    links_path: str, sets: tuple[str, ...], *, model_path: str | None, n: int, recipients: tuple[str, ...], out: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Choose the pairs whose decision would change most, and number them for two agencies to look at together.

    SETS are those that were linked. Links of three agencies or more hold their models, and cases that are conflicts
    between them come first.

    -o is the centre's own list (.csv or .parquet), which `linkage settle` takes; --to writes each agency's: its own
    record ids, case numbers and, in words, which fields agree.
    """
    import linkage

    targets = by_source("--to", recipients)
    for path in (out, *targets.values()):
        keep_inputs(path, links_path, *sets, model_path)
    keep_apart(out, *targets.values())
    loaded = [linkage.EncodedSet.load(path) for path in sets]
    model = None if model_path is None else linkage.Model.load(model_path)
    found = linkage.review(linkage.Links.load(links_path), model, *loaded, n=n)
    lists = {source: found.for_source(source) for source in targets}
    write_table(found.to_arrow(), out)
    for source, each in lists.items():
        each.save(targets[source])
    data = {"cases": len(found), "file": out, "to": targets}
    click.echo(json.dumps(data) if as_json else f"{out}: {len(found):,} cases")


@command("open-cases")
@click.argument("cases_path", metavar="CASES", type=click.Path())
@click.argument("table", type=click.Path())
@click.option("--id", "id_column", required=True, help="The column with the agency's own record ids.")
@key_options
@out_option
@json_option
def open_cases(
    cases_path: str, table: str, *, id_column: str, key_path: str | None, key_fd: int | None, ask_key: bool,
    id_key_path: str | None, out: str, as_json: bool,
) -> None:  # fmt: skip
    """Put the agency's own rows beside its CASES, with an empty column `same` to decide in."""
    import linkage

    keep_inputs(out, cases_path, table, key_path, id_key_path)
    key = key_of(key_path, key_fd, ask_key)
    given = linkage.CaseList.load(cases_path)
    found = linkage.open_cases(given, table, key, id=id_column, id_key=id_key_of(id_key_path))
    write_table(found, out)
    click.echo(json.dumps({"cases": len(found), "file": out}) if as_json else f"{out}: {len(found):,} cases")


@command()
@click.argument("review_path", metavar="REVIEW", type=click.Path())
@click.option("--decisions", multiple=True, required=True, metavar="SOURCE=FILE", help="What an agency sent back.")
@out_option
@json_option
def settle(review_path: str, *, decisions: tuple[str, ...], out: str, as_json: bool) -> None:
    """Turn what agencies decided about cases into known pairs, for `linkage link --known` and `linkage refine`.

    Cases on which they disagree are listed on stderr, by number, and left out.
    """
    from linkage.central.reviewing.review import settled
    from linkage.decisions import PAIR

    files = by_source("--decisions", decisions)
    keep_inputs(out, review_path, *files.values())
    told = {source: table_of(path, "case") for source, path in files.items()}
    known, contrary = settled(table_of(review_path, "case", *PAIR), told)
    write_table(known, out)
    for row in contrary.to_pylist():
        click.echo(f"the agencies disagree on case {row['case']}", err=True)
    data = {"known": len(known), "disagreements": len(contrary), "file": out}
    click.echo(json.dumps(data) if as_json else f"{out}: {len(known):,} pairs known, {len(contrary):,} disagreements")
