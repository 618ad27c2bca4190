"""The ``linkage`` command: parse, call, print. Results on stdout, everything else on stderr.

No secret is ever an argument: a key is a file, an open descriptor, or typed without echo. Exit codes:
`linkage.exitcodes`.
"""

from __future__ import annotations

import json
import math
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from linkage import __version__, exitcodes
from linkage.clicompare import compare_command, plan_command
from linkage.errors import nearest
from linkage.options import (
    columns_of,
    id_key_of,
    json_option,
    keep_inputs,
    key_of,
    key_options,
    memory_option,
    out_option,
    table_options,
    threads_option,
)


def main() -> None:
    """Run the command and leave with its exit code."""
    signal.signal(signal.SIGTERM, exitcodes.stop)
    sys.exit(exitcodes.run(cli, sys.argv[1:]))


def _print(data: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(data) if as_json else text)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Link records of the same people between agencies without passing round their names.

    At each agency: schema, keygen, check, encode. At the centre: link, release. Back at the agency: rejoin.
    Try `linkage demo` first.
    """


cli.add_command(plan_command)
cli.add_command(compare_command)


@cli.command()
@click.option("--folder", type=click.Path(file_okay=False), help="Keep the files here; default: thrown away.")
@click.option("--people", type=click.IntRange(100, 1_000_000), default=5_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@json_option
def demo(folder: str | None, people: int, seed: int, as_json: bool) -> None:
    """The whole job on invented people: encode, link, release, judge."""
    from linkage import demo as story

    with tempfile.TemporaryDirectory(prefix="linkage-demo-") as scratch:
        place = Path(folder or scratch)
        place.mkdir(parents=True, exist_ok=True)
        if (place / "project.key").exists():
            raise click.UsageError(f"{place} exists already and holds a key; choose another folder")
        done = story.run(place, people=people, seed=seed, say=lambda line: click.echo(line, err=as_json))
        if as_json:
            click.echo(json.dumps(_evaluation(done.evaluation) | {"births": done.births, "unreached": done.unreached}))
            return
        kept = f"The files are in {place}." if folder else "Keep the files with --folder DIR."
        click.echo(f"\n{done.seconds:.1f} seconds. {kept}")


@cli.command()
@click.argument("name")
@click.option("--project", help="The project's name, for a preset.")
@click.option("--layout", type=click.Choice(["fields", "record"]), default="fields", show_default=True)
@click.option("-o", "--out", type=click.Path(), help="Write a preset to this file.")
@json_option
def schema(name: str, project: str | None, layout: Any, out: str | None, as_json: bool) -> None:
    """Print the agreement in file NAME with its fingerprint, or write the preset NAME (uk-person) as TOML."""
    from linkage.agreement import PRESETS, to_toml
    from linkage.schema import Schema

    if name not in PRESETS:
        if out is not None:
            raise click.UsageError(f"-o writes a preset, and '{name}' is none; {nearest(name, PRESETS)}")
        if not Path(name).exists():
            raise click.UsageError(f"'{name}' is neither a file nor a preset; {nearest(name, PRESETS)}")
        agreed = Schema.load(name)
        fields = "\n".join(f"  {field.name:<16}{field.type:<12}{field.tokens}" for field in agreed.fields)
        text = f"project {agreed.project}, layout {agreed.layout}\n{fields}\nfingerprint {agreed.fingerprint()}"
        _print(json.loads(agreed.canonical()) | {"fingerprint": agreed.fingerprint()}, text, as_json=as_json)
        return
    preset = Schema.preset(name, project=project, layout=layout)
    if out is None:
        _print(json.loads(preset.canonical()), to_toml(preset).rstrip(), as_json=as_json)
        return
    if Path(out).exists():
        raise click.UsageError(f"{out} exists already and will not be overwritten")
    preset.save(out)
    click.echo(f"wrote {out}", err=True)


@cli.command()
@click.argument("path", type=click.Path())
def keygen(path: str) -> None:
    """Make the project's key and write it to PATH, for its owner's eyes only."""
    from linkage.agency.key import Key

    Key.generate().save(path)
    click.echo(f"wrote {path}; give it to the agencies by a safe way, never to the centre", err=True)


@cli.command()
@click.argument("table", type=click.Path())
@table_options
@click.option("--id", "id_column", help="The column of the agency's record ids.")
@click.option("--strict", is_flag=True, help="Exit with 3 if there is any problem.")
@json_option
def check(
    table: str, schema_path: str, columns: tuple[str, ...], without: tuple[str, ...], id_column: str | None,
    strict: bool, as_json: bool,
) -> None:  # fmt: skip
    """List what in TABLE breaks the agreement: row, column, rule; never the value."""
    from linkage.schema import Schema

    problems = Schema.load(schema_path).check(table, id=id_column, columns=columns_of(columns, without))
    listed = "".join(f"\nrow {row:,}, column '{column}': {rule}" for row, column, rule in problems if row)
    data = {"rows": problems.rows, "problems": len(problems), "listed": [item._asdict() for item in problems]}
    _print(data, f"{problems}{listed}", as_json=as_json)
    if strict and problems:
        raise click.exceptions.Exit(3)


@cli.command()
@click.argument("table", type=click.Path())
@table_options
@key_options
@click.option("--id", "id_column", required=True, help="The column of the agency's record ids.")
@click.option("--source", required=True, help="The agency's name in this project.")
@out_option
@threads_option
@memory_option
@json_option
def encode(
    table: str, schema_path: str, columns: tuple[str, ...], without: tuple[str, ...], key_path: str | None,
    key_fd: int | None, ask_key: bool, id_key_path: str | None, id_column: str, source: str, out: str,
    threads: int | None, memory_mib: int, as_json: bool,
) -> None:  # fmt: skip
    """Encode TABLE (.csv, .tsv or .parquet) into the file that goes to the centre."""
    import linkage

    keep_inputs(out, table, schema_path, key_path, id_key_path)
    made = linkage.encode(
        table, linkage.Schema.load(schema_path), key_of(key_path, key_fd, ask_key), id=id_column, source=source,
        columns=columns_of(columns, without), out=out, id_key=id_key_of(id_key_path), threads=threads,
        memory=memory_mib << 20,
    )  # fmt: skip
    data = {"source": made.source, "records": len(made), "fingerprint": made.schema.fingerprint(),
            "key_check": made.key_check, "file": out}  # fmt: skip
    _print(data, f"{out}: {len(made):,} records of {source}, key check {made.key_check[:8]}", as_json=as_json)


@cli.command()
@click.argument("sets", nargs=-1, required=True, type=click.Path())
@out_option
@click.option("--probability", help="Layout fields: link at or above it; default 0.5.")
@click.option("--threshold", help="Layout record: link at or above this similarity, such as 0.8 or 4/5.")
@click.option("--duplicates", multiple=True, metavar="SOURCE", help="A source with several records of a person.")
@click.option("--replace", is_flag=True, help="Replace an existing result, link ids and all.")
@click.option("--weights", is_flag=True, help="Print the match weights by field and level.")
@threads_option
@memory_option
@json_option
def link(
    sets: tuple[str, ...], out: str, probability: str | None, threshold: str | None, duplicates: tuple[str, ...],
    replace: bool,
    weights: bool, threads: int | None, memory_mib: int, as_json: bool,
) -> None:  # fmt: skip
    """Link two encoded SETS and write the standing result, which stays at the centre.

    Each run makes new link ids: send all agencies releases of one and the same result.
    """
    import linkage

    keep_inputs(out, *sets)
    if Path(out).exists() and not replace:
        raise click.UsageError(
            f"{out} exists already; a new run has new link ids, which match no release of the old one. "
            "Choose another name, or give --replace"
        )
    loaded = [linkage.EncodedSet.load(path) for path in sets]
    model = None
    if weights:
        if len(loaded) != 2:
            raise click.UsageError("--weights: takes two sets")
        model = linkage.fit(*loaded, duplicates=duplicates, threads=threads, memory=memory_mib << 20)
        click.echo(str(model), err=True)
    links = linkage.link(
        *loaded, model=model, probability=probability, threshold=threshold, duplicates=duplicates, threads=threads,
        memory=memory_mib << 20,
    )  # fmt: skip
    links.save(out)
    linked = links.records.num_rows - links.records["link_id"].null_count
    data = {"pairs": len(links), "records": links.records.num_rows, "linked_records": linked, "file": out,
            "sources": list(links.sources), "cut": dict(links.cut)}  # fmt: skip
    _print(data, f"{out}: {len(links):,} pairs of {' and '.join(links.sources)}", as_json=as_json)


@cli.command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.option("--source", required=True, help="The agency it is for.")
@out_option
@click.option("--linked-only", is_flag=True, help="Leave out records that linked with nothing.")
@click.option("--separate", is_flag=True, help="Link ids that only this recipient has.")
@click.option("--confidence", is_flag=True, help="Add certain, likely or review.")
@click.option("--csv", "csv_path", type=click.Path(), help="Write it as CSV too, for eyes.")
@json_option
def release(
    links_path: str, source: str, out: str, linked_only: bool, separate: bool, confidence: bool,
    csv_path: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write what goes back to one agency: its own record ids and link ids, nothing else."""
    import linkage

    keep_inputs(out, links_path)
    if csv_path is not None:
        keep_inputs(csv_path, links_path, out)
        if Path(csv_path).exists():
            raise click.UsageError(f"--csv {csv_path} exists already and will not be overwritten")
        if Path(csv_path).absolute() == Path(out).absolute():
            raise click.UsageError("--csv and -o name the same file")
    made = linkage.Links.load(links_path).release(
        source, linked_only=linked_only, separate=separate, confidence=confidence
    )
    made.save(out)
    if csv_path is not None:
        made.to_csv(csv_path)
    linked = len(made) - made.table["link_id"].null_count
    data = {"source": source, "records": len(made), "linked": linked, "file": out}
    _print(data, f"{out}: {len(made):,} records of {source}, {linked:,} linked", as_json=as_json)


@cli.command()
@click.argument("release_path", metavar="RELEASE", type=click.Path())
@click.argument("table", type=click.Path())
@key_options
@click.option("--id", "id_column", required=True, help="The column of the agency's record ids.")
@out_option
@json_option
def rejoin(
    release_path: str, table: str, key_path: str | None, key_fd: int | None, ask_key: bool, id_key_path: str | None,
    id_column: str, out: str, as_json: bool,
) -> None:  # fmt: skip
    """Put the link ids of a RELEASE beside the agency's own TABLE (.csv or .parquet out, as -o says)."""
    import linkage
    from linkage.agency.rejoin import write_table

    keep_inputs(out, release_path, table, key_path, id_key_path)
    found = linkage.rejoin(
        linkage.Release.load(release_path), table, key_of(key_path, key_fd, ask_key), id=id_column,
        id_key=id_key_of(id_key_path),
    )  # fmt: skip
    write_table(found, out)
    linked = found.num_rows - found["link_id"].null_count
    data = {"records": found.num_rows, "linked": linked, "file": out}
    _print(data, f"{out}: {found.num_rows:,} records, {linked:,} with a link id", as_json=as_json)


@cli.command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@click.argument("truth", type=click.Path())
@key_options
@click.option("--sources", metavar="LEFT,RIGHT", help="Whose ids left_id and right_id are; default alphabetical.")
@json_option
def evaluate(
    links_path: str, truth: str, key_path: str | None, key_fd: int | None, ask_key: bool, id_key_path: str | None,
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
    _print(_evaluation(done), str(done), as_json=as_json)


def _evaluation(done: Any) -> dict[str, Any]:
    measures = {
        row["measure"].lower(): [None if math.isnan(row[part]) else row[part] for part in ("value", "low", "high")]
        for row in done.to_arrow().to_pylist()
    }
    counts = {name: getattr(done, name) for name in ("true_positives", "false_positives", "false_negatives", "outside")}
    return measures | counts


@cli.command()
@click.argument("path", metavar="FILE", type=click.Path())
@out_option
@click.option("--schema", "schema_path", type=click.Path(), help="clkhash's schema, from which the CLKs were made.")
@click.option("--source", help="The agency's name; default the file's, without its ending.")
@memory_option
@json_option
def convert(
    path: str, out: str, schema_path: str | None, source: str | None, memory_mib: int, as_json: bool
) -> None:  # fmt: skip
    """Turn a FILE of clkhash's CLKs (.json) into an encoded set (.parquet), or an encoded set into such a file."""
    import linkage

    keep_inputs(out, path, schema_path)
    kinds = tuple(Path(name).suffix.lower() for name in (path, out))
    if kinds == (".json", ".parquet"):
        agreed = None if schema_path is None else linkage.Schema.from_clkhash(schema_path)
        made = linkage.interop.read_clks(path, schema=agreed, source=source, max_bytes=memory_mib << 20)
        made.save(out)
    elif kinds == (".parquet", ".json"):
        if schema_path is not None or source is not None:
            raise click.UsageError("--schema and --source belong to CLKs that are read; such a file can't hold them")
        made = linkage.EncodedSet.load(path, max_bytes=memory_mib << 20)
        linkage.interop.write_clks(made, out)
    else:
        raise click.UsageError("one of FILE and -o ends in .json, the other in .parquet")
    bits = made.schema.filters[0].bits
    data = {"records": len(made), "bits": bits, "source": made.source, "file": out}
    _print(data, f"{out}: {len(made):,} CLKs of {bits:,} bits", as_json=as_json)


@cli.command()
@click.argument("path", required=False, type=click.Path())
@json_option
def info(path: str | None, as_json: bool) -> None:
    """What this installation is, or what the file at PATH is."""
    from linkage import about

    facts = about.installation() if path is None else about.file(Path(path))
    _print(facts, "\n".join(f"{name:<18}{value}" for name, value in facts.items()), as_json=as_json)
