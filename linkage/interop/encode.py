"""A table, clkhash's schema and its secret into the CLKs that clkhash makes of them, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from linkage.agency.records import Batch, read
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.errors import RecordError, warn
from linkage.files import require_place
from linkage.interop.clkschema import ClkSchema, clkhash_schema
from linkage.interop.columns import placed
from linkage.interop.filters import Words, feature_keys, folded, or_gathered, rows_of_values
from linkage.interop.numbered import numbered_file, numbered_set, require_source
from linkage.interop.values import values_of
from linkage.schema import Schema
from linkage.sealed import sealed

if TYPE_CHECKING:
    from linkage.files import PathLike

_BYTES_AT_ONCE = 1 << 30  # of rows: those of a part of the records and those of its distinct values
_MOST_ROWS, _FEWEST_ROWS = 1 << 20, 64
_MOST_TEXT = 1 << 28


@sealed
@checked
def encode_clkhash(
    table: object,
    schema: Schema,
    secret: str | bytes,
    *,
    source: str = "clkhash",
    columns: Mapping[str, str | None] | None = None,
    header: bool | Literal["ignore"] = True,
    out: PathLike | None = None,
    validate: bool = True,
) -> EncodedSet:
    """The CLKs that clkhash 0.18.3 makes of the same records, schema and secret, bit for bit.

    For agencies whose partners still run clkhash. `linkage.encode` protects better: its keys can't be guessed, its
    ids and order give nothing away.

    Parameters
    ----------
    table
        A CSV or Parquet path; a pandas, polars, Arrow or DuckDB table; a dict of columns; or a list of rows, each with
        a value for every feature, as `clkhash.clk.generate_clks` takes them. Columns of ignored features may be left
        out. A missing value is the empty text, as in a CSV file.
    schema
        From `Schema.from_clkhash`, which refuses what could not be encoded alike, such as more than 65,536 bits.
    secret
        What was given to clkhash. Text is taken here and nowhere else, with a warning; so is an empty secret, which
        is none.
    source
        The agency's name; two sets that are linked need two names.
    columns
        Feature -> column where their names differ; ``None`` for one the agency does not hold, which is encoded as
        empty texts.
    header
        Of a CSV file, as in `clkhash.clk.generate_clk_from_csv`: False if its first line is a record, "ignore" if that
        line's names are not the schema's. Either way its columns are the schema's features, in order and all of them.
    out
        Write to this file as it goes, and hold no more than a part of the records; without it the whole set is held.
        The file appears whole or not at all.
    validate
        False lets values pass that break the format of the schema, as in clkhash.

    Returns
    -------
    In the order of the records; the id of a record is its row number, from 0. Of a table without records a set
    without records.

    Raises
    ------
    RecordError
        A value breaks the schema's format, or a column is missing. Names row (from 1) and column, never the value.

    Cost: about a microsecond a record for five features. Memory: 128 bytes a record at 1,024 bits, twice while parts of
    a million are put together, and about as much again as one part for the work; with ``out`` that of two parts.

    >>> from linkage import Schema
    >>> name = {"identifier": "name", "format": {"type": "string"}, "hashing": {"comparison": {"type": "exact"},
    ...         "strategy": {"bitsPerToken": 4}}}
    >>> schema = Schema.from_clkhash(
    ...     {"version": 3, "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}}, "features": [name]})
    >>> made = encode_clkhash([["Ada"], ["Bo"]], schema, b"a shared secret")
    >>> made.record_ids.to_pylist(), made.popcounts["record"].tolist()
    (['0000000000', '0000000001'], [4, 4])
    """
    agreed = clkhash_schema(schema)
    require_source(source)
    if out is not None:
        require_place(Path(out), table)
    given, plan = placed(table, agreed, columns, header=header)
    keys = feature_keys(agreed, _secret_bytes(secret))
    at_once = _rows_at_once(agreed)
    parts = (
        folded(_rows_of(part, agreed, keys, plan, validate=validate), agreed.hashed_bits, agreed.folds)
        for part in _parts(read(given, plan, schema, rows=at_once, may_be_empty=True), at_once)
    )
    if out is not None:
        return numbered_file(Path(out), parts, schema, source)
    held = list(parts) or [np.empty((0, -(-schema.bits // 64)), dtype=np.uint64)]
    return numbered_set(held[0] if len(held) == 1 else np.concatenate(held), schema, source)


def _secret_bytes(secret: str | bytes) -> bytes:
    if secret in ("", b""):
        warn(
            "the secret is empty: whoever has the schema can make the CLK of any name and find it among these. clkhash "
            "takes no secret for one, so it is taken here; use it for nothing that holds people"
        )
        return b""
    if isinstance(secret, str):
        warn(
            "the secret is text: a phrase that someone can guess opens every CLK made with it. clkhash takes text, so "
            "it is taken here; Key.generate() makes what can't be guessed"
        )
        secret = secret.encode("utf-8", "surrogatepass")
    return secret


def _rows_at_once(schema: ClkSchema) -> int:
    per_record = schema.hashed_bits // 8 * (1 + len(schema.features))
    return min(_MOST_ROWS, max(_FEWEST_ROWS, _BYTES_AT_ONCE // per_record))


def _parts(batches: Iterator[Batch], rows: int) -> Iterator[Batch]:
    """Larger batches, so that a value's row is built once for many records."""
    held: list[Batch] = []
    for batch in batches:
        held.append(batch)
        texts = sum(column.nbytes for part in held for column in part.columns.values())
        if sum(map(len, held)) + len(batch) > rows or texts > _MOST_TEXT:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(batches: list[Batch]) -> Batch:
    import pyarrow as pa

    names = batches[0].columns
    return Batch(
        batches[0].first_row, {name: pa.concat_arrays([part.columns[name] for part in batches]) for name in names}
    )


def _rows_of(
    batch: Batch, schema: ClkSchema, keys: list[tuple[bytes, bytes]], plan: Mapping[str, str | None], *, validate: bool
) -> Words:
    """The filters of some records, before they are folded."""
    parts = []
    for place, feature in enumerate(schema.features):
        if feature.ignored:
            continue
        encoded = batch.columns[str(place)].dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        if encoded.indices.null_count:
            texts.append("")
        index = encoded.indices.fill_null(len(texts) - 1).to_numpy()
        found = values_of(texts, feature, validate=validate)
        if found.broken:
            raise _broken(found.broken, index, batch.first_row, plan[str(place)] or feature.identifier)
        parts.append((rows_of_values(found.values, feature, keys[place], schema.hashed_bits), index))
    rows = np.empty((len(batch), -(-schema.hashed_bits // 64)), dtype=np.uint64)
    or_gathered(parts, rows)
    return rows


def _broken(broken: Mapping[int, str], index: NDArray[np.integer[Any]], first_row: int, column: str) -> RecordError:
    wrong = np.isin(index, list(broken))
    at = int(np.argmax(wrong))
    row, rule = first_row + at, broken[int(index[at])]
    others = int(wrong.sum()) - 1
    more = f", and {others:,} more rows break a rule there" if others else ""
    return RecordError(f"row {row:,}, column '{column}': {rule}{more}", row=row, column=column, rule=rule)
