"""What can be told from the agreement alone: names and nothing else, another agreement, no key check."""

from __future__ import annotations

import json
import re

from linkage.auditing.finding import Finding
from linkage.auditing.tally import Tally
from linkage.disagreement import differences
from linkage.schema import Schema

_NOT_TELLING = ("name", "category")
# what a field of texts, or a feature of clkhash, is called that holds names, or one of a few words
_OF_NAMES = re.compile(r"name|first|last|given|family|maiden|title|sex|gender|initial", re.IGNORECASE)


def names_only(schema: Schema, held: frozenset[str] | None, tally: Tally) -> Finding:
    """Whether people are told apart by nothing but names.

    ``held``: the fields that have a value in any record, where that is known.
    """
    if held is None:
        held = frozenset(
            name for each in schema.filters if tally.filters[each.name].present for name in each.fields
        )  # of one filter for all fields: any that has a value
    fields = [field for field in schema.fields if field.name in held]
    names = [
        field.type in _NOT_TELLING or (field.type == "text" and bool(_OF_NAMES.search(field.name))) for field in fields
    ]
    if schema.encoder == "clkhash":
        names = [bool(_OF_NAMES.search(feature)) for feature in _features(schema)]
    return Finding(
        name="names only",
        value=float(bool(names) and all(names)),
        unseen="" if names else "the set does not say what went in, or nothing did",
        unit="faults",
        warn_above=None,
        fail_above=0,
        reason="Nothing but names goes in. Lists of names are everywhere, their frequencies are published, and such "
        "encodings are the first that attacks read; they link strangers of one name, too.",
        change="Add date of birth and postcode, at least four fields in all, and check that their columns are filled.",
    )


def _features(schema: Schema) -> list[str]:
    """Identifiers of the features of clkhash that go into the filter."""
    features = json.loads(schema.settings)["features"] if schema.settings else []
    return [str(each.get("identifier", "")) for each in features if not each.get("ignored")]


def against_agreement(schema: Schema, agreed: Schema) -> Finding:
    """Whether the set was made under the agreement that was given."""
    found = differences(agreed, schema)
    return Finding(
        name="agreement",
        value=len(found),
        unit="differences",
        warn_above=None,
        fail_above=0,
        where="; ".join(found[:3]),
        reason="The set was not made under the agreement that was given; what was agreed on does not protect it.",
        change="Encode again with --schema naming the agreed file; compare the fingerprints by telephone.",
    )


def published_breaks(schema: Schema) -> Finding:
    """Steps of hardening that were broken by attacks which no measure here sees."""
    broken = [step for step in ("fold", "diffuse") if getattr(schema.harden, step)]
    return Finding(
        name="published breaks",
        value=len(broken),
        unit="steps",
        warn_above=0,
        fail_above=None,
        where=", ".join(broken),
        reason="Folding and diffusion are sums of bits, and attacks on such sums named up to 92 % of diffused records "
        "(Armknecht and Schäfer, PoPETs 2026), also where next to nothing is left of the neighbour graph.",
        change='Agree on profile = "hardened" in their place.',
    )


def key_check(check: str) -> Finding:
    """Whether anyone can tell under which key it was made."""
    return Finding(
        name="key check",
        value=float(not check),
        unit="missing",
        warn_above=0,
        fail_above=None,
        reason="The set does not say which key it was made with, or whether with any: it is not from `linkage encode`.",
        change="Encode with `linkage encode`, or hold it against the table and the key.",
    )
