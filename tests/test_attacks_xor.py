"""Low-weight XOR tuples: structure is found where it was put, and nowhere else."""

import numpy as np
import pytest

import linkage as lk
from linkage import study
from linkage.study import attacks

WIDTH, ROWS = 128, 300


def with_bits(bits: np.ndarray) -> lk.EncodedSet:
    n, width = bits.shape
    schema = lk.Schema(project="xor", layout="record", bits=width, fields=(lk.Field(name="name", type="name"),))
    padded = np.zeros((n, -(-width // 64) * 64), np.uint8)
    padded[:, :width] = bits
    filters = {"record": np.packbits(padded, axis=1).view(np.uint64)}
    return lk.EncodedSet.from_arrays([f"{row:032x}" for row in range(n)], filters, schema=schema, source="a")


def noise(seed: int, share: float | np.ndarray = 0.5) -> np.ndarray:
    return (np.random.default_rng(seed).random((ROWS, WIDTH)) < share).astype(np.uint8)


def plain() -> np.ndarray:
    """A plain filter over all fields of invented people."""
    people = study.invent(ROWS + 60, seed=4, agencies=["registry"])
    schema = lk.Schema.preset("uk-person", project="xor", layout="record")
    encoded = lk.encode(
        people["registry"].slice(0, ROWS), schema, lk.Key(np.random.default_rng(1).bytes(32)),
        id="entry_no", source="a", columns=people.held("registry", schema), progress=False,
    )  # fmt: skip
    return np.unpackbits(encoded.filters["record"].view(np.uint8), axis=1)


@pytest.mark.parametrize("seed", range(4))
def test_xor_tuples__finds_nothing_in_noise_even_or_not(seed):
    for share in (0.5, np.random.default_rng(seed).uniform(0.05, 0.6, WIDTH)):
        found = attacks.xor_tuples(with_bits(noise(seed, share)), seed=seed)
        assert not found.leaks and found.relations == 0, found
        assert {(each.among, each.order) for each in found.findings} == {
            (among, order) for among in ("records", "bits") for order in (2, 3, 4)
        }


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_xor_tuples__finds_that_plain_filters_are_alike_and_folded_and_diffused_ones_too():
    bits = plain()
    rng = np.random.default_rng(2)
    inputs = np.stack([rng.permutation(bits.shape[1]) for _ in range(3)])
    diffused = bits[:, inputs[0]] ^ bits[:, inputs[1]] ^ bits[:, inputs[2]]
    for each in (bits, bits[:, :512] ^ bits[:, 512:], diffused):
        found = attacks.xor_tuples(with_bits(each), sample=300)
        assert found.leaks and found.z > 15
        assert found.relations is None  # fewer records than bits


@pytest.mark.parametrize("order", [2, 3, 4, 7])
def test_xor_tuples__counts_an_exact_relation_of_any_size(order):
    bits = noise(5)
    bits[:, 0] = np.bitwise_xor.reduce(bits[:, 1:order], axis=1)
    found = attacks.xor_tuples(with_bits(bits))
    assert found.relations == 1 and found.leaks


def test_xor_tuples__counts_a_bit_and_its_opposite_as_balancing_makes_them():
    half = noise(6)[:, : WIDTH // 2]
    assert attacks.xor_tuples(with_bits(np.concatenate([half, 1 - half], axis=1))).relations == WIDTH // 2


@pytest.mark.parametrize("order", [2, 3, 4])
def test_xor_tuples__finds_records_that_nearly_cancel_out(order):
    """Of so few records all threes and fours are looked at; of more, those of which pairs are plain."""
    bits = noise(7)
    bits[order - 1] = np.bitwise_xor.reduce(bits[: order - 1], axis=0)
    bits[order - 1, :6] ^= 1
    found = attacks.xor_tuples(with_bits(bits[:40]))
    best = max((each for each in found.findings if each.among == "records"), key=lambda each: each.z)
    assert best.order == order and best.bias > 0.8 and best.z > 8


def test_xor_tuples__is_the_same_for_the_same_seed_and_takes_filters_by_name():
    encoded = with_bits(noise(8))
    assert attacks.xor_tuples(encoded, seed=1) == attacks.xor_tuples(encoded, seed=1, filters=["record"])
    assert "no structure found" in repr(attacks.xor_tuples(encoded))
    assert "relations" in attacks.xor_tuples(encoded)._repr_html_()


def test_xor_tuples__takes_the_name_of_one_filter_as_a_text():
    """It was taken letter by letter: there was no filter 'r'."""
    encoded = with_bits(noise(3))
    assert attacks.xor_tuples(encoded, filters="record") == attacks.xor_tuples(encoded, filters=["record"])
    with pytest.raises(ValueError, match="there is no 'recor'; did you mean 'record'"):
        attacks.xor_tuples(encoded, filters="recor")


@pytest.mark.parametrize("sample", [-1, 0, 3])
def test_xor_tuples__wants_a_sample_that_tuples_of_four_can_be_of(sample):
    """One below nought left that many records out."""
    with pytest.raises(ValueError, match=f"sample: at least 4, for tuples of four, not {sample}"):
        attacks.xor_tuples(with_bits(noise(3)), sample=sample)


def test_xor_tuples__says_what_is_too_little():
    with pytest.raises(ValueError, match="too few"):
        attacks.xor_tuples(with_bits(noise(9)[:3]))
    with pytest.raises(ValueError, match="rounds"):
        attacks.xor_tuples(with_bits(noise(9)), rounds=1)
