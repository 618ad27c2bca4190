"""Text as the world writes it: byte order marks, line ends, encodings, and names in every script, of every length."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage.errors import LinkageError
from tests.hostile.formats import FORMATS, KEY
from tests.hostile.trial import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
SOURCE = Path(lk.__file__).parent
TEXTS = ("CSV", "agreement", "model", "CLKs", "clkhash schema 3", "groups", "ledger", "known pairs",
         "answers to cases", "truth")  # fmt: skip
WAYS = {
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "both": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "no line end at the end": lambda text: text.rstrip("\n").encode(),
}


def read(kind, path, data):
    changed = path.with_name(f"changed{path.suffix}")
    changed.write_bytes(data)
    return FORMATS[kind].read(changed)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", TEXTS)
def test_text__with_other_line_ends_or_a_byte_order_mark_is_the_same(tmp_path, kind, way):
    path = FORMATS[kind].make(tmp_path)
    assert read(kind, path, WAYS[way](path.read_text("utf-8"))) == FORMATS[kind].read(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("kind", [*TEXTS, "key", "log"])
def test_text__in_another_encoding_is_refused_and_never_read_as_something_else(tmp_path, kind, encoding):
    path = FORMATS[kind].make(tmp_path)
    changed = path.with_name(f"changed{path.suffix}")
    changed.touch(mode=0o600)
    changed.write_bytes(path.read_text("utf-8").encode(encoding))
    with pytest.raises(LinkageError):
        FORMATS[kind].read(changed)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_table__in_utf_16_without_a_mark_is_called_so(tmp_path, encoding):
    """It was "probably Windows-1252" as soon as a name had an accent."""
    path = tmp_path / "births.csv"
    path.write_bytes("no,surname\n1,Lee\n2,Núñez\n".encode(encoding))
    with pytest.raises(lk.RecordError, match="UTF-16"):
        lk.Schema(project="text", fields=(lk.Field(name="surname", type="name"),)).check(path, id="no")


def test_key__with_line_ends_of_windows_is_the_key_and_with_a_byte_order_mark_is_refused_by_name(tmp_path):
    path = FORMATS["key"].make(tmp_path)
    text = path.read_text()
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert lk.Key.load(path) == KEY
    path.write_bytes(text.encode("utf-8-sig"))
    with pytest.raises(lk.FileFormatError, match="byte order mark"):
        lk.Key.load(path)


# ---- names ------------------------------------------------------------------------------------------------------

SCHEMA = lk.Schema(
    project="names", fields=(lk.Field(name="surname", type="name"), lk.Field(name="address", type="text"))
)
ALIKE = [
    ("İnci", "inci", "ınci", "INCI", "I\u0307nci"),  # with and without a dot, in Turkish and elsewhere
    ("José Ñandú", unicodedata.normalize("NFD", "José Ñandú"), "JOSE NANDU"),
    ("שרה כהן", "\u200fשרה כהן\u200f", "\u202bשרה כהן\u202c"),  # marks of direction are no letters
    ("Strauß", "STRAUSS", "strauss"),
    ("ﬁsher", "fisher"),
    ("Ｌｅｅ", "Lee", "\ufeffLee", "\u00a0Lee\u00a0", "Le\u200be", "Lee\u0301", "  LEE  "),
    ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς", "οδυσσευσ"),
    ("Smith‐Jones", "Smith-Jones", "Smith–Jones"),
]
APART = ["O", "I", "𠮷野", "𠮷" * 200, "ab" * 100, "محمد", "שרה", "李", "Z" + "\u0301" * 60 + "oe", "Lee", "eel"]


def filters(names):
    table = {"id": [str(row) for row in range(len(names))], "surname": names, "address": names}
    made = lk.encode(table, SCHEMA, KEY, id="id", source="x", progress=False)
    assert len(made) == len(names)
    return made


def alone(name):
    made = filters([name])
    return made.filters["surname"].tobytes(), made.filters["address"].tobytes()


@pytest.mark.parametrize("same", ALIKE, ids=lambda same: ascii(same[-1]))
def test_names__that_a_person_reads_as_one_are_one(same):
    assert len({alone(name)[0] for name in same}) == 1
    assert int(filters([same[0]]).popcounts["surname"][0]) > 0


def test_names__that_are_others_are_others_in_whatever_script_and_length():
    found = {name: alone(name)[0] for name in APART}
    assert len(set(found.values())) == len(APART)
    assert all(any(each) for each in found.values())


@pytest.mark.parametrize("name", ["\u0301", "   ", "\u200f", "\ufeff", "\u202e\u202c", "\x00"])
def test_names__without_a_letter_are_missing(name):
    assert not any(alone(name)[0])


@given(st.lists(st.text(max_size=210), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_names__of_any_letters_are_encoded_alone_as_they_are_next_to_any_other(names):
    names = [name.encode("utf-8", "ignore").decode() for name in names]
    together = filters(names)
    rows = {row.tobytes() for row in together.filters["surname"]}
    assert rows == {alone(name)[0] for name in names}


def test_names__of_any_letters_survive_csv(tmp_path):
    names = [*APART, *(name for same in ALIKE for name in same), 'a"b', "a,b", "a\nb", "", "NULL", "=1+1", "'"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    rows = "".join(f"{row},{name},{name}\n" for row, name in enumerate(quoted))
    (tmp_path / "a.csv").write_text("id,surname,address\n" + rows, encoding="utf-8", newline="")
    from_file = lk.encode(tmp_path / "a.csv", SCHEMA, KEY, id="id", source="x", progress=False)
    assert from_file.digest() == filters([name or None for name in names]).digest()


# ---- other machines ---------------------------------------------------------------------------------------------


def test_import__on_a_machine_that_writes_numbers_the_other_way_round_is_refused():
    # nobody has tried a big-endian machine: better no bits than bits that no other agency has
    code = "import sys, numpy; sys.byteorder = 'big'; import linkage"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1 and "little-endian" in done.stderr.splitlines()[-1]


def test_sources__use_no_type_whose_size_differs_by_system():
    of_c = re.compile(r"(?<!long )\b(?<!unsigned )long\b(?! long)|\bwchar_t\b|\boff_t\b")
    # int itself is 64 bits wide since NumPy 2, on Windows too
    of_python = re.compile(r"np\.(int_|uint|long|ulong|intc|uintc|longdouble)\b")
    comment = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
    found = []
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix in (".c", ".h"):
            found += [f"{path.name}: {each}" for each in of_c.findall(comment.sub("", path.read_text("utf-8")))]
        elif path.suffix == ".py":
            found += [f"{path.name}: {each.group()}" for each in of_python.finditer(path.read_text("utf-8"))]
    assert not found


@pytest.mark.parametrize(
    "values", [pa.array([{"Smith": 1}]), pa.array([[1]]), pa.array([[("Smith", 1)]], pa.map_(pa.string(), pa.int8()))]
)
def test_columns_of_values_within_values__are_refused_without_their_names(values):
    """A struct's fields are data where they come from dicts."""
    with pytest.raises(lk.RecordError, match=r"column 'n' holds (struct|list|map), which is not text") as caught:
        lk.encode(pa.table({"id": ["1"], "n": values}), NAMES, KEY, id="id", source="a")
    assert "Smith" not in str(caught.value)


def test_times_of_a_zone_that_nobody_knows__are_named_by_their_column():
    when = pa.array([0], pa.timestamp("us", "Nowhere/X"))
    with pytest.raises(lk.RecordError, match="column 'n' holds times of a zone"):
        lk.encode(pa.table({"id": ["1"], "n": when}), NAMES, KEY, id="id", source="a")


NAMES = lk.Schema(project="hostile", fields=(lk.Field(name="n", type="name"),))


def test_half_a_letter_of_utf16__is_named_as_that():
    with pytest.raises(lk.RecordError, match="can't be written as UTF-8"):
        lk.encode({"id": ["1"], "n": ["Ann\ud800"]}, NAMES, KEY, id="id", source="a")
