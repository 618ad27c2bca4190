"""The commands about files and this installation: convert, from and to clkhash's, and info."""

from __future__ import annotations

import json
from pathlib import Path

import click

from linkage.options import json_option, keep_inputs, memory_option, out_option


@click.command()
@click.argument("path", metavar="FILE", type=click.Path())
@out_option
@click.option("--schema", "schema_path", type=click.Path(), help="clkhash's schema, from which the CLKs were made.")
@click.option("--source", help="The agency's name; default the file's, without its ending.")
@click.option("--blocks", "blocks_path", type=click.Path(), help="A .json file that keeps the blocks of FILE, which a "
              "set can't hold; on the way back, the file they are in.")  # fmt: skip
@memory_option
@json_option
def convert(
    path: str, *, out: str, schema_path: str | None, source: str | None, blocks_path: str | None, memory_mib: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Turn a FILE of clkhash's CLKs (.json) into an encoded set (.parquet), or an encoded set into such a file."""
    import linkage
    from linkage.interop import clkfile

    most = memory_mib << 20
    keep_inputs(out, path, schema_path, blocks_path)
    kinds = tuple(Path(name).suffix.lower() for name in (path, out))
    if kinds == (".json", ".parquet"):
        agreed = None if schema_path is None else linkage.Schema.from_clkhash(schema_path)
        if blocks_path is None:
            made = linkage.interop.read_clks(path, schema=agreed, source=source, max_bytes=most)
        else:
            _require_new(blocks_path)
            made, blocks = linkage.interop.read_clknblocks(path, schema=agreed, source=source, max_bytes=most)
            clkfile.write_blocks(made, blocks, blocks_path)
        made.save(out)
    elif kinds == (".parquet", ".json"):
        if schema_path is not None or source is not None:
            raise click.UsageError("--schema and --source belong to CLKs that are read; such a file can't hold them")
        made = linkage.EncodedSet.load(path, max_bytes=most)
        if blocks_path is None:
            linkage.interop.write_clks(made, out)
        else:
            linkage.interop.write_clknblocks(made, clkfile.read_blocks(blocks_path, made, max_bytes=most), out)
    else:
        raise click.UsageError("one of FILE and -o ends in .json, the other in .parquet")
    bits = made.schema.filters[0].bits
    data = {"records": len(made), "bits": bits, "source": made.source, "file": out}
    click.echo(json.dumps(data) if as_json else f"{out}: {len(made):,} CLKs of {bits:,} bits")


def _require_new(blocks_path: str) -> None:
    """The option names what is read on the way back: what is there is not written over, nor is any other input."""
    if Path(blocks_path).suffix.lower() != ".json" or Path(blocks_path).exists():
        raise click.UsageError("--blocks names a .json file that is not there yet")


@click.command()
@click.argument("path", required=False, type=click.Path())
@json_option
def info(path: str | None, *, as_json: bool) -> None:
    """What this installation is, or what the file at PATH is."""
    from linkage import about

    facts = about.installation() if path is None else about.file(Path(path))
    text = "\n".join(f"{name:<18}{value}" for name, value in facts.items())
    click.echo(json.dumps(facts) if as_json else text)
