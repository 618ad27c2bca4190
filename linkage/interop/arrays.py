"""bitarray objects, what clkhash gives and anonlink takes, in and out."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.interop.filters import packed
from linkage.interop.numbered import clk_octets, numbered_set, require_clkhash, require_source, width_only
from linkage.schema import Schema


@checked
def from_bitarrays(clks: Iterable[Any], *, schema: Schema | None = None, source: str = "bitarrays") -> EncodedSet:
    """The set of CLKs held as ``bitarray`` objects, in their order; row numbers are the ids.

    Parameters
    ----------
    schema
        clkhash's, if it is known: then sets made with another one are told apart.
    source
        The agency's name; two sets that are linked need two names.

    Raises
    ------
    TypeError
        Something else than ``bitarray`` objects.
    ValueError
        They differ in length, there are none and no schema says how long they would be, or the length is not that of
        the schema.

    >>> from bitarray import bitarray
    >>> from_bitarrays([bitarray("11000000"), bitarray("11100000")]).popcounts["record"]
    array([2, 3], dtype=uint32)
    """
    require_source(source)
    require_clkhash(schema)
    given = list(clks)
    for clk in given:
        if not hasattr(clk, "endian") or not hasattr(clk, "tobytes"):
            raise TypeError(
                f"from_bitarrays: takes bitarray objects, such as bitarray('1010'); one is {type(clk).__name__}. "
                "A file of base64 is read by read_clks"
            )
    lengths = {len(clk) for clk in given} or ({schema.bits} if schema is not None else set())
    if len(lengths) != 1:
        raise ValueError(
            f"from_bitarrays: takes CLKs of one length, these have {len(lengths)}"
            if lengths
            else "from_bitarrays: no CLKs, so their length is not known; give schema="
        )
    (n_bits,) = lengths
    agreed = schema or width_only(n_bits)
    if agreed.bits != n_bits:
        raise ValueError(f"from_bitarrays: CLKs of {n_bits} bits, and the schema has {agreed.bits}")
    octets = np.frombuffer(b"".join(map(_big_endian, given)), dtype=np.uint8).reshape(len(given), -(-n_bits // 8))
    return numbered_set(packed(octets), agreed, source)


@checked
def to_bitarrays(encoded: EncodedSet) -> list[Any]:
    """A big-endian ``bitarray`` for each record of a set of the record layout, in its order.

    Needs the package bitarray: ``pip install 'linkage-pprl[interop]'``.

    >>> from bitarray import bitarray
    >>> to_bitarrays(from_bitarrays([bitarray("10000001")]))
    [bitarray('10000001')]
    """
    try:
        bitarray = importlib.import_module("bitarray").bitarray
    except ImportError:
        raise ImportError("to_bitarrays needs the package bitarray: pip install bitarray") from None
    made = []
    for octets in clk_octets(encoded):
        clk = bitarray(endian="big")
        clk.frombytes(octets.tobytes())
        made.append(clk[: encoded.schema.bits])
    return made


def _big_endian(clk: Any) -> bytes:
    # a method before bitarray 3, an attribute since
    endian = clk.endian() if callable(clk.endian) else clk.endian
    octets: bytes = clk.tobytes() if endian == "big" else type(clk)(clk, endian="big").tobytes()
    return octets
