"""SAUL: each bit the exclusive or of keyed majority votes over the tokens of a record.

Armknecht and Schäfer, "Breaking BAD? Better Call SAUL!", PoPETs 2026(2): for each of f functions and each bit, every
token votes for 0 or 1 as the key decides; the function's answer is the majority, and the bit is the exclusive or of the
f answers. Two records agree in a bit more often the more tokens they share: with an angle a between their vectors of
tokens, a share (1 + (1 - 2 a / pi)^f) / 2 of the bits agrees, and half of them by chance.

What it defends against: no bit stands for a token, so frequencies of bits, patterns in which bits occur together and
the weight of a row tell next to nothing; unlike diffusion it has no linear structure to solve for; and of two records
that are only somewhat alike, as most are, the agreement is lost in the noise, so the graph of similarities that graph
matching needs (Schäfer, Armknecht and Heng 2024) is all but gone. What it doesn't: equal records have equal rows; near
copies are near, which is what it is for; whoever has the key can encode guesses. It is young: no analysis by others
than its authors was known when this was written.

Where this differs from the authors' program, knowingly: the key is 32 bytes by HKDF, not a 32-bit seed; fields do not
share votes unless they share a key group; a token has as many votes as the agreement says, so that a date of 39 tokens
doesn't outvote two names; and a tie goes by a keyed bit of the position, not up, which gave records of few tokens more
ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.bitplanes import above, any_bit, total
from linkage.agency.draws import stream, streams
from linkage.agency.key import Key
from linkage.agency.tokens import tokeniser
from linkage.field import Field
from linkage.schema import Filter, Schema

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.agency.columns import Coded

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_WORDS_AT_ONCE = 64  # of all functions together: what is in hand stays in a core's cache
_ROWS_AT_ONCE = 256
_TEXT_BYTES = 150  # of a token, its place in a dict and in a list


class TokenLists:
    """The tokens of the values of one field, numbered as they come; append only, so that a number keeps its meaning."""

    def __init__(self, field: Field) -> None:
        self._tokens = tokeniser(field)
        self._known: dict[str, int] = {}
        self.texts: list[str] = []
        self.flat = np.zeros(0, dtype=np.int32)
        self._n = 0

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return self.flat.nbytes + _TEXT_BYTES * len(self.texts)

    def of(self, values: pa.StringArray) -> Words:
        """(values, 2): the numbers of a value's tokens are ``flat[first:last]``; of the empty value there are none."""
        ends, numbers = [self._n], []
        for value in values.to_pylist():
            if value:
                numbers.extend([self._number(token) for token in self._tokens(value)])
            ends.append(self._n + len(numbers))
        if self._n + len(numbers) > len(self.flat):
            larger = np.zeros(max(2 * len(self.flat), self._n + len(numbers)), dtype=np.int32)
            larger[: self._n] = self.flat[: self._n]
            self.flat = larger
        self.flat[self._n : self._n + len(numbers)] = numbers
        self._n += len(numbers)
        spans = np.array(ends, dtype=np.uint64)
        return np.stack([spans[:-1], spans[1:]], axis=1)

    def _number(self, token: str) -> int:
        number = self._known.setdefault(token, len(self.texts))
        if number == len(self.texts):
            self.texts.append(token)
        return number


class Saul:
    """Rows of one filter; safe to call from several threads."""

    def __init__(self, key: Key, schema: Schema, filter: Filter) -> None:
        self._functions, self._bits = schema.harden.saul, schema.bits
        self._words = -(-schema.bits // 64)
        self._fields = [schema.field(name) for name in filter.fields]
        purpose = f"harden saul {filter.name}"
        self._secrets = {
            field.name: key.derive(project=schema.project, purpose=purpose, key_group=field.key_group)
            for field in self._fields
        }
        ties = key.derive(project=schema.project, purpose=f"{purpose} ties")
        self._ties = self._as_words(np.frombuffer(stream(ties, b"", self._n_bytes), dtype=np.uint8))[0]

    def __repr__(self) -> str:
        return "Saul(hidden)"

    @property
    def _n_bytes(self) -> int:
        return self._functions * self._words * 8

    def _as_words(self, octets: NDArray[np.uint8]) -> Words:
        """(tokens, functions, words): the votes of each token."""
        return octets.view(np.uint64).reshape(-1, self._functions, self._words)

    def rows(self, columns: Mapping[str, Coded], part: slice) -> tuple[Words, NDArray[np.bool_]]:
        """(records, words) of some records, with zeros beyond the width, and (records,) whether there is any token."""
        cast = _Votes()
        for field in self._fields:
            cast.add(field, columns[field.name], part, self._secrets[field.name], self._n_bytes)
        votes = self._as_words(cast.streams())
        out = np.zeros((part.stop - part.start, self._words), dtype=np.uint64)
        if not len(votes):
            return out, any_bit(out)
        step = max(1, _WORDS_AT_ONCE // self._functions)
        for start in range(0, self._words, step):
            span = slice(start, min(start + step, self._words))
            width = span.stop - span.start
            own = np.ascontiguousarray(votes[:, :, span]).reshape(len(votes), -1)
            tie = np.ascontiguousarray(self._ties[:, span]).reshape(1, -1)
            answers = cast.majorities(own, tie).reshape(-1, self._functions, width)
            out[:, span] = np.bitwise_xor.reduce(answers, axis=1)
        out[:, -1] &= _within(self._bits)
        return out, cast.n_votes > 0


class _Votes:
    """Who votes in some records: for each field the distinct values, their tokens, and the votes of one token."""

    def __init__(self) -> None:
        self._streams: list[NDArray[np.uint8]] = []
        self._fields: list[tuple[list[Numbers], Numbers, Numbers, int]] = []
        self._n_tokens = 0
        self.n_votes: Any = 0

    def add(self, field: Field, coded: Coded, part: slice, secret: bytes, n_bytes: int) -> None:
        """Take a field of the records."""
        lists: TokenLists = coded.made
        text = coded.text[part]
        numbers, place = np.unique(text, return_inverse=True)
        spans = np.zeros((len(numbers), 2), dtype=np.int64)
        spans[numbers >= 0] = coded.filters[numbers[numbers >= 0]]
        length = spans[:, 1] - spans[:, 0]
        # the longest first, so that those with a t-th token are always the first so many
        order = np.argsort(-length, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        spans, length = spans[order], length[order]
        within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        tokens, of_token = np.unique(lists.flat[np.repeat(spans[:, 0], length) + within], return_inverse=True)
        of_token = of_token + self._n_tokens
        first = np.cumsum(length) - length
        most = int(length.max(initial=0))
        having = [int(np.searchsorted(-length, -nth, side="left")) for nth in range(most)]
        self._fields.append(
            ([of_token[first[:n] + nth] for nth, n in enumerate(having)], rank[place], length, field.hashes)
        )
        messages = (lists.texts[token].encode("utf-8", "surrogatepass") for token in tokens.tolist())
        self._streams.append(streams(secret, messages, n_bytes))
        self._n_tokens += len(tokens)
        self.n_votes = self.n_votes + length[rank[place]] * field.hashes

    def streams(self) -> NDArray[np.uint8]:
        """The streams of all distinct tokens, in the order of their numbers."""
        return np.concatenate(self._streams)

    def majorities(self, votes: Words, tie: Words) -> Words:
        """(records, words): 1 where more than half of a record's votes are, or half and the tie goes up."""
        sums = [_of_values(tokens, len(length), votes) for tokens, _, length, _ in self._fields]
        out = np.empty((len(self.n_votes), votes.shape[1]), dtype=np.uint64)
        for start in range(0, len(out), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            planes: list[tuple[int, Words]] = []
            for (_, value, _, each), levels in zip(self._fields, sums, strict=True):
                own = [(level, rows[value[part]]) for level, rows in enumerate(levels)]
                for bit in range(each.bit_length()):
                    if each >> bit & 1:
                        planes += [(level + bit, rows) for level, rows in own]
            n_votes = self.n_votes[part]
            even = np.where(n_votes % 2 == 0, ~np.uint64(0), np.uint64(0))[:, None]
            planes.append((0, even & tie))
            out[part] = above(planes, n_votes // 2, int(n_votes.max(initial=0)) + 1)
        return out


def _of_values(tokens: Sequence[Numbers], n_values: int, votes: Words) -> list[Words]:
    """Planes of the number of tokens that vote 1, by value: the values are ordered by length, longest first."""
    counts = [len(nth) for nth in tokens]
    n_planes = len(tokens).bit_length()
    planes = [np.zeros((n_values, votes.shape[1]), dtype=np.uint64) for _ in range(n_planes)]
    for start in range(0, counts[0] if counts else 0, _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, counts[0])
        given: list[tuple[int, Words]] = []
        for nth, count in zip(tokens, counts, strict=True):
            if count <= start:
                break
            own = votes[nth[start : min(stop, count)]]
            if len(own) < stop - start:
                own = np.concatenate([own, np.zeros((stop - start - len(own), votes.shape[1]), dtype=np.uint64)])
            given.append((0, own))
        for level, rows in enumerate(total(given)):
            planes[level][start:stop] = rows
    return planes


def _within(bits: int) -> np.uint64:
    """Of the last word, the bits that are part of the filter."""
    used = np.packbits(np.arange(64) < (bits % 64 or 64))
    return np.uint64(used.view(np.uint64)[0])
