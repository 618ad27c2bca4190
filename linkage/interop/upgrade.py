"""Versions 1 and 2 of clkhash's linkage schema in the words of version 3.

Version 1 has one k and one hash for all features and a weight for each: a feature gets ``round(weight * k)`` bits a
token, and none at all if its weight is 0. Version 2 has ``ngram`` and ``positional`` where version 3 has comparisons,
and calls bitsPerToken k and bitsPerFeature numBits.
"""

from __future__ import annotations

from typing import Any

from linkage.errors import SchemaError
from linkage.interop.settings import found, number, table, whole

_MAX_WEIGHT = 1_000_000


def to_version_3(given: object) -> dict[str, Any]:
    """The schema in version 3, its settings not checked yet.

    >>> to_version_3({"version": 4})
    Traceback (most recent call last):
    ...
    linkage.errors.SchemaError: version: this library reads versions 1, 2 and 3 of clkhash's linkage schema
    """
    content = table(given, "clkhash schema")
    version = content.get("version")
    if isinstance(version, bool) or version not in (1, 2, 3):
        raise SchemaError("version: this library reads versions 1, 2 and 3 of clkhash's linkage schema", rule="version")
    if version == 3:
        return content
    items = content.get("features")
    if not isinstance(items, list):
        raise SchemaError(f"features: must be a list, {found(items)}", rule="features")
    features = [table(item, f"feature {place}") for place, item in enumerate(items)]
    if version == 1:
        features = _weighed(features, table(content.get("clkConfig"), "clkConfig"))
    return {**content, "version": 3, "features": [_compared(item) for item in features]}


def _weighed(features: list[dict[str, Any]], config: dict[str, Any]) -> list[dict[str, Any]]:
    k = whole(config.get("k"), "clkConfig.k", low=1, high=65_536)
    hash_settings = table(config.get("hash"), "clkConfig.hash")
    done = []
    for item in features:
        if item.get("ignored") is True:
            done.append(item)
            continue
        name = str(item.get("identifier"))
        hashing = dict(table(item.get("hashing"), f"feature '{name}', hashing", field=name))
        weight = number(hashing.pop("weight", 1.0), f"feature '{name}', hashing.weight", field=name)
        if not 0 <= weight <= _MAX_WEIGHT:
            raise SchemaError(f"feature '{name}', hashing.weight: from 0 to {_MAX_WEIGHT:,}", field=name, rule="weight")
        if weight == 0:
            done.append({"identifier": item.get("identifier"), "ignored": True})
            continue
        hashing |= {"strategy": {"k": round(weight * k)}, "hash": hash_settings}
        done.append({**item, "hashing": hashing})
    return done


def _compared(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("ignored") is True:
        return item
    name = str(item.get("identifier"))
    hashing = dict(table(item.get("hashing"), f"feature '{name}', hashing", field=name))
    if "comparison" in hashing:
        raise SchemaError(f"feature '{name}', hashing.comparison: came with version 3", field=name, rule="comparison")
    given = table(hashing.get("strategy"), f"feature '{name}', hashing.strategy", field=name)
    if ("k" in given) == ("numBits" in given):
        raise SchemaError(f"feature '{name}', hashing.strategy: either k or numBits", field=name, rule="strategy")
    strategy = {"bitsPerToken": given["k"]} if "k" in given else {"bitsPerFeature": given["numBits"]}
    ngram = {"type": "ngram", "n": hashing.pop("ngram", None), "positional": hashing.pop("positional", False)}
    return {**item, "hashing": {**hashing, "strategy": strategy, "comparison": ngram}}
