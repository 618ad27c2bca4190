"""Damaged copies. A mutant is its number: the same data and seed make it again."""

from __future__ import annotations

import random
import re

# what stands where a number, a text or a word stood
NASTY = [
    b"NaN", b"-Infinity", b"1e999", b"-1e999", b"-0.0", b"-1", b"0", b"1", b"2147483648", b"4294967296",
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"1" * 5_000, b"1e-320",
    b"0.30000000000000004",
    b"null", b"true", b"false", b'""', b"[]", b"{}", b"[[]]", b'{"a":1,"a":2}', b"'", b'"', b"\\", b"inf", b"nan",
    b'"\\ud800"', b'"\\u0000"', b'"\x1b[31m"', b'"../../etc/passwd"', b'"' + b"A" * 100_000 + b'"',
    b"[" * 3_000, b'{"a":' * 3_000, b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", "İı".encode(), "\u202e".encode(),
    b"\0", b",", b"\n", b"\r\n", b"\t", b"0x10", b"1_000", b"1979-05-27T07:32:00Z", b"[table]",
    b"[[field]]", b"a.b.c = 1",
]  # fmt: skip
VALUES = [
    b"0", b"1", b"-1", b"1.5", b"1e300", b"1e-300", b"1e999", b"255", b"65537", b"2147483648", b"9223372036854775808",
    b"true", b"false", b"null", b'""', b'"a"', b'"1"', b'"\\u0000"', b'"\\u202e\\u001b[2J"', b"[]", b"{}", b"[1, 2]",
    b'["a", "b"]', b'{"a": 1}',
    '"ıİß李"'.encode(), b'"' + b"x" * 300 + b'"',
]  # fmt: skip
_VALUE = re.compile(rb'(?<![\w"\\])("(?:[^"\\\n]|\\.)*"|true|false|null|-?[0-9][0-9.eE+-]*)(?=\s*[,\]}\n])')
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[A-Za-z_]+|-?[0-9][0-9.eE+-]*|[^\sA-Za-z0-9]')


def of_bytes(data: bytes, seed: int) -> bytes:
    """A damaged copy; half of the mutants are damaged in a Parquet file's footer, which says how to read the rest."""
    draw = random.Random(seed)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    low = draw.choice([0, footer]) if data[-4:] == b"PAR1" and 0 < footer < len(data) else 0
    changed = bytearray(data)
    draw.choice(BYTE_WAYS)(changed, draw, low)
    return bytes(changed)


def of_text(data: bytes, seed: int) -> bytes:
    """A damaged copy of a text file: half of the mutants by bytes, half by what its words and numbers are."""
    draw = random.Random(seed)
    if draw.random() < 0.3:
        return of_bytes(data, seed)
    changed = data
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        changed = draw.choice(TEXT_WAYS)(changed, draw)
    return changed


# ---- by bytes ---------------------------------------------------------------------------------------------------


def flip_bits(data, draw, low):
    for _ in range(draw.choice([1, 1, 1, 2, 5, 30])):
        data[draw.randrange(low, len(data))] ^= 1 << draw.randrange(8)


def set_bytes(data, draw, low):
    for _ in range(draw.choice([1, 1, 3, 10])):
        data[draw.randrange(low, len(data))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])


def set_run(data, draw, low):
    start = draw.randrange(low, len(data))
    stop = min(len(data), start + draw.choice([2, 8, 40, 300]))
    fill = draw.choice([bytes(stop - start), b"\xff" * (stop - start), draw.randbytes(stop - start)])
    data[start:stop] = fill


def cut_end(data, draw, low):
    del data[draw.randrange(low, len(data)) :]


def cut_middle(data, draw, low):
    start = draw.randrange(low, len(data))
    del data[start : start + draw.choice([1, 2, 7, 64, 500])]


def swap_parts(data, draw, low):
    length = draw.choice([1, 4, 16, 32, 200])
    first, second = (draw.randrange(low, max(low + 1, len(data) - length)) for _ in range(2))
    data[first : first + length], data[second : second + length] = (
        data[second : second + length],
        data[first : first + length],
    )


def copy_part(data, draw, low):
    length = draw.choice([1, 4, 16, 200])
    start, place = draw.randrange(0, len(data)), draw.randrange(low, len(data))
    data[place : place + length] = data[start : start + length]


def insert(data, draw, low):
    place = draw.randrange(low, len(data) + 1)
    data[place:place] = draw.choice([b"\0", b"\xff" * 4, draw.randbytes(draw.choice([1, 9, 100]))])


def number(data, draw, low):
    """Another number where Thrift may hold one: sizes, offsets, counts."""
    place = draw.randrange(low, len(data))
    new = draw.choice(
        [b"\xff\xff\xff\xff\x0f", b"\xfe\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x80\x80\x80\x80\x40", b"\x01"]
    )
    data[place : place + len(new)] = new


BYTE_WAYS = (flip_bits, set_bytes, set_run, cut_end, cut_middle, swap_parts, copy_part, insert, number)


# ---- by words ---------------------------------------------------------------------------------------------------


def _tokens(data):
    return [found.span() for found in _TOKEN.finditer(data)] or [(0, len(data))]


def nasty_token(data, draw):
    start, stop = draw.choice(_tokens(data))
    return data[:start] + draw.choice(NASTY) + data[stop:]


def nasty_value(data, draw):
    """Another value where JSON, TOML or CSV has one, so that the file as a whole stays what it was."""
    values = [found.span(1) for found in _VALUE.finditer(data)]
    start, stop = draw.choice(values or _tokens(data))
    old = data[start:stop]
    new = draw.choice(VALUES)
    if draw.random() < 0.2:
        new = data[slice(*draw.choice(values or [(start, stop)]))]
    if draw.random() < 0.2 and old.strip(b'"').isdigit():
        new = old.replace(old.strip(b'"'), draw.choice([b"0", b"-1", b"1", b"65536", b"2147483647", b"9" * 25]))
    return data[:start] + new + data[stop:]


def nasty_between(data, draw):
    place = draw.choice(_tokens(data))[0]
    return data[:place] + draw.choice(NASTY) + data[place:]


def other_token(data, draw):
    tokens = _tokens(data)
    start, stop = draw.choice(tokens)
    other = draw.choice(tokens)
    return data[:start] + data[slice(*other)] + data[stop:]


def without_token(data, draw):
    start, stop = draw.choice(_tokens(data))
    return data[:start] + data[stop:]


def token_again(data, draw):
    start, stop = draw.choice(_tokens(data))
    return data[:stop] + data[start:stop] * draw.choice([1, 1, 50]) + data[stop:]


def line_again(data, draw):
    lines = data.splitlines(keepends=True) or [b""]
    place = draw.randrange(len(lines))
    return b"".join([*lines[: place + 1], lines[place], *lines[place + 1 :]])


def without_line(data, draw):
    lines = data.splitlines(keepends=True) or [b""]
    del lines[draw.randrange(len(lines))]
    return b"".join(lines)


def lines_moved(data, draw):
    lines = data.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def written_otherwise(data, draw):
    """The same text as another editor saves it."""
    text = data.decode("utf-8", "replace")
    how = draw.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7", "crlf", "cr", "latin-1", "cp1252"])
    if how in ("crlf", "cr"):
        return text.replace("\n", "\r\n" if how == "crlf" else "\r").encode("utf-8", "surrogatepass")
    return text.encode(how, "replace")


TEXT_WAYS = (
    *[nasty_value] * 5, nasty_token, nasty_token, nasty_between, other_token, other_token, without_token, token_again,
    line_again, without_line, lines_moved, written_otherwise,
)  # fmt: skip
