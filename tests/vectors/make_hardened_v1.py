"""Known answers of hardened rows, encoding version 1: ``python tests/vectors/make_hardened_v1.py`` says if they hold.

They wrote hardened_v1.json once, which never changes again. The key is public; it protects nothing.
"""

import json
import sys
import warnings
from pathlib import Path

from linkage import EncodedSet, Key, LinkageWarning, encode
from linkage.agreement import parse

PLACE = Path(__file__).with_name("hardened_v1.json")
SECRET = bytes.fromhex("5be0cd19137e2179a54ff53a3c6ef372bb67ae856a09e667510e527f9b05688c")
FIELDS = [
    {"name": "given_name", "type": "name"},
    {"name": "surname", "type": "name"},
    {"name": "dob", "type": "date"},
    {"name": "sex", "type": "category"},
    {"name": "postcode", "type": "postcode"},
    {"name": "nhs_number", "type": "identifier"},
    {"name": "address", "type": "text", "weight": 0.5},
]
WAYS = {
    "linkable": {"profile": "linkable"},
    "guarded": {"profile": "guarded"},
    "hardened": {"profile": "hardened"},
    "saul": {"layout": "record", "bits": 200, "harden": {"saul": 4}},
    "saul, balance, noise": {"layout": "record", "bits": 128, "harden": {"saul": 2, "balance": True, "noise": 0.05}},
    "salt, fold": {"layout": "record", "bits": 256, "harden": {"salt": "dob", "fold": 1}},
    "all but saul": {
        "layout": "record",
        "bits": 512,
        "harden": {"salt": "postcode", "fold": 1, "diffuse": 3, "balance": True, "noise": 0.1},
    },
}
COLUMNS = ("id", *(field["name"] for field in FIELDS))
ROWS = [
    ("1", "Ann", "Lee", "2019-04-03", "F", "LS1 4AP", "943 476 5919", "1 High Street, Leeds"),
    ("2", "ANN", "LEE", "3/4/2019", "female", "ls14ap", "9434765919", "1 HIGH ST"),
    ("3", None, None, None, None, None, None, None),
    ("4", "Zoë", "O’Brien-Łukasz", "2019", "9", None, "", "Flat 2"),
    ("5", "", "", "", "M", "", "", ""),
]


def encoded(agreement: dict, table: dict) -> EncodedSet:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinkageWarning)
        return encode(table, parse(agreement), Key(SECRET), id="id", source="agency é", progress=False)


def many() -> dict:
    """A thousand rows: each column goes through its values in steps of its own."""
    columns = {
        name: [ROWS[(row * step + row // 5) % 5][place] for row in range(1_000)]
        for step, (place, name) in zip((1, 2, 3, 4, 1, 2, 3), list(enumerate(COLUMNS))[1:], strict=True)
    }
    return {"id": [str(row) for row in range(1_000)], **columns}


def content() -> dict:
    """All that the file holds."""
    table = {name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)}
    made: dict = {"about": __doc__, "encoding_version": 1, "ways": {}}
    for name, settings in WAYS.items():
        plain = [{each: value for each, value in field.items() if each != "weight"} for field in FIELDS]
        fields = plain if name == "linkable" else FIELDS
        agreement = {"version": 1, "project": "known answers", **settings, "field": fields}
        found = encoded(agreement, table)
        made["ways"][name] = {
            "agreement": agreement,
            "fingerprint": found.schema.fingerprint(),
            "digest": found.digest(),
            "digest_of_many": encoded(agreement, many()).digest(),
            "rows": {
                record_id: {filter: rows[row].tobytes().hex() for filter, rows in found.filters.items()}
                for row, record_id in enumerate(found.record_ids.to_pylist())
            },
        }
    return made


if __name__ == "__main__":
    same = json.loads(PLACE.read_text()) == content()
    print("the known answers hold" if same else "OTHER BITS: version 1 is frozen; see CONTRIBUTING.md")
    sys.exit(not same)
