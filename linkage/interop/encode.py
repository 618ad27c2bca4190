"""A table, clkhash's schema and its secret into the CLKs that clkhash makes of them, bit for bit."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.records import Batch, read
from linkage.encoded import EncodedSet
from linkage.errors import LinkageWarning, RecordError, nearest
from linkage.files import require_place
from linkage.interop.clkschema import ClkSchema, clkhash_schema
from linkage.interop.filters import Words, feature_keys, folded, or_gathered, value_rows
from linkage.interop.numbered import numbered_file, numbered_set, require_source
from linkage.interop.tokens import tokens_of
from linkage.interop.values import values_of
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.files import PathLike

_LISTS_AT_ONCE = 1 << 14
_BYTES_AT_ONCE = 1 << 30  # of rows: those of a part of the records and those of its distinct values
_MOST_ROWS, _FEWEST_ROWS = 1 << 20, 64
_MOST_TEXT = 1 << 28


def encode_clkhash(
    table: object,
    schema: Schema,
    secret: str | bytes,
    *,
    source: str = "clkhash",
    columns: Mapping[str, str | None] | None = None,
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
        From `Schema.from_clkhash`.
    secret
        What was given to clkhash. Text is taken here and nowhere else, with a warning.
    source
        The agency's name; two sets that are linked need two names.
    columns
        Feature -> column where their names differ; ``None`` for one the agency does not hold, which is encoded as
        empty texts.
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
    given, plan = _placed(table, agreed, columns)
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


def _secret_bytes(secret: object) -> bytes:
    if isinstance(secret, str):
        warnings.warn(
            "the secret is text: a phrase that someone can guess opens every CLK made with it. clkhash takes text, so "
            "it is taken here; Key.generate() makes what can't be guessed",
            LinkageWarning,
            stacklevel=3,
        )
        secret = secret.encode("utf-8", "surrogatepass")
    if not isinstance(secret, bytes) or not secret:
        raise TypeError("secret: the text or bytes that clkhash was given, and not empty")
    return secret


def _placed(
    table: object, schema: ClkSchema, columns: Mapping[str, str | None] | None
) -> tuple[object, dict[str, str | None]]:
    """The table, and the column of each feature that is not ignored, by its place in the schema."""
    names = [feature.identifier for feature in schema.features]
    for name in columns or {}:
        if name not in names:
            raise ValueError(f"columns: '{name}' is not a feature of the schema; {nearest(name, names)}")
    if isinstance(table, list | tuple) and all(issubclass(kind, list | tuple) for kind in set(map(type, table))):
        if columns:
            raise ValueError("columns: rows have no column names, only their order; leave it out")
        headed = {f"{place}: {name}": place for place, name in enumerate(names)}
        names = list(headed)
        table = _of_rows(table, names)
    plan = {
        str(place): (columns or {}).get(names[place], names[place])
        for place, feature in enumerate(schema.features)
        if not feature.ignored
    }
    if all(column is None for column in plan.values()):
        raise ValueError("columns: the agency holds none of the schema's features")
    return table, plan


def _of_rows(rows: Sequence[Sequence[object]], names: list[str]) -> object:
    """The columns of some rows: an Arrow table if all cells are texts, else lists whose kinds `read` judges."""
    import pyarrow as pa

    n_features = len(names)
    if set(map(len, rows)) - {n_features}:
        number, found = next((place, len(row)) for place, row in enumerate(rows, start=1) if len(row) != n_features)
        raise RecordError(
            f"row {number:,} has {found} values, and the schema has {n_features} features", row=number,
            rule="number of columns",
        )  # fmt: skip
    try:
        # a part at a time, so that a row's cells are still in the cache when their columns are made
        batches = [
            _batch_of(rows[start : start + _LISTS_AT_ONCE], names) for start in range(0, len(rows), _LISTS_AT_ONCE)
        ]
        return pa.Table.from_batches(batches)
    except (pa.ArrowException, ValueError, TypeError):
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
        return dict(zip(names, columns, strict=True))


def _batch_of(rows: Sequence[Sequence[object]], names: list[str]) -> pa.RecordBatch:
    import pyarrow as pa

    cells = list(itertools.chain.from_iterable(rows))
    columns = [pa.array(cells[place :: len(names)]) for place in range(len(names))]
    if not all(pa.types.is_string(column.type) or pa.types.is_null(column.type) for column in columns):
        raise TypeError
    return pa.record_batch([column.cast(pa.string()) for column in columns], names=names)


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
        values = value_rows(tokens_of(found.values, feature), feature, keys[place], schema.hashed_bits)
        parts.append((values, index))
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
