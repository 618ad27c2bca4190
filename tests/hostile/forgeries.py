"""Files whose digests fit what a stranger put into them: a digest is no signature, so the reader must bear them too."""

from __future__ import annotations

import hashlib
import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

from linkage import encodedfile, parquetfile
from linkage.canonical import from_canonical
from linkage.central.runs import folder
from linkage.rows import ContentDigest, Header
from tests.hostile.mutants import NASTY, of_text

PREFIX = b"linkage."
KINDS = (
    pa.int64(), pa.float64(), pa.bool_(), pa.binary(), pa.large_string(), pa.null(), pa.timestamp("ns"),
    pa.dictionary(pa.int32(), pa.string()), pa.list_(pa.string()), pa.struct([("a", pa.string())]), pa.binary(16),
    pa.decimal128(38, 4), pa.string_view(),
)  # fmt: skip


def parquet(data: bytes, seed: int) -> bytes:
    """A Parquet file of ours with another footer or other columns, and digests that fit."""
    draw = random.Random(seed)
    table, footer = _opened(data)
    if draw.random() < 0.5:
        name = draw.choice([name for name in sorted(footer) if name != "format"])
        footer[name] = of_text(footer[name].encode(), seed).decode("utf-8", "replace")[:100_000]
    else:
        table = draw.choice(TABLE_WAYS)(table, draw)
        footer["rows"] = str(table.num_rows) if "rows" in footer else ""
        footer = {name: text for name, text in footer.items() if text or name != "rows"}
        footer["content"] = _content(table, footer)
    return _written(table, footer)


def texts_of(data: bytes) -> bytes:
    """The texts of a Parquet file's footer, as JSON."""
    return json.dumps(_opened(data)[1], indent=1).encode()


def sealed_parquet(data: bytes, changed: bytes) -> bytes:
    """The Parquet file with other texts in its footer, and the digest of them that it needs."""
    try:
        footer = {str(name): str(text) for name, text in json.loads(changed).items()}
        footer.pop("header", None)
        return _written(_opened(data)[0], footer)
    except (ValueError, AttributeError, RecursionError):
        return changed


def _opened(data: bytes) -> tuple[pa.Table, dict[str, str]]:
    with pq.ParquetFile(io.BytesIO(data)) as handle:
        table, metadata = handle.read(), handle.metadata.metadata
    footer = {key[len(PREFIX) :].decode(): text.decode() for key, text in metadata.items() if key.startswith(PREFIX)}
    del footer["header"]
    return table.replace_schema_metadata(None), footer


def _written(table: pa.Table, footer: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with parquetfile.writer(sink, table.schema) as file:
        file.write_table(table)
        file.add_key_value_metadata(parquetfile.with_prefix(parquetfile.sealed(footer)))
    return sink.getvalue()


def _content(table, footer):
    try:
        if "fingerprint" in footer:
            return _content_of_records(table, footer)
        return parquetfile.table_digest(table)
    except Exception:  # columns of a kind that has no digest: then it fits nothing
        return footer["content"]


def _content_of_records(table, footer):
    header = Header(from_canonical(footer["schema"]), footer["source"], table.num_rows, footer["key_check"])
    total = ContentDigest()
    for batch in table.combine_chunks().to_batches():
        total.update(encodedfile._from_arrow("", batch, header))
    return total.hexdigest()


def other_kind(table, draw):
    place = draw.randrange(table.num_columns)
    kind = draw.choice(KINDS)
    try:
        column = table.column(place).cast(kind)
    except (pa.ArrowException, pa.ArrowNotImplementedError):
        column = pa.nulls(table.num_rows, kind)
    return table.set_column(place, table.column_names[place], column)


def other_values(table, draw):
    place = draw.randrange(table.num_columns)
    column = table.column(place)
    values = column.to_pylist()
    for _ in range(draw.choice([1, 3, len(values)])):
        if values:
            values[draw.randrange(len(values))] = draw.choice([None, *NASTY[:40]])
    texts = [value.decode("utf-8", "replace")[:2_000] if isinstance(value, bytes) else value for value in values]
    try:
        made = pa.array(texts, column.type)
    except (pa.ArrowException, TypeError, ValueError):
        made = pa.array([value if value is None else draw.choice([0, 1, -1]) for value in values], pa.int64())
        made = (
            made.cast(column.type, safe=False)
            if pa.types.is_primitive(column.type)
            else pa.nulls(len(made), column.type)
        )
    return table.set_column(place, pa.field(table.column_names[place], column.type), made)


def swapped_values(table, draw):
    rows = list(range(table.num_rows))
    draw.shuffle(rows)
    place = draw.randrange(table.num_columns)
    return table.set_column(place, table.column_names[place], table.column(place).take(pa.array(rows, pa.int64())))


def without_column(table, draw):
    return table.remove_column(draw.randrange(table.num_columns)) if table.num_columns > 1 else table


def column_again(table, draw):
    place = draw.randrange(table.num_columns)
    return table.append_column(table.column_names[place], table.column(place))


def other_name(table, draw):
    names = list(table.column_names)
    names[draw.randrange(len(names))] = draw.choice(
        ["", "kind", "right_id", "\0", "x" * 5_000, "probability", names[0]]
    )
    return table.rename_columns(names)


def other_rows(table, draw):
    how = draw.choice(["none", "one", "twice", "reversed", "some"])
    if how == "twice":
        return pa.concat_tables([table, table])
    if how == "reversed":
        return table.take(pa.array(range(table.num_rows - 1, -1, -1), pa.int64()))
    start = draw.randrange(max(1, table.num_rows))
    return table.slice(start, {"none": 0, "one": 1, "some": 7}[how])


TABLE_WAYS = (
    other_kind,
    other_values,
    other_values,
    swapped_values,
    without_column,
    column_again,
    other_name,
    other_rows,
)


def model(data: bytes, seed: int) -> bytes:
    """A model's file with other words and numbers, and a digest that fits."""
    return sealed_model(of_text(data, seed))


def sealed_model(changed: bytes) -> bytes:
    """The same model with the digest that it needs."""
    from linkage.central.modelling import modelfile

    return _with_content(changed, modelfile._digest)


def _with_content(changed: bytes, digest) -> bytes:
    """JSON with the digest of all else as its ``content``; as it is if it is none that has one."""
    try:
        said = json.loads(changed)
        said["content"] = digest({name: each for name, each in said.items() if name != "content"})
        return json.dumps(said).encode("utf-8", "surrogatepass")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return changed


def run(data: bytes, seed: int) -> bytes:
    """What says what a run is of, with other words and numbers, and a digest that fits."""
    return sealed_run(of_text(data, seed))


def sealed_run(changed: bytes) -> bytes:
    """The same with the digest that it needs."""
    return _with_content(changed, folder._sealed)


def log(data: bytes, seed: int) -> bytes:
    """A log with other lines, each of which holds its own hash and the hash of the line before."""
    return sealed_log(of_text(data, seed))


def sealed_log(changed: bytes) -> bytes:
    """The same lines with the hashes that they need."""
    previous, lines = "", []
    for line in changed.splitlines():
        try:
            content = json.loads(line)
            content = {name: each for name, each in content.items() if name != "hash"} | {"previous": previous}
            text = json.dumps(content, sort_keys=True).encode()
            previous = content["hash"] = hashlib.sha256(text).hexdigest()
            lines.append(json.dumps(content, sort_keys=True).encode())
        except (ValueError, TypeError, AttributeError, RecursionError):
            lines.append(line)
    return b"\n".join(lines) + b"\n"
