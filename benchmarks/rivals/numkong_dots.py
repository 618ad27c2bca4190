"""numkong: packed dot products of 1024-bit rows on one thread, in pairs a second: python numkong_dots.py [rows]."""

from __future__ import annotations

import speed


def compare(left: speed.Rows, right: speed.Rows) -> None:
    """All overlaps, in tiles of the left that stay in the cache; no threshold, nothing is kept."""
    import numkong

    bits = numkong.dots_pack(right, dtype="uint1")  # not "u1": that is a byte
    for start in range(0, len(left), speed.TILE):
        numkong.dots_packed(left[start : start + speed.TILE], bits)


if __name__ == "__main__":
    speed.run(compare, package="numkong")
