"""Writes clkhash_0_18_3.json, the known answers of clkhash 0.18.3: ``python tests/vectors/make_clkhash.py``.

clkhash itself makes them, so that our promise to make the same bits holds where clkhash can't be installed. They never
change. The secret is public; it protects nothing.
"""

import json
from importlib.metadata import version
from pathlib import Path

from clkhash.clk import generate_clks
from clkhash.key_derivation import generate_key_lists
from clkhash.schema import from_json_dict
from clkhash.serialization import serialize_bitarray

PLACE = Path(__file__).with_name("clkhash_0_18_3.json")
SECRET = "known answers, known secret"
SALT, INFO = "bGlua2FnZSBzYWx0IQ==", "bGlua2FnZSBpbmZv"
KDF = {"type": "HKDF", "hash": "SHA512", "salt": SALT, "info": INFO, "keySize": 48}


def feature(name, form, comparison, strategy, hash_kind=None, missing=None):
    hashing = {"comparison": comparison, "strategy": strategy}
    hashing |= {"hash": hash_kind} if hash_kind else {}
    hashing |= {"missingValue": missing} if missing else {}
    return {"identifier": name, "format": form, "hashing": hashing}


BLAKE, DOUBLE = {"type": "blakeHash"}, {"type": "doubleHash"}
FEATURES = [
    {"identifier": "row", "ignored": True},
    feature("given", {"type": "string"}, {"type": "ngram", "n": 2}, {"bitsPerFeature": 150}),
    feature("surname", {"type": "string", "encoding": "utf-16"}, {"type": "ngram", "n": 3, "positional": True},
            {"bitsPerToken": 40}, BLAKE),
    feature("dob", {"type": "date", "format": "%d/%m/%Y"}, {"type": "ngram", "n": 1, "positional": True},
            {"bitsPerFeature": 90}, DOUBLE, {"sentinel": "?", "replaceWith": "00000000"}),
    feature("sex", {"type": "enum", "values": ["F", "M"]}, {"type": "exact"}, {"bitsPerToken": 25},
            DOUBLE | {"prevent_singularity": True}, {"sentinel": ""}),
    feature("income", {"type": "string"}, {"type": "numeric", "thresholdDistance": 12.5, "resolution": 3,
                                           "fractional_precision": 1}, {"bitsPerFeature": 60}, BLAKE),
    feature("children", {"type": "integer", "minimum": 0}, {"type": "exact"}, {"bitsPerToken": 5}),
]  # fmt: skip
ROWS = [
    ["0", "Ada", "Lovelace", "10/12/1815", "F", "1234.5", "3"],
    ["1", "ada", "Lovelace ", "11/12/1815", "", "1230", "03"],
    ["2", "Zoë", "王", "?", "M", "-7.25", "0"],
    ["3", "", "O'Neill-Müller", "01/01/2001", "F", "1e3", "+12"],
    ["4", "aaaaaaaa", "x", "29/02/2000", "M", "", "1_000"],
]
SCHEMAS = {
    "version 3": {"version": 3, "clkConfig": {"l": 1024, "kdf": KDF}, "features": FEATURES},
    "version 3, folded by xor_folds": {
        "version": 3, "clkConfig": {"l": 512, "xor_folds": 2, "kdf": KDF}, "features": FEATURES},
    "version 3, not folded by xorFolds": {
        "version": 3, "clkConfig": {"l": 1024, "xorFolds": 1, "kdf": KDF}, "features": FEATURES},
    "version 3, 1,001 bits": {"version": 3, "clkConfig": {"l": 1001, "kdf": {"type": "HKDF"}}, "features": [
        item if item.get("ignored") else item | {"hashing": item["hashing"] | {"hash": DOUBLE}} for item in FEATURES]},
    "version 2": {"version": 2, "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "salt": SALT}}, "features": [
        {"identifier": "row", "ignored": True},
        {"identifier": "given", "format": {"type": "string"},
         "hashing": {"ngram": 2, "strategy": {"numBits": 100}, "hash": DOUBLE}},
        {"identifier": "surname", "format": {"type": "string"},
         "hashing": {"ngram": 1, "positional": True, "strategy": {"k": 12}}},
        *({"identifier": name, "ignored": True} for name in ("dob", "sex", "income", "children"))]},
    "version 1": {"version": 1, "clkConfig": {"l": 1024, "k": 15, "hash": DOUBLE, "kdf": KDF}, "features": [
        {"identifier": "row", "ignored": True},
        {"identifier": "given", "format": {"type": "string"}, "hashing": {"ngram": 2, "weight": 1.5}},
        {"identifier": "surname", "format": {"type": "string"}, "hashing": {"ngram": 2, "positional": True}},
        {"identifier": "dob", "format": {"type": "string"}, "hashing": {"ngram": 1, "weight": 0}},
        {"identifier": "sex", "format": {"type": "string"},
         "hashing": {"ngram": 1, "weight": 0.5, "missingValue": {"sentinel": "", "replaceWith": "none"}}},
        *({"identifier": name, "ignored": True} for name in ("income", "children"))]},
}  # fmt: skip


def content():
    """All that the file holds."""
    keys = generate_key_lists(SECRET, 2, key_size=48, salt=b"linkage salt!", info=b"linkage info", hash_algo="SHA512")
    return {
        "about": "Known answers of clkhash, made by make_clkhash.py. The secret is public.",
        "clkhash": version("clkhash"),
        "secret": SECRET,
        "keys": [[key.hex() for key in pair] for pair in keys],
        "rows": ROWS,
        "schemas": [{"name": name, "schema": schema, "clks": clks(schema)} for name, schema in SCHEMAS.items()],
    }


def clks(schema):
    fresh = json.loads(json.dumps(schema))  # clkhash writes into what it is given
    made = generate_clks(ROWS, from_json_dict(fresh), SECRET, max_workers=1)
    return [serialize_bitarray(clk) for clk in made]


if __name__ == "__main__":
    PLACE.write_text(json.dumps(content(), indent=1, ensure_ascii=True) + "\n")
    print(f"wrote {PLACE}")
