"""What must hold of the rows of a file of links, whoever wrote it: a digest says that they are whole, not more."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

MEASURES = ("similarity", "match_weight", "probability")
_ENDS = ("left_source", "left_id", "right_source", "right_id")
_SHARES = ("similarity", "probability")
# by kind of row, the columns that have something in every one
_FILLED = {
    "kept": _ENDS, "same": _ENDS, "different": _ENDS, "content": ("left_source", "left_id", "right_id"),
    "merge": ("left_id",), "split": ("left_id",), "end": ("left_id",),
}  # fmt: skip


def require_columns(table: pa.Table) -> None:
    """Raise ``ValueError`` unless the columns are those of the format."""
    texts = {*_ENDS, "link_id"}
    kinds = dict.fromkeys((*texts, "kind"), "string") | dict.fromkeys(MEASURES, "double")
    names = table.column_names
    if not texts <= set(names) or len(set(names)) < len(names):
        raise ValueError("columns")
    if any(kinds.get(name) != str(kind) for name, kind in zip(names, table.schema.types, strict=True)):
        raise ValueError("kinds of columns")


def require_pairs(table: pa.Table, sources: Collection[str], cut: Collection[str]) -> None:
    """Raise ``ValueError`` unless each row is a pair with its measures or a record alone, of sources that there are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(sorted(set(sources)), pa.string())
    if len(known) < len(sources) or _missing(table, "left_source", "left_id"):
        raise ValueError("sources")
    paired = table.filter(pc.is_valid(table["right_id"]))
    if paired["right_source"].null_count or table["right_source"].null_count != table.num_rows - paired.num_rows:
        raise ValueError("half a pair")
    for name in ("left_source", "right_source"):
        if not pc.all(pc.is_in(table[name], value_set=pa.concat_arrays([known, pa.nulls(1, pa.string())]))).as_py():
            raise ValueError("another source")
    own = pc.and_(
        pc.equal(paired["left_source"], paired["right_source"]), pc.equal(paired["left_id"], paired["right_id"])
    )
    measured = paired.filter(pc.invert(own))
    there = set(table.column_names)
    if not cut or not set(cut) <= {*_SHARES} & there or not {"similarity", "match_weight"} & there:
        raise ValueError("cut")
    for name in (each for each in MEASURES if each in table.column_names):
        _require_numbers(measured[name], share=name in _SHARES)


def require_kept(table: pa.Table) -> None:
    """Raise ``ValueError`` unless each row has what rows of its kind have."""
    import pyarrow.compute as pc

    for kind, columns in _FILLED.items():
        if _missing(table.filter(pc.equal(table["kind"], kind)), *columns):
            raise ValueError(kind)


def _missing(table: pa.Table, *columns: str) -> bool:
    return any(table[name].null_count for name in columns)


def _require_numbers(column: Any, *, share: bool) -> None:
    import numpy as np

    values = column.to_numpy()  # null becomes NaN
    if not np.isfinite(values).all() or (share and not ((values >= 0) & (values <= 1)).all()):
        raise ValueError("measures")
