"""Profiles: three ways to encode that a person can choose between, by how far the centre is trusted.

A profile is a name for settings, fixed with the encoding version: written as ``profile = "hardened"`` in an agreement,
it means the layout, width and ``[harden]`` that are listed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.errors import SchemaError, nearest
from linkage.hardening import Hardening

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.fieldtypes import Layout
    from linkage.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a profile is, and what it is for."""

    name: str
    layout: Layout
    bits: int
    harden: Hardening
    is_: str
    centre: str
    defends: str
    does_not: str


PROFILES = (
    Profile(
        name="linkable",
        layout="fields",
        bits=1024,
        harden=Hardening(),
        is_="one plain filter a field, compared field by field by an estimated model",
        centre="trusted",
        defends="a reader who has neither key nor list of names",
        does_not="frequencies of each field; graph matching with an overlapping list of names",
    ),
    Profile(
        name="guarded",
        layout="record",
        bits=1024,
        harden=Hardening(diffuse=5),
        is_="all fields in one Bloom filter, each bit the exclusive or of 5 of its positions",
        centre="bound by contract, and might look",
        defends="frequencies of one field; pattern mining; mostly, graph matching on similarities",
        does_not="attacks on the exclusive or itself (Armknecht and Schäfer 2026); a key holder",
    ),
    Profile(
        name="hardened",
        layout="record",
        bits=8192,
        harden=Hardening(saul=5),
        is_="each bit the exclusive or of 5 majority votes over the tokens of all fields",
        centre="honest, and might try published attacks",
        defends="graph matching and attacks on the exclusive or, as published until 2026",
        does_not="equal records are seen to be equal; no independent analysis yet; a key holder",
    ),
)


def profiles() -> pa.Table:
    """The profiles, what each is, defends against and does not: an Arrow table of three rows.

    What they cost in quality, size and speed is measured by ``benchmarks/frontier.py``; nothing here is assumed.

    >>> profiles()["profile"].to_pylist()
    ['linkable', 'guarded', 'hardened']
    """
    import pyarrow as pa

    return pa.table(
        {
            "profile": [profile.name for profile in PROFILES],
            "layout": [profile.layout for profile in PROFILES],
            "bits": pa.array(
                [profile.harden.width(profile.bits) if profile.layout == "record" else None for profile in PROFILES],
                pa.int32(),
            ),
            "similarity": [
                profile.harden.similarity if profile.layout == "record" else "model" for profile in PROFILES
            ],
            "what it is": [profile.is_ for profile in PROFILES],
            "for a centre that is": [profile.centre for profile in PROFILES],
            "defends against": [profile.defends for profile in PROFILES],
            "does not": [profile.does_not for profile in PROFILES],
        }
    )


def profile_settings(name: object) -> dict[str, Any]:
    """``layout``, ``bits`` and ``harden`` of the profile; `SchemaError` with the nearest name if there is none."""
    for profile in PROFILES:
        if profile.name == name:
            return {"layout": profile.layout, "bits": profile.bits, "harden": profile.harden}
    raise SchemaError(f"profile: {nearest(str(name)[:40], [each.name for each in PROFILES])}", rule="profile")


def name_of(schema: Schema) -> str:
    """The profile whose settings a schema has, or empty."""
    if schema.encoder != "linkage":
        return ""
    for profile in PROFILES:
        if (profile.layout, profile.harden) == (schema.layout, schema.harden) and (
            profile.layout == "fields" or profile.bits == schema.bits
        ):
            return profile.name
    return ""
