"""The commands at the centre that decide and disclose, without a key: fit, link and release."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linkage.charts import require_matplotlib
from linkage.commands.options import (
    candidates_of,
    candidates_options,
    command,
    json_option,
    keep_apart,
    keep_inputs,
    memory_option,
    out_option,
    run_option,
    sets_at,
    threads_option,
)
from linkage.commands.tablefiles import by_source, parted, table_of, withdrawn_at
from linkage.files import seen
from linkage.quality import MEASURES

if TYPE_CHECKING:
    from linkage.central.spark import OnSpark
    from linkage.encoded import EncodedSet

_duplicates = click.option(
    "--duplicates", multiple=True, metavar="SOURCE", help="A source with several records of a person."
)
_weights = click.option("--weights", is_flag=True, help="Print the match weights by field and level.")
_WAY_OUT = (
    "Here: `linkage fit` on sets that share more people or, to look at each link, on these; then `linkage link --model`"
)
_BY_THRESHOLD = "Here: --threshold; `linkage compare` writes pairs with their similarity, and shows where they thin out"


@command()
@click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="LEFT [RIGHT]")
@out_option
@_duplicates
@_weights
@threads_option
@memory_option
@json_option
def fit(
    sets: tuple[str, ...], *, out: str, duplicates: tuple[str, ...], weights: bool, threads: int | None,
    memory_mib: int, as_json: bool,
) -> None:  # fmt: skip
    """Estimate a model from two encoded sets, or one, and write it for `linkage link --model`.

    A model serves all sets of its agreement: fit it where most people are in both sets, use it where few are. It
    holds frequencies over all records and no record.
    """
    import linkage

    keep_inputs(out, *sets)
    loaded = _one_or_two(sets)
    model = linkage.fit(*loaded, duplicates=duplicates, threads=threads, memory=memory_mib << 20)
    model.save(out)
    if weights:
        click.echo(str(model), err=True)
    data = {"fields": len(model.fields), "matches": model.matches, "households": model.households,
            "steps": model.steps, "converged": model.converged, "doubts": model.doubts(min(map(len, loaded))),
            "file": out}  # fmt: skip
    click.echo(
        json.dumps(data) if as_json else f"{out}: {len(model.fields)} fields, {model.matches:,.0f} matches expected"
    )


@command()
@click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="SET [SET ...]")
@out_option
@click.option("--model", "model_path", type=click.Path(), help="Of `linkage fit`; default: estimated from the sets.")
@click.option(
    "--probability", help="Layout fields: link at or above it; default 0.5 to 0.7, by how sure the links are."
)
@click.option(
    "--precision", help="Layout fields, in place of it: the share of links that shall be right, such as 0.99."
)
@click.option(
    "--threshold",
    help="Layout record: link at or above this similarity, such as 0.8 or 4/5; default: found from the sets.",
)
@candidates_options
@_duplicates
@click.option(
    "--standing",
    "standing_path",
    type=click.Path(),
    help="The result to carry on: give the sets of all batches, in order.",
)
@click.option("--known", "known_path", type=click.Path(), help="Pairs that somebody looked at: a table, see `link`.")
@click.option("--withdraw", multiple=True, metavar="SOURCE=FILE", help="Record ids to forget: `linkage withdrawal`.")
@click.option("--bridge", multiple=True, metavar="SOURCE=FILE", help="Old to new record ids: `linkage bridge`.")
@click.option("--replace", is_flag=True, help="Replace an existing result, link ids and all.")
@click.option("--report", "report_path", type=click.Path(), help="Write a page of HTML about it as well.")
@_weights
@run_option
@click.option(
    "--engine",
    type=click.Choice(("here", "spark")),
    default="here",
    help="spark: by the cluster of the environment's session (SPARK_REMOTE, spark-submit), which must reach --run.",
)
@click.option("--seen-as", metavar="URI", help="The folder of --run as the cluster calls it, if by another name.")
@threads_option
@memory_option
@json_option
def link(
    sets: tuple[str, ...], *, out: str, model_path: str | None, probability: str | None, precision: str | None,
    threshold: str | None, duplicates: tuple[str, ...], standing_path: str | None, known_path: str | None,
    withdraw: tuple[str, ...], bridge: tuple[str, ...], replace: bool, report_path: str | None, weights: bool,
    blocks: bool, block: tuple[str, ...], lsh_recall: str | None, lsh_threshold: str | None, run_path: str | None,
    engine: str, seen_as: str | None,
    threads: int | None, memory_mib: int, as_json: bool,
) -> None:  # fmt: skip
    """Link encoded sets, or the duplicates in one, and write the standing result, which stays at the centre.

    Each run makes new link ids: send all agencies releases of one and the same result. With --standing a person keeps
    their link id, and only new records are compared; -o may be the same file.
    """
    import linkage

    inputs = (*sets, model_path, known_path, *(parted(item)[1] for item in (*withdraw, *bridge)))
    keep_inputs(out, *inputs)
    keep_apart(out, report_path, run=run_path)
    if report_path is not None:
        keep_inputs(report_path, *inputs, standing_path)
        require_matplotlib().switch_backend("agg")  # into a file; a notebook's may not be here
    carries_on = standing_path is not None and Path(out).exists() and Path(out).samefile(standing_path)
    before = seen(Path(out))
    if Path(out).exists() and not replace and not carries_on:
        raise click.UsageError(
            f"{out} exists already; a new run has new link ids, which match no release of the old one. "
            "Choose another name, or give --replace"
        )
    if weights and (len(sets) > 2 or standing_path) and model_path is None:
        raise click.UsageError(
            "--weights: of several sets every two have a model of their own; see `linkage fit` of two"
        )
    gone, became = (
        {source: read(path) for source, path in by_source(option, items).items()} or None
        for option, items, read in (("--withdraw", withdraw, withdrawn_at), ("--bridge", bridge, table_of))
    )
    loaded = sets_at(sets, in_memory=run_path is None)
    run = _run_of(run_path, engine, seen_as)
    shown = given = None if model_path is None else linkage.Model.load(model_path)
    if weights:
        shown = given or linkage.fit(*loaded, duplicates=duplicates, threads=threads, memory=memory_mib << 20)
        click.echo(str(shown), err=True)
    began = time.monotonic()
    try:
        links = linkage.link(
            *loaded, model=shown, probability=probability, precision=precision, threshold=threshold,
            candidates=candidates_of(blocks, block, lsh_recall, lsh_threshold),
            duplicates=duplicates, threads=threads, memory=memory_mib << 20,
            standing=None if standing_path is None else linkage.Links.load(standing_path),
            known=None if known_path is None else table_of(known_path), withdraw=gone, bridge=became, run=run,
        )  # fmt: skip
    except linkage.EvidenceError as error:
        by_model = loaded[0].schema.layout == "fields"
        raise linkage.EvidenceError(f"{error}. {_WAY_OUT if by_model else _BY_THRESHOLD}") from None
    if given is None and shown is not None and len(links) and len(loaded) == 2 and shown.too_few(min(map(len, loaded))):
        # to be shown the weights must not be a way round the refusal
        raise linkage.EvidenceError(f"too few records seem to have a partner to tell people from siblings. {_WAY_OUT}")
    if carries_on and seen(Path(out)) != before:
        raise FileExistsError(f"{out}: somebody wrote it meanwhile, and it is left as it is; run this again")
    links.save(out)
    if report_path is not None:
        told = loaded if len(loaded) < 3 and standing_path is None else ()
        seconds = time.monotonic() - began
        linkage.report(links, report_path, *told, model=shown, duplicates=duplicates, seconds=seconds)
    linked = links.records.num_rows - links.records["link_id"].null_count
    data = {"pairs": len(links), "records": links.records.num_rows, "linked_records": linked, "file": out,
            "sources": list(links.sources), "cut": dict(links.cut)}  # fmt: skip
    if links.kept is not None:
        data["conflicts"] = links.conflicts.num_rows
        data["events"] = dict(sorted(Counter(links.events["kind"].to_pylist()).items()))
    if links.quality is not None:
        data["expected"] = {name: vars(getattr(links.quality, name)) for name in MEASURES}
        data["expected"] |= {"known": links.quality.known, "words": list(links.quality.words)}
    said = "" if links.quality is None else f"\n{links.quality}"
    if standing_path is not None:
        said = f"\n{links.events.num_rows:,} changes of link ids: `linkage events {out}` lists them"
    where = f"records within {links.sources[0]}" if len(links.sources) == 1 else " and ".join(links.sources)
    click.echo(json.dumps(data) if as_json else f"{out}: {len(links):,} pairs of {where}{said}")


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.option("--source", required=True, help="The agency it is for.")
@out_option
@click.option("--linked-only", is_flag=True, help="Leave out records that linked with nothing.")
@click.option("--present-in", multiple=True, metavar="SOURCE", help="Only people whom this source knows too; repeat.")
@click.option("--separate", is_flag=True, help="Link ids that only this recipient has.")
@click.option("--confidence", is_flag=True, help="Add certain, likely or review.")
@click.option("--csv", "csv_path", type=click.Path(), help="Write it as CSV too, for eyes.")
@json_option
def release(
    links_path: str, *, source: str, out: str, linked_only: bool, present_in: tuple[str, ...], separate: bool,
    confidence: bool, csv_path: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write what goes back to one agency: its own record ids and link ids, nothing else."""
    import linkage

    keep_inputs(out, links_path)
    if csv_path is not None:
        keep_inputs(csv_path, links_path, out)
        if Path(csv_path).exists():
            raise click.UsageError(f"--csv {csv_path} exists already and will not be overwritten")
        keep_apart(out, csv_path)
    made = linkage.Links.load(links_path).release(
        source, linked_only=linked_only, present_in=present_in, separate=separate, confidence=confidence
    )
    made.save(out)
    if csv_path is not None:
        made.to_csv(csv_path)
    linked = len(made) - made.table["link_id"].null_count
    data = {"source": source, "records": len(made), "linked": linked, "file": out}
    click.echo(json.dumps(data) if as_json else f"{out}: {len(made):,} records of {source}, {linked:,} linked")


def _run_of(run_path: str | None, engine: str, seen_as: str | None) -> str | OnSpark | None:
    """Where the work is done and kept."""
    if engine == "here":
        if seen_as is not None:
            raise click.UsageError("--seen-as goes with --engine spark")
        return run_path
    if run_path is None:
        raise click.UsageError("--engine spark works in a folder that the cluster can reach: give --run FOLDER")
    from linkage.central.spark import OnSpark
    from linkage.central.spark.session import session

    return OnSpark(session(), run_path, seen_as=seen_as)


def _one_or_two(sets: tuple[str, ...]) -> list[EncodedSet]:
    """The sets loaded."""
    import linkage

    if len(sets) > 2:
        raise click.UsageError(f"one encoded set or two; {len(sets)} given; `linkage link` takes more")
    return [linkage.EncodedSet.load(path) for path in sets]
