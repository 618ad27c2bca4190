"""The commands that look at pairs before anyone decides on links: plan and compare."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from linkage.commands.options import json_option, keep_inputs, memory_option, out_option, threads_option

_measure = click.option(
    "--measure", type=click.Choice(("dice", "jaccard", "hamming")),
    help="How similarity is measured; left out, as the agreement's filters are made for.",
)  # fmt: skip
_filters = click.option(
    "--filter", "filters", multiple=True, metavar="NAME", help="Fields layout: compare this filter; repeat for more.",
)  # fmt: skip
_most = click.option(
    "--most", type=click.IntRange(1), default=100_000_000, show_default=True, help="Refuse to write more pairs."
)
_sets = click.argument("sets", nargs=-1, required=True, type=click.Path(), metavar="LEFT [RIGHT]")


@click.command("plan")
@_sets
@click.option("--threshold", help="Record layout: the least similarity that the run will ask for.")
@_measure
@_filters
@click.option("--lsh-recall", metavar="RECALL", help="Price locality-sensitive hashing with this recall too.")
@_most
@threads_option
@memory_option
@json_option
def plan_command(
    sets: tuple[str, ...],
    threshold: str | None,
    measure: Any,
    filters: tuple[str, ...],
    lsh_recall: str | None,
    most: int,
    threads: int | None,
    memory_mib: int,
    as_json: bool,
) -> None:
    """Foresee pairs, time and memory of comparing or linking two encoded sets, or one with itself.

    Says whether the pairs would fit the memory allowed, as compare() of the library needs them to, and whether
    `linkage compare` would write them, which it does in parts.
    """
    from linkage import LSH, EncodedSet, plan

    found = plan(
        *(EncodedSet.load(path) for path in _one_or_two(sets)),
        threshold=threshold,
        measure=measure,
        filters=filters or None,
        candidates=LSH(recall=lsh_recall) if lsh_recall else None,
        threads=threads,
        memory=memory_mib << 20,
        most=most,
    )
    told = dataclasses.asdict(found) | {"recommended": found.recommended}
    click.echo(json.dumps(told) if as_json else str(found))


@click.command("compare")
@_sets
@click.option("--threshold", required=True, help="The least similarity kept, such as 0.85 or 2/3.")
@_measure
@_filters
@click.option(
    "--lsh-recall",
    metavar="RECALL",
    help="Compare only records that locality-sensitive hashing brings together; a pair "
    "at the threshold is found with at least this chance, such as 0.99. The pairs are then held in --memory.",
)
@_most
@out_option
@threads_option
@memory_option
@json_option
def compare_command(
    sets: tuple[str, ...],
    threshold: str,
    measure: Any,
    filters: tuple[str, ...],
    lsh_recall: str | None,
    most: int,
    out: str,
    threads: int | None,
    memory_mib: int,
    as_json: bool,
) -> None:
    """Write the pairs of records at least so alike to a Parquet file; one set is met with itself.

    However many pairs there are, they take no more than --memory; more than --most are refused, with an estimate,
    before they fill the disk. The file stays at the centre.
    """
    from linkage import LSH, EncodedSet, compare, compare_in_parts, write_pairs
    from linkage.central.tiles import BYTES_PER_PAIR

    keep_inputs(out, *_one_or_two(sets))
    encoded = [EncodedSet.load(path) for path in sets]
    options: dict[str, Any] = {
        "threshold": threshold,
        "measure": measure,
        "filters": filters or None,
        "threads": threads,
        "memory": min(memory_mib << 20, most * BYTES_PER_PAIR) if lsh_recall else memory_mib << 20,
    }
    if lsh_recall:
        parts = iter([compare(*encoded, candidates=LSH(recall=lsh_recall), **options)])
    else:
        parts = compare_in_parts(*encoded, most=most, **options)
    written = write_pairs(parts, out)
    click.echo(json.dumps({"pairs": written, "out": out}) if as_json else f"{written:,} pairs in {out}")


def _one_or_two(sets: tuple[str, ...]) -> tuple[str, ...]:
    if len(sets) > 2:
        raise click.UsageError(f"one encoded set or two; {len(sets)} given")
    return sets
