"""How large the blocks are, and who is in none: to know before linking what candidates there will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.arguments import checked
from linkage.central.blocking.meeting import counted
from linkage.central.blocking.ways import Blocks
from linkage.encoded import EncodedSet, require_comparable
from linkage.oneagreement import in_one_agreement
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class RuleSize:
    """Of one rule: records without a block by it, blocks that give pairs, those pairs, and those of the largest."""

    rule: str
    without: int
    blocks: int
    pairs: int
    largest: int


@dataclass(frozen=True, repr=False)
class BlockSizes(TableOfResults):
    """What `block_sizes` found: a row for each rule, and the records that no rule puts in a block.

    ``records`` of all sets together; ``unblocked``: source -> ids of its records that are in no block. Where only
    records of a block are compared these can't be linked: list them with the results.
    """

    rules: tuple[RuleSize, ...]
    records: int
    unblocked: Mapping[str, pa.StringArray]

    @property
    def pairs(self) -> int:
        """Candidates of all rules; a pair that several give is counted by each."""
        return sum(each.pairs for each in self.rules)

    def to_arrow(self) -> pa.Table:
        """Columns rule, without, blocks, pairs, largest."""
        import pyarrow as pa

        names = ("rule", "without", "blocks", "pairs", "largest")
        return pa.table({name: [getattr(each, name) for each in self.rules] for name in names})

    def __len__(self) -> int:
        return len(self.rules)

    def __repr__(self) -> str:
        return f"BlockSizes({len(self.rules)} rules, {self.pairs:,} candidates)"

    def __str__(self) -> str:
        lines = [
            f"{each.rule}: {each.pairs:,} candidates in {each.blocks:,} blocks, the largest gives {each.largest:,}; "
            f"{each.without:,} records without"
            for each in self.rules
        ]
        alone = ", ".join(f"{source} {len(ids):,}" for source, ids in self.unblocked.items())
        return "\n".join([f"{self.records:,} records, {self.pairs:,} candidates", *lines, f"in no block: {alone}"])


@checked
def block_sizes(left: EncodedSet, right: EncodedSet | None = None, *, blocks: Blocks | None = None) -> BlockSizes:
    """Count the candidates that blocks give between two sets, or within one, and list the records in none.

    ``blocks``: some of the agreement's rules; all if left out. Raises ``ValueError`` if the sets carry none.

    Cost: each rule's keys sorted; a second a million records.

    >>> from linkage import Key, Schema, encode
    >>> schema = Schema.preset("uk-person", project="docs", blocks=True)
    >>> table = {"no": ["1", "2"], "given_name": ["Ann", "Anne"], "dob": ["2019-04-03", "2019-04-03"]}
    >>> held = {name: None for name in ("surname", "sex", "address", "postcode", "nhs_number")}
    >>> nursery = encode(table, schema, Key.generate(), id="no", source="nursery", columns=held)
    >>> block_sizes(nursery).pairs
    1
    """
    left, other = (left, left) if right is None else in_one_agreement(left, right)
    require_comparable(left, other)
    sets = (left,) if right is None else (left, other)
    rules = (blocks or Blocks()).of(left.schema)
    found = []
    for rule in rules:
        of_rule = counted(left.blocks[rule], other.blocks[rule], within=right is None)
        without = sum(int(np.count_nonzero(each.blocks[rule] == 0)) for each in sets)
        found.append(RuleSize(rule, without, of_rule.blocks, of_rule.pairs, of_rule.largest))
    return BlockSizes(tuple(found), sum(map(len, sets)), {each.source: _unblocked(each, rules) for each in sets})


def _unblocked(records: EncodedSet, rules: tuple[str, ...]) -> pa.StringArray:
    import pyarrow as pa

    alone = np.logical_and.reduce([records.blocks[rule] == 0 for rule in rules])
    return records.record_ids.filter(pa.array(alone, pa.bool_()))
