"""Hardened sets compared and linked: by the similarity that is right for them, and refused by any other."""

import dataclasses
import re
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner

import linkage as lk
from linkage import Key, Schema, study
from linkage.cli import cli
from linkage.hardening import Hardening
from tests import naive

SECRET = "a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"
SIX = ("given_name", "surname", "dob", "sex", "address", "postcode")
FIELDS = tuple(
    lk.Field(name=name, type=kind)
    for name, kind in zip(SIX, ("name", "name", "date", "category", "text", "postcode"), strict=True)
)


@pytest.fixture(scope="module")
def people():
    return study.invent(250, seed=4)


def sets(people, **settings) -> tuple:
    schema = Schema(project="e2e", fields=FIELDS, layout="record", **settings)
    key = Key(bytes.fromhex(SECRET))
    return tuple(
        lk.encode(
            people[agency],
            schema,
            key,
            id=people.ids[agency],
            source=agency,
            columns={name: people.columns[agency][name] for name in SIX},
            progress=False,
        )
        for agency in ("registry", "childrens_centre")
    )


@pytest.fixture(scope="module")
def hardened(people):
    return sets(people, bits=2048, harden=Hardening(saul=3))


def test_compare__takes_the_agreements_measure_when_none_is_given(hardened):
    left, right = hardened
    assert left.schema.filters[0].similarity == "hamming"
    by_default = lk.compare(left, right, threshold=0.6)
    assert by_default.to_arrow() == lk.compare(left, right, threshold=0.6, measure="hamming").to_arrow()
    rows, columns = left.filters["record"][:40], right.filters["record"][:40]
    expected = {
        (row, column)
        for row in range(40)
        for column in range(40)
        if naive.similarity(
            naive.as_int(rows[row]).bit_count(),
            naive.as_int(columns[column]).bit_count(),
            naive.shared(rows[row], columns[column]),
            2048,
            "hamming",
        )
        >= Fraction(3, 5)
    }
    found = zip(by_default.left.tolist(), by_default.right.tolist(), strict=True)
    assert {pair for pair in found if max(pair) < 40} == expected


@pytest.mark.parametrize("measure", ["dice", "jaccard"])
def test_compare__refuses_a_measure_that_is_wrong_for_hardened_filters(hardened, measure):
    steps = (
        lambda: lk.compare(*hardened, threshold=0.8, measure=measure),
        lambda: lk.compare_in_parts(*hardened, threshold=0.8, measure=measure),
        lambda: lk.nearest_records(*hardened, measure=measure),
        lambda: lk.plan(*hardened, threshold=0.8, measure=measure),
    )
    for step in steps:
        with pytest.raises(ValueError, match=re.escape("filter 'record' is hardened (saul)")):
            step()


def test_compare__of_noisy_and_plain_filters_is_by_dice_unless_said(people):
    for settings in ({}, {"harden": Hardening(noise=0.05)}):
        left, right = sets(people, **settings)
        by_dice = lk.compare(left, right, threshold=0.6, measure="dice")
        assert by_dice.to_arrow() == lk.compare(left, right, threshold=0.6).to_arrow()
        assert len(lk.compare(left, right, threshold=0.9, measure="hamming"))


@pytest.mark.parametrize(
    ("settings", "threshold", "least"),
    [
        ({"bits": 5120, "harden": Hardening(saul=4)}, 0.56, 0.97),
        ({"bits": 1024, "harden": Hardening(diffuse=5)}, 0.6, 0.93),
        ({"bits": 2048, "harden": Hardening(fold=1, balance=True, noise=0.02)}, 0.7, 0.95),
    ],
    ids=str,
)
def test_link__finds_people_in_hardened_sets(people, settings, threshold, least):
    left, right = sets(people, **settings)
    links = lk.link(left, right, threshold=threshold)
    measured = lk.evaluate(
        links,
        people.pairs("registry", "childrens_centre"),
        key=Key(bytes.fromhex(SECRET)),
        sources=("registry", "childrens_centre"),
    )
    f1 = next(row for row in measured.to_arrow().to_pylist() if row["measure"] == "F1")["value"]
    assert f1 > least


def test_link__matches_nothing_with_a_record_without_values():
    schema = Schema(project="p", fields=FIELDS, layout="record", bits=256, harden=Hardening(saul=2))
    empty = {"no": ["1", "2", "3"], **{name: [None, "", None] for name in SIX}}
    empty["given_name"][2] = "Ann"
    with pytest.warns(lk.LinkageWarning):
        made = lk.encode(empty, schema, Key(bytes.fromhex(SECRET)), id="no", source="s", progress=False)
    assert sorted(made.popcounts["record"].tolist())[:2] == [0, 0]
    assert len(lk.compare(made, threshold=0.01)) == 0
    assert len(lk.nearest_records(made)) == 0


def test_fit__refuses_hardened_sets(hardened):
    with pytest.raises(ValueError, match="takes sets of the fields layout"):
        lk.fit(*hardened)


def test_files__carry_the_hardening_and_name_a_difference(hardened, people, tmp_path):
    hardened[0].save(tmp_path / "one.parquet")
    loaded = lk.EncodedSet.load(tmp_path / "one.parquet")
    assert loaded.schema == hardened[0].schema
    assert loaded.digest() == hardened[0].digest()
    assert np.array_equal(loaded.filters["record"], hardened[0].filters["record"])
    other = sets(people, bits=2048, harden=Hardening(saul=4))[1]
    with pytest.raises(lk.MismatchError, match="harden, saul: 3 and 4"):
        lk.compare(loaded, other, threshold=0.6)


def test_kernels__compare_rows_of_many_bits_alike(monkeypatch):
    from linkage.central import kernels

    schema = Schema(
        project="p", fields=FIELDS[:2], layout="record", bits=32_768, harden=Hardening(saul=1, balance=True)
    )
    width = schema.filters[0].bits
    assert width == 65_536
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 1 << 63, (40, width // 64), dtype=np.uint64)
    rows[20:] = rows[:20] ^ (rng.random((20, width // 64)) < 0.1).astype(np.uint64)
    rows[5], rows[6], rows[25] = 0, ~np.uint64(0), ~np.uint64(0)
    found = []
    for kernel in ("portable", *kernels.available()):
        monkeypatch.setenv("LINKAGE_KERNEL", kernel)
        made = lk.EncodedSet.from_arrays(
            [f"{row:03}" for row in range(40)], {"record": rows}, schema=schema, source="s"
        )
        found.append(lk.compare(made, threshold=0.99))
    assert {len(pairs) for pairs in found} == {19}
    assert all(np.array_equal(pairs.similarity, found[0].similarity) for pairs in found)


@pytest.mark.parametrize("bits", [2000, 2048, 3072, 8192, 9000])
def test_kernels__keep_every_pair_of_half_full_rows_that_lies_exactly_at_the_threshold(bits, monkeypatch):
    from linkage.central import kernels

    rng = np.random.default_rng(bits)
    table = rng.random((70, bits)) < 0.5
    for row in range(35, 70):  # agree with those before in just under, at, and just above three fifths of the bits
        table[row] = table[row - 35]
        apart = 2 * bits // 5 + row % 3 - 1
        table[row, rng.permutation(bits)[:apart]] ^= True
    rows = naive.packed(table)
    agreements = (table[:, None] == table[None]).sum(axis=2)
    expected = [(a, b) for a in range(70) for b in range(a + 1, 70) if 5 * agreements[a, b] >= 3 * bits]
    assert 10 < len(expected) < 25
    schema = Schema(project="p", fields=FIELDS[:2], layout="record", bits=bits, harden=Hardening(saul=1))
    ids = [f"{row:03}" for row in range(70)]
    for kernel in ("portable", *kernels.available()):
        monkeypatch.setenv("LINKAGE_KERNEL", kernel)
        made = lk.EncodedSet.from_arrays(ids, {"record": rows}, schema=schema, source="s")
        found = lk.compare(made, threshold="3/5")
        assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == expected, kernel
        nearest = lk.nearest_records(made, threshold="3/5", k=3)
        assert set(zip(nearest.left.tolist(), nearest.right.tolist(), strict=True)) == {
            pair for a, b in expected for pair in ((a, b), (b, a))
        }, kernel


def test_command_line__makes_a_hardened_agreement_and_compares_by_its_measure(people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(cli, ["schema", "uk-person", "--project", "p", "--profile", "hardened", "-o", "a.toml"])
    assert run.exit_code == 0, run.output
    assert Schema.load("a.toml").profile == "hardened"
    for made, name in zip(sets(people, bits=512, harden=Hardening(saul=2)), "lr", strict=True):
        made.save(f"{name}.parquet")
    run = CliRunner().invoke(cli, ["compare", "l.parquet", "r.parquet", "--threshold", "0.7", "-o", "out.parquet"])
    assert run.exit_code == 0, run.output
    assert "pairs in" in run.output


pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
MARKS = ("zyxquetzal", "vutmarrow", "1987-06-05", "qq7 9zz", "qq79zz")


@pytest.mark.parametrize("steps", [{"saul": 2}, {"salt": "dob", "noise": 0.1}, {"fold": 1, "balance": True}], ids=str)
def test_encode__gives_no_value_and_no_key_away(steps):
    from linkage.agency.harden import Hardener, columns_for

    key = Key(bytes.fromhex(SECRET))
    fields = tuple(dataclasses.replace(field, missing="refuse") for field in FIELDS[:3])
    schema = Schema(project="canary", fields=fields, layout="record", bits=256, harden=Hardening(**steps))
    good = {
        "no": ["1", "2"],
        "given_name": ["Zyxquetzal", "Ann"],
        "surname": ["Vutmarrow", "Lee"],
        "dob": ["1987-06-05", "1990-01-02"],
    }
    made = lk.encode(good, schema, key, id="no", source="one", progress=False)
    said = [
        repr(made),
        made._repr_html_(),
        made.schema.canonical(),
        repr(Hardener(key, schema)),
        str(columns_for(schema, key, room=1)),
    ]
    hardener = Hardener(key, schema)
    said += [repr(vars(hardener)), repr(hardener._makers), repr(hardener._filters)]
    for bad in (
        {"dob": ["Zyxquetzal", "1990-01-02"]},
        {"surname": ["Vutmarrow" * 500, "Lee"]},
        {"dob": [None, "1987-06-05"]},
    ):
        with pytest.raises(lk.RecordError) as caught:
            lk.encode({**good, **bad}, schema, key, id="no", source="one", progress=False)
        said += [str(caught.value), repr(vars(caught.value))]
    everything = "\n".join(said).lower()
    assert not [mark for mark in MARKS if mark in everything]
    assert key._text() not in everything
    assert SECRET not in everything
