"""The commands at an agency, which sees people and the key: schema, keygen, check, encode and rejoin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from linkage.commands.options import (
    columns_of,
    command,
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
from linkage.commands.tablefiles import write_table
from linkage.errors import nearest


@command()
@click.argument("name")
@click.option("--project", help="The project's name, for a preset.")
@click.option("--layout", type=click.Choice(["fields", "record"]), help="Of a preset; fields unless said.")
@click.option("--profile", type=click.Choice(["linkable", "guarded", "hardened"]), help="Of a preset: in its place.")
@click.option("--blocks", is_flag=True, help="Of a preset: with blocks, for sets too large to compare all pairs.")
@click.option("-o", "--out", type=click.Path(), help="Write a preset to this file.")
@json_option
def schema(
    name: str, *, project: str | None, layout: Any, profile: str | None, blocks: bool, out: str | None, as_json: bool
) -> None:
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
        rules = "".join(f"\n  block {block.name}: {', '.join(block.keys)}" for block in agreed.blocks)
        text = f"project {agreed.project}, layout {agreed.layout}\n{fields}{rules}\nfingerprint {agreed.fingerprint()}"
        data = json.loads(agreed.canonical()) | {"fingerprint": agreed.fingerprint()}
        click.echo(json.dumps(data) if as_json else text)
        return
    preset = Schema.preset(name, project=project, layout=layout, profile=profile, blocks=blocks)
    if out is None:
        click.echo(json.dumps(json.loads(preset.canonical())) if as_json else to_toml(preset).rstrip())
        return
    if Path(out).exists():
        raise click.UsageError(f"{out} exists already and will not be overwritten")
    preset.save(out)
    click.echo(f"wrote {out}", err=True)


@command()
@click.argument("path", type=click.Path())
def keygen(path: str) -> None:
    """Make the project's key and write it to PATH, for its owner's eyes only."""
    from linkage.agency.key import Key

    Key.generate().save(path)
    click.echo(f"wrote {path}; give it to the agencies by a safe way, never to the centre", err=True)


@command()
@click.argument("table", type=click.Path())
@table_options
@click.option("--id", "id_column", help="The column of the agency's record ids.")
@click.option("--strict", is_flag=True, help="Exit with 3 if there is any problem.")
@json_option
def check(
    table: str, *, schema_path: str, columns: tuple[str, ...], without: tuple[str, ...], id_column: str | None,
    strict: bool, as_json: bool,
) -> None:  # fmt: skip
    """List what in TABLE breaks the agreement: row, column, rule; never the value."""
    from linkage.schema import Schema

    problems = Schema.load(schema_path).check(table, id=id_column, columns=columns_of(columns, without))
    listed = "".join(f"\nrow {row:,}, column '{column}': {rule}" for row, column, rule in problems if row)
    data = {"rows": problems.rows, "problems": len(problems), "listed": [item._asdict() for item in problems]}
    click.echo(json.dumps(data) if as_json else f"{problems}{listed}")
    if strict and problems:
        raise click.exceptions.Exit(3)


@command()
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
    table: str, *, schema_path: str, columns: tuple[str, ...], without: tuple[str, ...], key_path: str | None,
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
    text = f"{out}: {len(made):,} records of {source}, key check {made.key_check[:8]}"
    click.echo(json.dumps(data) if as_json else text)


@command()
@click.argument("release_path", metavar="RELEASE", type=click.Path())
@click.argument("table", type=click.Path())
@key_options
@click.option("--id", "id_column", required=True, help="The column of the agency's record ids.")
@out_option
@json_option
def rejoin(
    release_path: str, table: str, *, key_path: str | None, key_fd: int | None, ask_key: bool, id_key_path: str | None,
    id_column: str, out: str, as_json: bool,
) -> None:  # fmt: skip
    """Put the link ids of a RELEASE beside the agency's own TABLE (.csv or .parquet out, as -o says)."""
    import linkage

    keep_inputs(out, release_path, table, key_path, id_key_path)
    found = linkage.rejoin(
        linkage.Release.load(release_path), table, key_of(key_path, key_fd, ask_key), id=id_column,
        id_key=id_key_of(id_key_path),
    )  # fmt: skip
    write_table(found, out)
    linked = found.num_rows - found["link_id"].null_count
    data = {"records": found.num_rows, "linked": linked, "file": out}
    click.echo(json.dumps(data) if as_json else f"{out}: {found.num_rows:,} records, {linked:,} with a link id")
