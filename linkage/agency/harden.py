"""Rows into rows that resist known attacks: the steps of a schema's `Hardening`, in their order.

Plain Bloom filters fall to whoever holds an overlapping list of names: graph matching re-identified 95 to 100 % of the
records at 20 % overlap, without any key (Schäfer, Armknecht and Heng, ACSAC 2024). Each step here makes some attack
fail, none makes all fail, and none helps against a holder of the key, who encodes guesses like any agency.

==========  =============================================  ===========================================================
step        defends against                                does not
==========  =============================================  ===========================================================
salt        see `linkage.agency.salt`
saul        see `linkage.agency.saul`
fold        pattern mining (0 % re-identified): which      graph matching: a linear mix of two bits, as diffusion of
            bits stand for which letters                   two, which fell to 99 %
diffuse     the same, and graph matching as more           its linear structure: low-weight sums of rows, 92 % (H-GMA,
            positions are mixed (t=2 99 %, t=5 3.5 %,      Armknecht and Schäfer, PoPETs 2026)
            t=10 1.4 %)
balance     the weight of a row, which tells the length    everything else: bits still agree as before
            of names
noise       exact equality of records as a certainty;      graph matching was never tested against it; costs quality
            pattern mining (0 %)
==========  =============================================  ===========================================================

Figures are the publications', on their data. Fold, balance and noise (BLIP) are of Schnell and Borgs (2016), held
against the pattern mining of Christen, Vidanage, Ranbaduge and Schnell (2018); diffusion is of Armknecht, Heng and
Schnell (PoPETs 2023), its figures of Schäfer et al. (2024). That fold falls as diffusion of two does is inferred, not
shown.

A record without any value stays all zero, which means missing, through every step. A record with a value never comes
out so: should it, its first bit is set.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.bitplanes import any_bit
from linkage.agency.columns import Coded, FieldColumn
from linkage.agency.distinct import Values
from linkage.agency.draws import flips, permutation, spread, words
from linkage.agency.filters import TokenSecrets, field_columns
from linkage.agency.key import Key
from linkage.agency.ordered import Records
from linkage.agency.salt import Salted
from linkage.agency.saul import Saul, token_lists
from linkage.hardening import NOISE_STEPS
from linkage.schema import Filter, Schema

Words = NDArray[np.uint64]
Bits = NDArray[np.uint8]

_BITS_AT_ONCE = 1 << 23  # a byte each while they are worked on


class Hardener:
    """The steps of one schema under one key; the same bits for any cut into batches and any number of threads.

    Safe to call from several threads.
    """

    def __init__(self, key: Key, schema: Schema) -> None:
        self._schema = schema
        self._filters = [(filter, FilterSteps(key, schema, filter)) for filter in schema.filters]
        self._makers: dict[str, Saul | Salted] = {}
        for filter in schema.filters:
            if schema.harden.saul:
                self._makers[filter.name] = Saul(key, schema, filter)
            elif schema.harden.salt:
                self._makers[filter.name] = Salted(key, schema, filter)

    def __repr__(self) -> str:
        return "Hardener(hidden)"

    def harden(self, records: Records, columns: Mapping[str, Coded]) -> None:
        """Write the hardened filters of records; ``id`` has been filled in."""
        for filter, steps in self._filters:
            at_once = max(1, _BITS_AT_ONCE // max(self._schema.bits, filter.bits))
            for start in range(0, len(records), at_once):
                part = slice(start, min(start + at_once, len(records)))
                made, present = self._rows(filter, columns, part)
                records[f"filter {filter.name}"][part] = steps.applied(made, present, records["id"][part])

    def _rows(self, filter: Filter, columns: Mapping[str, Coded], part: slice) -> tuple[Words, NDArray[np.bool_]]:
        """What is hardened, and whether there is anything."""
        if self._makers:
            return self._makers[filter.name].rows(columns, part)
        made = np.empty((part.stop - part.start, -(-self._schema.bits // 64)), dtype=np.uint64)
        octets = made.view(np.uint8)
        kernels.or_rows([(columns[name].filters, columns[name].text[part]) for name in filter.fields], octets)
        return made, any_bit(made)


class FilterSteps:
    """What is done to the bits of one filter: fold, diffuse, balance, noise."""

    def __init__(self, key: Key, schema: Schema, filter: Filter) -> None:
        self._bits, self._out, self._harden = schema.bits, filter, schema.harden

        def secret(step: str) -> bytes:
            return key.derive(project=schema.project, purpose=f"harden {step} {filter.name}")

        harden = schema.harden
        folded = schema.bits >> harden.fold
        self._mixed = spread(words(secret("diffuse")), folded, harden.diffuse) if harden.diffuse else None
        self._order = permutation(words(secret("balance")), 2 * folded) if harden.balance else None
        self._noise = secret("noise") if harden.noise else b""

    def __repr__(self) -> str:
        return f"FilterSteps({self._out.name!r})"

    def applied(self, rows: Words, present: NDArray[np.bool_], ids: NDArray[np.uint64]) -> Words:
        """(records, words) in, hardened ones out; ``ids`` are (records, 2) halves of the record ids."""
        if self._mixed is self._order is None and not self._harden.fold and not self._noise:
            return _kept(rows, present)
        bits = np.unpackbits(rows.view(np.uint8), axis=1, count=self._bits)
        for _ in range(self._harden.fold):
            bits = folded(bits)
        if self._mixed is not None:
            bits = diffused(bits, self._mixed)
        if self._order is not None:
            bits = balanced(bits, self._order)
        if self._noise:
            bits = noisy(bits, ids, self._noise, self._harden.noise)
        bits[~present] = 0
        bits[present & ~bits.any(axis=1), 0] = 1
        out = np.zeros((len(bits), self._out.words * 8), dtype=np.uint8)
        out[:, : -(-bits.shape[1] // 8)] = np.packbits(bits, axis=1)
        return out.view(np.uint64)


def _kept(rows: Words, present: NDArray[np.bool_]) -> Words:
    """As they are, but zeros where there is no value and a first bit where there is one and no bit is set."""
    out = np.where(present[:, None], rows, np.uint64(0))
    out.view(np.uint8)[present & ~any_bit(out), 0] = 0x80
    return out


def folded(bits: Bits) -> Bits:
    """One half laid over the other with exclusive or (Schnell and Borgs 2016)."""
    half = bits.shape[1] // 2
    return bits[:, :half] ^ bits[:, half:]


def diffused(bits: Bits, mixed: NDArray[np.int64]) -> Bits:
    """Each bit the exclusive or of the positions in its column of ``mixed`` (Armknecht, Heng and Schnell 2023)."""
    out: Bits = np.take(bits, mixed[0], axis=1)
    for positions in mixed[1:]:
        out ^= np.take(bits, positions, axis=1)
    return out


def balanced(bits: Bits, order: NDArray[np.int64]) -> Bits:
    """The bits and their complement, in a keyed order: half of them are 1 (Schnell and Borgs 2016)."""
    made: Bits = np.take(np.concatenate([bits, 1 - bits], axis=1), order, axis=1)
    return made


def noisy(bits: Bits, ids: NDArray[np.uint64], secret: bytes, probability: float) -> Bits:
    """Each bit replaced by a fair coin with that probability: randomised response (Schnell and Borgs 2016, BLIP).

    A replaced bit is another one half of the time, so this exchanges bits with half the probability. Key, record id and
    position decide which: encoding a record again gives the same noise, or averaging batches would take it away; and
    no two records share it, nor do one person's at two agencies.
    """
    octets = ids.astype(">u8").tobytes()
    messages = (octets[start : start + 16] for start in range(0, len(octets), 16))
    return bits ^ flips(secret, messages, bits.shape[1], round(probability * NOISE_STEPS))


def columns_for(schema: Schema, key: Key, *, room: int) -> dict[str, FieldColumn]:
    """What will know the texts of each field, and make of them what this schema's rows are made of."""
    own = max(1, room // len(schema.fields))
    if schema.harden.saul:
        return {
            field.name: FieldColumn(field, functools.partial(token_lists, key, schema, field), 3, room=own)
            for field in schema.fields
        }
    if schema.harden.salt:
        return {field.name: FieldColumn(field, Values, 1, room=own) for field in schema.fields}
    return field_columns(schema, TokenSecrets.derive(key, schema), room=room)
