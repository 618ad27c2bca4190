"""What goes wrong at the keys: slips in texts, and wrong days. `linkage.study.spellings` holds the other ways.

Each function takes Arrow strings without nulls (or days) and returns as many, all changed; which rows go
wrong is the caller's choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from linkage.study.places import pick

Ints = np.ndarray[Any, np.dtype[np.int64]]

KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
INSERT, DELETE, SUBSTITUTE, TRANSPOSE = range(4)
# Judgement: share in a hundred of each kind of slip, in the order above.
SLIPS = (20, 25, 35, 20)
SWAPPED = 0.5  # judgement: of wrong days that can be, day and month exchanged
# Years, months and days by which the others slip; judgement: each as likely.
DAY_SLIPS = ((0, 0, 1), (0, 0, -1), (0, 0, 10), (0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0))


def slip(texts: Any, rng: np.random.Generator) -> Any:
    """Each text with one letter more, less, other, or exchanged with the next.

    >>> slip(pa.array(["Katherine", "Jo"]), np.random.Generator(np.random.PCG64(1))).to_pylist()
    ['Kstherine', 'Joi']
    """
    if not len(texts):
        return texts
    codes, lengths = _code_points(texts)
    kind = np.searchsorted(np.cumsum(SLIPS), pick(rng, len(texts), sum(SLIPS)), side="right")
    spread = rng.random(len(texts))
    # The first letter is spared, except from a wrong neighbour: few miss it, and its capital would move.
    spared = np.where((kind == SUBSTITUTE) | (lengths < 2), 0, 1)
    place = spared + (spread * (lengths - spared)).astype(np.int64)
    rows = np.arange(len(texts))
    here, following = codes[rows, place], codes[rows, place + 1]
    other = _neighbours(here, rng)
    kind = np.where((kind == TRANSPOSE) & ((following == 0) | (following == here)), DELETE, kind)
    kind = np.where(other == here, DELETE, kind)  # not on the keyboard: an accent, a hyphen, a space
    kind = np.where(lengths < 3, INSERT, kind)
    return _from_code_points(_edited(codes, kind, place, other))


def wrong_day(days: Any, rng: np.random.Generator) -> Any:
    """Each day (datetime64[D]) with day and month swapped where that is a date, or one part of it slipped."""
    year = days.astype("datetime64[Y]").astype(np.int64)
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    day = (days - days.astype("datetime64[M]")).astype(np.int64)
    swappable = (day < 12) & (day != month)
    swap = swappable & (rng.random(len(days)) < SWAPPED)
    by = np.array(DAY_SLIPS)[pick(rng, len(days), len(DAY_SLIPS))]
    # Kept to 28 days, so that every month has the result.
    slipped = _day(year + by[:, 0], (month + by[:, 1]) % 12, (np.minimum(day, 27) + by[:, 2]) % 28)
    return np.where(swap, _day(year, np.where(swap, day, month), month), slipped)


def _day(year: Ints, month: Ints, day: Ints) -> Any:
    """Years since 1970, months and days from 0, as datetime64[D]."""
    return (year * 12 + month).astype("datetime64[M]").astype("datetime64[D]") + day


def _code_points(texts: Any) -> tuple[Ints, Ints]:
    """One row of code points a text, zeros behind, at least two to spare; and the lengths."""
    words = texts.to_numpy(zero_copy_only=False).astype(np.str_)
    width = words.dtype.itemsize // 4 + 2
    codes = words.astype(f"U{width}").view(np.uint32).reshape(len(words), width).astype(np.int64)
    return codes, np.count_nonzero(codes, axis=1)


def _from_code_points(codes: Ints) -> Any:
    width = codes.shape[1]
    return pa.array(np.ascontiguousarray(codes, dtype=np.uint32).view(f"U{width}").reshape(-1), pa.string())


def _edited(codes: Ints, kind: Ints, place: Ints, other: Ints) -> Ints:
    """``codes`` with one edit a row: every column is read from where the edit left it."""
    column = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)
    at, kind = place[:, None], kind[:, None]
    source = column - ((kind == INSERT) & (column > at)) + ((kind == DELETE) & (column >= at))
    source = source + ((kind == TRANSPOSE) & (column == at)) - ((kind == TRANSPOSE) & (column == at + 1))
    edited = np.take_along_axis(codes, np.minimum(source, codes.shape[1] - 1), axis=1)
    written = ((kind == SUBSTITUTE) & (column == at)) | ((kind == INSERT) & (column == at + 1))
    return np.where(written, other[:, None], edited)


def _neighbours(codes: Ints, rng: np.random.Generator) -> Ints:
    """A key beside each letter or digit, in the same case; the same code where it is neither."""
    table = np.tile(np.arange(128), (2, 1))
    for row in KEYBOARD:
        for line in {row, row.upper()}:
            points = np.array([ord(letter) for letter in line])
            table[0, points] = np.append(points[1], points[:-1])
            table[1, points] = np.append(points[1:], points[-2])
    known = codes < 128
    return np.where(known, table[pick(rng, len(codes), 2), np.where(known, codes, 0)], codes)
