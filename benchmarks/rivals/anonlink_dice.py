"""anonlink: its accelerated Dice (C++), on bitarrays as it takes them.

    python anonlink_dice.py <left.npy> <right.npy> <threshold>

Run in the environment of anonlink_clk. Its bound is a float, so it can lose pairs that lie exactly on the threshold.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import speed


def bitarrays(rows: speed.Rows) -> list[Any]:
    from bitarray import bitarray

    made = []
    for row in rows:
        bits = bitarray()
        bits.frombytes(row.tobytes())
        made.append(bits)
    return made


def find(left: list[Any], right: list[Any], threshold: Fraction) -> int:
    from anonlink import similarities

    found, _ = similarities.dice_coefficient_accelerated((left, right), float(threshold))
    return len(found)


if __name__ == "__main__":
    speed.run(bitarrays, find, package="anonlink")
