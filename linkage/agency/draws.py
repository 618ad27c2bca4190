"""Secret draws: streams of bits under a derived key, and numbers, permutations and noise drawn from them.

A stream is SHAKE-256 (FIPS 202) of the 32-byte key followed by a message: a keyed sponge, whose output nobody without
the key can tell from random bits (Bertoni et al. 2011; KMAC, NIST SP 800-185, is built so). The key is always 32 bytes,
so key and message can't be cut in two ways. Nothing secret comes from a seed of fewer bits, or from a generator made
for simulations: published code reduced the secret to 32 bits, which anyone can try out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_BLOCK = 4_096


def stream(secret: bytes, message: bytes, n_bytes: int) -> bytes:
    """So many bytes that only the key and the message decide."""
    return hashlib.shake_256(secret + message).digest(n_bytes)


def streams(secret: bytes, messages: Iterable[bytes], n_bytes: int) -> NDArray[np.uint8]:
    """(messages, n_bytes) uint8: the stream of each message."""
    joined = b"".join(stream(secret, message, n_bytes) for message in messages)
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, n_bytes)


def words(secret: bytes) -> Iterator[int]:
    """32-bit numbers without end: blocks of 4,096 bytes by their number, each read little-endian."""
    block = 0
    while True:
        data = stream(secret, block.to_bytes(8, "big"), _BLOCK)
        yield from np.frombuffer(data, dtype="<u4").tolist()
        block += 1


def below(drawn: Iterator[int], n: int) -> int:
    """A number from 0 to n - 1, each as likely: what would favour the low ones is drawn again."""
    fair = (1 << 32) - (1 << 32) % n
    for word in drawn:
        if word < fair:
            return word % n
    raise AssertionError("a stream has no end")


def permutation(drawn: Iterator[int], n: int) -> NDArray[np.int64]:
    """Each order of 0 to n - 1 as likely (Fisher and Yates; Durstenfeld 1964)."""
    order = list(range(n))
    for last in range(n - 1, 0, -1):
        other = below(drawn, last + 1)
        order[last], order[other] = order[other], order[last]
    return np.array(order, dtype=np.int64)


def spread(drawn: Iterator[int], n: int, each: int) -> NDArray[np.int64]:
    """(each, n) int64: for each of n places ``each`` distinct positions, every position used equally often.

    Permutations one below the other; where one repeats a position above it, that place is exchanged with a drawn one
    for which neither then repeats. ``each`` is at most n / 2, so that there always is one.
    """
    rows: list[list[int]] = []
    used: list[set[int]] = [set() for _ in range(n)]
    for _ in range(each):
        order = permutation(drawn, n).tolist()
        for place in range(n):
            while order[place] in used[place]:
                other = below(drawn, n)
                if order[other] not in used[place] and order[place] not in used[other]:
                    order[place], order[other] = order[other], order[place]
        for place, position in enumerate(order):
            used[place].add(position)
        rows.append(order)
    return np.array(rows, dtype=np.int64)


def flips(secret: bytes, messages: Iterable[bytes], n_bits: int, under: int) -> NDArray[np.bool_]:
    """(messages, n_bits) bool: true with probability ``under`` / 65,536, by 16 bits of each message's stream."""
    drawn = streams(secret, messages, 2 * n_bits).view("<u2")
    flipped: NDArray[np.bool_] = drawn < under
    return flipped
