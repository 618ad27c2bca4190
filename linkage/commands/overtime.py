"""The commands of a linkage that goes on: bridge and withdrawal at an agency, withdraw and events at the centre."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from linkage.commands.options import command, id_key_of, json_option, keep_inputs, key_of, key_options, out_option
from linkage.commands.tablefiles import withdrawn_at, write_table
from linkage.tables import texts

if TYPE_CHECKING:
    import pyarrow as pa


@command()
@click.argument("table", type=click.Path())
@key_options
@click.option("--new-key", "new_key_path", required=True, type=click.Path(), help="The key from now on.")
@click.option("--new-id-key", "new_id_key_path", type=click.Path(), help="The agency's own key from now on.")
@click.option("--id", "id_column", required=True, help="The column of the agency's record ids.")
@click.option("--source", required=True, help="The agency's name in this project.")
@click.option("--project", required=True, help="The project in the agreement.")
@click.option("--new-project", help="If the project changes too.")
@out_option
@json_option
def bridge(
    table: str, *, key_path: str | None, key_fd: int | None, ask_key: bool, id_key_path: str | None, new_key_path: str,
    new_id_key_path: str | None, id_column: str, source: str, project: str, new_project: str | None, out: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Write for the centre which old record id became which new one, after a change of key.

    Link ids then stay what they are: `linkage link --bridge SOURCE=FILE`. For the centre alone.
    """
    import linkage

    keep_inputs(out, table, key_path, id_key_path, new_key_path, new_id_key_path)
    made = linkage.bridge(
        table, key_of(key_path, key_fd, ask_key), linkage.Key.load(new_key_path), id=id_column, source=source,
        project=project, new_project=new_project, id_key=id_key_of(id_key_path), new_id_key=id_key_of(new_id_key_path),
    )  # fmt: skip
    _written(made, out, as_json=as_json, what="record ids")


@command()
@click.argument("table", type=click.Path())
@key_options
@click.option("--id", "id_column", required=True, help="The column of the agency's record ids.")
@click.option("--source", required=True, help="The agency's name in this project.")
@click.option("--project", required=True, help="The project in the agreement.")
@out_option
@json_option
def withdrawal(
    table: str, *, key_path: str | None, key_fd: int | None, ask_key: bool, id_key_path: str | None, id_column: str,
    source: str, project: str, out: str, as_json: bool,
) -> None:  # fmt: skip
    """Write for the centre which records it shall forget: those whose ids are in TABLE."""
    import linkage

    keep_inputs(out, table, key_path, id_key_path)
    made = linkage.withdrawal(
        table, key_of(key_path, key_fd, ask_key), id=id_column, source=source, project=project,
        id_key=id_key_of(id_key_path),
    )  # fmt: skip
    _written(made, out, as_json=as_json, what="record ids")


@command()
@click.argument("path", metavar="SET", type=click.Path())
@click.option("--ids", "ids_path", required=True, type=click.Path(), help="From `linkage withdrawal`.")
@out_option
@json_option
def withdraw(path: str, *, ids_path: str, out: str, as_json: bool) -> None:
    """Take withdrawn records out of an encoded SET; -o may be the same file, which is then replaced.

    Ids that are not in this SET, as they came in another batch, are passed over. Then give the ids to `linkage link`:
    --withdraw SOURCE=FILE.
    """
    import linkage

    keep_inputs(out, ids_path)
    records = linkage.EncodedSet.load(path)
    gone = set(texts(withdrawn_at(ids_path), ids_path, "record_id")) & set(records.record_ids.to_pylist())
    left = records.without(gone)
    left.save(out)
    data = {"source": left.source, "records": len(left), "withdrawn": len(gone), "file": out}
    text = f"{out}: {len(left):,} records of {left.source}, {len(gone):,} taken out"
    click.echo(json.dumps(data) if as_json else text)


@command()
@click.argument("links_path", metavar="LINKS", type=click.Path())
@out_option
@json_option
def events(links_path: str, *, out: str, as_json: bool) -> None:
    """Write which link ids changed with the last batch, and how, as .csv or .parquet."""
    import linkage

    keep_inputs(out, links_path)
    _written(linkage.Links.load(links_path).events, out, as_json=as_json, what="events")


def _written(table: pa.Table, out: str, *, as_json: bool, what: str) -> None:
    write_table(table, out)
    data = {"rows": table.num_rows, "file": out}
    click.echo(json.dumps(data) if as_json else f"{out}: {table.num_rows:,} {what}")
