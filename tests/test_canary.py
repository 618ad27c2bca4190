"""Nobody's value and no key appears in an error, log, repr, report or file, whatever goes in by whichever door.

Marked values go through every entry point, good and bad; everything that comes out by any way is searched for them.
"""

import logging
import re
import traceback
import warnings

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

import linkage as lk
from linkage.cli import cli
from linkage.commands.exitcodes import run

MARKS = ("zyxquetzal", "vutmarrow", "1987-06-05", "qq7 9zz", "qq79zz", "9434765919", "77 kestrel", "casenumber-31")
FIELDS = ("given_name", "surname", "dob", "postcode", "nhs_number", "address")
GOOD = {
    "no": ["casenumber-31", "casenumber-32"],
    "given_name": ["Zyxquetzal", "Ann"],
    "surname": ["Vutmarrow", "Lee"],
    "dob": ["1987-06-05", "1990-01-02"],
    "postcode": ["QQ7 9ZZ", "LS1 4DY"],
    "nhs_number": ["9434765919", None],
    "address": ["77 Kestrel Way", "1 High Street"],
}


def changed(**columns):
    return {**GOOD, **columns}


BAD = {
    "no id": changed(no=[None, "casenumber-31"]),
    "same id twice": changed(no=["casenumber-31"] * 2),
    "not a date": changed(dob=["Zyxquetzal", "1990-01-02"]),
    "far too long": changed(surname=["Vutmarrow" * 1000, "Lee"]),
    "numbers with a gap": changed(nhs_number=[9434765919.5, None]),
    "lists": changed(surname=[["Vutmarrow"], ["Lee"]]),
    "columns of unlike length": changed(surname=["Vutmarrow"]),
    "mixed kinds": changed(surname=["Vutmarrow", 7]),
    "a column too few": {name: column for name, column in GOOD.items() if name != "surname"},
    "bytes that are no text": changed(surname=[b"Vutmarrow\xff", b"x"]),
}


@pytest.fixture
def schema():
    kinds = ("name", "name", "date", "postcode", "identifier", "text")
    fields = tuple(lk.Field(name=name, type=kind) for name, kind in zip(FIELDS, kinds, strict=True))
    return lk.Schema(project="canary", fields=fields)


@pytest.fixture
def heard(caplog, capsys):
    """Collects all that is said; `search` fails if a mark is in it."""

    class Heard:
        key_text = ""

        def __init__(self):
            self.said = []

        def add(self, *things):
            self.said.extend(str(thing) for thing in things)

        def attempt(self, step, *arguments, **options):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    value = step(*arguments, **options)
                except Exception as error:
                    self.add(
                        error, repr(error), vars(error), error.__cause__, "".join(traceback.format_exception(error))
                    )
                    value = None
            self.add(*(warning.message for warning in caught))
            if value is not None:
                self.add(repr(value), str(value), getattr(value, "_repr_html_", str)())
            return value

        def search(self):
            out = capsys.readouterr()
            everything = "\n".join([*self.said, caplog.text, out.out, out.err]).lower()
            for mark in MARKS:
                assert mark not in everything, f"{mark!r} came out: ...{_around(everything, mark)}..."
            assert not self.key_text or self.key_text.lower() not in everything

    caplog.set_level(logging.DEBUG)
    return Heard()


def _around(text, mark):
    place = text.index(mark)
    return text[max(0, place - 200) : place + 100]


def _frames(columns):
    yield "dict", columns
    for kind, make in (("arrow", pa.table), ("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        try:
            yield kind, make(columns)
        except Exception:
            continue  # the frame's own library refuses it before we see it


@pytest.mark.parametrize("columns", [GOOD, *BAD.values()], ids=["good", *BAD])
def test_python__gives_nothing_away(schema, heard, columns):
    key = lk.Key.generate()
    heard.key_text = key._text()
    for _, table in _frames(columns):
        heard.add(key)
        problems = heard.attempt(schema.check, table, id="no")
        if problems is not None:
            heard.add(*problems, problems.to_arrow())
        encoded = heard.attempt(lk.encode, table, schema, key, id="no", source="one")
        if encoded is not None:
            heard.add(encoded.to_arrow().to_pylist(), encoded.schema.canonical())
        heard.attempt(lk.encode, table, schema, lk.Key.generate(), id="surname", source="one")
        heard.attempt(lk.encode, table, schema, key, id="no", source="one", columns={"given_name": "nickname"})
        strict = lk.Schema(project="canary", fields=(lk.Field(name="dob", type="date", missing="refuse"),))
        heard.attempt(lk.encode, table, strict, key, id="no", source="one")
        grouped = lk.Schema(project="canary", fields=schema.fields[:1], groups=(lk.Group("surname"),))
        heard.attempt(lk.encode, table, grouped, key, id="no", source="one")
    heard.search()


def test_results__give_nothing_away(schema, heard, tmp_path):
    key = lk.Key.generate()
    heard.key_text = key._text()
    sets = [heard.attempt(lk.encode, GOOD, schema, key, id="no", source=name) for name in ("one", "two")]
    model = heard.attempt(lk.fit, *sets)
    links = heard.attempt(lk.link, *sets)
    pairs = heard.attempt(model.predict, *sets)
    release = heard.attempt(links.release, "one")
    heard.add(links.to_arrow().to_pylist(), links.records.to_pylist(), pairs.to_arrow().to_pylist())
    heard.attempt(lk.rejoin, release, BAD["no id"], key, id="no")
    heard.attempt(lk.rejoin, release, BAD["same id twice"], key, id="no")
    heard.attempt(lk.rejoin, release, changed(no=["other-1", "casenumber-31"]), key, id="no")
    heard.attempt(lk.evaluate, links, {"left_id": ["casenumber-31"], "right_id": ["casenumber-31"]}, key=key)
    heard.attempt(lk.evaluate, links, {"left_id": ["casenumber-31"], "right_id": ["casenumber-31"]})
    for name, value in (("set", sets[0]), ("links", links), ("release", release)):
        value.save(tmp_path / f"{name}.parquet")
    release.to_csv(tmp_path / "release.csv")
    for path in tmp_path.iterdir():
        heard.add(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            heard.add(parquet.read_table(path).to_pylist(), parquet.read_metadata(path).metadata)
    heard.search()


@pytest.mark.parametrize("columns", [GOOD, *BAD.values()], ids=["good", *BAD])
def test_command_line__gives_nothing_away(schema, heard, tmp_path, monkeypatch, columns):
    monkeypatch.chdir(tmp_path)
    schema.save("agreement.toml")
    lk.Key.generate().save("project.key")
    heard.key_text = (tmp_path / "project.key").read_text().strip()
    try:
        table = pa.table(columns)
    except (pa.ArrowException, ValueError):
        return
    parquet.write_table(table, "table.parquet")
    tables = ["table.parquet"]
    if all(pa.types.is_string(kind) or pa.types.is_null(kind) for kind in table.schema.types):
        csv.write_csv(table, "table.csv")
        text = (tmp_path / "table.csv").read_text()
        (tmp_path / "cut.csv").write_text(re.sub(r"Lee", 'Lee,Vutmarrow,"', text))
        (tmp_path / "latin.csv").write_bytes(text.replace("Ann", "Zoë").encode("latin-1"))
        (tmp_path / "headless.csv").write_text(text.split("\n", 1)[1])
        tables += ["table.csv", "cut.csv", "latin.csv", "headless.csv"]
    for name in tables:
        run(cli, ["check", name, "--schema", "agreement.toml", "--id", "no"])
        run(cli, ["encode", name, "--schema", "agreement.toml", "--key", "project.key", "--id", "no", "--source", "s",
                  "-o", "out.parquet"])  # fmt: skip
        run(cli, ["rejoin", name, name, "--key", "project.key", "--id", "no", "-o", "x.csv"])
        run(cli, ["info", name])
        run(cli, ["evaluate", name, name])
    heard.search()


def test_key__gives_nothing_away(heard, tmp_path):
    key = lk.Key.generate()
    heard.key_text = key._text()
    text = key._text()
    heard.add(key, [key], {"key": key}, f"{key!r} {key!s}")
    for wrong in (text[:-2], text[:-1] + ("a" if text[-1] != "a" else "b"), text.upper() + "x", text[:20]):
        (tmp_path / "wrong.key").write_text(wrong)
        (tmp_path / "wrong.key").chmod(0o600)
        heard.attempt(lk.Key.load, tmp_path / "wrong.key")
    heard.attempt(lk.Key, key._secret[:31])
    heard.attempt(lk.Key, key._secret.hex())
    heard.attempt(setattr, key, "_secret", b"")
    heard.attempt(lk.encode, GOOD, lk.Schema.preset("uk-person"), text, id="no", source="one")
    heard.add(key._secret.hex() in "\n".join(heard.said))
    assert key._secret.hex() not in "\n".join(heard.said)
    heard.search()
