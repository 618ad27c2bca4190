"""Attacks on encodings of invented people: they get in where they must, name nobody by chance, and use no key."""

import dataclasses
import hashlib

import numpy as np
import pyarrow as pa
import pytest

import linkage as lk
from linkage import study
from linkage.agency.rejoin import hashed_ids
from linkage.errors import RecordError, SchemaError
from linkage.positions import usual_of_a_token
from linkage.study import attacks
from linkage.study.attacks.adversary import bits_of
from linkage.study.attacks.graph import STARTS

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")  # a postcode that can't be read

KEYLESS = (attacks.frequency_alignment, attacks.pattern_mining, attacks.graph_matching, attacks.known_pairs)
PEOPLE = study.invent(900, seed=5, agencies=["registry"])
KEY = lk.Key(np.random.default_rng(11).bytes(32))
OTHER = lk.Key(np.random.default_rng(12).bytes(32))


def evenly(schema: lk.Schema) -> lk.Schema:
    """One filter a record in which every token of a field sets as many positions, whatever value it is of."""
    hashes = [max(1, round(usual_of_a_token(field))) for field in schema.fields]
    fields = (
        dataclasses.replace(field.decided_anew(), hashes=each)
        for field, each in zip(schema.fields, hashes, strict=True)
    )
    return dataclasses.replace(schema, fields=tuple(fields))


class Trial:
    """A set under attack, the adversary's list, and what the attacks are told."""

    def __init__(self, layout: str, overlap: float, case: str = "subset", table: pa.Table | None = None):
        self.schema = lk.Schema.preset("uk-person", project="attacks", layout={"even": "record"}.get(layout, layout))
        if layout == "even":
            self.schema = evenly(self.schema)
        self.columns = PEOPLE.held("registry", self.schema)
        table = PEOPLE["registry"] if table is None else table
        self.lists = attacks.two_lists(table, id="entry_no", overlap=overlap, case=case, seed=2)
        self.encoded = self.encode(self.lists.held, KEY)
        self.told = {"truth": self.lists.truth, "truth_key": KEY, "id": "entry_no", "columns": self.columns}

    def encode(self, table: pa.Table, key: lk.Key) -> lk.EncodedSet:
        return lk.encode(
            table, self.schema, key, id="entry_no", source="registry", columns=self.columns, progress=False
        )

    def with_bits(self, bits: np.ndarray) -> lk.EncodedSet:
        """The same records with other filters."""
        filters, start = {}, 0
        for filter in self.schema.filters:
            part = np.zeros((len(bits), filter.words * 64), np.uint8)
            part[:, : filter.bits] = bits[:, start : start + filter.bits]
            filters[filter.name] = np.packbits(part, axis=1).view(np.uint64)
            start += filter.bits
        ids = self.encoded.record_ids.to_pylist()
        return lk.EncodedSet.from_arrays(ids, filters, schema=self.schema, source="registry")


@pytest.fixture(scope="module")
def record():
    return Trial("record", 0.6, "partial")


@pytest.fixture(scope="module")
def even():
    return Trial("even", 0.6, "partial")


@pytest.fixture(scope="module")
def fields():
    return Trial("fields", 0.6, "partial")


@pytest.mark.parametrize(
    ("attack", "layout", "least"),
    [
        (attacks.graph_matching, "record", 0.95),
        (attacks.graph_matching, "fields", 0.95),
        (attacks.pattern_mining, "even", 0.95),
        (attacks.pattern_mining, "fields", 0.95),
        (attacks.known_pairs, "record", 0.95),
        (attacks.known_pairs, "fields", 0.9),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_attack__gets_into_plain_filters(attack, layout, least, request):
    trial = request.getfixturevalue(layout)
    found = attack(trial.encoded, trial.lists.known, **trial.told)
    assert found.rate > least
    assert found.interval.low > least - 0.05
    assert found.correct <= found.overlapping <= len(trial.lists.truth) and found.claimed <= found.records


@pytest.mark.parametrize("attack", KEYLESS, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize("layout", ["record", "fields"])
def test_attack__on_random_bits_names_no_more_than_chance_allows(attack, layout, request):
    trial = request.getfixturevalue(layout)
    plain = bits_of(trial.encoded)
    bits = np.random.default_rng(3).random(plain.shape) < plain.mean(axis=0)
    fewer = {"starts": STARTS[:2]} if attack is attacks.graph_matching else {}  # there is none that gets in
    found = attack(trial.with_bits(bits), trial.lists.known, **trial.told, **fewer)
    assert found.correct <= 8  # one is expected of one-to-one guesses; more than eight come once in a million times


@pytest.mark.parametrize("attack", KEYLESS, ids=lambda attack: attack.__name__)
def test_attack__uses_key_and_truth_for_counting_alone(attack, request):
    """No key and another truth: the same claims, all of them wrong. `known_pairs` alone is told some of the truth."""
    trial = request.getfixturevalue("fields" if attack is attacks.frequency_alignment else "record")
    ids = trial.lists.truth["left_id"]
    hashed = hashed_ids(ids, KEY, project="attacks", source="registry", column="left_id")
    theirs = trial.lists.truth["right_id"].combine_chunks()
    truth = pa.table({"left_id": hashed, "right_id": theirs if attack is attacks.known_pairs else theirs[::-1]})
    told = {name: value for name, value in trial.told.items() if name != "truth_key"} | {"truth": truth}
    with_key, without = (attack(trial.encoded, trial.lists.known, **each) for each in (trial.told, told))
    columns = ["left_id", "right_id", "confidence"]
    assert with_key.claimed and with_key.claims.select(columns).equals(without.claims.select(columns))
    assert without.correct <= 8 or attack is attacks.known_pairs


def test_attack__refuses_a_truth_about_other_records(record):
    truth = pa.table({"left_id": ["nobody"], "right_id": ["no one"]})
    for attack in KEYLESS:
        with pytest.raises(RecordError, match="no pair of the truth"):
            attack(record.encoded, record.lists.known, **record.told | {"truth": truth})
    with pytest.raises(RecordError, match="no pair of the truth"):  # ids of the agency, and another agency's key
        attacks.pattern_mining(record.encoded, record.lists.known, **record.told | {"truth_key": OTHER})
    with pytest.raises(RecordError, match="left_id and right_id"):
        attacks.pattern_mining(record.encoded, record.lists.known, **record.told | {"truth": pa.table({"a": ["b"]})})


def test_attack__needs_the_column_of_the_lists_ids(record):
    for attack in KEYLESS:
        with pytest.raises(TypeError, match="id: the column"):
            attack(record.encoded, record.lists.known, **record.told | {"id": None})


def test_dictionary_attack__opens_everything_with_the_key_and_nothing_with_another(record):
    found = attacks.dictionary_attack(record.encoded, record.lists.known, KEY, **record.told)
    assert found.correct == found.overlapping == found.details["identical"] == len(record.lists.truth)
    other = attacks.dictionary_attack(record.encoded, record.lists.known, OTHER, **record.told)
    assert other.correct <= 8 and other.details["identical"] == 0


@pytest.mark.parametrize(("harden", "least"), [({"saul": 2}, 0.8), ({"diffuse": 3}, 0.7), ({"fold": 1}, 0.9)])
def test_known_pairs__learns_an_exclusive_or_as_well(harden, least):
    """A sum over tokens was fitted to it, which named far fewer than a reviewer did by the kernel that SAUL states."""
    columns = PEOPLE.held("registry", lk.Schema.preset("uk-person", project="attacks"))
    fields = tuple(each.decided_anew() for each in lk.Schema.preset("uk-person", project="attacks").fields)
    schema = lk.Schema(project="x", fields=fields, layout="record", bits=1024, harden=lk.Hardening(**harden))
    own = {"id": "entry_no", "columns": columns}
    encoded = lk.encode(PEOPLE["registry"], schema, KEY, source="registry", progress=False, **own)
    lists = attacks.two_lists(PEOPLE["registry"], id="entry_no", overlap=1.0, seed=2)
    found = attacks.known_pairs(encoded, lists.known, truth=lists.truth, truth_key=KEY, **own)
    assert found.rate > least


def test_known_pairs__learns_from_what_it_is_sure_of(monkeypatch):
    """Of 5,000 births known pairs named 41 % of `guarded`, and twice as many once it was let go on."""
    people = study.invent(1_560, seed=1, agencies=["registry"])
    fields = tuple(each.decided_anew() for each in lk.Schema.preset("uk-person", project="attacks").fields)
    schema = lk.Schema(project="x", fields=fields, layout="record", bits=512, harden=lk.Hardening(saul=2))
    own = {"id": "entry_no", "columns": people.held("registry", schema)}
    lists = attacks.two_lists(people["registry"].slice(0, 1_300), id="entry_no", overlap=1.0, seed=1)
    encoded = lk.encode(lists.held, schema, KEY, source="registry", progress=False, **own)
    found = attacks.known_pairs(encoded, lists.known, truth=lists.truth, truth_key=KEY, **own)
    assert 0 < found.details["believed"] <= found.overlapping
    few = attacks.known_pairs(encoded, lists.known, truth=lists.truth, truth_key=KEY, share=0.19, **own)
    assert few.details == {"told": 247, "believed": 0}  # too few to judge by
    monkeypatch.setattr("linkage.study.attacks.known._ROUNDS", 0)
    alone = attacks.known_pairs(encoded, lists.known, truth=lists.truth, truth_key=KEY, **own)
    assert alone.details["believed"] == 0 and found.rate > 1.3 * alone.rate


def test_known_pairs__counts_nobody_it_was_told(record):
    found = attacks.known_pairs(record.encoded, record.lists.known, share=0.25, **record.told)
    told = found.details["told"]
    assert told == round(0.25 * len(record.lists.truth))
    assert found.overlapping == len(record.lists.truth) - told
    assert found.records == len(record.encoded) - told
    for share in (0, 1, 2):
        with pytest.raises(ValueError, match="share"):
            attacks.known_pairs(record.encoded, record.lists.known, share=share, **record.told)


def test_frequency_alignment__says_that_it_has_nothing_where_all_encodings_differ(record):
    found = attacks.frequency_alignment(record.encoded, record.lists.known, **record.told)
    assert found.details["repeated"] < 0.02 and found.correct == 0
    assert found.claimed <= 0.02 * found.records


def test_frequency_alignment__reads_frequent_values_though_it_names_few():
    trial = Trial("fields", 1.0)
    found = attacks.frequency_alignment(trial.encoded, trial.lists.known, **trial.told)
    assert found.details["repeated"] > 0.5 and found.details["read"] > 0.15
    assert 0 < found.rate < 0.1
    sexes = trial.with_bits(np.where(_columns_of(trial, "sex"), bits_of(trial.encoded), 0))
    found = attacks.frequency_alignment(sexes, trial.lists.known, **trial.told)
    assert found.details["read"] == 1.0  # two values, both sizes known
    assert found.claimed == 0  # half of the list fits equally well
    with pytest.raises(ValueError, match="least"):
        attacks.frequency_alignment(trial.encoded, trial.lists.known, least=1, **trial.told)


def test_frequency_alignment__names_whom_a_frequent_and_a_rare_value_single_out():
    """Of names by a staircase of frequencies everyone is read rightly, and named where only one has the name."""
    counts = {"archibald": 9, "wolfgang": 6, "siobhan": 4, "bo": 2, "christopherson": 2}
    names = [name for name, count in counts.items() for _ in range(count)]
    table = pa.table({"id": [str(n) for n in range(len(names))], "name": names, "mark": [str(n) for n in range(23)]})
    schema = lk.Schema(
        project="stairs", fields=(lk.Field(name="name", type="name"), lk.Field(name="mark", type="category"))
    )
    encoded = lk.encode(table, schema, KEY, id="id", source="a", progress=False)
    truth = pa.table({"left_id": table["id"], "right_id": table["id"]})
    found = attacks.frequency_alignment(encoded, table, truth=truth, truth_key=KEY, id="id")
    assert found.details == {"repeated": 0.5, "aligned": 5, "read": 0.5}  # the names, and none of the marks
    assert found.claimed == 0


def test_pattern_mining__finds_no_pattern_where_every_bit_is_noise(fields):
    bits = np.random.default_rng(4).integers(0, 2, bits_of(fields.encoded).shape)
    found = attacks.pattern_mining(fields.with_bits(bits), fields.lists.known, **fields.told)
    assert found.details == {"patterns": 0, "tokens": 0}
    assert found.claimed == found.correct == 0 and found.rate == 0


def test_pattern_mining__learns_the_bits_of_most_tokens(even):
    found = attacks.pattern_mining(even.encoded, even.lists.known, **even.told)
    assert found.details["tokens"] > 2 * found.details["patterns"] > 50


def test_pattern_mining__needs_an_agreement_of_ours(record):
    clks = lk.EncodedSet.from_arrays(
        ["0" * 32], {"record": np.ones((1, 16), np.uint64)},
        schema=lk.Schema(project="clk", layout="record", encoder="clkhash", fields=()), source="a",
    )  # fmt: skip
    with pytest.raises(SchemaError, match="no fields of ours"):
        attacks.pattern_mining(clks, record.lists.known, truth=record.lists.truth, id="entry_no")


def test_graph_matching__takes_the_adversarys_own_encodings(record):
    own = record.encode(record.lists.known, OTHER)
    theirs = hashed_ids(record.lists.truth["right_id"], OTHER, project="attacks", source="registry", column="right_id")
    truth = pa.table({"left_id": record.lists.truth["left_id"], "right_id": theirs})
    found = attacks.graph_matching(record.encoded, own, truth=truth, truth_key=KEY)
    assert found.rate > 0.95 and found.details["ambiguity"] < 0.6


def test_graph_matching__shows_by_its_ambiguity_that_it_did_not_get_through(record):
    bits = np.random.default_rng(6).integers(0, 2, bits_of(record.encoded).shape)
    found = attacks.graph_matching(record.with_bits(bits), record.lists.known, starts=STARTS[:2], **record.told)
    assert found.details["ambiguity"] > 0.6 and found.details["starts"] == 4  # two of each
    with pytest.raises(ValueError, match="starts"):
        attacks.graph_matching(record.encoded, record.lists.known, starts=(), **record.told)
    with pytest.raises(ValueError, match="keys"):
        attacks.graph_matching(record.encoded, record.lists.known, keys=0, **record.told)


def test_graph_matching__gets_through_where_every_two_bits_are_mixed():
    """It named 2 of 100 there: fitted by nearest points alone, it lost what a start had right."""
    way, rates = {"layout": "record", "bits": 1024, "harden": lk.Hardening(diffuse=2)}, []
    for seed in (1, 2):
        people = study.invent(1_200, seed=seed, agencies=["registry"])
        preset = lk.Schema.preset("uk-person", project="attacks", layout="record")
        schema = lk.Schema(project="attacks", fields=tuple(each.decided_anew() for each in preset.fields), **way)
        columns = people.held("registry", schema)
        lists = attacks.two_lists(
            people["registry"].slice(0, 1_000), id="entry_no", overlap=0.5, case="partial", seed=1
        )
        encoded = lk.encode(lists.held, schema, KEY, id="entry_no", source="registry", columns=columns, progress=False)
        told = {"truth": lists.truth, "truth_key": KEY, "id": "entry_no", "columns": columns}
        rates.append(attacks.graph_matching(encoded, lists.known, **told, starts=STARTS[:5]).rate)
    assert max(rates) > 0.9, rates


def test_two_lists__are_those_of_the_two_cases():
    table = pa.table({"id": [hashlib.sha256(bytes([n])).hexdigest() for n in range(100)]})
    ids = set(table["id"].to_pylist())
    for case, sizes in {"subset": (20, 100, 20), "partial": (60, 60, 20)}.items():
        lists = attacks.two_lists(table, id="id", overlap=0.2, case=case, seed=1)
        held, known = (set(each["id"].to_pylist()) for each in (lists.held, lists.known))
        assert (len(held), len(known), len(lists.truth)) == sizes
        assert held & known == set(lists.truth["left_id"].to_pylist()) and held | known == ids
        assert lists.truth["left_id"].equals(lists.truth["right_id"])
        again, other = (attacks.two_lists(table, id="id", overlap=0.2, case=case, seed=seed) for seed in (1, 2))
        assert again.held.equals(lists.held) and not other.held.equals(lists.held)


def test_two_lists__refuses_what_is_no_overlap_case_or_column():
    table = pa.table({"id": ["1", "2"]})
    for overlap in (0, 1.2, -1):
        with pytest.raises(ValueError, match="overlap"):
            attacks.two_lists(table, id="id", overlap=overlap, seed=1)
    with pytest.raises(ValueError, match="case"):
        attacks.two_lists(table, id="id", overlap=0.5, case="both", seed=1)
    with pytest.raises(RecordError, match="no such id column"):
        attacks.two_lists(table, id="number", overlap=0.5, seed=1)


def test_reidentified__of_nobody_in_both_has_no_rate():
    nobody = attacks.Reidentified("graph matching", records=10, overlapping=0, claimed=0, correct=0, seconds=1.0)
    assert np.isnan(nobody.rate) and np.isnan(nobody.precision) and nobody.interval.high == 1.0
    assert "graph matching" in nobody._repr_html_()


def _columns_of(trial: Trial, name: str) -> np.ndarray:
    return np.concatenate([np.full(filter.bits, filter.name == name) for filter in trial.schema.filters])


def test_attack__of_too_few_or_of_a_filter_that_is_not_there_says_so(record):
    few = record.encoded.without(record.encoded.record_ids.to_pylist()[5:])
    with pytest.raises(ValueError, match="fewer than 10 records or people"):
        attacks.graph_matching(few, record.lists.known, **record.told | {"truth": record.lists.truth.slice(0, 0)})
    with pytest.raises(ValueError, match="filters: there is no 'nope'"):
        attacks.xor_tuples(record.encoded, filters=["nope"])


@pytest.mark.parametrize("attack", KEYLESS)
def test_attack__on_a_set_in_which_all_is_missing_names_nobody_or_says_why(attack, record):
    """Graph matching ended in an error of the eigensolver's."""
    blank = record.with_bits(np.zeros((len(record.encoded), record.schema.filters[0].bits), np.uint8))
    if attack is attacks.graph_matching:
        with pytest.raises(ValueError, match="all records of a set are alike"):
            attack(blank, record.lists.known, **record.told)
    else:
        assert attack(blank, record.lists.known, **record.told).rate < 0.02


def test_known_pairs__tells_tokens_under_different_salts_apart():
    """The salt's field is in the agreement, and its values are in the adversary's list."""
    schema = lk.Schema(
        project="attacks",
        layout="record",
        fields=tuple(field.decided_anew() for field in lk.Schema.preset("uk-person", project="attacks").fields),
        harden=lk.Hardening(salt="sex"),
    )
    columns = PEOPLE.held("registry", schema)
    lists = attacks.two_lists(PEOPLE["registry"], id="entry_no", overlap=1.0, seed=2)
    encoded = lk.encode(lists.held, schema, KEY, id="entry_no", source="registry", columns=columns, progress=False)
    found = attacks.known_pairs(
        encoded, lists.known, truth=lists.truth, truth_key=KEY, id="entry_no", columns=columns, share=0.04
    )
    assert found.rate > 0.95  # with tokens under all salts as one it was 0.69


def test_attacks__need_no_groups_in_the_adversarys_list():
    plain = Trial("record", 0.5)
    schema = dataclasses.replace(plain.schema, groups=(lk.Group(name="quarter"),))
    table = plain.lists.held.append_column("quarter", pa.array(["north"] * len(plain.lists.held)))
    encoded = lk.encode(
        table,
        schema,
        KEY,
        id="entry_no",
        source="registry",
        columns=plain.columns | {"quarter": "quarter"},
        progress=False,
    )
    for attack in (attacks.known_pairs, attacks.frequency_alignment, attacks.pattern_mining):
        assert attack(encoded, plain.lists.known, **plain.told).overlapping > 0
    found = attacks.dictionary_attack(encoded, plain.lists.known, KEY, **plain.told)
    assert found.rate > 0.99


def test_known_pairs__of_one_person_has_nobody_to_learn_from():
    one = Trial("record", 1.0, table=PEOPLE["registry"].slice(0, 1))
    with pytest.raises(ValueError, match="at least two people"):
        attacks.known_pairs(one.encoded, one.lists.known, **one.told)
