"""For those who run clkhash and anonlink: their CLKs, schemas and files here, ours there, one side at a time.

`encode_clkhash` makes the same bits as clkhash 0.18.3 from the same schema and secret. `read_clks` makes an
`EncodedSet` of a file of CLKs; it is compared, linked and saved like any other::

    left, right = interop.read_clks("alice.json"), interop.read_clks("bob.json")
    links = lk.link(left, right, threshold=0.8)
    interop.write_groups(links, "groups.json", sources=("alice", "bob"))

What such sets lack: ids (the row number stands for one), an order that hides anything, a key check, and, if no schema
was given, any way to tell that two parties agreed on one. The CLKs are plain Bloom filters, and secrets are often
phrases: `linkage.encode` protects better, and the ``fields`` layout links better.
"""

from __future__ import annotations

from linkage.interop.arrays import from_bitarrays, to_bitarrays
from linkage.interop.clkfile import read_clknblocks, read_clks, write_clknblocks, write_clks
from linkage.interop.encode import encode_clkhash
from linkage.interop.results import (
    Groups,
    read_candidate_pairs,
    read_groups,
    write_candidate_pairs,
    write_groups,
)

__all__ = [
    "Groups",
    "encode_clkhash",
    "from_bitarrays",
    "read_candidate_pairs",
    "read_clknblocks",
    "read_clks",
    "read_groups",
    "to_bitarrays",
    "write_candidate_pairs",
    "write_clknblocks",
    "write_clks",
    "write_groups",
]
