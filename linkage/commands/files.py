"""The commands about files and this installation: convert, from and to clkhash's and anonlink's, and info."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linkage.commands.options import command, json_option, keep_inputs, memory_option, out_option

if TYPE_CHECKING:
    from linkage.encoded import EncodedSet

Done = tuple[dict[str, Any], str]


@command()
@click.argument("path", metavar="FILE", type=click.Path())
@out_option
@click.option("--schema", "schema_path", type=click.Path(), help="clkhash's schema, from which the CLKs were made.")
@click.option("--bits", type=click.IntRange(1), help="The width of the CLKs, if they don't fill whole bytes and no "
              "schema is given.")  # fmt: skip
@click.option("--source", help="The agency's name; default the file's, without its ending.")
@click.option("--blocks", "blocks_path", type=click.Path(), help="A .json file that keeps the blocks of FILE, which a "
              "set can't hold; on the way back, the file they are in.")  # fmt: skip
@click.option("--sources", metavar="NAME,NAME", help="Groups: the sources, in the order of anonlink's datasets.")
@click.option("--set", "sets", multiple=True, type=click.Path(), help="Candidate pairs: the encoded sets they are of, "
              "left then right; one if they are within it.")  # fmt: skip
@click.option("--datasets", metavar="LEFT,RIGHT", help="Candidate pairs that are read: which of anonlink's datasets "
              "the sets are; default 0,1, and 0,0 for one set.")  # fmt: skip
@memory_option
@json_option
def convert(
    path: str, *, out: str, sources: str | None, sets: tuple[str, ...], datasets: str | None, memory_mib: int,
    as_json: bool, **of_clks: Any,
) -> None:  # fmt: skip
    """Turn a FILE of clkhash's or anonlink's into one of ours, or one of ours into such a file.

    CLKs (.json) and an encoded set (.parquet). With --sources: links (.parquet) into groups (.json), or groups into a
    table source,id,person (.parquet). With --set: the pairs of `linkage compare` (.parquet) and candidate pairs
    (binary). Nothing is ever written over an input.
    """
    keep_inputs(out, path, of_clks["schema_path"], of_clks["blocks_path"], *sets)
    kinds = tuple(Path(name).suffix.lower() for name in (path, out))
    if (sources is not None or sets) and any(each is not None for each in of_clks.values()):
        raise click.UsageError("--schema, --bits, --source and --blocks belong to CLKs, not to --sources or --set")
    if (sources is not None and sets) or (datasets is not None and not sets):
        raise click.UsageError("--sources belongs to groups, --set and --datasets to candidate pairs")
    if sets:
        data, text = _pairs(path, out, kinds, sets, datasets, memory_mib << 20)
    elif sources is not None:
        data, text = _groups(path, out, kinds, sources.split(","), memory_mib << 20)
    else:
        data, text = _clks(path, out, kinds, memory_mib << 20, **of_clks)
    click.echo(json.dumps(data | {"file": out}) if as_json else f"{out}: {text}")


def _clks(
    path: str, out: str, kinds: tuple[str, ...], most: int, *, schema_path: str | None, bits: int | None,
    source: str | None, blocks_path: str | None,
) -> Done:  # fmt: skip
    import linkage
    from linkage.interop import blocks as kept

    if kinds == (".json", ".parquet"):
        agreed = None if schema_path is None else linkage.Schema.from_clkhash(schema_path)
        said: dict[str, Any] = {"schema": agreed, "bits": bits, "source": source, "max_bytes": most}
        if blocks_path is None:
            made = linkage.interop.read_clks(path, **said)
        else:
            _require_new(blocks_path)
            made, blocks = linkage.interop.read_clknblocks(path, **said)
            kept.write_blocks(made, blocks, blocks_path)
        made.save(out)
    elif kinds == (".parquet", ".json"):
        if schema_path is not None or source is not None or bits is not None:
            raise click.UsageError(
                "--schema, --bits and --source belong to CLKs that are read; such a file can't hold them"
            )
        made = _loaded_set(path, most)
        if blocks_path is None:
            linkage.interop.write_clks(made, out)
        else:
            linkage.interop.write_clknblocks(made, kept.read_blocks(blocks_path, made, max_bytes=most), out)
    else:
        raise click.UsageError("one of FILE and -o ends in .json, the other in .parquet; candidate pairs need --set")
    width = made.schema.filters[0].bits
    data = {"records": len(made), "bits": width, "source": made.source}
    return data, f"{len(made):,} CLKs of {width:,} bits"


def _groups(path: str, out: str, kinds: tuple[str, ...], sources: list[str], most: int) -> Done:
    import linkage
    from linkage.interop.resulttables import write_persons

    if kinds == (".parquet", ".json"):
        linkage.interop.write_groups(linkage.Links.load(path), out, sources=sources)
        groups = linkage.interop.read_groups(out)
    elif kinds == (".json", ".parquet"):
        groups = linkage.interop.read_groups(path, max_bytes=most)
        write_persons(groups, sources, out)
    else:
        raise click.UsageError("--sources: links (.parquet) into groups (.json), or groups into a table (.parquet)")
    records = sum(map(len, groups))
    return {"groups": len(groups), "records": records}, f"{len(groups):,} groups of {records:,} records"


def _pairs(path: str, out: str, kinds: tuple[str, ...], sets: tuple[str, ...], datasets: str | None, most: int) -> Done:
    import linkage
    from linkage.interop.resulttables import read_pairs

    if len(sets) > 2:
        raise click.UsageError(f"--set: one encoded set or two, {len(sets)} given")
    if (kinds[0] == ".parquet") == (kinds[1] == ".parquet") or ".json" in kinds:
        raise click.UsageError(
            "--set: one of FILE and -o ends in .parquet; candidate pairs have another ending or none"
        )
    loaded = [_loaded_set(each, most) for each in sets]
    left, right = loaded[0], loaded[-1]
    if kinds[0] == ".parquet":
        if datasets is not None:
            raise click.UsageError("--datasets belongs to candidate pairs that are read; those written are 0 and 1")
        pairs = read_pairs(path, left, right, max_bytes=most)
        linkage.interop.write_candidate_pairs(pairs, out)
    else:
        numbers = _numbers(datasets) if datasets is not None else (0, len(loaded) - 1)
        pairs = linkage.interop.read_candidate_pairs(path, left, right, datasets=numbers, max_bytes=most)
        _warn_of_others(path, len(pairs), most)
        linkage.write_pairs(iter([pairs]), out)
    return {"pairs": len(pairs)}, f"{len(pairs):,} pairs"


def _loaded_set(path: str, most: int) -> EncodedSet:
    import linkage

    try:
        return linkage.EncodedSet.load(path, max_bytes=most)
    except linkage.FileFormatError as error:
        if error.reason == "format" and "links 1" in str(error):
            raise click.UsageError(f"{path} holds links; --sources NAME,NAME makes groups of them") from None
        raise


def _numbers(datasets: str) -> tuple[int, int]:
    parts = datasets.split(",")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise click.UsageError("--datasets: two numbers, such as 0,1")
    return int(parts[0]), int(parts[1])


def _warn_of_others(path: str, read: int, most: int) -> None:
    from linkage.errors import warn
    from linkage.interop.results import candidate_facts

    there = (candidate_facts(Path(path), max_bytes=most) or {}).get("pairs", read)
    if there != read:
        warn(f"{path}: holds {there:,} pairs, of which {read:,} are of these datasets; --datasets names others")


def _require_new(blocks_path: str) -> None:
    """The option names what is read on the way back: what is there is not written over, nor is any other input."""
    if Path(blocks_path).suffix.lower() != ".json" or Path(blocks_path).exists():
        raise click.UsageError("--blocks names a .json file that is not there yet")


@command()
@click.argument("path", required=False, type=click.Path())
@json_option
def info(path: str | None, *, as_json: bool) -> None:
    """What this installation is, or what the file at PATH is: one of ours, clkhash's or anonlink's."""
    from linkage.commands import about
    from linkage.interop import kinds

    facts = about.installation() if path is None else kinds.facts(Path(path)) or about.file(Path(path))
    text = "\n".join(f"{name:<18}{value}" for name, value in facts.items())
    click.echo(json.dumps(facts) if as_json else text)
