"""One batch of text columns into spool records: record ids and the numbers of texts, or hardened rows, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.blocks import BlockKeys
from linkage.agency.columns import Coded, FieldColumn
from linkage.agency.harden import Hardener
from linkage.agency.normalise import REMEDIES
from linkage.agency.ordered import Records, record_dtype
from linkage.agency.recordids import record_ids
from linkage.agency.records import Batch
from linkage.errors import PrivacyError, RecordError, warn
from linkage.parallel import memory_limit, thread_count
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa


# while a batch is worked on, a record takes about this much: its texts, their numbers, its filters
_BYTES_PER_RECORD = 1_250
_FEWEST_ROWS = 1_024


def rows_at_once(memory: int, *, threads: int | None, row_bytes: int = 0) -> int:
    """Records in a batch, so that all in flight fit half of ``memory`` bytes; never fewer than 1,024.

    ``row_bytes`` is what a record's filters take beyond the usual.
    """
    in_flight = 2 * thread_count(threads) + 1
    return max(_FEWEST_ROWS, memory_limit(memory) // (2 * in_flight * (_BYTES_PER_RECORD + row_bytes)))


@dataclass(frozen=True)
class BatchEncoder:
    """What stays the same from batch to batch; `encode` is safe to call from several threads."""

    schema: Schema
    plan: Mapping[str, str | None]
    columns: Mapping[str, FieldColumn]
    id_secret: bytes = field(repr=False)
    source: str
    hardener: Hardener | None = None
    blocks: BlockKeys | None = None

    def encode(self, batch: Batch) -> EncodedBatch:
        """Record ids, tokens, filters of one batch."""
        id_column = self.plan["record_id"] or ""
        ids = record_ids(
            batch.columns["record_id"], self.id_secret, source=self.source, column=id_column, first_row=batch.first_row
        )
        columns = self._coded(batch)
        missing = {name: column.is_missing() for name, column in columns.items()}
        self._refuse_missing(batch, missing)
        wide = {filter.name: filter.words for filter in self.schema.filters} if self.hardener else {}
        texts = [] if self.hardener else list(columns)
        groups, blocks = ([each.name for each in kind] for kind in (self.schema.groups, self.schema.blocks))
        records = np.empty(len(batch), dtype=record_dtype(wide, groups, texts, blocks))
        records["id"] = ids.view(">u8")  # as numbers, in this machine's byte order
        records["row"] = np.arange(batch.first_row, batch.first_row + len(batch))
        if self.hardener:
            self.hardener.harden(records, columns)
        else:
            for name, column in columns.items():
                records[f"text {name}"] = column.numbers()
        for name, keys in (self.blocks.of(batch) if self.blocks else {}).items():
            records[f"block {name}"] = keys
        return EncodedBatch(
            records=records,
            columns={} if self.hardener else columns,
            groups={group.name: batch.columns[group.name] for group in self.schema.groups},
            filled={name: len(batch) - int(rows.sum()) for name, rows in missing.items()},
            problems={name: column.problems for name, column in columns.items()},
        )

    def _coded(self, batch: Batch) -> dict[str, Coded]:
        made, left = {}, [item.name for item in self.schema.fields]
        while left:
            # a column that another thread is at is left for later: waiting in line took a tenth of the time
            name = next((name for name in left if not self.columns[name].is_busy()), left[0])
            made[name] = self.columns[name].coded(batch.columns[name])
            left.remove(name)
        return {item.name: made[item.name] for item in self.schema.fields}

    def _refuse_missing(self, batch: Batch, missing: Mapping[str, NDArray[np.bool_]]) -> None:
        for item in self.schema.fields:
            if item.missing == "refuse" and missing[item.name].any():
                row, column = batch.first_row + int(missing[item.name].argmax()), self.plan[item.name] or item.name
                raise RecordError(
                    f"row {row:,}, column '{column}': the value is missing or unreadable, and the "
                    "agreement refuses that",
                    row=row,
                    column=column,
                    rule="missing",
                )


@dataclass(frozen=True)
class EncodedBatch:
    """Spool records without their group codes, what their numbers refer to, and what was noticed on the way."""

    records: Records
    columns: Mapping[str, Coded]
    groups: Mapping[str, pa.StringArray]
    filled: Mapping[str, int]
    problems: Mapping[str, Mapping[str, int]]


class Tally:
    """Counts over all batches: values present, rules broken, and the classes of each group."""

    def __init__(self, schema: Schema, plan: Mapping[str, str | None]) -> None:
        self._schema = schema
        self._plan = plan
        self.rows = 0
        self._filled = {item.name: 0 for item in schema.fields}
        self._alone = 0
        self._problems: dict[tuple[str, str], int] = {}
        self._codes: dict[str, dict[str, int]] = {group.name: {} for group in schema.groups}
        self._sizes: dict[str, dict[int, int]] = {group.name: {} for group in schema.groups}

    def add(self, batch: EncodedBatch) -> None:
        """Count a batch and write its group codes."""
        self.rows += len(batch.records)
        if self._schema.blocks:
            keys = [batch.records[f"block {block.name}"] for block in self._schema.blocks]
            self._alone += len(batch.records) - int(np.count_nonzero(np.any(keys, axis=0)))
        for name, count in batch.filled.items():
            self._filled[name] += count
        for name, broken in batch.problems.items():
            for rule, count in broken.items():
                self._problems[name, rule] = self._problems.get((name, rule), 0) + count
        for name, texts in batch.groups.items():
            known, sizes = self._codes[name], self._sizes[name]
            encoded = texts.fill_null("").dictionary_encode()
            classes = [known.setdefault(text.strip(), len(known)) for text in encoded.dictionary.to_pylist()]
            codes = np.array(classes, dtype=np.int32)[encoded.indices.to_numpy()]
            batch.records[f"group {name}"] = codes
            for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
                sizes[int(code)] = sizes.get(int(code), 0) + int(count)

    def classes(self, group: str) -> list[str]:
        """The values of a group, by code."""
        return list(self._codes[group])

    def report(self) -> None:
        """Refuse groups that are too small, warn of what was missing or unreadable."""
        for group in self._schema.groups:
            small = sum(size < group.smallest for size in self._sizes[group.name].values())
            if small:
                raise PrivacyError(
                    f"group '{group.name}': {small:,} of {len(self._sizes[group.name]):,} classes have "
                    f"fewer than {group.smallest} records; make the classes coarser",
                    measure="group size",
                )
        for (name, rule), count in sorted(self._problems.items()):
            column, remedy = self._plan[name], REMEDIES.get(rule, "`check` lists the rows")
            if not self._filled[name]:
                raise RecordError(
                    f"column '{column}': no value could be read; {count:,} of {self.rows:,}: {rule} ({remedy})",
                    column=column,
                    rule=rule,
                )
            warn(f"column '{column}': {count:,} of {self.rows:,} values: {rule} ({remedy})")
        if self._alone:
            warn(
                f"{self._alone:,} of {self.rows:,} records are in no block by any rule of the agreement: where only "
                "records of a block are compared they can't be linked. `block_sizes` lists them"
            )
        for item in self._schema.fields:
            if self._plan[item.name] is not None and not self._filled[item.name]:
                warn(f"column '{self._plan[item.name]}': all values are missing")
