"""A model given by someone who knows: m and u of each level, in a table that can be written or edited by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from linkage.central.modelling.levels import Comparison, comparisons
from linkage.central.modelling.model import FieldWeights, Model
from linkage.errors import nearest
from linkage.schema import Schema
from linkage.tables import as_arrow

if TYPE_CHECKING:
    import pyarrow as pa

LEAST = 1e-30
"""No probability of a model is less: its weight would outweigh all other fields together."""
_SUM_WITHIN = 1e-6
_MOST_PAIRS = 1e18
_NEEDED = ("field", "level", "m", "u")
_KNOWN = (*_NEEDED, "h", "match_weight")  # the last follows from m and u, and isn't read
_Key = tuple[object, object]


def given(schema: Schema, table: object, *, matches: float, households: float, moved: float) -> Model:
    """See `Model.of`."""
    require_fields_layout(schema)
    rows = _rows(as_arrow(table, "table"), with_h=households != 0)
    plan = comparisons(schema)
    _require_the_levels(rows, plan)
    fields = tuple(_field(item, [rows[item.name, label] for label in item.labels()]) for item in plan)
    return Model(
        schema,
        fields,
        matches=count(matches, "matches"),
        households=count(households, "households"),
        steps=0,
        converged=True,
        moved=share_moved(moved),
    )


def require_fields_layout(schema: Schema) -> None:
    """``ValueError`` for a schema that no model is of."""
    if not isinstance(schema, Schema):
        raise TypeError(f"model: takes a Schema; this is {type(schema).__name__}")
    if schema.layout != "fields":
        raise ValueError("model: belongs to the fields layout; the record layout has a threshold instead")


def shares(values: Sequence[object], comparison: Comparison, which: str) -> tuple[float, ...]:
    """Checked probabilities by level; ``ValueError`` says which is wrong, and ``which`` of m, u and h it is of."""
    where = f"field '{comparison.name}', {which}"
    found = []
    for label, value in zip(comparison.labels(), values, strict=True):
        if not _is_number(value) or not LEAST <= value <= 1:
            raise ValueError(
                f"{where} of level '{label}': must be a number above 0 and at most 1; what never happens may, once in "
                "a million: 1e-6"
            )
        found.append(float(value))
    total = math.fsum(found)
    if abs(total - 1) > _SUM_WITHIN:
        raise ValueError(f"{where}: the levels sum to {total:.9g}; they must sum to 1, missing included")
    return tuple(found)


def count(value: object, name: str) -> float:
    """A checked expected number of pairs."""
    if not _is_number(value) or not 0 <= value <= _MOST_PAIRS:
        raise ValueError(f"{name}: must be a number of pairs, 0 or more")
    return float(value)


def share_moved(value: object) -> float:
    """A checked share of the matches."""
    if not _is_number(value) or not 0 <= value < 1:
        raise ValueError("moved: must be a share of the matches, 0 or more and below 1")
    return float(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    # NaN is refused by the comparisons that follow, and so is a whole number too long for a float
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rows(table: pa.Table, *, with_h: bool) -> dict[_Key, dict[str, Any]]:
    """The rows by field and level; those without h take u for it, which says nothing of households."""
    names = [name for name in table.column_names if not name.startswith("__index_level_")]  # of pandas
    for name in names:
        if name not in _KNOWN or names.count(name) > 1:
            raise ValueError(f"table, column '{name}': not known, or there twice; {nearest(name, _KNOWN)}")
    lacking = [name for name in (*_NEEDED, *(["h"] if with_h else [])) if name not in names]
    if lacking:
        why = "; households need h" if lacking == ["h"] else ""
        raise ValueError(f"table: lacks the column {', '.join(lacking)}{why}")
    found: dict[_Key, dict[str, Any]] = {}
    for row in table.select(names).to_pylist():
        key = (row["field"], row["level"])
        if not all(isinstance(part, str) for part in key):
            raise ValueError("table: field and level must be text in every row")
        if key in found:
            raise ValueError(f"table: field '{key[0]}', level '{key[1]}' is there twice")
        found[key] = {"h": row["u"]} | row
    return found


def _require_the_levels(rows: Iterable[_Key], plan: tuple[Comparison, ...]) -> None:
    """The levels of the table are those of the schema."""
    labels = {item.name: item.labels() for item in plan}
    present = set(rows)
    for field, level in sorted(present, key=str):
        if field not in labels:
            raise ValueError(f"table: field '{field}' is not in the agreement; {nearest(field, labels)}")
        if level not in labels[str(field)]:
            raise ValueError(f"table: field '{field}' has no level '{level}'; {nearest(level, labels[str(field)])}")
    lacking = {name: [label for label in each if (name, label) not in present] for name, each in labels.items()}
    if any(lacking.values()):
        listed = "; ".join(f"{name}: {', '.join(map(repr, each))}" for name, each in lacking.items() if each)
        raise ValueError(f"table: lacks the levels {listed}")


def _field(comparison: Comparison, rows: list[dict[str, Any]]) -> FieldWeights:
    m, u, h = (shares([row[which] for row in rows], comparison, which) for which in ("m", "u", "h"))
    return FieldWeights(comparison, m, u, h)
