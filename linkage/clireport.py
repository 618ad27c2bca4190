"""The command that writes the report of a linkage."""

from __future__ import annotations

import click

from linkage.options import keep_inputs, out_option


@click.command()
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
