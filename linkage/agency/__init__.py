"""The agency's room: sees people and the key; what leaves it is an EncodedSet, what comes back is a Release.

`encode` calls the steps in order: records, columns (each distinct text cleaned and its filter made once), records in
the order of their ids, their filters; hardened where the agreement says so, which comes before the order.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from linkage import encodedfile
from linkage.agency.batches import BatchEncoder, Tally, rows_at_once
from linkage.agency.blocks import BlockKeys
from linkage.agency.filters import KnownFilters
from linkage.agency.harden import Hardener, columns_for
from linkage.agency.key import Key
from linkage.agency.ordered import Columns
from linkage.agency.recordids import hex_ids, id_secret
from linkage.agency.records import column_plan, read
from linkage.agency.spool import Spool
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.files import require_place
from linkage.parallel import in_order
from linkage.progress import shown
from linkage.rows import Header, Rows
from linkage.schema import Schema
from linkage.sealed import sealed

if TYPE_CHECKING:
    from linkage.files import PathLike

__all__ = ["encode"]

DEFAULT_MEMORY = 1 << 30


@sealed
@checked
def encode(
    table: object,
    schema: Schema,
    key: Key,
    *,
    id: str,  # the word every agency uses
    source: str,
    columns: Mapping[str, str | None] | None = None,
    out: PathLike | None = None,
    id_key: Key | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> EncodedSet:
    """Turn people's identifiers into keyed Bloom filters that can be compared without the names.

    Parameters
    ----------
    table
        A CSV or Parquet path; a pandas, polars, Arrow or DuckDB table; or a dict of columns.
    id
        The column of the agency's own record ids: present and distinct. They stay here: what leaves is a keyed
        record id, and `rejoin` finds the way back.
    source
        The agency's name in this project; the same every time, or record ids change.
    columns
        Field -> column where their names differ; ``None`` for a field the agency does not hold.
    out
        Write to this file as it goes, in memory bounded by ``memory`` whatever the table's size; without it the
        whole set is held in memory. The file appears whole or not at all.
    id_key
        A key of the agency's own, so that other key holders can't test guesses at its ids. `rejoin` needs it too.
    threads
        Batches worked on at once; default all cores. The result is the same for any number. Python's lock is held
        only while values are cleaned that are new and not written in a plain way.
    memory
        Bytes for records: those being worked on, those encoded, and the values met so far. With ``out`` the rest of
        the records waits on disk beside it, without it more raise `LimitError`. Python, Arrow and the CSV reader come
        on top, some 0.3 to 0.5 GB that do not grow with the table (``tests/test_streaming.py`` measures it).
    progress
        None shows a bar on a terminal or in a notebook, True always, False never.

    Returns
    -------
    The set, sorted by record id. No plaintext and no key is in it, but it is personal data: whoever has the key
    can decode it, and without the key it still shows which values are missing and which are equal.

    Raises
    ------
    RecordError
        A column is missing or of the wrong kind, an id missing or repeated, or a value missing where the
        agreement refuses that. Names row and column, never the value.
    PrivacyError
        A group has fewer records than the agreement allows.

    Warns with `LinkageWarning` about columns that are all missing and values that could not be read.

    Cost: 1 to 2 microseconds a record on one core for five fields whose values repeat, and some 10 for each value that
    is new and not written in a plain way (an address); twice that to a file. Hardened by SAUL a record takes a hundred
    times as long, and salted by a field of many values still longer (benchmarks/frontier.py). Bytes per record are
    those of the filters.

    >>> from linkage import Key, Schema
    >>> table = {"no": ["A1", "A2"], "forename": ["Ann", "Bo"], "surname": ["Lee", None], "dob": ["2019-04-03", ""]}
    >>> schema = Schema.preset("uk-person", project="docs")
    >>> held = {"given_name": "forename", "sex": None, "address": None, "postcode": None, "nhs_number": None}
    >>> encode(table, schema, Key.generate(), id="no", source="nursery", columns=held)
    EncodedSet('nursery', 2 records, 7 filters)
    """
    if not isinstance(source, str) or not 1 <= len(source) <= 200 or not source.isprintable():
        raise ValueError("source: the agency's name, 1 to 200 printable characters")
    if out is not None:
        require_place(Path(out), table)
    plan = column_plan(schema, columns, id=id)
    wide = sum(8 * filter.words for filter in schema.filters) if schema.harden else 0
    rows = rows_at_once(memory, threads=threads, row_bytes=wide)
    known = columns_for(schema, key, room=memory // 4)
    hardener = Hardener(key, schema) if schema.harden else None
    blocks = BlockKeys(schema, key, room=memory // 8) if schema.blocks else None
    secret = id_secret(id_key or key, project=schema.project)
    encoder = BatchEncoder(schema, plan, known, secret, source, hardener, blocks)
    header = Header(schema, source, 0, key.check(schema.project))
    tally = Tally(schema, plan)
    batches = in_order(encoder.encode, read(table, plan, schema, rows=rows), threads=threads)
    later = None if hardener else KnownFilters(schema)
    with Spool(memory=memory, out=None if out is None else Path(out), later=later) as spool:
        for batch in shown(batches, total=None, label=f"encode {source}", unit="batch", progress=progress):
            tally.add(batch)
            if later:
                later.add(batch.columns)
            spool.add(batch.records)
        tally.report()
        as_rows = functools.partial(_as_rows, schema=schema, tally=tally)
        if out is None:
            rows_held = as_rows(spool.sorted_columns(threads=threads))
            return EncodedSet(Header(schema, source, len(rows_held), header.key_check), rows=rows_held)
        with contextlib.closing(spool.sorted_parts(as_rows, threads=threads)) as parts:
            return EncodedSet(encodedfile.write(out, header, parts, threads=threads), path=Path(out))


def _as_rows(records: Columns, schema: Schema, tally: Tally) -> Rows:
    import pyarrow as pa

    filters = {filter.name: records[f"filter {filter.name}"] for filter in schema.filters}
    groups = {
        group.name: pa.DictionaryArray.from_arrays(
            records[f"group {group.name}"], pa.array(tally.classes(group.name), pa.string())
        ).dictionary_decode()
        for group in schema.groups
    }
    blocks = {block.name: records[f"block {block.name}"] for block in schema.blocks}
    return Rows(hex_ids(records["id"]), filters, groups, blocks)
