"""Encoded again: what the key and the agreement make of the table, held against what is in the set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from linkage.auditing.finding import Finding
from linkage.auditing.graph import encoded_resemblance, nearest_kept, plain_resemblance
from linkage.auditing.own import Own
from linkage.hardening import NOT_HARDENED, Hardening
from linkage.schema import Schema
from linkage.study.attacks.adversary import PlainList

_OTHER_WARN, _OTHER_FAIL = 0.0, 0.05  # a table that was put right since differs in a few rows
_UNFOUND = 0.5
_LEAK_WARN, _LEAK_FAIL = 0.05, 0.25
_FEWEST = 30
_HALF = 0.5  # of the records, where all or none are expected


def encoded_again(own: Own) -> list[Finding]:
    """Whether the set is what the key makes of the table, and if not, what was done in its place."""
    expected = own.encoded(own.schema) if len(own) else own.bits
    other = (expected != own.bits).any(axis=1)
    if own.blocks and len(own):
        for name, keys in own.blocks_again().items():
            other |= keys != own.blocks[name]
    return [
        Finding(
            name="records of the table",
            value=1 - len(own) / own.sampled if own.sampled else 0.0,
            unit="share",
            warn_above=0.0,
            fail_above=_UNFOUND,
            reason="So many records of the set are not in the table, by their ids: another table, source or id key, or "
            "ids that were not made by `encode`. Nothing can be said of them here.",
            change="Give the table that was encoded, its id column, and --id-key if one was used.",
        ),
        Finding(
            name="made by the key",
            value=float(other.mean()) if len(own) else 0.0,
            unseen=_unseen(own),
            unit="share",
            warn_above=_OTHER_WARN,
            fail_above=_OTHER_FAIL,
            reason="So many of the records are not what the agreement and the key make of the table: another key or "
            "none, another hash, other fields, or a table that has changed since. They would link to nothing, and "
            "what protects them is not known.",
            change="Encode the table again with `linkage encode`, this agreement and this key.",
        ),
        _noise(own, other),
        _acting(own, other),
    ]


def _unseen(own: Own) -> str:
    return "" if len(own) else "no record of the sample is in the table"


def _noise(own: Own, other: np.ndarray) -> Finding:
    """Whether noise falls the same way for every record."""
    same = 0.0
    if own.schema.harden.noise and other.any():
        quiet = own.encoded(_without(own.schema, "noise"))
        patterns = np.packbits(own.bits ^ quiet, axis=1)[other]
        patterns = patterns[patterns.any(axis=1)]
        _, counts = np.unique(patterns, axis=0, return_counts=True)
        same = counts.max(initial=0) / len(other)
    return Finding(
        name="noise of each record",
        value=same,
        unseen=_unseen(own),
        unit="share",
        warn_above=None,
        fail_above=_HALF,
        reason="So many records had the same bits exchanged. Noise that is everybody's hides nothing: it cancels out "
        "between any two.",
        change="Encode with `linkage encode`, whose noise is drawn by key and record.",
    )


def _acting(own: Own, other: np.ndarray) -> Finding:
    """Which steps of the hardening do nothing: left out, or by a salt that is the same for all."""
    inert = []
    if other.any():
        for step, schema in _variants(own.schema):
            if step not in inert and (own.encoded(schema) == own.bits).all(axis=1).mean() > _HALF:
                inert.append(step)
    if own.schema.harden.salt and len(own):
        values = _plain(own).values[own.schema.harden.salt]
        if len(set(values)) < 2:
            inert.append("salt")
    return Finding(
        name="hardening acts",
        value=len(inert),
        unseen=_unseen(own),
        unit="steps",
        warn_above=None,
        fail_above=0,
        where=", ".join(inert),
        reason="A step of hardening that was agreed on does nothing here: the records are as they would be without it.",
        change="Encode again with `linkage encode`; a salt must be a field that differs between people.",
    )


def _variants(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The agreement without each of its steps, and without all, where the filter is as wide."""
    steps = list(schema.harden.settings())
    less = [(step, _without(schema, step)) for step in steps]
    if len(steps) > 1:
        less.append((", ".join(steps), dataclasses.replace(schema, harden=NOT_HARDENED)))
    for step, made in less:
        # positions per token as they were agreed on, and as they would be had there never been votes
        for each in (made, _counted_anew(made)):
            if [filter.bits for filter in each.filters] == [filter.bits for filter in schema.filters]:
                yield step, each


def _without(schema: Schema, step: str) -> Schema:
    kept: dict[str, Any] = {name: value for name, value in schema.harden.settings().items() if name != step}
    return dataclasses.replace(schema, harden=Hardening(**kept))


def _counted_anew(schema: Schema) -> Schema:
    return dataclasses.replace(
        schema, fields=tuple(dataclasses.replace(each, hashes=0, positions=0) for each in schema.fields)
    )


def filled_fields(own: Own) -> frozenset[str]:
    """Fields that have a value in any of the records."""
    return frozenset(name for name, values in _plain(own).values.items() if any(values))


def neighbour_graph(own: Own) -> Finding:
    """How much of the graph of who is like whom is left."""
    kept, unseen = 0.0, f"fewer than {_FEWEST} records of the sample are in the table and have a value"
    plain = _plain(own)
    # records without a value are all alike, in plaintext and encoded, which tells of nobody
    filled = np.flatnonzero(np.asarray(plain.tokens.sum(axis=1)).ravel() * own.bits.any(axis=1))
    if len(filled) >= _FEWEST:
        unseen = ""
        # tokens count as the agreement weighs them, which is public
        weights = np.sqrt(plain.weight)
        hamming = own.schema.filters[0].similarity == "hamming"
        hidden = encoded_resemblance(own.bits[filled], hamming=hamming)
        found = nearest_kept(plain_resemblance(plain.tokens[filled], weights), hidden)
        chance = min(10, len(filled) - 1) / (len(filled) - 1)
        kept = max(0.0, (found - chance) / max(1 - chance, 1e-9))
    return Finding(
        name="neighbour graph",
        value=kept,
        unseen=unseen,
        unit="share",
        warn_above=_LEAK_WARN,
        fail_above=_LEAK_FAIL if own.schema.harden else None,
        reason="So many of the ten nearest records of each are its nearest in plaintext, beyond chance. Whoever holds "
        "an overlapping list of names can lay one graph over the other and name the records, without a key.",
        change='Agree on profile = "hardened", or send it to a centre that is trusted.'
        if not own.schema.harden.saul
        else "Agree on more fields, or on one function more (saul), or send it to a centre that is trusted.",
    )


def _plain(own: Own) -> PlainList:
    return PlainList.of(own.table, dataclasses.replace(own.schema, groups=()), id=own.id, columns=own.of_fields)
