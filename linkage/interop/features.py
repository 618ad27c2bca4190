"""One feature of clkhash's linkage schema, version 3: checked, with every default written out, and as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkage.errors import SchemaError, nearest
from linkage.interop.settings import choice, flag, number, table, text, whole

_ENCODINGS = ("ascii", "utf-8", "utf-16", "utf-32")
_FORMATS = {
    "string": ("encoding", "pattern", "case", "minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "date": ("format",),
    "enum": ("values",),
}
_HASHING = ("comparison", "strategy", "hash", "missingValue")
_DIRECTIVES = set("aAwdbBmyYHIMSfzZjUWcxXGuV%")
_MAX_BITS = 65_536
_MAX_N = 1_024  # a value has its length + n - 1 tokens of n letters, so that memory grows with the square of n


@dataclass(frozen=True)
class Numbers:
    """The numeric comparison: values within ``distance`` share tokens, in units of ``10 ** -precision``."""

    distance: int
    resolution: int
    precision: int


@dataclass(frozen=True)
class Feature:
    """A column of the records, in the schema's order; an ignored one has nothing but its name.

    format           canonical JSON of how values are written
    n, positional    n-gram comparison; n is 0 for the exact and the numeric one
    numbers          numeric comparison
    bits             per token, or per feature if ``shared``
    non_singular     doubleHash with prevent_singularity
    sentinel         the text that means missing, and what is encoded instead
    """

    identifier: str
    ignored: bool = False
    format: dict[str, Any] | None = None
    n: int = 0
    positional: bool = False
    numbers: Numbers | None = None
    bits: int = 0
    shared: bool = False
    hash: str = "blakeHash"
    non_singular: bool = False
    sentinel: str | None = None
    replace_with: str = ""

    @classmethod
    def of(cls, item: dict[str, Any]) -> Feature:
        """From what `canonical_feature` gave."""
        if item.get("ignored"):
            return cls(item["identifier"], ignored=True)
        hashing = item["hashing"]
        comparison, strategy, missing = (hashing[name] for name in ("comparison", "strategy", "missingValue"))
        return cls(
            item["identifier"],
            format=item["format"],
            n=comparison.get("n", 0),
            positional=comparison.get("positional", False),
            numbers=_numbers(comparison, item["identifier"]) if comparison["type"] == "numeric" else None,
            bits=strategy.get("bitsPerToken") or strategy["bitsPerFeature"],
            shared="bitsPerFeature" in strategy,
            hash=hashing["hash"]["type"],
            non_singular=hashing["hash"].get("prevent_singularity", False),
            sentinel=missing and missing["sentinel"],
            replace_with=missing["replaceWith"] if missing else "",
        )


def canonical_feature(given: object, place: int) -> dict[str, Any]:
    """A feature with every setting in its place. Raises `SchemaError` naming feature and setting."""
    item = table(given, f"feature {place}")
    name = text(item.get("identifier"), f"feature {place}, identifier")
    if "ignored" in item and flag(item["ignored"], f"feature '{name}', ignored", field=name):
        return {"identifier": name, "ignored": True}
    hashing = table(item.get("hashing"), f"feature '{name}', hashing", field=name)
    _only(hashing, _HASHING, f"feature '{name}', hashing", name)
    comparison = _comparison(hashing.get("comparison"), f"feature '{name}', hashing.comparison", name)
    if comparison["type"] == "numeric":
        _numbers(comparison, name)
    return {
        "identifier": name,
        "format": _format(item.get("format"), f"feature '{name}', format", name),
        "hashing": {
            "comparison": comparison,
            "strategy": _strategy(hashing.get("strategy"), f"feature '{name}', hashing.strategy", name),
            "hash": _hash(hashing.get("hash", {"type": "blakeHash"}), f"feature '{name}', hashing.hash", name),
            "missingValue": _missing(hashing.get("missingValue"), f"feature '{name}', hashing.missingValue", name),
        },
    }


def _format(given: object, where: str, name: str) -> dict[str, Any]:
    item = table(given, where, field=name)
    kind = choice(item.get("type"), f"{where}.type", tuple(_FORMATS), field=name)
    _only(item, ("type", "description", *_FORMATS[kind]), where, name)
    made: dict[str, Any] = {"type": kind}
    if kind == "string":
        return made | _string_format(item, where, name)
    if kind == "integer":
        return made | {
            limit: whole(item[limit], f"{where}.{limit}", low=None, field=name)
            for limit in ("minimum", "maximum") if limit in item
        }  # fmt: skip
    if kind == "date":
        return made | {"format": _date_format(text(item.get("format"), f"{where}.format", field=name), name)}
    values = item.get("values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SchemaError(f"{where}.values: must be a list of texts", field=name, rule="values")
    return made | {"values": sorted(set(values))}


def _string_format(item: dict[str, Any], where: str, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "encoding": choice(item.get("encoding", "utf-8"), f"{where}.encoding", _ENCODINGS, field=name)
    }
    if "pattern" in item:
        for other in ("case", "minLength", "maxLength"):
            if other in item:
                raise SchemaError(f"{where}: pattern and {other} exclude each other", field=name, rule="pattern")
        pattern = text(item["pattern"], f"{where}.pattern", field=name)
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise SchemaError(f"{where}.pattern: no regular expression: {error}", field=name, rule="pattern") from None
        return made | {"pattern": pattern}
    made["case"] = choice(item.get("case", "mixed"), f"{where}.case", ("upper", "lower", "mixed"), field=name)
    made["minLength"] = whole(item.get("minLength", 0), f"{where}.minLength", low=0, field=name)
    if "maxLength" in item:
        made["maxLength"] = whole(item["maxLength"], f"{where}.maxLength", low=1, field=name)
    return made


def _date_format(pattern: str, name: str) -> str:
    try:
        datetime.strptime("", pattern)
    except ValueError:  # also what a good format says of an empty text
        pass
    except Exception:  # a directive given twice is re's own error
        raise SchemaError(
            f"feature '{name}', format.format: can't be read as a date format", field=name, rule="format"
        ) from None
    wrong = [sign for sign in re.findall(r"%(.?)", pattern, re.DOTALL) if sign not in _DIRECTIVES]
    if wrong:
        raise SchemaError(
            f"feature '{name}', format.format: '%{wrong[0]}' is no part of a date", field=name, rule="format"
        )
    return pattern


def _comparison(given: object, where: str, name: str) -> dict[str, Any]:
    item = table(given, where, field=name)
    kind = choice(item.get("type"), f"{where}.type", ("ngram", "exact", "numeric"), field=name)
    if kind == "ngram":
        return {
            "type": kind,
            "n": whole(item.get("n"), f"{where}.n", low=1, high=_MAX_N, field=name),
            "positional": flag(item.get("positional", False), f"{where}.positional", field=name),
        }
    if kind == "exact":
        return {"type": kind}
    precision = item.get("fractional_precision", 0)
    return {
        "type": kind,
        "thresholdDistance": number(item.get("thresholdDistance"), f"{where}.thresholdDistance", field=name),
        "resolution": whole(item.get("resolution"), f"{where}.resolution", low=1, high=_MAX_BITS, field=name),
        "fractional_precision": whole(precision, f"{where}.fractional_precision", low=0, high=300, field=name),
    }


def _numbers(comparison: dict[str, Any], name: str) -> Numbers:
    precision = comparison["fractional_precision"]
    try:
        distance = round(comparison["thresholdDistance"] * pow(10, precision))
    except OverflowError:
        distance = 0
    if distance <= 0:
        raise SchemaError(
            f"feature '{name}', hashing.comparison.thresholdDistance: must be above 0, also once it is rounded to "
            f"fractional_precision ({precision})",
            field=name,
            rule="thresholdDistance",
        )
    return Numbers(distance, comparison["resolution"], precision)


def _strategy(given: object, where: str, name: str) -> dict[str, int]:
    item = table(given, where, field=name)
    if len(item) != 1 or not {"bitsPerToken", "bitsPerFeature"} & set(item):
        raise SchemaError(f"{where}: either bitsPerToken or bitsPerFeature", field=name, rule="strategy")
    ((kind, bits),) = item.items()
    return {kind: whole(bits, f"{where}.{kind}", low=1, high=_MAX_BITS, field=name)}


def _hash(given: object, where: str, name: str) -> dict[str, Any]:
    item = table(given, where, field=name)
    kind = choice(item.get("type"), f"{where}.type", ("blakeHash", "doubleHash"), field=name)
    if kind == "blakeHash":
        if "prevent_singularity" in item:
            raise SchemaError(f"{where}.prevent_singularity: belongs to doubleHash", field=name, rule="hash")
        return {"type": kind}
    singular = flag(item.get("prevent_singularity", False), f"{where}.prevent_singularity", field=name)
    return {"type": kind, "prevent_singularity": singular}


def _missing(given: object, where: str, name: str) -> dict[str, str] | None:
    if given is None:
        return None
    item = table(given, where, field=name)
    sentinel = text(item.get("sentinel"), f"{where}.sentinel", field=name)
    return {
        "sentinel": sentinel,
        "replaceWith": text(item.get("replaceWith", sentinel), f"{where}.replaceWith", field=name),
    }


def _only(item: dict[str, Any], known: tuple[str, ...], where: str, name: str) -> None:
    for word in item:
        if word not in known:
            raise SchemaError(f"{where}: '{word}' is not a setting here; {nearest(word, known)}", field=name, rule=word)
