"""Known answers: the same schema, key and version give the same bits, on every machine and after every change."""

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest

import linkage as lk
from linkage import EncodedSet, FileFormatError
from linkage.agreement import parse
from linkage.schema import ENCODING_VERSION
from tests import naive

VECTORS = Path(__file__).parent / "vectors"
KNOWN = json.loads((VECTORS / "encoding_v1.json").read_text())


def maker():
    spec = importlib.util.spec_from_file_location("make_encoding_v1", VECTORS / "make_encoding_v1.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()
LAYOUTS = list(MAKER.AGREEMENTS)


# whoever thinks of changing these: encoding version 1 is frozen, CONTRIBUTING.md says what to do in its place
FROZEN = {
    "encoding_v1.json": "2965f8b6bc490f4c3c36c848dea9fabd7342f1ae41a38527335d5ae0feccba24",
    "hardened_v1.json": "67933efce963482ed776a23d3a8fa154e2a2df2eebf30ed390700f771d919e03",
}


@pytest.mark.parametrize("name", FROZEN)
def test_vectors__are_frozen_themselves(name):
    text = (VECTORS / name).read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(text).hexdigest() == FROZEN[name]


def test_vectors__are_of_this_encoding_version():
    assert KNOWN["encoding_version"] == ENCODING_VERSION == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_encode__gives_the_known_answers(layout):
    known, found = KNOWN["layouts"][layout], MAKER.encoded(layout)
    assert found.record_ids.to_pylist() == list(known["filters"])
    for name, rows in found.filters.items():
        assert [row.tobytes().hex() for row in rows] == [answer[name] for answer in known["filters"].values()], name
    assert found.key_check == known["key_check"]
    assert found.schema.fingerprint() == known["fingerprint"]
    assert found.digest() == known["digest"]
    assert MAKER.encoded(layout, rows=MAKER.many()).digest() == known["digest_of_many"]
    keys = {name: [None if key == 0 else f"{int(key):016x}" for key in row] for name, row in found.blocks.items()}
    assert keys == known["blocks"]


def test_vectors__are_what_their_script_makes():
    assert MAKER.content() == KNOWN


@pytest.mark.parametrize("layout", LAYOUTS)
def test_vectors__are_what_a_plain_loop_gives(layout):
    schema, key = parse(KNOWN["layouts"][layout]["agreement"]), MAKER.key()
    id_secret = key.derive(project=schema.project, purpose="record ids")

    def secret_of(name):
        return key.derive(project=schema.project, purpose="tokens", key_group=schema.field(name).key_group, length=64)

    expected = {}
    for values in KNOWN["records"]:
        record = dict(zip(KNOWN["columns"], values, strict=True))
        expected[naive.record_id(id_secret, KNOWN["source"], record["id"])] = {
            filter.name: naive.encoded_filter(record, schema, filter, secret_of).hex() for filter in schema.filters
        }
    assert expected == KNOWN["layouts"][layout]["filters"]


def test_vectors__hold_records_that_agree_where_people_would_say_so():
    answers = [*KNOWN["layouts"]["fields"]["filters"].values()]
    equal = {name: len(answers) - len({answer[name] for answer in answers}) for name in answers[0]}
    assert equal["given_name"] >= 3  # Ann and ANN, and the missing ones
    assert equal["dob"] >= 5  # one day written in four ways, and the missing ones
    assert sum(not int(answer["dob"], 16) for answer in answers) == 3
    assert sum(not any(int(bits, 16) for bits in answer.values()) for answer in answers) == 2


def test_encode__gives_other_ids_and_the_same_bits_under_an_own_id_key():
    from linkage import Key

    own = MAKER.encoded("fields", id_key=Key.generate())
    known = KNOWN["layouts"]["fields"]["filters"]
    assert not set(own.record_ids.to_pylist()) & set(known)
    found = sorted(tuple(rows[row].tobytes().hex() for rows in own.filters.values()) for row in range(len(own)))
    assert found == sorted(tuple(answer.values()) for answer in known.values())


def test_version_0__is_read_no_more_and_says_what_to_do():
    """Before version 1 bits changed from release to release: a file of then must not be compared with one of now."""
    place = VECTORS / "encoding_v0.parquet"
    with pytest.raises(
        FileFormatError, match="made with encoding version 0; this release reads version 1: encode again"
    ):
        EncodedSet.load(place)
    found = lk.audit(place)
    assert found.level == "fail" and "made with encoding version 0" in " ".join(str(found).split())
