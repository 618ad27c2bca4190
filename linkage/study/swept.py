"""What a sweep gives: rows of quality, cost and risk, a figure of any two, and the file it goes on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage import charts
from linkage.errors import FileFormatError, nearest
from linkage.files import written_beside
from linkage.jsonfile import read_json
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
_TEXTS, _WHOLE = ("schema", "harden", "method", "refused"), ("seed", "links", "bits")
_RATIOS = ("threshold", "precision", "recall", "f1", "encode_seconds", "link_seconds", "risk")
COLUMNS = ("schema", "harden", "seed", "method", "threshold", "precision", "recall", "f1", "links", "refused", "bits",
           "encode_seconds", "link_seconds", "risk")  # fmt: skip
_WORDS = {"f1": "F1", "risk": "risk (share of the graph of resemblance that is left)", "bits": "bits a record"}
_MOST_BYTES = 1 << 30
_FORMAT = "sweep 1"


@dataclass(frozen=True, repr=False, eq=False)
class Sweep(TableOfResults):
    """Rows of quality, cost and risk; see `linkage.study.sweep` for the columns."""

    rows: tuple[Row, ...]
    measures: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        ways = {(row["schema"], row.get("harden")) for row in self.rows}
        return f"Sweep: {len(self):,} rows, {len(ways):,} ways, seeds {sorted({row['seed'] for row in self.rows})}"

    def to_arrow(self) -> pa.Table:
        """All rows."""
        import pyarrow as pa

        kinds = dict.fromkeys(_TEXTS, pa.string()) | dict.fromkeys(_WHOLE, pa.int64())
        names = (*COLUMNS, *self.measures)
        return pa.table(
            {name: pa.array([row.get(name) for row in self.rows], kinds.get(name, pa.float64())) for name in names}
        )

    def plot(self, x: str = "risk", y: str = "f1", *, ax: Any = None) -> Any:
        """Two columns against each other: a mark for each way and method, the mean of its seeds, thresholds joined.

        What was refused counts as an ``f1`` of nought. Returns matplotlib axes. Raises `ValueError` for a column that
        has no numbers.
        """
        numbers = [*_RATIOS, *_WHOLE, *self.measures]
        for name in (x, y):
            if name not in numbers:
                raise ValueError(f"plot: '{name}' is no column of numbers; {nearest(name, numbers)}")
        means: dict[str, dict[Any, list[tuple[float, float]]]] = {}
        for row in self.rows:
            if row.get(x) is None:  # of a rival, who has no bits
                continue
            name = ", ".join(part for part in (row["schema"], row.get("harden"), _other(row["method"])) if part)
            at = tuple(np.nan if value is None else value for value in (_number(row, x), _number(row, y)))
            means.setdefault(name, {}).setdefault(row.get("threshold"), []).append((at[0], at[1]))
        lines = {name: np.array([np.mean(of, axis=0) for of in by.values()]).T for name, by in means.items()}
        return charts.draw_points(lines, x_label=_WORDS.get(x, x), y_label=_WORDS.get(y, y), ax=ax)


def _other(method: str) -> str:
    return "" if method == "linkage" else method


def _number(row: Row, name: str) -> float | None:
    return 0.0 if name == "f1" and row.get("refused") else row.get(name)


def digest(*parts: Any) -> str:
    """Of tables, texts and lists: equal for equal ones."""
    import pyarrow as pa

    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, pa.Table):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, part.schema) as writer:
                writer.write_table(part.combine_chunks())
            data = sink.getvalue().to_pybytes()
        else:
            data = json.dumps(part).encode()
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


def kept(path: Path | None) -> MutableMapping[str, list[Row]]:
    """Job -> rows, as an earlier sweep left them. Raises `FileFormatError` for a file of another kind."""
    if path is None or not path.exists():
        return {}
    content = read_json(path, max_bytes=_MOST_BYTES)
    try:
        return {job: [dict(row) for row in rows] for job, rows in content[_FORMAT].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FileFormatError(f"{path}: not a file of study.sweep", path=str(path), reason="format") from None


def keep(path: Path | None, rows: Mapping[str, list[Row]]) -> None:
    """Write all rows, whole or not at all."""
    if path is None:
        return
    with written_beside(path) as part:
        part.write_text(json.dumps({_FORMAT: dict(rows)}, allow_nan=False), "utf-8")
