"""What can be told from the agreement alone: names and nothing else, another agreement, no key check."""

from __future__ import annotations

import hmac
import json
import re

from linkage.agency.key import Key
from linkage.auditing.finding import Finding
from linkage.auditing.tally import Tally
from linkage.disagreement import differences
from linkage.schema import Schema

# what a field of texts, or a feature of clkhash, is called that holds names, or one of a few words
_OF_NAMES = re.compile(
    r"name|^(first|last|middle|given|family|maiden|title|sex|gender|initials?|prefix|suffix|alias|nom|prenom|nombre|"
    r"apellidos?|vorname|nachname)$"
)
_OF_MORE = re.compile(
    r"^(line|address|addr|street|road|town|city|village|county|country|school|place|dob|birth|born|date|day|month|year|age|"
    r"post|postcode|zip|code|phone|mobile|tel|email|mail|number|no|nhs|id|ward|area|region|house|building)$"
)


def is_of_names(field: str) -> bool:
    """Whether a column of texts or codes, by what it is called, holds names, or what tells as little.

    >>> [is_of_names(each) for each in ("forename", "first_name", "Last", "first_line", "townName", "first_dob")]
    [True, True, True, False, False, False]
    """
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", field)]
    return any(map(_OF_NAMES.search, words)) and not any(map(_OF_MORE.search, words))


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
        field.type == "name" or (field.type in ("text", "category") and is_of_names(field.name)) for field in fields
    ]
    if schema.encoder == "clkhash":
        names = [is_of_names(feature) for feature in _features(schema)]
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


def key_given(check: str, key: Key, project: str) -> Finding:
    """Whether the key that was given is the set's."""
    own = key.check(project)
    return Finding(
        name="key",
        value=float(bool(check) and not hmac.compare_digest(check.encode(), own.encode())),
        unseen="" if check else "the set does not say under which key it was made",
        unit="faults",
        warn_above=None,
        fail_above=0,
        reason="The set was made under another key than the one that was given; what else is said of key and table "
        "follows from that.",
        change="Give the key that was agreed on; if this is it, encode again under it.",
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
