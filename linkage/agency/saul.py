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
share votes unless they share a key group; a value has as many votes as the agreement says, shared out among its tokens,
so that neither a date of 39 tokens nor a long address outvotes two names (`linkage.positions`); and a tie goes by a
keyed bit of the position, not up, which gave records of few tokens more ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.draws import stream, streams
from linkage.agency.key import Key
from linkage.agency.tokens import tokeniser
from linkage.field import Field
from linkage.positions import votes_of_a_token
from linkage.schema import Filter, Schema

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.agency.columns import Coded

Words = NDArray[np.uint64]

_TEXT_BYTES = 150  # of a token, its place in a dict and in a list


class TokenLists:
    """The tokens of the values of one field, numbered from 1 as they come, and how each votes.

    Append only, so that a number keeps its meaning, also for a thread that holds earlier arrays. ``votes`` is
    (lines of the filter by function, tokens or more, 8): token 0 has none.
    """

    def __init__(self, field: Field, secret: bytes, functions: int, bits: int) -> None:
        self._tokens, self._field = tokeniser(field), field
        self._secret, self._functions, self._words = secret, functions, -(-bits // 64)
        self._known: dict[str, int] = {}
        self._n = 0
        self.flat = np.zeros(0, dtype=np.int32)
        self.votes = np.zeros((functions * lines_of(bits), 1, kernels.LINE), dtype=np.uint64)

    def __repr__(self) -> str:
        return "TokenLists(hidden)"

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return self.flat.nbytes + self.votes.nbytes + _TEXT_BYTES * len(self._known)

    def of(self, values: pa.StringArray) -> Words:
        """(values, 3) first, last and votes: the numbers of a value's tokens are ``flat[first:last]``, of votes each.

        Of the empty value there are none.
        """
        known, before = self._known, len(self._known)
        ends, numbers = [self._n], []
        for value in values.to_pylist():
            if value:
                numbers.extend([known.setdefault(token, len(known) + 1) for token in self._tokens(value)])
            ends.append(self._n + len(numbers))
        self._learn(list(known)[before:], before + 1)
        if self._n + len(numbers) > len(self.flat):
            larger = np.zeros(max(2 * len(self.flat), self._n + len(numbers)), dtype=np.int32)
            larger[: self._n] = self.flat[: self._n]
            self.flat = larger
        self.flat[self._n : self._n + len(numbers)] = numbers
        self._n += len(numbers)
        spans = np.array(ends, dtype=np.int64)
        each = [self._votes_of(n) for n in np.diff(spans).tolist()]
        return np.stack([spans[:-1], spans[1:], np.array(each, dtype=np.int64)], axis=1).astype(np.uint64)

    def _votes_of(self, n_tokens: int) -> int:
        field = self._field
        return votes_of_a_token(field.positions, n_tokens) if field.positions and n_tokens else max(1, field.hashes)

    def _learn(self, tokens: list[str], first: int) -> None:
        """Draw the votes of tokens not met before."""
        room = self.votes.shape[1]
        if first + len(tokens) > room:
            more = max(room, first + len(tokens) - room)
            none = np.zeros((len(self.votes), more, kernels.LINE), dtype=np.uint64)
            self.votes = np.concatenate([self.votes, none], axis=1)
        messages = (token.encode("utf-8", "surrogatepass") for token in tokens)
        drawn = streams(self._secret, messages, self._functions * self._words * 8)
        self.votes[:, first : first + len(tokens)] = _in_lines(drawn, self._functions).transpose(1, 0, 2)


class Saul:
    """Rows of one filter; safe to call from several threads."""

    def __init__(self, key: Key, schema: Schema, filter: Filter) -> None:
        self._functions, self._bits = schema.harden.saul, schema.bits
        self._fields = [schema.field(name) for name in filter.fields]
        ties = key.derive(project=schema.project, purpose=f"harden saul {filter.name} ties")
        n_bytes = self._functions * -(-schema.bits // 64) * 8
        drawn = np.frombuffer(stream(ties, b"", n_bytes), dtype=np.uint8)
        self._ties = _in_lines(drawn[None], self._functions).reshape(-1)

    def __repr__(self) -> str:
        return "Saul(hidden)"

    def rows(self, columns: Mapping[str, Coded], part: slice) -> tuple[Words, NDArray[np.bool_]]:
        """(records, words) of some records, with zeros beyond the width, and (records,) whether there is any token."""
        n = part.stop - part.start
        fields, present = [], np.zeros(n, dtype=np.bool_)
        for field in self._fields:
            coded = columns[field.name]
            lists: TokenLists = coded.made
            text = coded.text[part]
            fields.append((coded.filters, text, lists.flat, lists.votes))
            length = coded.filters[:, 1] - coded.filters[:, 0]
            present |= (text >= 0) & (length[text] > 0) if len(length) else False
        made = np.empty((n, lines_of(self._bits) * kernels.LINE), dtype=np.uint64)
        kernels.majorities(fields, self._ties, made)
        out = np.ascontiguousarray(made[:, : -(-self._bits // 64)])
        out[:, -1] &= _within(self._bits)
        return out, present


def token_lists(key: Key, schema: Schema, field: Field) -> TokenLists:
    """An empty one, for the filter that the field is part of."""
    filter = next(filter for filter in schema.filters if field.name in filter.fields)
    secret = key.derive(project=schema.project, purpose=f"harden saul {filter.name}", key_group=field.key_group)
    return TokenLists(field, secret, schema.harden.saul, schema.bits)


def lines_of(bits: int) -> int:
    """Lines of so many bits."""
    return -(-bits // (64 * kernels.LINE))


def _in_lines(drawn: NDArray[np.uint8], functions: int) -> Words:
    """(items, lines of all functions, 8) of (items, bytes): each function begins on a line of its own."""
    words = drawn.view(np.uint64).reshape(len(drawn), functions, drawn.shape[1] // (8 * functions))
    lines = -(-words.shape[2] // kernels.LINE)
    padded = np.zeros((len(drawn), functions, lines * kernels.LINE), dtype=np.uint64)
    padded[:, :, : words.shape[2]] = words
    return padded.reshape(len(drawn), functions * lines, kernels.LINE)


def _within(bits: int) -> np.uint64:
    """Of the last word, the bits that are part of the filter."""
    used = np.packbits(np.arange(64) < (bits % 64 or 64))
    return np.uint64(used.view(np.uint64)[0])
