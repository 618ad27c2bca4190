"""What clkhash takes and few should give it: wide n-grams, an empty secret, CSV without names; and what is refused."""

import io
import subprocess
import sys

import pytest
from clkhash.clk import generate_clk_from_csv, generate_clks
from clkhash.schema import from_json_dict

import linkage as lk
from linkage import interop
from linkage.interop import tokens, values

ROWS = [["Ann", "12"], ["", "9" * 40], ["Zoë é", "007"], ["李小明", "12"]]
QUIET = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")


def schema(*, bits=1024, n=2, kind="doubleHash", second=None, positional=False, strategy=None):
    settings = {"strategy": strategy or {"bitsPerToken": 5}, "hash": {"type": kind}}
    grams = {"comparison": {"type": "ngram", "n": n, "positional": positional}, **settings}
    form = {"type": "string"}
    return {
        "version": 3,
        "clkConfig": {"l": bits, "kdf": {"type": "HKDF"}},
        "features": [
            {"identifier": "name", "format": form, "hashing": grams},
            {
                "identifier": "number",
                "format": form,
                "hashing": {**settings, "comparison": second or {"type": "exact"}},
            },
        ],
    }


def both(content, rows, secret):
    """clkhash's CLKs, and ours."""
    theirs = generate_clks(rows, from_json_dict(content), secret, max_workers=1)
    return theirs, interop.to_bitarrays(interop.encode_clkhash(rows, lk.Schema.from_clkhash(content), secret))


@pytest.mark.parametrize("positional", [False, True])
@pytest.mark.parametrize("n", [64, 65, 200, 1024])
def test_encode_clkhash__n_grams_of_any_length_up_to_the_cap_are_clkhashs(n, positional):
    theirs, ours = both(schema(n=n, positional=positional, strategy={"bitsPerFeature": 2000}), ROWS, b"s")
    assert ours == theirs


@pytest.mark.parametrize(
    "comparison",
    [
        {"type": "ngram", "n": 3},
        {"type": "numeric", "thresholdDistance": 5, "resolution": 30},
        {"type": "exact"},
    ],
)
def test_encode_clkhash__cutting_the_values_into_portions_changes_nothing(comparison, monkeypatch):
    content = schema(n=70, second=comparison)
    rows = [[f"Name{row}", str(row)] for row in range(60)] + [["", ""]]
    expected, _ = both(content, rows, b"s")
    for letters in (1, 1_000, 20_000):
        monkeypatch.setattr(tokens, "_LETTERS_AT_ONCE", letters)
        assert both(content, rows, b"s")[1] == expected


def test_encode_clkhash__a_value_too_long_for_wide_n_grams_is_named_by_its_row(monkeypatch):
    monkeypatch.setattr(values, "_MOST_LETTERS", 10_000)
    agreed = lk.Schema.from_clkhash(schema(n=70))
    with pytest.raises(lk.RecordError, match="row 2, column '0: name': too long for n-grams of 70 letters"):
        interop.encode_clkhash([["Ann", ""], ["x" * 90, ""]], agreed, b"s")


def test_encode_clkhash__n_grams_as_wide_as_may_be_take_bounded_memory():
    # 40 names of 1,024-grams are 42 million letters, at 12 bytes each while they are cut
    script = f"""
import resource
import linkage as lk
from linkage import interop
rows = [[f"Name{{row}}", ""] for row in range(40)]
schema = lk.Schema.from_clkhash({schema(n=1024)!r})
interop.encode_clkhash(rows[:1], schema, b"s")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
interop.encode_clkhash(rows, schema, b"s")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400


@pytest.mark.parametrize("secret", ["", b""])
def test_encode_clkhash__an_empty_secret_gives_clkhashs_bits_and_one_plain_warning(secret):
    theirs = generate_clks(ROWS, from_json_dict(schema()), secret, max_workers=1)
    with pytest.warns(lk.LinkageWarning, match="the secret is empty: whoever has the schema") as said:
        made = interop.encode_clkhash(ROWS, lk.Schema.from_clkhash(schema()), secret)
    assert len(said) == 1
    assert interop.to_bitarrays(made) == theirs


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (False, "Ann,12\nBo,\n"),
        (False, "Ann,12"),
        (False, '"Ann, jr","1\n2"\n'),
        (False, ",\n"),
        (False, ""),
        ("ignore", "first,second\nAnn,12\n"),
        ("ignore", "only one\nAnn,12\n"),
        ("ignore", "name,number\n"),
        (True, "name,number\nAnn,12\n"),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".txt"])
def test_encode_clkhash__csv_without_names_is_read_as_clkhash_reads_it(header, text, ending, tmp_path):
    (tmp_path / f"a{ending}").write_text(text, encoding="utf-8", newline="")
    there = from_json_dict(schema())
    theirs = generate_clk_from_csv(io.StringIO(text, newline=""), "s", there, header=header, progress_bar=False)
    agreed = lk.Schema.from_clkhash(schema())
    made = interop.encode_clkhash(tmp_path / f"a{ending}", agreed, b"s", header=header)
    assert interop.to_bitarrays(made) == theirs
    out = tmp_path / "a.parquet"
    assert (
        interop.encode_clkhash(tmp_path / f"a{ending}", agreed, b"s", header=header, out=out).digest() == made.digest()
    )


@pytest.mark.parametrize(
    ("header", "text", "row", "said"),
    [
        (False, "Ann,12\nQuetzal,1,2\n", 2, "row 2 has 3 columns where the schema has 2"),
        (False, "Quetzal\n", 1, "row 1 has 1 columns where the schema has 2"),
        ("ignore", "x,y\nAnn,12\nQuetzal\n", 2, "row 2 has 1 columns where the schema has 2"),
        (False, 'Ann,"Quetzal\n', 1, "quote that is never closed"),
    ],
)
def test_encode_clkhash__csv_without_names_that_does_not_fit_is_refused_with_its_row(header, text, row, said, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(lk.RecordError, match=said) as caught:
        interop.encode_clkhash(tmp_path / "a.csv", lk.Schema.from_clkhash(schema()), b"s", header=header)
    assert caught.value.row == row and "Quetzal" not in str(caught.value)


def test_encode_clkhash__a_byte_order_mark_that_clkhash_would_encode_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("Ann,12\n", encoding="utf-8-sig")
    agreed, there = lk.Schema.from_clkhash(schema()), from_json_dict(schema())
    with pytest.warns(lk.LinkageWarning, match="utf-8-sig"):
        made = interop.to_bitarrays(interop.encode_clkhash(tmp_path / "a.csv", agreed, b"s", header=False))
    for encoding, same in (("utf-8-sig", True), ("utf-8", False)):
        with (tmp_path / "a.csv").open(encoding=encoding, newline="") as handle:
            theirs = generate_clk_from_csv(handle, "s", there, header=False, progress_bar=False)
        assert (theirs == made) is same


def test_encode_clkhash__header_belongs_to_csv_files(tmp_path):
    agreed = lk.Schema.from_clkhash(schema())
    (tmp_path / "a.csv").write_text("Ann,12\n")
    for table in (ROWS, {"name": ["Ann"], "number": ["1"]}, tmp_path / "a.parquet"):
        with pytest.raises(ValueError, match="belongs to a CSV file"):
            interop.encode_clkhash(table, agreed, b"s", header=False)
    with pytest.raises(ValueError, match="True, False or 'ignore'"):
        interop.encode_clkhash(tmp_path / "a.csv", agreed, b"s", header="no")
    with pytest.raises(ValueError, match="only their order"):
        interop.encode_clkhash(tmp_path / "a.csv", agreed, b"s", header=False, columns={"name": "x"})
    with pytest.raises(FileNotFoundError):
        interop.encode_clkhash(tmp_path / "none.csv", agreed, b"s", header=False)
    (tmp_path / "a.csv").write_bytes("Zoë,1\n".encode("latin-1"))
    with pytest.raises(lk.RecordError, match="not UTF-8"):
        interop.encode_clkhash(tmp_path / "a.csv", agreed, b"s", header=False)


@QUIET
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bits": 7}, "from 8 to 65,536"),
        ({"bits": 100_000}, "from 8 to 65,536"),
        ({"n": 1025}, "from 1 to 1,024"),
        ({"strategy": {"bitsPerToken": 65_537}}, "from 1 to 65,536"),
    ],
)
def test_from_clkhash__beyond_its_limits_refuses_what_clkhash_takes_and_encodes_nothing_otherwise(settings, said):
    assert len(generate_clks(ROWS[:1], from_json_dict(schema(**settings)), "s", max_workers=1)) == 1
    with pytest.raises(lk.SchemaError, match=said):
        lk.Schema.from_clkhash(schema(**settings))


@pytest.mark.parametrize("bits", [8, 65_536])
def test_encode_clkhash__the_narrowest_and_the_widest_are_clkhashs(bits):
    for kind in ("doubleHash", "blakeHash"):
        theirs, ours = both(schema(bits=bits, kind=kind), ROWS, b"s")
        assert ours == theirs
