"""The commands that tell of a linkage: its report, and how many people are known to whom."""

from __future__ import annotations

import json

import click

from linkage.charts import require_matplotlib
from linkage.commands.options import command, json_option, keep_apart, keep_inputs, out_option
from linkage.commands.tablefiles import require_table_place, write_table


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.argument("sets", nargs=-1, type=click.Path(), metavar="[SET ...]")
@out_option
@click.option("--model", "model_path", type=click.Path(), help="The one that `linkage link --model` was given.")
@click.option("--duplicates", multiple=True, metavar="SOURCE", help="As `linkage link` was given.")
@click.option("--pair", nargs=2, metavar="LEFT RIGHT", help="Record ids of a pair to explain.")
@click.option("--title", default="", help="Of the page.")
def report(
    links_path: str, sets: tuple[str, ...], *, out: str, model_path: str | None, duplicates: tuple[str, ...],
    pair: tuple[str, str] | None, title: str,
) -> None:  # fmt: skip
    """Write what was linked, how good it is expected to be and why, as one page of HTML.

    With the encoded SETs, one or two, it shows match weights too and explains a pair. Nothing on the page is fetched
    from anywhere; it holds no record id unless a pair is asked for.
    """
    import linkage

    keep_inputs(out, links_path, *sets, model_path)
    require_matplotlib().switch_backend("agg")  # into a file; a notebook's may not be here
    linkage.report(
        linkage.Links.load(links_path),
        out,
        *(linkage.EncodedSet.load(path) for path in sets),
        model=None if model_path is None else linkage.Model.load(model_path),
        duplicates=duplicates,
        pair=pair,
        title=title,
    )
    click.echo(out)


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.argument("sets", nargs=-1, type=click.Path(), metavar="[SET ...]")
@click.option("--by", help="A group column that travels with the SETs, such as ward.")
@click.option("--of", metavar="SOURCE", help="Count only people whom this source knows.")
@click.option("--policy", default="strict", help="strict (default), hes, ons, ukllc or opensafely.")
@click.option("--ledger", "book", type=click.Path(), help="What was published before, kept beside the links.")
@click.option("--csv", "csv_path", type=click.Path(), help="Write the table as CSV too.")
@json_option
def overlap(
    links_path: str, sets: tuple[str, ...], *, by: str | None, of: str | None, policy: str, book: str | None,
    csv_path: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Print how many people are known to whom, with small counts suppressed and the others rounded.

    With --ledger a later table can't be held against an earlier one to tell of a few people.
    """
    import linkage
    from linkage.disclosure import POLICIES
    from linkage.errors import nearest

    if policy not in POLICIES:
        raise click.UsageError(f"--policy: '{policy}' is none; {nearest(policy, POLICIES)}")
    if csv_path is not None:
        keep_inputs(csv_path, links_path, *sets, book)
        keep_apart(csv_path, book)
        require_table_place(csv_path)  # what is published is in the ledger, whether it could be written or not
    loaded = [linkage.EncodedSet.load(path) for path in sets]
    found = linkage.overlap(linkage.Links.load(links_path), *loaded, by=by, of=of, policy=policy, book=book)
    if csv_path is not None:
        write_table(found.to_arrow(), csv_path)
    rows = found.to_arrow().to_pylist()
    data = {"policy": policy, "suppressed": found.to_arrow()["people"].null_count, "counts": rows}
    click.echo(json.dumps(data) if as_json else str(found))


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="SET [SET ...]")
@click.option("--recipient", required=True, help="Whom it is for: link ids are theirs alone.")
@out_option
@json_option
def research(links_path: str, sets: tuple[str, ...], *, recipient: str, out: str, as_json: bool) -> None:
    """Write for a researcher a row a record: link id, source and groups, and no record id (.csv or .parquet)."""
    import linkage

    keep_inputs(out, links_path, *sets)
    loaded = [linkage.EncodedSet.load(path) for path in sets]
    found = linkage.Links.load(links_path).for_research(*loaded, recipient=recipient)
    write_table(found, out)
    data = {"records": found.num_rows, "recipient": recipient, "file": out}
    click.echo(json.dumps(data) if as_json else f"{out}: {found.num_rows:,} records")
