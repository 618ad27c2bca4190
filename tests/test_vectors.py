"""Known answers: the same schema, key and version give the same bits, on every machine and after every change."""

import importlib.util
import json
from pathlib import Path

import pytest

from linkage.agreement import parse
from linkage.schema import ENCODING_VERSION
from tests import naive

VECTORS = Path(__file__).parent / "vectors"
KNOWN = json.loads((VECTORS / "encoding_v0.json").read_text())


def maker():
    spec = importlib.util.spec_from_file_location("make_encoding_v0", VECTORS / "make_encoding_v0.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()


def test_vectors__are_of_this_encoding_version():
    assert KNOWN["encoding_version"] == ENCODING_VERSION == 0


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_encode__gives_the_known_answers(layout):
    known, found = KNOWN["layouts"][layout], MAKER.encoded(layout)
    assert found.record_ids.to_pylist() == list(known["filters"])
    for name, rows in found.filters.items():
        assert [row.tobytes().hex() for row in rows] == [answer[name] for answer in known["filters"].values()], name
    assert found.key_check == known["key_check"]
    assert found.schema.fingerprint() == known["fingerprint"]
    assert found.digest() == known["digest"]


def test_vectors__are_what_their_script_writes():
    assert MAKER.content() == KNOWN


@pytest.mark.parametrize("layout", ["fields", "record"])
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
