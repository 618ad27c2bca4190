"""Why pairs are linked or not, from encodings alone: one pass over two sets, and then any question about it.

See `Explanation`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from linkage.central.limits import Limits
from linkage.central.modelling.predicting import Scored, scored
from linkage.central.sources import in_canonical_order, one_partner
from linkage.central.thresholds import Ratio, probability_cut
from linkage.encoded import EncodedSet
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.explaining.waterfall import Waterfall
    from linkage.central.modelling.model import Model


@dataclass(frozen=True, eq=False, repr=False)
class Listing(TableOfResults):
    """Rows that answer one question, the most telling first."""

    table: pa.Table
    what: str

    def to_arrow(self) -> pa.Table:
        """The rows."""
        return self.table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"Listing({len(self):,} {self.what})"


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a model sees in two sets, or within one, from `Model.explain`: ask it about pairs, records and fields.

    It holds the likely pairs of one pass; a question costs little but `dropping`, which links anew for each field.
    Everything comes from encodings, by record ids; nothing in it is a person's value.

    left, right     the sets, the same one twice within one set
    cut             the probability from which pairs count as linked
    likely          every contender, in canonical order
    limits          of `dropping`, which links anew
    """

    model: Model
    left: EncodedSet
    right: EncodedSet
    cut: float
    likely: Scored
    limits: Limits

    @property
    def matches(self) -> float:
        """How many matches are expected among all pairs."""
        return self.likely.matches

    @property
    def turned(self) -> bool:
        """Whether the likely pairs have the right set first."""
        return self.likely.first is not self.left

    def pair(self, left_id: str, right_id: str) -> Waterfall:
        """Why these two records are linked or not: see `Waterfall`. Any pair may be asked about, likely or not.

        Raises ``ValueError`` if a set has no record of that id.
        """
        from linkage.central.explaining.waterfall import explained

        return explained(self, left_id, right_id)

    def nearest(self, n: int = 20) -> Listing:
        """The ``n`` pairs whose decision hung by least: those nearest the cut in log odds, nearest first.

        Columns left_source, left_id, right_source, right_id, match_weight (log2), probability, reaches_cut. With a
        column ``same`` more, of what people decided, it is what `linkage.refine` takes.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError("nearest: n must be a whole number of pairs, 1 or more")
        from linkage.central.explaining.questions import nearest_cut

        return nearest_cut(self, n)

    def unlinkable(self) -> Listing:
        """The records that cannot reach the cut: one that agreed with it in every value it has would not be linked.

        Nor would any record there is, had it no rival. Columns source, record_id, match_weight and probability (the
        most that such a partner has), missing (names of the fields that the record lacks); least likely first.
        A record that shares all its values with another of its source is not among them: a rival keeps it back.
        """
        from linkage.central.explaining.questions import beyond_reach

        return beyond_reach(self)

    def dropping(self) -> Listing:
        """What would change if nobody held a field: each field that both sets have, left out in turn, linked anew.

        Columns field (null: none left out), links, kept, lost and gained (against those with all fields), and
        the expected number of wrong links and of missed matches. In the order of the agreement. The weights of the
        other fields stay as they are. Cost: a comparison of all pairs for each field.
        """
        from linkage.central.explaining.questions import without_each_field

        return without_each_field(self)

    def adding(self, *, m: float, u: float) -> Listing:
        """What one field more would change, on which a share ``m`` of the matches agree and ``u`` of other pairs.

        Among the likely pairs most of the others share a home: ``u`` is theirs. Two rows, without and with the field:
        links, and the expected number of wrong links and of missed matches. Each pair is weighed alone, so what a field
        tells about a rival is not in it: expect no less.
        """
        for name, share in (("m", m), ("u", u)):
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
                raise ValueError(f"adding: {name} must be a share between 0 and 1")
        from linkage.central.explaining.questions import with_a_field

        return with_a_field(self, m, u)

    def _repr_html_(self) -> str:
        asked = "pair(left_id, right_id), nearest(n), unlinkable(), dropping(), adding(m=, u=)"
        return f"<p>{escape(repr(self))}</p><p>Ask it: {escape(asked)}</p>"

    def __repr__(self) -> str:
        return (
            f"Explanation({len(self.likely.edges.row):,} likely pairs of {self.left.source!r} and "
            f"{self.right.source!r}, {self.matches:,.0f} matches expected)"
        )


def explain(
    model: Model,
    left: EncodedSet,
    right: EncodedSet | None,
    *,
    probability: Ratio,
    duplicates: Collection[str],
    limits: Limits,
) -> Explanation:
    """See `Model.explain`."""
    within = right is None
    other = left if right is None else right
    first, second = in_canonical_order(left, other)
    unique = (False, False) if within else one_partner(first, second, duplicates)
    likely = scored(model, first, second, within=within, unique=unique, limits=limits)
    return Explanation(model, left, other, probability_cut(probability), likely, limits)
