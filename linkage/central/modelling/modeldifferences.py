"""Where two models of one agreement differ, and how much of the evidence that moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.disagreement import differences
from linkage.errors import MismatchError
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.modelling.model import Model


@dataclass(frozen=True, repr=False)
class ModelDifferences(TableOfResults):
    """Two models level by level, from `Model.differences`: what moves the evidence of matches most comes first.

    ``effect`` is the size of a level's difference times the share of matches that have the level (m, the mean of both
    models'): what the level adds to the difference in evidence of an average match, in bits.
    """

    left: Model
    right: Model

    def to_arrow(self) -> pa.Table:
        """Columns field, level, left_weight, right_weight, difference (right less left), effect; a row for each level.

        Weights are log2(m / u), in bits. Sorted by effect, largest first, then in the order of the agreement.
        """
        import pyarrow as pa

        lefts, rights = self.left.to_arrow(), self.right.to_arrow()
        left, right = (table["match_weight"].to_numpy() for table in (lefts, rights))
        effect = np.abs(right - left) * (lefts["m"].to_numpy() + rights["m"].to_numpy()) / 2
        columns = {
            "field": lefts["field"],
            "level": lefts["level"],
            "left_weight": left,
            "right_weight": right,
            "difference": right - left,
            "effect": effect,
        }
        return pa.table(columns).take(np.argsort(-effect, kind="stable"))

    def __len__(self) -> int:
        return len(self.left)

    def __repr__(self) -> str:
        moved = sum(row["difference"] != 0 for row in self._rows())
        return f"ModelDifferences({moved} of {len(self)} weights differ)"

    def __str__(self) -> str:
        lines = [f"{'field':<16}{'level':<16}{'left':>9}{'right':>9}{'difference':>12}{'effect':>9}"]
        lines += [
            f"{row['field']:<16}{row['level']:<16}{row['left_weight']:>9.2f}{row['right_weight']:>9.2f}"
            f"{row['difference']:>12.2f}{row['effect']:>9.3f}"
            for row in self._rows()
        ]
        return "\n".join(lines)

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.to_arrow().to_pylist()
        return rows


def between(left: Model, right: Model) -> ModelDifferences:
    """See `Model.differences`."""
    found = differences(left.schema, right.schema)
    if found:
        raise MismatchError(
            f"the models are of different agreements: {'; '.join(found)}",
            what="schema",
            left=left.schema.fingerprint(),
            right=right.schema.fingerprint(),
        )
    return ModelDifferences(left, right)
