"""What anybody could try: keys that are made from a word or a small number, and encodings that need no key.

A key is as good as what it was made from. One that was stretched from a PIN, a word or a seed is found by whoever tries
these, with nothing but the key check that is in every file; then the set is open. The list tried here is short. That a
key is not on it is no proof that it was drawn from a random source, as `Key.generate` draws it.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import itertools
import math
import random
import string
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from linkage.agency.key import Key, hkdf_sha256, length_prefixed
from linkage.auditing.finding import Finding
from linkage.auditing.structure import correlations
from linkage.auditing.tally import Bits, Tally
from linkage.schema import ENCODING_VERSION, Filter, Schema

_PINS = 10_000
_SEEDS = 2_048
_WORDS = (
    *("", "secret", "password", "passwort", "key", "salt", "test", "linkage", "changeme", "letmein", "admin", "nhs"),
    *("123456", "12345678", "123456789", "qwerty", "project", "horse", "default", "foo", "bar", "hello", "pprl"),
)
_HASHES: tuple[str, ...] = ("sha256", "sha3_256", "blake2s")
_PLAIN = 8.0  # of sets in order the most was 3.7, of an unkeyed one of 500 records 14
_MOST_BITS = 8_192
_FEWEST = 100
_LEAST_BYTES = 16


def guessable_key(schema: Schema, source: str, key_check: str, key: Key | None) -> Finding:
    """Whether a key from a word, a short number or a seed opens the set."""
    tried = hit = 0
    # of the set's own key, and of the one that was given, which may be another
    wanted = {*([key_check] if key_check else []), *([key.check(schema.project)] if key is not None else [])}
    if wanted:
        for secret in _secrets((schema.project, source)):
            tried += 1
            check = _check(secret, schema.project)
            hit += any(hmac.compare_digest(check.encode(), each.encode()) for each in wanted)
            if hit:
                break
    return Finding(
        name="guessable key",
        value=hit,
        unseen="" if wanted else "the set does not say under which key it was made",
        unit="keys found",
        warn_above=None,
        fail_above=0,
        reason=f"The key was found by trying {tried:,} that are made from a word, a short number or a seed. Whoever "
        "does that can decode the set.",
        change="Make a key with `linkage keygen`, give it to all agencies, and encode everything again.",
    )


def short_secret(secret: str | bytes) -> Finding:
    """How many bytes a secret of clkhash lacks of 128 bits; a longer phrase may be guessed all the same.

    It has at most as many as its length in letters of its kinds, and as what is left when repetition is squeezed out.
    """
    data = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)  # no header
    bits = min(_bits_of_letters(data), 8.0 * len(squeezed.compress(data) + squeezed.flush()))
    return Finding(
        name="guessable key",
        value=max(0, _LEAST_BYTES - int(bits // 8)),
        unit="bytes short of 128 bits",
        warn_above=None,
        fail_above=0,
        reason="The secret is so short, or repeats itself so, that all like it can be tried.",
        change="Use 32 bytes of secrets.token_bytes for clkhash's secret, or `linkage encode` with `linkage keygen`.",
    )


def _bits_of_letters(data: bytes) -> float:
    """The most that a text of these kinds of letters can hold: hexadecimal four bits each, any byte eight."""
    words = bytes(each for each in data if each not in b"-: \n")  # between groups of digits
    if words and all(each in b"0123456789" for each in words):
        return len(words) * math.log2(10)
    for digits in (b"0123456789abcdef", b"0123456789ABCDEF"):
        if all(each in digits for each in words):
            return 4.0 * len(words)
    if not all(32 <= each < 127 for each in data):
        return 8.0 * len(data)
    kinds = (str.islower, 26), (str.isupper, 26), (str.isdigit, 10), (lambda letter: not letter.isalnum(), 33)
    return len(data) * math.log2(sum(size for kind, size in kinds if any(map(kind, data.decode()))))


def _check(secret: bytes, project: str) -> str:
    """As `Key.check`, of what might be no `Key`: asking each whether it is weak took twice as long."""
    info = length_prefixed("linkage", str(ENCODING_VERSION), project, "key check", "")
    derived = hkdf_sha256(secret, salt=b"", info=info, length=32)
    return hmac.digest(derived, project.encode(), "sha256").hex()[:32]


def _secrets(names: tuple[str, ...]) -> Iterator[bytes]:
    words = [*_WORDS, *names]
    for word in words:
        data = word.encode("utf-8", "surrogatepass")
        yield from (hashlib.new(name, data).digest() for name in _HASHES)
        yield hashlib.sha512(data).digest()[:32]
        yield hashlib.blake2b(data, digest_size=32).digest()
    for number in range(_PINS):
        yield hashlib.sha256(str(number).encode()).digest()
        if number < 1_000:
            yield hashlib.sha256(f"{number:04}".encode()).digest()
    for seed in range(_SEEDS):
        yield np.random.default_rng(seed).bytes(32)
        yield np.random.RandomState(seed).bytes(32)
        yield random.Random(seed).randbytes(32)  # noqa: S311  # it is what others did


def unkeyed(tally: Tally, schema: Schema) -> Finding:
    """Whether letters that follow each other set the bits that known unkeyed encodings would set for them.

    Two bits of one token are set together. So under the right guess of how tokens are hashed, bits that it says belong
    together are correlated, over all pairs of letters; under a wrong one they are as any two bits.
    """
    found: dict[str, float] = {}
    unseen = "no pairs of letters go into it"
    for filter in (each for each in schema.filters if _has_grams(schema, each)):
        bits = tally.sample[filter.name]
        bits = bits[bits.any(axis=1)]
        if len(bits) < _FEWEST:
            unseen = f"fewer than {_FEWEST} records in the sample"
        elif not 16 <= filter.bits <= _MOST_BITS:
            unseen = f"filters of fewer than 16 or more than {_MOST_BITS:,} bits"
        else:
            found |= {f"{filter.name}: {name}": z for name, z in _fits(bits).items()}
    worst = max(found, key=lambda name: found[name], default="")
    z = max(0.0, found.get(worst, 0.0))
    return Finding(
        name="known unkeyed encodings",
        value=z,
        unit="standard errors beyond chance",
        warn_above=None,
        fail_above=_PLAIN,
        where=worst if z > _PLAIN else "",
        unseen="" if found else unseen,
        reason="The bits are where a hash without a key puts them. Anybody can encode names so, and look them up.",
        change="Encode with `linkage encode` under a key of `linkage keygen`.",
    )


def _fits(bits: Bits) -> dict[str, float]:
    width = bits.shape[1]
    correlation = correlations(bits)
    above = correlation[np.triu_indices(width, 1)]
    mean, spread = float(above.mean()), float(above.std()) or 1.0
    found = {}
    for name, pairs in _pairs(width).items():
        own = correlation[pairs[:, 0], pairs[:, 1]]
        found[name] = float((own.mean() - mean) / (spread / np.sqrt(len(pairs))))
    return found


def _has_grams(schema: Schema, filter: Filter) -> bool:
    """Whether pairs of letters go into it, or, of clkhash, may do so."""
    return not schema.fields or any(schema.field(name).tokens == "qgrams" for name in filter.fields)


@functools.cache  # of public guesses alone: nobody's names or bits
def _pairs(width: int) -> dict[str, np.ndarray]:
    """Scheme -> (p, 2) bits that it sets together in a filter so wide."""
    found = {}
    for name, positions in _SCHEMES.items():
        for case, grams in (("", _grams()), (", capitals", [gram.upper() for gram in _grams()])):
            places = np.array([positions(gram, width) for gram in grams])
            both = np.concatenate([places[:, :2], places[:, 1:3]])
            found[name + case] = np.unique(np.sort(both[both[:, 0] != both[:, 1]], axis=1), axis=0)
    return {name: pairs for name, pairs in found.items() if len(pairs)}


def _grams() -> list[bytes]:
    letters = " " + string.ascii_lowercase
    return ["".join(pair).encode() for pair in itertools.product(letters, repeat=2) if pair != (" ", " ")]


def _numbered(name: str, first: int, order: str) -> Callable[[bytes, int], list[int]]:
    """The hash of the token followed by a number."""

    def positions(gram: bytes, width: int) -> list[int]:
        digests = (hashlib.new(name, gram + str(first + each).encode()).digest() for each in range(3))
        return [int.from_bytes(digest, order) % width for digest in digests]  # type: ignore[arg-type]

    return positions


def _doubled(first: str, step: str, order: str) -> Callable[[bytes, int], list[int]]:
    """One hash plus multiples of another."""

    def positions(gram: bytes, width: int) -> list[int]:
        start, by = (int.from_bytes(hashlib.new(each, gram).digest(), order) for each in (first, step))  # type: ignore[arg-type]
        return [(start + each * by) % width for each in range(1, 4)]

    return positions


_SCHEMES: dict[str, Callable[[bytes, int], list[int]]] = {
    **{
        f"{name} of token and number, from {first}, {order}-endian": _numbered(name, first, order)
        for name in ("md5", "sha1", "sha256", "blake2b")
        for first in (0, 1)
        for order in ("big", "little")
    },
    **{
        f"{name} and {step}, double hashing, {order}-endian": _doubled(name, step, order)
        for name, step in itertools.permutations(("md5", "sha1", "sha256"), 2)
        for order in ("big", "little")
    },
}
