"""Low-weight XOR tuples: encodings, or bits, two, three or four of which cancel out further than chance allows.

Schemes that mix bits by XOR (folding, Rule 90, diffusion) are linear: what two, three or four encodings have in common
stays in common, whatever the key, and output bits that are made of the same inputs cancel out. Armknecht and Schäfer
("Breaking BAD? Better Call SAUL!", PoPETs 2026) break diffusion by tuples whose XOR has few bits set, where the
similarity of pairs shows nearly nothing. Of that attack this is the first half, made from the description alone: it
finds the tuples, and says how far they lie beyond those of encodings without any structure. What may be read from them
is for `linkage.study.attacks.graph_matching` to tell. So it names nobody, and no structure found is no proof of
resistance: a scheme that mixes ten bits at a time may hide from samples of this size.

Against it help encodings in which no bit is the XOR of few bits of a plain filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.study.attacks.adversary import bits_of

Among = Literal["records", "bits"]
Signs = NDArray[np.float32]

_AMONG: tuple[Among, ...] = ("records", "bits")
_MEMBERS = 40  # of tuples of three and four
_SPARE = 64  # records beyond the bits: chance makes a relation of them all once in 2 ** 64
_BEYOND = 8.0  # standard deviations: the greatest of many biases strays to five or six by chance


@dataclass(frozen=True)
class XorFinding:
    """The plainest tuple of one kind.

    among       ``records``: encodings were XORed; ``bits``: columns of the set
    order       how many at a time
    tuples      how many were looked at
    bias        of the plainest: how far from even its XOR is, beyond what the frequencies of the bits make it, from 0
                to 1 (all bits clear, or all set)
    expected    what the plainest shows where there is no structure, on average
    z           how many standard deviations it lies beyond
    """

    among: Among
    order: int
    tuples: int
    bias: float
    expected: float
    z: float


@dataclass(frozen=True, repr=False)
class XorTuples:
    """What was found among records and bits, in tuples of two, three and four.

    findings    one of each order, among either
    relations   how many sets of bits, of any size, have an XOR that is the same in every record; None where there are
                too few records to tell

    >>> XorTuples((XorFinding("records", 2, 780, bias=0.5, expected=0.13, z=40.0),), relations=0)
    XorTuples: structure found, plainest in twos of records: bias 0.50 where chance gives 0.13, z 40.0; 0 relations
    """

    findings: tuple[XorFinding, ...]
    relations: int | None

    @property
    def plainest(self) -> XorFinding:
        """The finding furthest beyond chance."""
        return max(self.findings, key=lambda finding: finding.z)

    @property
    def z(self) -> float:
        """Of the plainest."""
        return self.plainest.z

    @property
    def leaks(self) -> bool:
        """Whether any lies more than 8 standard deviations beyond chance, or bits are related."""
        return self.z > _BEYOND or bool(self.relations)

    def __repr__(self) -> str:
        said = "structure found" if self.leaks else "no structure found"
        most = self.plainest
        number = {2: "twos", 3: "threes", 4: "fours"}[most.order]
        return (
            f"XorTuples: {said}, plainest in {number} of {most.among}: bias {most.bias:.2f} where chance gives "
            f"{most.expected:.2f}, z {most.z:.1f}; {self._related()}"
        )

    def _related(self) -> str:
        return "too few records for relations" if self.relations is None else f"{self.relations:,} relations"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(each.among)}</td><td>{each.order}</td><td>{each.tuples:,}</td><td>{each.bias:.3f}</td>"
            f"<td>{each.expected:.3f}</td><td>{each.z:.1f}</td></tr>"
            for each in self.findings
        )
        heads = "".join(f"<th>{head}</th>" for head in ("among", "order", "tuples", "bias", "expected", "z"))
        caption = f"low-weight XOR tuples; {self._related()}"
        return f"<table><caption>{caption}</caption><tr>{heads}</tr>{rows}</table>"


@checked
def xor_tuples(
    encoded: EncodedSet,
    *,
    filters: str | Sequence[str] | None = None,
    sample: int = 1_000,
    rounds: int = 16,
    seed: int = 0,
) -> XorTuples:
    """Look for tuples of records, and of bits, whose XOR has far fewer, or far more, bits set than chance gives.

    Parameters
    ----------
    filters
        Only these; by default all, side by side.
    sample
        Records, and bits, of which pairs are looked at, drawn by ``seed``; at least four. Threes and fours are of 40
        of them, those whose pairs are the plainest.
    rounds
        How often chance is tried: the same search after each bit was dealt out anew among the records, so that
        every bit is set as often as before and nothing else is left.

    No list, no key and no truth is needed. A plain filter has structure: that is what makes it linkable, and what
    graph matching reads. Equal encodings are the plainest of all, and found by it.

    Cost: rounds times sample ** 2 * bits and sample * bits ** 2. On one core, 5,000 people and 1,024 bits some 10
    seconds.

    >>> rng = np.random.default_rng(1)
    >>> import linkage
    >>> schema = linkage.Schema(project="docs", layout="record", fields=(linkage.Field(name="name", type="name"),))
    >>> noise = {"record": rng.integers(0, 1 << 63, (300, 16), dtype=np.uint64)}
    >>> encoded = linkage.EncodedSet.from_arrays([f"{n:032x}" for n in range(300)], noise, schema=schema, source="a")
    >>> xor_tuples(encoded).leaks
    False
    """
    return xor_tuples_of(bits_of(encoded, filters), sample=sample, rounds=rounds, seed=seed)


def xor_tuples_of(bits: NDArray[np.uint8], *, sample: int = 1_000, rounds: int = 16, seed: int = 0) -> XorTuples:
    """The same of rows of 0 and 1, wherever they are from."""
    if rounds < 2:
        raise ValueError(f"rounds: at least 2, not {rounds!r}")
    if sample < 4:
        raise ValueError(f"sample: at least 4, for tuples of four, not {sample!r}")
    bits = bits[bits.any(axis=1)]
    relations = _relations(bits)
    rng = np.random.default_rng(seed)
    bits = bits[rng.permutation(len(bits))[:sample]]
    bits = bits[:, rng.permutation(np.flatnonzero(_moving(bits)))]
    if min(bits.shape) < 4:
        raise ValueError("xor_tuples: too few records, or bits that vary, for tuples of four")
    seen = _plainest(bits, sample)
    chance = np.array([_biases(_plainest(rng.permuted(bits, axis=0), sample)) for _ in range(rounds)])
    middle, spread = chance.mean(axis=0), chance.std(axis=0, ddof=1)
    findings = [
        XorFinding(among, order, tuples, bias, float(usual), float((bias - usual) / max(width, 1e-6)))
        for (among, order, tuples, bias), usual, width in zip(seen, middle, spread, strict=True)
    ]
    return XorTuples(tuple(findings), relations)


def _moving(bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Columns that are neither set nor clear in nearly all records: those are alike whatever is encoded."""
    share = bits.mean(axis=0)
    return np.asarray((share > 0.02) & (share < 0.98))


def _relations(bits: NDArray[np.uint8]) -> int | None:
    """How many columns are the XOR of others, or the opposite of it, in every record: elimination over GF(2)."""
    bits = bits[:, bits.any(axis=0) & ~bits.all(axis=0)]
    n, width = bits.shape
    if n < width + _SPARE:
        return None
    rows = np.packbits(np.vstack([np.ones(n, dtype=np.uint8), bits.T]), axis=1)
    rank = 0
    for place in range(n):
        byte, bit = place // 8, np.uint8(128 >> place % 8)
        having = rank + np.flatnonzero(rows[rank:, byte] & bit)
        if not len(having):
            continue
        rows[[rank, having[0]]] = rows[[having[0], rank]]
        rows[having[1:]] ^= rows[rank]
        rank += 1
        if rank == len(rows):
            break
    return len(rows) - rank


def _plainest(bits: NDArray[np.uint8], sample: int) -> list[tuple[Among, int, int, float]]:
    """Of records and of bits, and of each order: how many tuples, and the greatest bias of an XOR."""
    signs = 1 - 2 * bits.astype(np.float32)
    signs -= signs.mean(axis=0)  # what a bit is in most records, it would bring into every product
    found = []
    for among, rows in zip(_AMONG, (signs, np.ascontiguousarray(signs.T)), strict=True):
        found += [(among, *each) for each in _of_orders(rows[:sample])]
    return found


def _biases(found: list[tuple[Among, int, int, float]]) -> list[float]:
    return [bias for *_, bias in found]


def _of_orders(signs: Signs) -> list[tuple[int, int, float]]:
    """(order, tuples, greatest bias) of rows of 1 and -1, centred: the mean of a product is the bias of the XOR."""
    n, width = signs.shape
    two = np.abs(signs @ signs.T) / width
    np.fill_diagonal(two, 0)
    members = signs[_most_alike(two, _MEMBERS)]
    first, second = np.triu_indices(len(members), 1)
    pairs = members[first] * members[second]
    three = np.abs(pairs @ members.T) / width
    three[np.arange(len(pairs)), first] = three[np.arange(len(pairs)), second] = 0
    four = np.abs(pairs @ pairs.T) / width
    shared = np.zeros((len(pairs), len(members)), dtype=np.float32)
    shared[np.arange(len(pairs)), first] = shared[np.arange(len(pairs)), second] = 1
    four[shared @ shared.T > 0] = 0
    k = len(members)
    return [
        (2, n * (n - 1) // 2, float(two.max())),
        (3, k * (k - 1) * (k - 2) // 6, float(three.max())),
        (4, k * (k - 1) * (k - 2) * (k - 3) // 24, float(four.max())),
    ]


def _most_alike(two: Signs, most: int) -> NDArray[np.int64]:
    """The rows of the plainest pairs."""
    n = len(two)
    flat = np.argpartition(two, -min(n * n, 8 * most), axis=None)[-min(n * n, 8 * most) :]
    flat = flat[np.argsort(-two.ravel()[flat], kind="stable")]
    rows = np.stack(np.unravel_index(flat, two.shape), axis=1).ravel()
    return np.asarray(list(dict.fromkeys(rows.tolist()))[:most], dtype=np.int64)
