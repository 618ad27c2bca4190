"""The command that looks at what is to be sent: audit."""

from __future__ import annotations

import json
from pathlib import Path

import click

from linkage.commands.options import columns_of, command, id_key_of, json_option, key_of, key_options


@command()
@click.argument("path", metavar="FILE", type=click.Path())
@click.option("--schema", "schema_path", type=click.Path(), help="The agreement that FILE must be made under (TOML).")
@key_options
@click.option("--table", type=click.Path(), help="The agency's own table, with --key and --id: the deepest audit.")
@click.option("--id", "id_column", help="The table's column of record ids.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="As for encode.")
@click.option("--without", multiple=True, metavar="FIELD", help="As for encode.")
@click.option("--blocks", "blocks_path", type=click.Path(), help="The blocks that `linkage convert --blocks` wrote.")
@click.option(
    "--allow",
    type=click.Choice(["ok", "warn", "fail"]),
    default="warn",
    show_default=True,
    help="The worst that may be found; with anything worse, exit with 5.",
)
@click.option("-o", "--out", type=click.Path(), help="Write a page (.html) to show to a data protection officer.")
@json_option
def audit(
    path: str, *, schema_path: str | None, key_path: str | None, key_fd: int | None, ask_key: bool,
    id_key_path: str | None, table: str | None, id_column: str | None, columns: tuple[str, ...],
    without: tuple[str, ...], blocks_path: str | None, allow: str, out: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Find out what an encoded FILE gives away, before it is sent.

    FILE alone shows most mistakes. --schema shows whether it is what was agreed on. --key, --table and --id, at the
    agency, show whatever was done otherwise than agreed, and how much of who is like whom is left. A file that passes
    goes to the centre, for `linkage link`; one that fails says what to do, mostly `linkage encode` again.
    """
    import linkage

    given = key_path is not None or key_fd is not None or ask_key
    if given != (table is not None) or (table is not None and id_column is None):
        raise click.UsageError("--table, --id and the key (--key FILE) go together")
    if table is None and (columns or without or id_key_path or id_column):
        raise click.UsageError("--id, --column, --without and --id-key belong to --table")
    if out is not None and Path(out).suffix.lower() != ".html":
        raise click.UsageError("-o names a page, ending in .html")
    if out is not None and Path(out).exists():
        raise click.UsageError(f"{out} exists already and will not be overwritten")
    found = linkage.audit(
        path,
        schema=None if schema_path is None else linkage.Schema.load(schema_path),
        key=key_of(key_path, key_fd, ask_key) if given else None,
        table=table,
        id=id_column,
        columns=columns_of(columns, without),
        id_key=id_key_of(id_key_path),
        blocks=blocks_path,
    )
    if out is not None:
        found.save_html(out)
    data = {"file": path, "level": found.level, "risk": found.risk, "tier": found.tier, "records": found.records,
            "findings": found.to_arrow().to_pylist(), "finds": found.finds, "misses": found.misses}  # fmt: skip
    click.echo(json.dumps(data) if as_json else str(found))
    found.raise_above(allow)  # type: ignore[arg-type]
