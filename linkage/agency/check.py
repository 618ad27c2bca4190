"""What in a table breaks the agreement, before anything is encoded: row, column and rule, never the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linkage.agency.normalise import REMEDIES, Cleaned, cleaner
from linkage.agency.records import Batch, column_plan, read
from linkage.schema import Schema
from linkage.sealed import sealed

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_LISTED = 1_000  # of one rule in one column; the counts are always whole


class Problem(NamedTuple):
    """A record that breaks a rule: ``row`` counts from 1 after the header; 0 is the whole column."""

    row: int
    column: str
    rule: str


@dataclass(frozen=True)
class Problems:
    """The problems of a table; its length is their number, and an empty one is false.

    ``listed`` holds the first 1,000 of each rule in each column, by row; ``counts`` counts all of them.
    """

    rows: int
    listed: tuple[Problem, ...]
    counts: Mapping[tuple[str, str], int]

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.listed)

    def to_arrow(self) -> pa.Table:
        """Columns row, column, rule."""
        import pyarrow as pa

        rows, columns, rules = zip(*self.listed, strict=True) if self.listed else ((), (), ())
        return pa.table(
            {
                "row": pa.array(rows, pa.int64()),
                "column": pa.array(columns, pa.string()),
                "rule": pa.array(rules, pa.string()),
            }
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __str__(self) -> str:
        if not self.counts:
            return f"{self.rows:,} records, no problems"
        lines = []
        for (column, rule), count in sorted(self.counts.items()):
            remedy = f" ({REMEDIES[rule]})" if rule in REMEDIES else ""
            lines.append(f"{count:>9,}  {column}: {rule}{remedy}")
        return "\n".join(
            [f"{self.rows:,} records, {len(self):,} problems (row 1 is the first below the header)", *lines]
        )

    def _repr_html_(self) -> str:
        from html import escape

        cells = "".join(
            f"<tr><td>{escape(column)}</td><td>{escape(rule)}</td><td>{count:,}</td></tr>"
            for (column, rule), count in sorted(self.counts.items())
        )
        return (
            f"<p>{self.rows:,} records, {len(self):,} problems</p>"
            f"<table><tr><th>column</th><th>rule</th><th>records</th></tr>{cells}</table>"
        )


@sealed
def check(
    table: object,
    schema: Schema,
    *,
    id: str | None = None,
    columns: Mapping[str, str | None] | None = None,
) -> Problems:
    """What in ``table`` breaks the agreement, by row, column and rule.

    Parameters
    ----------
    id
        The column of the agency's own record ids; when given, missing and repeated ids are problems too.
    columns
        As for `linkage.encode`.

    Raises `RecordError` where no record could be read at all: a column that is not there, a file that isn't
    UTF-8. Cost: memory for the ids of all records, otherwise that of a batch.

    >>> from linkage import Field, Schema
    >>> schema = Schema(project="p", fields=(Field(name="dob", type="date"),))
    >>> list(check({"dob": ["2019-04-03", "soon", None]}, schema))
    [Problem(row=2, column='dob', rule='not a date')]
    """
    plan = column_plan(schema, columns, id=id)
    counts: dict[tuple[str, str], int] = {}
    listed: list[Problem] = []
    filled = {field.name: 0 for field in schema.fields}
    seen: dict[str, int] = {}
    rows = 0
    for batch in read(table, plan, schema):
        rows += len(batch)
        found = list(_value_problems(batch, schema, plan, filled))
        if id is not None:
            found += _id_problems(batch, id, seen)
        for problem in found:
            place = (problem.column, problem.rule)
            counts[place] = counts.get(place, 0) + 1
            if counts[place] <= _MAX_LISTED:
                listed.append(problem)
    for field in schema.fields:
        column = plan[field.name]
        if column is not None and not filled[field.name]:
            counts[(column, "all values are missing")] = 1
            listed.append(Problem(0, column, "all values are missing"))
    return Problems(rows, tuple(sorted(listed)), counts)


def _value_problems(
    batch: Batch, schema: Schema, plan: Mapping[str, str | None], filled: dict[str, int]
) -> Iterator[Problem]:
    for field in schema.fields:
        column = plan[field.name]
        if column is None:
            continue
        encoded = batch.columns[field.name].dictionary_encode()
        clean, refuse = cleaner(field), field.missing == "refuse"
        cleaned = [clean(text) for text in encoded.dictionary.to_pylist()] + [Cleaned("")]  # the last for null
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        filled[field.name] += int(np.array([bool(value) for value, _ in cleaned])[codes].sum())
        bad = np.array([bool(problem) or (refuse and not value) for value, problem in cleaned])
        for index in np.flatnonzero(bad[codes]).tolist():
            yield Problem(batch.first_row + index, column, cleaned[codes[index]].problem or "missing")


def _id_problems(batch: Batch, column: str, seen: dict[str, int]) -> Iterator[Problem]:
    for row, value in enumerate(batch.columns["record_id"].to_pylist(), start=batch.first_row):
        if value is None or not value.strip():
            yield Problem(row, column, "the record has no id")
        elif seen.setdefault(value, row) != row:
            yield Problem(row, column, "the id is used twice")
