"""The commands that look at pairs before anyone decides on links: plan and compare."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from linkage.commands.options import (
    candidates_of,
    candidates_options,
    command,
    json_option,
    keep_inputs,
    memory_option,
    run_option,
    sets_at,
    threads_option,
)

if TYPE_CHECKING:
    from linkage.central.blocking.ways import Candidates
    from linkage.encoded import EncodedSet

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


@command("plan")
@_sets
@click.option("--threshold", help="Record layout: the least similarity that the run will ask for.")
@_measure
@_filters
@candidates_options
@_most
@threads_option
@memory_option
@json_option
def plan_command(
    sets: tuple[str, ...],
    threshold: str | None,
    measure: Any,
    filters: tuple[str, ...],
    blocks: bool,
    block: tuple[str, ...],
    lsh_recall: str | None,
    lsh_threshold: str | None,
    most: int,
    threads: int | None,
    memory_mib: int,
    as_json: bool,
) -> None:
    """Foresee pairs, time and memory of comparing or linking two encoded sets, or one with itself.

    Says whether the pairs would fit the memory allowed, as compare() of the library needs them to, and whether
    `linkage compare` would write them, which it does in parts.
    """
    from linkage import EncodedSet, plan

    found = plan(
        *(EncodedSet.load(path) for path in _one_or_two(sets)),
        threshold=threshold,
        measure=measure,
        filters=filters or None,
        candidates=candidates_of(blocks, block, lsh_recall, lsh_threshold),
        threads=threads,
        memory=memory_mib << 20,
        most=most,
    )
    told = dataclasses.asdict(found) | {"recommended": found.recommended}
    click.echo(json.dumps(told) if as_json else str(found))


@command("blocks")
@_sets
@click.option("--block", multiple=True, metavar="NAME", help="Only this block of the agreement; repeat for more.")
@click.option("--unblocked", "unblocked_path", type=click.Path(), help="Write source and id of records in no block.")
@json_option
def blocks_command(sets: tuple[str, ...], block: tuple[str, ...], unblocked_path: str | None, as_json: bool) -> None:
    """Count the candidates that the blocks of the agreement give, and the records that are in none."""
    import pyarrow as pa

    from linkage import Blocks, EncodedSet, block_sizes
    from linkage.commands.tablefiles import write_table

    if unblocked_path is not None:
        keep_inputs(unblocked_path, *sets)
    found = block_sizes(*(EncodedSet.load(path) for path in _one_or_two(sets)), blocks=Blocks(rules=block))
    if unblocked_path is not None:
        ids = pa.concat_arrays(found.unblocked.values())
        sources = [source for source, own in found.unblocked.items() for _ in range(len(own))]
        write_table(pa.table({"source": sources, "record_id": ids}), unblocked_path)
    told = {
        "records": found.records,
        "candidates": found.pairs,
        "rules": found.to_arrow().to_pylist(),
        "unblocked": {source: len(ids) for source, ids in found.unblocked.items()},
    }
    click.echo(json.dumps(told) if as_json else str(found))


@command("compare")
@_sets
@click.option("--threshold", required=True, help="The least similarity kept, such as 0.85 or 2/3.")
@_measure
@_filters
@candidates_options
@_most
@click.option("-o", "--out", type=click.Path(), help="The file to write.")
@run_option
@threads_option
@memory_option
@json_option
def compare_command(
    sets: tuple[str, ...],
    threshold: str,
    measure: Any,
    filters: tuple[str, ...],
    blocks: bool,
    block: tuple[str, ...],
    lsh_recall: str | None,
    lsh_threshold: str | None,
    most: int,
    out: str | None,
    run_path: str | None,
    threads: int | None,
    memory_mib: int,
    as_json: bool,
) -> None:
    """Write the pairs of records at least so alike to a Parquet file; one set is met with itself.

    However many pairs there are, they take no more than --memory; more than --most are refused, with an estimate,
    before they fill the disk. Those of candidates (--blocks, --lsh-recall) are held in --memory until all are found.
    With --run in place of -o the sets need not fit in memory either. What is written stays at the centre.
    """
    if (out is None) == (run_path is None):
        raise click.UsageError("say where the pairs go: -o FILE, or --run FOLDER")
    candidates = candidates_of(blocks, block, lsh_recall, lsh_threshold)
    if lsh_threshold is not None:
        raise click.UsageError("--lsh-threshold is for `link`; here --threshold says it")
    encoded = sets_at(_one_or_two(sets), in_memory=run_path is None)
    options: dict[str, Any] = {
        "threshold": threshold,
        "measure": measure,
        "filters": filters or None,
        "threads": threads,
    }
    memory = memory_mib << 20
    if run_path is not None:
        from linkage import compare_to_folder

        found = compare_to_folder(*encoded, folder=run_path, candidates=candidates, most=most, memory=memory, **options)
        out, written, recall = str(found.folder), found.pairs, found.recall
    else:
        keep_inputs(str(out), *sets)
        written, recall = _to_file(str(out), encoded, candidates, most=most, memory=memory, **options)
    said = "" if recall is None else f"; {recall:.4f} of the pairs of a sample that was compared with all were found"
    told = {"pairs": written, "out": out} | ({} if candidates is None else {"recall": recall})
    click.echo(json.dumps(told) if as_json else f"{written:,} pairs in {out}{said}")


def _to_file(
    out: str, encoded: list[EncodedSet], candidates: Candidates | None, *, most: int, memory: int, **options: Any
) -> tuple[int, float | None]:
    """How many pairs were written, and of candidates their recall."""
    from linkage import LimitError, compare, compare_in_parts, write_pairs
    from linkage.central.compare import refuse_so_many
    from linkage.central.tiles import BYTES_PER_PAIR

    if candidates is None:
        return write_pairs(compare_in_parts(*encoded, most=most, memory=memory, **options), out), None
    try:
        pairs = compare(*encoded, candidates=candidates, memory=min(memory, most * BYTES_PER_PAIR), **options)
    except LimitError as error:
        if error.needed is None or error.allowed != most * BYTES_PER_PAIR:
            raise
        refuse_so_many(error.needed // BYTES_PER_PAIR, most)
    return write_pairs(iter([pairs]), out), pairs.recall


def _one_or_two(sets: tuple[str, ...]) -> tuple[str, ...]:
    if len(sets) > 2:
        raise click.UsageError(f"one encoded set or two; {len(sets)} given")
    return sets
