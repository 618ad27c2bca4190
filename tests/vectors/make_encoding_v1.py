"""Known answers of encoding version 1: ``python tests/vectors/make_encoding_v1.py`` says whether they hold.

They wrote encoding_v1.json once, which never changes again. The key is public; it protects nothing.
"""

import json
import sys
import warnings
from pathlib import Path

from linkage import EncodedSet, Key, LinkageWarning, Schema, encode
from linkage.agreement import parse

PLACE = Path(__file__).with_name("encoding_v1.json")
SECRET = bytes.fromhex("5be0cd19137e2179a54ff53a3c6ef372bb67ae856a09e667510e527f9b05688c")
FIELDS = [
    {"name": "given_name", "type": "name"},
    {"name": "surname", "type": "name", "bits": 300},
    {"name": "known_as", "type": "name", "key_group": "alias", "tokens": "positional_qgrams", "q": 3},
    {"name": "dob", "type": "date"},
    {"name": "sex", "type": "category"},
    {"name": "tenure", "type": "category", "codes": {"own": ["owner", "mortgage"], "rent": ["tenant"]}, "bits": 100},
    {"name": "income", "type": "number", "step": 100, "reach": 3},
    {"name": "postcode", "type": "postcode"},
    {"name": "nhs_number", "type": "identifier"},
    {"name": "address", "type": "text", "placeholders": ["see notes"], "hashes": 20},
]
OTHERWISE = [
    {"name": "given_name", "type": "name", "clean": []},
    {"name": "surname", "type": "name", "clean": ["case"], "tokens": "exact", "hashes": 12},
    {"name": "known_as", "type": "name", "clean": ["case", "titles"], "tokens": "qgrams", "q": 4},
    {"name": "dob", "type": "date", "day_first": False, "tokens": "exact"},
    {"name": "sex", "type": "category", "key_group": "codes", "hashes": 5},
    {"name": "tenure", "type": "category", "key_group": "codes", "codes": {"a": ["own", "owner"], "b": ["rent"]}},
    {"name": "income", "type": "number", "step": 0.5, "tokens": "exact"},
    {"name": "postcode", "type": "postcode", "tokens": "qgrams", "q": 3},
    {"name": "nhs_number", "type": "identifier", "scheme": "nhs", "tokens": "qgrams", "missing": "allow"},
    {"name": "address", "type": "text", "clean": ["diacritics", "punctuation", "particles"], "tokens": "exact"},
]
STILL_OTHERWISE = [
    {"name": "given_name", "type": "name", "q": 1, "positions": 90},
    {"name": "surname", "type": "name", "tokens": "positional_qgrams", "hashes": 7},
    {"name": "known_as", "type": "name", "tokens": "exact", "weight": 0.25, "key_group": "alias"},
    {"name": "dob", "type": "date", "positions": 200},
    {"name": "sex", "type": "category", "weight": 3.0},
    {"name": "tenure", "type": "category"},
    {"name": "income", "type": "number", "step": 1000, "reach": 2, "weight": 0.0625},
    {"name": "postcode", "type": "postcode", "tokens": "exact"},
    {"name": "nhs_number", "type": "identifier", "tokens": "exact", "positions": 31},
    {"name": "address", "type": "text", "tokens": "positional_qgrams", "q": 5},
]
KEYS = {
    "given_name": ("whole", "sound", "start", "initial"),
    "dob": ("whole", "year", "month", "day_month"),
    "postcode": ("whole", "sector", "district", "area"),
    "address": ("whole", "start"),
    "sex": ("whole",),
    "income": ("whole",),
    "nhs_number": ("whole",),
}
BLOCKS = [
    {"name": "by_" + "_".join(key.replace(":", "_") for key in keys), "keys": keys}
    for keys in [
        *([f"{name}:{form}"] for name, forms in KEYS.items() if name in ("given_name", "dob") for form in forms),
        *([f"{name}:{form}"] for name, forms in KEYS.items() if name in ("postcode", "address") for form in forms),
        ["sex", "income"],
        ["surname:sound", "dob:month", "nhs_number"],
    ]
]


def _weighted(fields: list[dict]) -> list[dict]:
    """As the record layout may have them: of no width, one of them twice as heavy."""
    kept = [{name: value for name, value in field.items() if name not in ("bits", "hashes")} for field in fields]
    return [kept[0] | {"weight": 2.0}, *kept[1:]]


def _agreement(layout: str, fields: list[dict], **more: object) -> dict:
    return {"version": 1, "project": "known answers", "layout": layout, **more, "field": fields}


AGREEMENTS = {
    "fields": _agreement("fields", FIELDS),
    "record": _agreement("record", _weighted(FIELDS), bits=1000),
    "fields, otherwise": _agreement("fields", OTHERWISE),
    "record, otherwise": _agreement("record", STILL_OTHERWISE, bits=777),
    "blocks": _agreement("fields", FIELDS, block=BLOCKS),
}
COLUMNS = ("id", *(field["name"] for field in FIELDS))
ROWS = [
    ("1", "Ann", "Lee", "Annie", "2019-04-03", "F", "own", "21500", "LS1 4AP", "943 476 5919", "1 High Street, Leeds"),
    ("2", "Zoë", "O’Brien-Łukasz", "", "03/04/2019", "female", "owner", "21,549.99", "ls14ap", "9434765919", "Flat 2"),
    ("3", "José María", "van der Berg", None, "3 Apr 2019", "1", "TENANT", "-250", "M1 1AE", "943-476-5918", None),
    ("4", "ANN", "LEE", "annie", "20190403", "2", "mortgage", "£21,500", "LSI 4AP", "9434765919", "1, HIGH ST leeds"),
    ("5", "Baby", "Smith", "Unknown", "2019", "9", "other", "unknown", "ZZ99 3VZ", "0000000000", "No Fixed Abode"),
    ("6", None, None, None, None, None, None, None, None, None, None),
    ("7", "", " ", "-", "", "", "", "", "", "", "see notes"),
    ("8", "Йордан", "Θεοδωράκης", "İlkay", "04/2019", "x", "rent", "0", "BT1 5GS", "4505577104", "Straße 7"),
    ("9", "Dr Mc Donald Jr", "Al Hassan", "d'Arcy", "00/00/1987", "M", "rent", "49.9", "SW1A 1AA", "ab 12 c", "12a/3"),
    ("10", "李", "王小明", "محمد", "1900-01-01", "boy", "rent", "1e3", "D02 X285", "123", "٣ شارع"),
    ("é 11", "Ｆｕｌｌ", "Zo\u0065\u0308", "x", "31/02/2001", "girl", "own", "nan", "GIR 0AA", "9" * 10, "x" * 120),
    (" 12 ", "Anne-Marie", "Wu", "NA", "11/11/2011", "indeterminate", "own", "99999999", "W1A 0AX", "NHS", "nil"),
]  # fmt: skip


def key() -> Key:
    return Key(SECRET)


def schema(layout: str) -> Schema:
    return parse(AGREEMENTS[layout])


def table() -> dict[str, list[str | None]]:
    return {name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)}


def many() -> dict[str, list[str | None]]:
    """A thousand rows: each column goes through its values in steps of its own."""
    rows = range(1_000)
    steps = dict(zip(COLUMNS[1:], (1, 5, 7, 11, 1, 5, 7, 11, 1, 5), strict=True))
    values = {name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)}
    columns = {name: [values[name][(row * step + row // 12) % 12] for row in rows] for name, step in steps.items()}
    return {"id": [str(row) for row in rows], **columns}


def encoded(layout: str, id_key: Key | None = None, rows: dict[str, list[str | None]] | None = None) -> EncodedSet:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinkageWarning)  # unreadable values are among the records on purpose
        given = rows or table()
        return encode(given, schema(layout), key(), id="id", source="agency é", id_key=id_key, progress=False)


def content() -> dict:
    """All that the file holds."""
    made: dict = {
        "about": "Known answers of encoding version 1, made by make_encoding_v1.py, for ever. The key is public.",
        "encoding_version": 1,
        "key": key()._text(),
        "source": "agency é",
        "columns": list(COLUMNS),
        "records": [list(row) for row in ROWS],
        "layouts": {},
    }
    for layout, agreement in AGREEMENTS.items():
        answer = encoded(layout)
        made["layouts"][layout] = {
            "agreement": agreement,
            "fingerprint": answer.schema.fingerprint(),
            "key_check": answer.key_check,
            "digest": answer.digest(),
            "digest_of_many": encoded(layout, rows=many()).digest(),
            "blocks": {
                name: [f"{int(key):016x}" if key else None for key in keys] for name, keys in answer.blocks.items()
            },
            "filters": {
                record_id: {name: rows[row].tobytes().hex() for name, rows in answer.filters.items()}
                for row, record_id in enumerate(answer.record_ids.to_pylist())
            },
        }
    return made


if __name__ == "__main__":
    same = json.loads(PLACE.read_text()) == content()
    print("the known answers hold" if same else "OTHER BITS: version 1 is frozen; see CONTRIBUTING.md")
    sys.exit(not same)
