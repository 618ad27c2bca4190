"""Writes encoding_v0.json, the known answers of encoding version 0: ``python tests/vectors/make_encoding_v0.py``.

Version 0 promises nothing between releases, so its bits may change, but only knowingly: whoever changes them runs
this, and says in the commit what changed and why. The key is public; it protects nothing.
"""

import json
import warnings
from pathlib import Path

from linkage import EncodedSet, Key, LinkageWarning, Schema, encode
from linkage.agreement import parse

PLACE = Path(__file__).with_name("encoding_v0.json")
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
AGREEMENTS = {
    "fields": {"version": 1, "project": "known answers", "layout": "fields", "field": FIELDS},
    "record": {
        "version": 1,
        "project": "known answers",
        "layout": "record",
        "bits": 1000,
        "field": [
            {name: value for name, value in field.items() if name not in ("bits", "hashes")} | weight
            for field, weight in zip(FIELDS, [{"weight": 2.0}, *[{}] * 9], strict=True)
        ],
    },
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


def encoded(layout: str, id_key: Key | None = None) -> EncodedSet:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinkageWarning)  # unreadable values are among the records on purpose
        return encode(table(), schema(layout), key(), id="id", source="agency é", id_key=id_key, progress=False)


def content() -> dict:
    """All that the file holds."""
    made: dict = {
        "about": (
            "Known answers of encoding version 0, made by make_encoding_v0.py. Version 0 may change, but only "
            "knowingly: make this file again and say in the commit what changed and why. The key is public."
        ),
        "encoding_version": 0,
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
            "filters": {
                record_id: {name: rows[row].tobytes().hex() for name, rows in answer.filters.items()}
                for row, record_id in enumerate(answer.record_ids.to_pylist())
            },
        }
    return made


if __name__ == "__main__":
    PLACE.write_text(json.dumps(content(), indent=1, ensure_ascii=True) + "\n")
    print(f"wrote {PLACE}")
