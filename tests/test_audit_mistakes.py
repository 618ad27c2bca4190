"""Twelve mistakes, planted for real: each is caught by a tier that can see it, and by the finding meant for it."""

import hashlib
import itertools
import json
import secrets
import uuid
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkage as lk
from linkage import interop, study
from linkage.agency.normalise import cleaner
from linkage.agency.rejoin import hashed_ids
from linkage.agency.tokens import tokeniser
from linkage.auditing.faults import FAULTS
from linkage.auditing.guesses import short_secret

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")  # a postcode that can't be read

PEOPLE = study.invent(600, seed=8, agencies=["registry"])
TABLE = PEOPLE["registry"].slice(0, 500)
KEY = lk.Key.generate()
WORDS = 16


def schema_of(**settings) -> lk.Schema:
    preset = lk.Schema.preset("uk-person", project="audit", layout="record")
    fields = tuple(
        lk.Field(name=field.name, type=field.type, scheme=field.scheme, codes=field.codes) for field in preset.fields
    )
    return lk.Schema(**{"project": "audit", "layout": "record", "fields": fields} | settings)


RECORD = schema_of()
COLUMNS = PEOPLE.held("registry", RECORD)
AT = {"id": "entry_no", "columns": COLUMNS}


def encode(schema=RECORD, key=KEY, table=TABLE, **more) -> lk.EncodedSet:
    held = {name: column for name, column in COLUMNS.items() if name in [field.name for field in schema.fields]}
    return lk.encode(table, schema, key, source="registry", id="entry_no", columns=held, progress=False, **more)


def deepest(given, schema=RECORD, key=KEY, table=TABLE, **more) -> lk.Audit:
    held = {name: column for name, column in COLUMNS.items() if name in [field.name for field in schema.fields]}
    return lk.audit(given, schema=schema, key=key, table=table, **({"id": "entry_no", "columns": held} | more))


def with_rows(rows: np.ndarray, schema=RECORD, ids=None) -> lk.EncodedSet:
    """A set as another program might make it: the right ids, and these rows in the order of the table."""
    hashed = hashed_ids(TABLE["entry_no"], KEY, project="audit", source="registry", column="entry_no")
    ids = hashed.to_pylist() if ids is None else ids
    return lk.EncodedSet.from_arrays(
        ids, {"record": rows}, schema=schema, source="registry", key_check=KEY.check("audit")
    )


def hashed_rows(positions) -> np.ndarray:
    """Filters of 1,024 bits of the same tokens, by other hashes: ``positions(token)`` are the bits it sets."""
    bits = np.zeros((len(TABLE), 64 * WORDS), np.uint8)
    for field in RECORD.fields:
        if COLUMNS.get(field.name) is None and field.name in COLUMNS:
            continue
        clean, cut = cleaner(field), tokeniser(field)
        for row, text in enumerate(TABLE[COLUMNS.get(field.name, field.name)].to_pylist()):
            value = clean(text).value if text else ""
            for token in cut(value) if value else ():
                bits[row, positions(token)] = 1
    return np.packbits(bits, axis=1).view(np.uint64)


def saved(encoded: lk.EncodedSet, path) -> pa.Table:
    encoded.save(path)
    return pq.read_table(path)


def only(found: lk.Audit, name: str) -> lk.Finding:
    """The finding, which failed, and makes the audit fail."""
    assert found[name].level == "fail" and found.level == "fail"
    with pytest.raises(lk.PrivacyError, match=name):
        found.raise_above("warn")
    assert found[name].change and found[name].reason
    return found[name]


def test_names_left_in__are_seen_in_the_file_that_our_reader_refuses(tmp_path):
    table = saved(encode(), tmp_path / "a.parquet")
    table = table.append_column("forename", TABLE["given_name"] if "given_name" in TABLE.column_names else TABLE[1])
    pq.write_table(table, tmp_path / "names.parquet", write_statistics=False, use_dictionary=False)
    found = lk.audit(tmp_path / "names.parquet")
    assert only(found, "columns beyond the agreement").where == "forename"
    assert found["file in order"].level == "fail" and found.risk == 1.0
    shown = str(found) + found._repr_html_()
    assert not any(name in shown for name in TABLE[1].to_pylist() if name and len(name) > 6)


def test_unkeyed_hash__is_known_without_a_table():
    """As the ONS's toolkit makes them, its salt empty as it is by default."""
    rows = hashed_rows(
        lambda token: [int(hashlib.sha256(f"{token}{n}".encode()).hexdigest(), 16) % 1024 for n in range(8)]
    )
    found = lk.audit(with_rows(rows))
    assert "sha256" in only(found, "known unkeyed encodings").where and found.risk == 1.0


def test_unkeyed_hash__of_any_kind_shows_when_encoded_again():
    rows = hashed_rows(
        lambda token: [
            int.from_bytes(hashlib.blake2s(f"{n}|{token}".encode()).digest()[:4], "big") % 1024 for n in range(8)
        ]
    )
    given = with_rows(rows)
    assert lk.audit(given)["known unkeyed encodings"].level == "ok"  # not of a kind that it knows
    assert only(deepest(given), "made by the key").value == 1.0


def test_same_noise_for_every_record__shows_when_encoded_again():
    schema = schema_of(harden=lk.Hardening(noise=0.1))
    plain = encode()
    mask = np.packbits(np.random.default_rng(1).random(1024) < 0.05).view(np.uint64)
    noisy = lk.EncodedSet.from_arrays(
        plain.record_ids.to_pylist(), {"record": plain.filters["record"] ^ mask}, schema=schema, source="registry",
        key_check=plain.key_check,
    )  # fmt: skip
    found = deepest(noisy, schema)
    assert only(found, "noise of each record").value == 1.0
    assert found["made by the key"].level == "fail"


def test_identical_rows__are_counted():
    table = pa.concat_tables([TABLE.slice(0, 300), *[TABLE.slice(0, 1)] * 200])
    table = table.set_column(table.column_names.index("entry_no"), "entry_no", pa.array([str(n) for n in range(500)]))
    found = lk.audit(encode(table=table))
    assert only(found, "identical records").value == pytest.approx(201 / 500)
    assert found["largest class of identical records"].value == pytest.approx(201 / 500)


def test_tiny_blocks__are_counted(tmp_path):
    given = encode()
    blocks = [[record[:2]] for record in given.record_ids.to_pylist()]  # some two in each of 256
    assert only(lk.audit(given, blocks=blocks), "block sizes").value > 0.9
    given.save(tmp_path / "a.parquet")
    (tmp_path / "blocks.json").write_text(json.dumps({"blocks": blocks, "of": given.digest()}))
    assert lk.audit(tmp_path / "a.parquet", blocks=tmp_path / "blocks.json")["block sizes"].level == "fail"


def test_double_hashing__shows_in_the_distances_of_bits():
    """Keyed, so no list of unkeyed encodings has it: Schnell, Bachteler and Reiher (2009), as clkhash offers it."""

    def positions(token: str) -> list[int]:
        digests = (hashlib.sha256(f"{KEY.check('audit')}{which}{token}".encode()).digest() for which in "ab")
        first, step = (int.from_bytes(digest[:8], "big") for digest in digests)
        return [(first + n * step) % 1024 for n in range(12)]

    found = lk.audit(with_rows(hashed_rows(positions)))
    only(found, "double hashing")
    assert found["known unkeyed encodings"].level == "ok"


def clkhash_schema(kind: str, *names: str) -> lk.Schema:
    singular = {"prevent_singularity": True} if kind == "doubleHash" else {}
    hashing = {
        "comparison": {"type": "ngram", "n": 2},
        "strategy": {"bitsPerToken": 15},
        "hash": {"type": kind} | singular,
    }
    text = {"type": "string", "encoding": "utf-8"}
    kdf = {"type": "HKDF", "hash": "SHA256", "info": "", "salt": "", "keySize": 64}
    features = [{"identifier": name, "format": text, "hashing": hashing} for name in names]
    return lk.Schema.from_clkhash({"version": 3, "clkConfig": {"l": 1024, "kdf": kdf}, "features": features})


def test_double_hashing__of_clkhash_is_seen_and_its_other_strategy_passes():
    table = pa.table({name: TABLE[COLUMNS[name]].fill_null("") for name in ("surname", "given_name")})

    def made(kind):
        secret = KEY.derive(project="audit", purpose="clkhash")
        return lk.audit(interop.encode_clkhash(table, clkhash_schema(kind, "surname", "given_name"), secret))

    assert made("doubleHash")["double hashing"].level == "fail"
    other = made("blakeHash")
    assert other["double hashing"].level == "ok"
    assert other["record ids"].level == "warn"  # row numbers: all that clkhash has


def test_name_only_filter__is_told_by_the_agreement_and_by_empty_columns():
    names = schema_of(fields=RECORD.fields[:2], bits=512)
    assert {field.type for field in names.fields} == {"name"}
    only(lk.audit(encode(names)), "names only")
    # all fields agreed on, and none but names held: in one filter a record only the table tells
    alone = {field.name: None for field in RECORD.fields[2:]} | {
        name: COLUMNS[name] for name in ("given_name", "surname")
    }
    given = lk.encode(TABLE, RECORD, KEY, source="registry", id="entry_no", columns=alone, progress=False)
    assert lk.audit(given)["names only"].level == "ok"
    only(deepest(given, columns=alone), "names only")
    separate = lk.Schema(project="audit", fields=RECORD.fields)
    given = lk.encode(TABLE, separate, KEY, source="registry", id="entry_no", columns=alone, progress=False)
    only(lk.audit(given), "names only")


@pytest.mark.parametrize(
    "steps", [{"saul": 3}, {"noise": 0.1}, {"diffuse": 10}, {"salt": "dob"}, {"saul": 3, "noise": 0.1}], ids=str
)
def test_hardening_inert__shows_when_encoded_again(steps):
    hardened = schema_of(harden=lk.Hardening(**steps))
    plain = encode()
    given = lk.EncodedSet.from_arrays(
        plain.record_ids.to_pylist(), dict(plain.filters), schema=hardened, source="registry", key_check=plain.key_check
    )
    found = deepest(given, hardened)
    assert set(only(found, "hardening acts").where.split(", ")) >= set(steps)
    if "saul" in steps:
        assert lk.audit(given)["hardening by its bits"].level == "fail"  # the file alone shows it


def test_hardening_inert__by_a_salt_that_everybody_shares():
    salted = schema_of(harden=lk.Hardening(salt="sex"))
    place = TABLE.column_names.index(COLUMNS["sex"])
    same = TABLE.set_column(place, COLUMNS["sex"], pa.array(["F"] * len(TABLE)))
    assert only(deepest(encode(salted, table=same), salted, table=same), "hardening acts").where == "salt"
    assert deepest(encode(salted), salted)["hardening acts"].level == "ok"


def test_hardening_inert__by_noise_below_a_bit():
    schema = schema_of(harden=lk.Hardening(noise=0.001), bits=512)
    assert only(lk.audit(encode(schema)), "hardening by its bits").where == "noise"


@pytest.mark.parametrize(
    "secret",
    [
        hashlib.sha256(b"2468").digest(),
        hashlib.sha256(b"0042").digest(),
        hashlib.sha512(b"password").digest()[:32],
        hashlib.blake2b(b"audit", digest_size=32).digest(),
        np.random.default_rng(42).bytes(32),
        np.random.RandomState(2024).bytes(32),
    ],
    ids=["a PIN", "a PIN of four digits", "a word", "the project's name", "a seed", "an old seed"],
)
def test_short_key__stretched_to_full_length_is_guessed_from_the_file_alone(secret):
    found = lk.audit(encode(key=lk.Key(secret)))
    only(found, "guessable key")
    assert found.risk == 1.0


def test_short_key__of_clkhash_is_measured():
    agreed, table = (
        clkhash_schema("blakeHash", "surname"),
        pa.table({"surname": TABLE[COLUMNS["surname"]].fill_null("")}),
    )
    for secret, level in ((b"horse", "fail"), ("correct", "fail"), (bytes(range(7, 39)), "ok")):
        given = interop.encode_clkhash(table, agreed, secret)
        found = lk.audit(given, key=secret, table=table)
        assert found["guessable key"].level == level
        assert found["made by the key"].value == 0 and found["records of the table"].value == 0


def test_rows_in_input_order__show_by_ids_that_fall(tmp_path):
    table = saved(encode(), tmp_path / "a.parquet")
    rows = np.random.default_rng(2).permutation(len(table))
    pq.write_table(table.take(pa.array(rows)), tmp_path / "b.parquet", write_statistics=False, use_dictionary=False)
    found = lk.audit(tmp_path / "b.parquet")
    assert only(found, "row order").value > 100
    assert found["record ids"].level == "ok"


def test_rows_in_input_order__show_by_ids_that_count():
    table = TABLE.sort_by(COLUMNS["surname"])
    order = np.argsort(np.array(TABLE[COLUMNS["surname"]].fill_null("~").to_pylist()), kind="stable")
    given = encode()
    hashed = hashed_ids(TABLE["entry_no"], KEY, project="audit", source="registry", column="entry_no").to_pylist()
    place = {record: row for row, record in enumerate(given.record_ids.to_pylist())}
    rows = given.filters["record"][[place[hashed[row]] for row in order]]
    assert len(table) == len(rows)
    for ids in ([f"{n:032x}" for n in range(500)], [f"case-{n:04}" for n in range(500)]):
        found = lk.audit(with_rows(rows, ids=ids))
        only(found, "record ids")
        assert found["neighbouring rows"].level == "fail"  # by surname: families stand together


def test_statistics_in_the_footer__are_seen(tmp_path):
    table = saved(encode(), tmp_path / "a.parquet")
    pq.write_table(table, tmp_path / "b.parquet", use_dictionary=False)
    found = lk.audit(tmp_path / "b.parquet")
    assert only(found, "statistics in the file").where == "record_id, record"
    pq.write_table(table, tmp_path / "d.parquet", write_statistics=["record"], write_page_index=True)
    assert lk.audit(tmp_path / "d.parquet")["statistics in the file"].where == "record"


def test_statistics_in_the_footer__are_not_all_that_a_data_frame_leaves(tmp_path):
    frame = saved(encode(), tmp_path / "a.parquet").to_pandas()
    frame.attrs["exported by"] = "somebody"
    frame.to_parquet(tmp_path / "b.parquet")
    found = lk.audit(tmp_path / "b.parquet", schema=RECORD)
    assert "pandas" in only(found, "foreign metadata").where
    assert found["filter fill"].level == "ok"  # and the records were looked at, as the agreement says


def test_filter_overfull__is_measured():
    full = schema_of(bits=96)
    full = lk.Schema(
        project="audit", layout="record", bits=96,
        fields=tuple(lk.Field(name=f.name, type=f.type, hashes=8, codes=f.codes, scheme=f.scheme) for f in full.fields),
    )  # fmt: skip
    assert only(lk.audit(encode(full)), "filter fill").value > 0.9


def test_faults__each_show_in_a_finding_that_there_is():
    found = deepest(encode(), blocks=[["a"]] * 500)
    names = {finding.name for finding in found} | {
        "columns beyond the agreement",
        "statistics in the file",
        "foreign metadata",
        "file in order",
    }
    assert {fault.finding for fault in FAULTS} <= names
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert set(itertools.chain(found.finds, [miss.partition(" (")[0] for miss in found.misses])) == {
        fault.name for fault in FAULTS
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lacking = [miss for miss in found.misses if "path" not in miss]  # a set in memory has no file
        assert all("filter" in miss for miss in lacking) and len(lacking) == 2  # and it has one filter a record


def test_names_only__also_as_texts_and_as_features_of_clkhash():
    """Both passed every tier, and were said to be looked for."""
    fields = (lk.Field(name="surname", type="text"), lk.Field(name="forename", type="text"))
    only(lk.audit(encode(lk.Schema(project="audit", fields=fields, layout="record"))), "names only")
    feature = {
        "format": {"type": "string", "encoding": "utf-8", "case": "mixed"},
        "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 10}},
    }
    config = {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "salt": "c2FsdA==", "info": "", "keySize": 64}}
    for names, value in ((("forename", "surname"), 1.0), (("surname", "dob"), 0.0)):
        features = [feature | {"identifier": name} for name in names]
        schema = lk.Schema.from_clkhash({"version": 3, "clkConfig": config, "features": features})
        table = {name: [f"{name}{row}" for row in range(120)] for name in names}
        found = lk.audit(lk.interop.encode_clkhash(table, schema, b"a secret of the test", source="x"))
        assert found["names only"].value == value


def test_audit__does_not_claim_what_it_could_not_measure():
    """Sixty records hashed without a key were "ok" for want of records, and the fault stood among those it can find."""
    names = {"known unkeyed encodings", "double hashing", "XOR structure"}
    few, enough = lk.audit(encode(table=TABLE.slice(0, 60))), lk.audit(encode())
    assert {each.name for each in few if "fewer than 100 records" in each.unseen} == names
    assert all(each.level == "ok" for each in few if each.unseen)
    assert "double hashing" in enough.finds and "double hashing" not in few.finds
    assert any(miss.startswith("double hashing (fewer than 100") for miss in few.misses)
    assert "not measured, fewer than 100" in str(few) and "not measured: fewer than 100" in few._repr_html_()
    small = deepest(encode(), sample=20)
    assert small["neighbour graph"].unseen and "a graph of resemblance that names people" not in small.finds


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"sample": 0}, ValueError, "sample: at least 1"),
        ({"sample": "x"}, TypeError, "sample: must be a whole number, not str"),
        ({"seed": -1}, ValueError, "seed: at least 0"),
        ({"schema": "agreement.toml"}, TypeError, "schema: must be of the type Schema or None, not str; read"),
    ],
)
def test_audit__says_which_argument_is_none(given, error, says):
    with pytest.raises(error, match=says):
        lk.audit(encode(), **given)
    with pytest.raises(TypeError, match="set_or_path: must be of the type EncodedSet or a path, not dict"):
        lk.audit({"surname": ["a"]})


def test_blocks__of_the_agreement_are_blocks_that_were_looked_at():
    blocked = schema_of(blocks=(lk.Block(name="born", keys=("dob",)),))
    found = lk.audit(encode(blocked))
    assert "keyed blocks" in found and "tiny blocks" in found.finds


def test_audit__takes_no_text_for_the_key_of_our_own_sets():
    """The path of the key file was taken for the secret, and accused of being short."""
    with pytest.raises(TypeError, match="key: must be of the type Key, not text"):
        lk.audit(encode(), key="project.key", table={"no": ["1"]})


@pytest.mark.parametrize(
    ("drawn", "short"),
    [
        (lambda: secrets.token_hex(32), False),
        (lambda: secrets.token_hex(16), False),
        (lambda: secrets.token_bytes(16), False),
        (lambda: secrets.token_urlsafe(32), False),
        (lambda: str(uuid.uuid4()), False),
        (lambda: "abcdefghijklmnop", True),
        (lambda: "secret", True),
        (lambda: "secret" * 10, True),
        (lambda: b"x" * 64, True),
        (lambda: "1234567890123456", True),
        (lambda: secrets.token_bytes(8), True),
    ],
)
def test_audit__of_clkhash_says_of_a_secret_whether_all_like_it_can_be_tried(drawn, short):
    """Half of what was drawn at random was "short", as bytes occur twice in it; an alphabet in order was not."""
    assert all((short_secret(drawn()).level == "fail") == short for _ in range(200))


def test_audit__has_not_looked_for_a_key_where_nothing_says_which_it_was():
    rows = encode().filters["record"]
    foreign = lk.EncodedSet.from_arrays(
        [f"{n:032x}" for n in range(len(rows))], {"record": rows}, schema=RECORD, source="x"
    )
    found = lk.audit(foreign)
    assert found["guessable key"].unseen and "a key that can be guessed" not in found.finds


def test_audit__finds_a_guessable_key_whichever_key_it_was_given():
    guessable = lk.Key(hashlib.sha256(b"2468").digest())
    for given in (guessable, KEY):
        assert deepest(encode(key=guessable), key=given)["guessable key"].level == "fail"


def test_audit__names_another_key_than_the_one_that_was_given():
    found = deepest(encode(), key=lk.Key.generate())
    assert found["key"].level == "fail" and "another key" in found["key"].reason
    assert deepest(encode())["key"].level == "ok"


NAME = {"name": "surname", "type": "name"}


@pytest.mark.parametrize(
    ("more", "only_names"),
    [
        ({"name": "address_first_line", "type": "text"}, False),
        ({"name": "town_name", "type": "text"}, False),
        ({"name": "birth_year", "type": "category"}, False),
        ({"name": "known_as_name", "type": "text"}, True),
        ({"name": "sex", "type": "category"}, True),
    ],
)
def test_audit__tells_names_from_what_is_called_like_them(more, only_names):
    schema = lk.Schema(project="audit", layout="record", fields=(lk.Field(**NAME), lk.Field(**more)))
    table = {"no": [str(n) for n in range(60)], "surname": ["Ray"] * 60, more["name"]: ["M"] * 60}
    found = lk.audit(lk.encode(table, schema, KEY, id="no", source="x", progress=False))
    assert (found["names only"].level == "fail") == only_names


def test_audit__of_a_file_that_lost_its_agreement_has_not_looked_for_columns(tmp_path):
    table = saved(encode(), tmp_path / "set").append_column("surname", pa.array(["Ray"] * len(TABLE)))
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "lost")
    found = lk.audit(tmp_path / "lost")
    assert found["columns beyond the agreement"].unseen and "a column of names left in" not in found.finds
    assert lk.audit(tmp_path / "lost", schema=RECORD)["columns beyond the agreement"].level == "fail"


@pytest.mark.parametrize(("filled", "level"), [(0, "fail"), (200, "fail"), (420, "warn"), (500, "ok")])
def test_audit__counts_records_that_say_nothing(filled, level):
    columns = {name: TABLE[name].to_pylist()[:filled] + [None] * (500 - filled) for name in TABLE.column_names}
    found = lk.audit(encode(table=columns | {"entry_no": TABLE["entry_no"].to_pylist()}))
    assert found["empty records"].level == level


def test_audit__keeps_the_risk_of_the_set_where_the_graph_was_not_seen():
    assert deepest(encode(), sample=25).risk == lk.audit(encode(), sample=25).risk
    assert deepest(encode(), sample=25)["neighbour graph"].unseen


def test_unkeyed_hashes__of_capitals_are_found_too():
    rows = hashed_rows(
        lambda token: [
            int.from_bytes(hashlib.sha256(token.upper().encode() + str(n).encode()).digest(), "big") % 1024
            for n in (0, 1, 2)
        ]
    )
    assert lk.audit(with_rows(rows))["known unkeyed encodings"].level == "fail"


def test_audit__has_not_seen_blocks_where_no_record_has_a_key():
    schema = lk.Schema(
        project="audit", layout="record", fields=RECORD.fields, blocks=(lk.Block(name="born", keys=("dob",)),)
    )
    whole = lk.encode(TABLE, schema, KEY, source="registry", id="entry_no", columns=COLUMNS, progress=False)
    assert not lk.audit(whole)["keyed blocks"].unseen
    none = {name: np.zeros_like(keys) for name, keys in whole.blocks.items()}
    bare = lk.EncodedSet.from_arrays(
        whole.record_ids.to_pylist(),
        dict(whole.filters),
        blocks=none,
        schema=schema,
        source="registry",
        key_check=whole.key_check,
    )
    assert lk.audit(bare)["keyed blocks"].unseen


def test_neighbour_graph__is_of_records_that_have_a_value():
    """Empty ones are all alike on both sides: half of them made a hardened set look seven times as leaky."""
    schema = schema_of(bits=5120, harden=lk.Hardening(saul=4))
    half = {name: TABLE[name].to_pylist()[:250] + [None] * 250 for name in TABLE.column_names}
    half["entry_no"] = TABLE["entry_no"].to_pylist()
    whole = deepest(encode(schema), schema)["neighbour graph"]
    emptied = deepest(encode(schema, table=half), schema, table=half)["neighbour graph"]
    assert emptied.value < whole.value + 0.05 and not emptied.unseen
    none = {name: [None] * 500 for name in TABLE.column_names} | {"entry_no": half["entry_no"]}
    assert deepest(encode(schema, table=none), schema, table=none)["neighbour graph"].unseen
