"""The commands that know the truth: demo, on invented people, and evaluate."""

from __future__ import annotations

import json
import math
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import click

from linkage.commands.options import command, id_key_of, json_option, key_of, key_options


@command()
@click.option("--folder", type=click.Path(file_okay=False), help="Keep files and tables here; default: thrown away.")
@click.option("--people", type=click.IntRange(100, 1_000_000), default=5_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@json_option
def demo(*, folder: str | None, people: int, seed: int, as_json: bool) -> None:
    """The whole job on invented people: encode, link, release, judge."""
    from linkage.commands import demo as story
    from linkage.files import folder_beside

    say = partial(click.echo, err=as_json)
    # without a name it is filled and thrown away all the same
    with (
        tempfile.TemporaryDirectory(prefix="linkage-demo-") as scratch,
        folder_beside(folder or Path(scratch) / "demo") as place,
    ):
        done = story.run(place, people=people, seed=seed, say=say)
    if as_json:
        click.echo(json.dumps(_evaluation(done.evaluation) | {"births": done.births, "unreached": done.unreached}))
    elif not folder:
        click.echo(f"\n{done.seconds:.1f} seconds. Keep the files with --folder DIR.")
    else:
        click.echo(f"\n{done.seconds:.1f} seconds. The files, and the invented tables as CSV, are in {folder}.")
        click.echo("There you can do it by hand:\n\n" + "\n".join(done.by_hand))


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.argument("truth", type=click.Path())
@key_options
@click.option("--sources", metavar="LEFT,RIGHT", help="Whose ids left_id and right_id are; default alphabetical.")
@json_option
def evaluate(
    links_path: str, truth: str, *, key_path: str | None, key_fd: int | None, ask_key: bool, id_key_path: str | None,
    sources: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Hold LINKS against a table of the TRUTH: left_id,right_id or source,id,person.

    With a key the ids of the truth are the agencies' own, without one they are record ids.
    """
    import linkage

    given = key_path is not None or key_fd is not None or ask_key
    key = id_key_of(id_key_path) or (key_of(key_path, key_fd, ask_key) if given else None)
    done = linkage.evaluate(
        linkage.Links.load(links_path), truth, key=key, sources=None if sources is None else sources.split(",")
    )
    click.echo(json.dumps(_evaluation(done)) if as_json else str(done))


def _evaluation(done: Any) -> dict[str, Any]:
    measures = {
        row["measure"].lower(): [None if math.isnan(row[part]) else row[part] for part in ("value", "low", "high")]
        for row in done.to_arrow().to_pylist()
    }
    counts = {name: getattr(done, name) for name in ("true_positives", "false_positives", "false_negatives", "outside")}
    return measures | counts
