"""clkhash's linkage schema as a value of ours: versions 1, 2 and 3 in, canonical version 3 out.

Facts: the JSON schemas and the behaviour of clkhash 0.18.3. Settings that clkhash ignores are ignored; what it refuses
is refused, and so is what would fail only once it meets a record. Every default is written out and descriptions are
dropped, so that schemas which mean the same are the same.

Where clkhash has no limit and this library has, the schema is refused, and never encoded otherwise: l from 8 to 65,536
bits (fewer tell nobody apart; of more, blakeHash reaches the first 65,536 only, and no set here is wider), and
1,048,576 before folding; n-grams of 1,024 letters; 65,536 bits a token or feature, and as fine a resolution.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkage.errors import SchemaError, warn
from linkage.files import PathLike
from linkage.interop import upgrade
from linkage.interop.features import Feature, canonical_feature
from linkage.interop.settings import choice, found, table, whole
from linkage.jsonfile import read_json
from linkage.schema import Schema

_MAX_BYTES = 64 << 20
_MIN_BITS, _MAX_BITS = 8, 65_536
_MAX_HASHED_BITS = 1 << 20
_BLAKE_REACH = 65_536  # its positions are numbers of 16 bits
_DIGEST = {"SHA256": 32, "SHA512": 64}


@dataclass(frozen=True)
class Derivation:
    """How the secret becomes keys: HKDF (RFC 5869) with that hash, two keys of ``key_size`` bytes for each feature."""

    hash: str
    salt: bytes
    info: bytes
    key_size: int


@dataclass(frozen=True)
class ClkSchema:
    """What decides the bits of a CLK. ``features`` holds ignored ones too: each takes its share of the keys."""

    bits: int
    folds: int
    derivation: Derivation
    features: tuple[Feature, ...]

    @property
    def hashed_bits(self) -> int:
        """Length of the filter before it is folded."""
        return self.bits << self.folds


def load(schema: PathLike | Mapping[str, Any]) -> Schema:
    """The linkage schema in a file, or in what was read from one; see `Schema.from_clkhash`."""
    content = dict(schema) if isinstance(schema, Mapping) else read_json(Path(schema), max_bytes=_MAX_BYTES)
    try:
        canonical = _canonical(upgrade.to_version_3(content))
    except RecursionError:  # a mapping that holds itself
        raise SchemaError("clkhash schema: nested too deep", rule="nesting") from None
    return Schema(
        project="clkhash",
        layout="record",
        fields=(),
        bits=canonical["clkConfig"]["l"],
        encoder="clkhash",
        settings=json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True),
    )


def clkhash_schema(schema: Schema) -> ClkSchema:
    """What `load` made canonical, read back; ``ValueError`` if the schema is ours or clkhash's own is not known."""
    if schema.encoder != "clkhash":
        raise ValueError("schema: one of clkhash's, from Schema.from_clkhash; for our own use linkage.encode")
    if not schema.settings:
        raise ValueError(
            "schema: only the width of these CLKs is known; read clkhash's schema with Schema.from_clkhash"
        )
    content = _canonical(json.loads(schema.settings))
    config = content["clkConfig"]
    kdf = config["kdf"]
    if config["l"] != schema.bits:
        raise SchemaError("clkhash schema: its length is not that of the record filter", rule="l")
    return ClkSchema(
        bits=config["l"],
        folds=config["xor_folds"],
        derivation=Derivation(
            kdf["hash"], base64.b64decode(kdf["salt"]), base64.b64decode(kdf["info"]), kdf["keySize"]
        ),
        features=tuple(Feature.of(item) for item in content["features"]),
    )


def _canonical(content: dict[str, Any]) -> dict[str, Any]:
    config = table(content.get("clkConfig"), "clkConfig")
    if config.get("xorFolds"):
        warn(
            "clkhash schema: xorFolds is set, and clkhash ignores it, though it is documented: it folds only if the "
            "setting is called xor_folds. Encoded here as clkhash encodes, without that fold"
        )
    bits = whole(config.get("l", 1024), "clkConfig.l", low=_MIN_BITS, high=_MAX_BITS)
    folds = whole(config.get("xor_folds", 0), "clkConfig.xor_folds", low=0, high=20)
    if bits << folds > _MAX_HASHED_BITS:
        raise SchemaError(f"clkConfig: l and xor_folds ask for more than {_MAX_HASHED_BITS:,} bits", rule="xor_folds")
    items = content.get("features")
    if not isinstance(items, list) or not items:
        raise SchemaError("features: a list of at least one feature", rule="features")
    features = [canonical_feature(item, place) for place, item in enumerate(items)]
    if all(feature.get("ignored") for feature in features):
        raise SchemaError("features: all of them are ignored, so there is nothing to encode", rule="features")
    kdf = _canonical_kdf(config.get("kdf"), len(features))
    _require_hashable(features, bits << folds, kdf["keySize"])
    return {
        "version": 3,
        "clkConfig": {"l": bits, "xor_folds": folds, "kdf": kdf},
        "features": features,
    }


def _canonical_kdf(given: object, n_features: int) -> dict[str, Any]:
    kdf = table(given, "clkConfig.kdf")
    choice(kdf.get("type"), "clkConfig.kdf.type", ("HKDF",))
    hash_name = choice(kdf.get("hash", "SHA256"), "clkConfig.kdf.hash", tuple(_DIGEST))
    longest = 255 * _DIGEST[hash_name] // (2 * n_features)  # of HKDF, RFC 5869, section 2.3
    if not longest:
        raise SchemaError(f"features: HKDF has no keys for as many as {n_features:,}", rule="features")
    return {
        "type": "HKDF",
        "hash": hash_name,
        "salt": _base64(kdf.get("salt", ""), "clkConfig.kdf.salt"),
        "info": _base64(kdf.get("info", ""), "clkConfig.kdf.info"),
        "keySize": whole(kdf.get("keySize", 64), "clkConfig.kdf.keySize", low=1, high=longest),
    }


def _base64(text: object, where: str) -> str:
    try:
        if not isinstance(text, str):
            raise TypeError
        # like clkhash, which skips what is not of the alphabet
        return base64.b64encode(base64.b64decode(text)).decode()
    except (binascii.Error, ValueError, TypeError):
        raise SchemaError(f"{where}: must be base64, {found(text)}", rule=where.rpartition(".")[2]) from None


def _require_hashable(features: list[dict[str, Any]], hashed_bits: int, key_size: int) -> None:
    for feature in features:
        if feature.get("ignored") or feature["hashing"]["hash"]["type"] != "blakeHash":
            continue
        name = feature["identifier"]
        if hashed_bits & (hashed_bits - 1):
            raise SchemaError(
                f"feature '{name}': blakeHash needs a length that is a power of two, not {hashed_bits:,}",
                field=name,
                rule="l",
            )
        if key_size > 64:
            raise SchemaError(
                f"feature '{name}': blakeHash takes keys of at most 64 bytes, keySize is {key_size}",
                field=name,
                rule="keySize",
            )
        if hashed_bits > _BLAKE_REACH:
            warn(f"feature '{name}': blakeHash sets no bit above the first {_BLAKE_REACH:,} of {hashed_bits:,}")
