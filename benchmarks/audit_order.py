"""Whether the audit orders ways to encode as the attacks do: rank correlation of its risk with re-identification.

    python benchmarks/audit_order.py [--people 1000] [--seeds 1] [--only plain fold] [--list]

Twenty ways to encode births of the registry. `FIXED` were written down before there was an audit, `ADDED` after it.
Each is attacked by the keyless attacks of `linkage.study.attacks` that name people, in the case ``partial`` of the
literature, at overlaps from 10 to 100 %; what it gives away is the mean, over overlaps and seeds, of the share that the
best attack named rightly. The audit sees the set with the agency's own table and key, and no attack.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import linkage as lk

Way = Mapping[str, Any]

OVERLAPS = (0.1, 0.3, 1.0)

# before the audit was written: never change these, add to ADDED
FIXED: Mapping[str, Way] = {
    "linkable": {"profile": "linkable"},
    "plain": {"bits": 1024},
    "fold": {"bits": 1024, "fold": 1},
    "diffuse 4": {"bits": 1024, "diffuse": 4},
    "diffuse 10": {"bits": 1024, "diffuse": 10},
    "noise 0.3": {"bits": 1024, "noise": 0.3},
    "salt dob": {"bits": 1024, "salt": "dob"},
    "saul 2": {"bits": 1024, "saul": 2},
    "guarded": {"profile": "guarded"},
    "hardened": {"profile": "hardened"},
}


def schema_of(way: Way) -> lk.Schema:
    """The preset ``uk-person``, all of its fields or those named, encoded that way."""
    if "profile" in way:
        return lk.Schema.preset("uk-person", project="audit", profile=way["profile"])
    # positions and votes are those of this width and hardening, not the preset's
    preset = lk.Schema.preset("uk-person", project="audit", layout="record")
    fields = tuple(
        dataclasses.replace(field, bits=0, hashes=0)
        for field in preset.fields
        if field.name in way.get("fields", [each.name for each in preset.fields])
    )
    steps = {name: value for name, value in way.items() if name not in ("bits", "fields")}
    return lk.Schema(project="audit", fields=fields, layout="record", bits=way["bits"], harden=lk.Hardening(**steps))
