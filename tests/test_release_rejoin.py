"""Links out as releases, releases back onto the agency's own table: on the right rows, and nothing of others."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from linkage import (
    EncodedSet,
    Field,
    FileFormatError,
    Group,
    Key,
    Links,
    MismatchError,
    RecordError,
    Release,
    Schema,
    encode,
    link,
    parquetfile,
    rejoin,
)

KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
SCHEMA = Schema(
    project="release", layout="record", fields=(Field(name="surname", type="name"), Field(name="dob", type="date"))
)
N = 30


def people(prefix: str, first: int) -> dict[str, list]:
    numbers = range(first, first + N)
    return {
        "no": [f"{prefix}{number}" for number in numbers],
        "surname": [f"{'abcdefghij'[number % 10]}{'klmnop'[number % 6]}wood {number}" for number in numbers],
        "dob": [f"{1950 + number}-{1 + number % 12:02}-{1 + number % 28:02}" for number in numbers],
        "height": [100 + number for number in numbers],
    }


POLICE, SCHOOL = people("P", 0), people("S", 20)  # people 20 to 29 are in both


def encoded(table, source, **options) -> EncodedSet:
    return encode(table, options.pop("schema", SCHEMA), KEY, id="no", source=source, progress=False, **options)


LINKS = link(encoded(POLICE, "police"), encoded(SCHOOL, "school"), threshold=1.0)
RELEASE = LINKS.release("police")


def with_probability(links: Links) -> Links:
    """The same links as of the fields layout: the weakest certain, likely or for review in turn."""
    n = len(links)
    pairs = links.pairs.drop_columns(["similarity"])
    pairs = pairs.append_column("match_weight", pa.array(np.linspace(1, 20, n)))
    chances = [[0.995, 0.99, 0.98999, 0.9, 0.89999, 0.5][row % 6] for row in range(n)]
    pairs = pairs.append_column("probability", pa.array(chances))
    return Links(
        pairs, links.records, links.sources, links.schema, links.key_check, {"probability": 0.5}, links.release_key
    )


SURE = with_probability(LINKS)


def link_ids(table, kind=list) -> list:
    return kind(pa.table(table)["link_id"].to_pylist())


# ---- links ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("links", [LINKS, SURE], ids=["record", "fields"])
def test_links__can_be_saved_and_loaded(tmp_path, links):
    links.save(tmp_path / "links.parquet")
    loaded = Links.load(tmp_path / "links.parquet")
    assert loaded.pairs.equals(links.pairs)
    assert loaded.records.equals(links.records)
    assert (loaded.sources, loaded.schema, loaded.key_check) == (links.sources, links.schema, links.key_check)
    assert (dict(loaded.cut), loaded.release_key) == (dict(links.cut), links.release_key)
    assert loaded.release("school").table.equals(links.release("school").table)
    assert len(loaded) == len(links) == 10
    assert (tmp_path / "links.parquet").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["links.parquet"]


def test_links__without_a_pair_can_be_saved_and_loaded(tmp_path):
    none = link(encoded(POLICE, "police"), encoded(people("S", 100), "school"), threshold=1.0)
    assert len(none) == 0
    none.save(tmp_path / "links.parquet")
    loaded = Links.load(tmp_path / "links.parquet")
    assert loaded.pairs.equals(none.pairs)
    assert loaded.records.equals(none.records)
    assert loaded.records["link_id"].null_count == 2 * N
    none.release("police", linked_only=True).save(tmp_path / "r.parquet")
    release = Release.load(tmp_path / "r.parquet")
    assert len(release) == 0
    assert link_ids(rejoin(release, POLICE, KEY, id="no")) == [None] * N


def test_links__with_equal_ids_at_two_sources_can_be_saved_and_loaded(tmp_path):
    """Sets from arrays number their records, so both sources have a record 0."""
    bits = np.eye(5, dtype=np.uint64)
    schema = Schema(project="p", layout="record", bits=320, fields=(Field(name="f", type="name"),))
    ids = [f"{row}" for row in range(5)]
    sets = [
        EncodedSet.from_arrays(ids, {"record": rows}, schema=schema, source=source)
        for source, rows in (("a", bits), ("b", bits[::-1]))
    ]
    links = link(*sets, threshold=1.0)
    assert len(links) == 5
    links.save(tmp_path / "links.parquet")
    assert Links.load(tmp_path / "links.parquet").records.equals(links.records)
    words = with_probability(links).release("a", confidence=True).table
    expected = {"0": "certain", "1": "certain", "2": "likely", "3": "likely", "4": "review"}
    assert dict(zip(words["record_id"].to_pylist(), words["confidence"].to_pylist(), strict=True)) == expected


def test_links__never_show_the_release_key():
    assert LINKS.release_key.hex() not in repr(LINKS)
    assert repr(LINKS.release_key) not in repr(LINKS) + LINKS._repr_html_()
    assert len(LINKS.release_key) == 32


def test_load__refuses_files_of_the_wrong_kind(tmp_path):
    LINKS.save(tmp_path / "links.parquet")
    RELEASE.save(tmp_path / "release.parquet")
    encoded(POLICE, "police", out=tmp_path / "set.parquet")
    pd.DataFrame(POLICE).to_parquet(tmp_path / "plain.parquet")
    (tmp_path / "text.parquet").write_text("no,surname\n1,SecretLee\n")
    (tmp_path / "folder.parquet").mkdir()
    for kind, own in ((Links, "links.parquet"), (Release, "release.parquet")):
        kind.load(tmp_path / own)
        for path in sorted(tmp_path.iterdir()):
            if path.name != own:
                with pytest.raises(FileFormatError) as caught:
                    kind.load(path)
                assert caught.value.path == str(path)
                assert "SecretLee" not in str(caught.value)
        with pytest.raises(FileNotFoundError):
            kind.load(tmp_path / "nowhere.parquet")


@pytest.mark.parametrize(
    "change",
    [
        {"sources": "{"},
        {"sources": "1"},
        {"cut": "[]"},
        {"cut": '{"threshold": "x"}'},
        {"release_key": "xy"},
        {"schema": "{}"},
        {"schema": "[" * 100_000},
        {"cut": "9" * 5_000},
    ],
    ids=range(8),
)
def test_load__refuses_a_sealed_header_of_links_that_is_wrong(tmp_path, change):
    LINKS.save(tmp_path / "links.parquet")
    table, footer = parquetfile.read(tmp_path / "links.parquet", format="links 1", made_with="x")
    for key in ("content", "header"):
        footer.pop(key, None)
    parquetfile.write(tmp_path / "links.parquet", table, footer)
    Links.load(tmp_path / "links.parquet")
    parquetfile.write(tmp_path / "links.parquet", table, footer | change)
    with pytest.raises(FileFormatError, match="its header or its columns are not those of links"):
        Links.load(tmp_path / "links.parquet")


@pytest.mark.parametrize("key", ["sources", "cut", "release_key", "schema", "key_check"])
def test_load__refuses_a_header_of_links_that_lacks_something(tmp_path, key):
    LINKS.save(tmp_path / "links.parquet")
    table, footer = parquetfile.read(tmp_path / "links.parquet", format="links 1", made_with="x")
    parquetfile.write(
        tmp_path / "links.parquet", table, {name: footer[name] for name in footer if name not in (key, "content")}
    )
    with pytest.raises(FileFormatError):
        Links.load(tmp_path / "links.parquet")


# ---- releases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"linked_only": True}, {"separate": True}, {"confidence": True}], ids=str)
def test_release__can_be_saved_and_loaded(tmp_path, options):
    release = SURE.release("police", **options)
    release.save(tmp_path / "r.parquet")
    loaded = Release.load(tmp_path / "r.parquet")
    assert loaded.table.equals(release.table)
    assert (loaded.project, loaded.source, loaded.key_check) == ("release", "police", KEY.check("release"))
    assert (tmp_path / "r.parquet").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["r.parquet"]


def test_release__holds_every_record_of_the_source_by_id():
    assert RELEASE.table.column_names == ["record_id", "link_id"]
    ids = RELEASE.table["record_id"].to_pylist()
    assert ids == sorted(ids) == encoded(POLICE, "police").record_ids.to_pylist()
    assert RELEASE.table["link_id"].null_count == 20


def test_release__holds_nothing_of_the_other_agency(tmp_path):
    for source, other in (("police", "school"), ("school", "police")):
        for options in ({}, {"linked_only": True}, {"confidence": True}, {"separate": True}):
            release = SURE.release(source, **options)
            release.save(tmp_path / "r.parquet")
            release.to_csv(tmp_path / "r.csv")
            texts = str(release.table.to_pydict()).encode()
            for content in (texts, (tmp_path / "r.parquet").read_bytes(), (tmp_path / "r.csv").read_bytes()):
                assert other.encode() not in content
                assert SURE.release_key not in content
                assert SURE.release_key.hex().encode() not in content
                foreign = SURE.release(other).table["record_id"].to_pylist()
                assert not any(record_id.encode() in content for record_id in foreign)
            footer = pyarrow.parquet.ParquetFile(tmp_path / "r.parquet").metadata.metadata
            stated = {"format", "project", "source", "key_check", "run", "content", "header"}
            assert set(footer) == {f"linkage.{key}".encode() for key in stated}


def test_release__writes_a_csv_for_eyes(tmp_path):
    RELEASE.to_csv(tmp_path / "r.csv")
    assert pyarrow.csv.read_csv(tmp_path / "r.csv").column_names == ["record_id", "link_id"]
    assert (tmp_path / "r.csv").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileFormatError):
        Release.load(tmp_path / "r.csv")


def test_release__of_linked_only_leaves_the_others_out():
    linked = LINKS.release("police", linked_only=True)
    assert len(linked) == 10
    assert linked.table["link_id"].null_count == 0
    assert set(link_ids(linked.table)) == set(link_ids(RELEASE.table)) - {None}


def test_release__shares_link_ids_between_recipients_and_only_for_linked_people():
    police, school = (set(link_ids(LINKS.release(source, linked_only=True).table)) for source in LINKS.sources)
    assert police == school
    assert len(police) == 10
    assert all(len(text) == 32 and int(text, 16) >= 0 for text in police)


def test_release__with_separate_ids_can_not_be_joined_with_another():
    shared = LINKS.release("police")
    own = [LINKS.release(source, separate=True) for source in LINKS.sources]
    ids = [set(link_ids(release.table)) - {None} for release in (shared, *own)]
    assert [len(found) for found in ids] == [10, 10, 10]
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]
    assert not ids[1] & ids[2]
    again = LINKS.release("police", separate=True)
    assert again.table.equals(own[0].table)
    # who is linked with anybody stays the same
    assert own[0].table["link_id"].is_null().equals(shared.table["link_id"].is_null())


def test_release__has_other_link_ids_in_each_run():
    again = link(encoded(POLICE, "police"), encoded(SCHOOL, "school"), threshold=1.0)
    assert not (set(link_ids(again.records)) & set(link_ids(LINKS.records))) - {None}


def test_release__says_how_sure_a_link_is_in_three_words():
    release = SURE.release("police", confidence=True)
    by_link = dict(zip(link_ids(release.table), release.table["confidence"].to_pylist(), strict=True))
    assert by_link.pop(None) is None
    link_of = dict(zip(SURE.records["record_id"].to_pylist(), link_ids(SURE.records), strict=True))
    words = ["certain", "certain", "likely", "likely", "review", "review"]
    expected = {link_of[left]: words[row % 6] for row, left in enumerate(SURE.pairs["left_id"].to_pylist())}
    assert by_link == expected
    with pytest.raises(ValueError, match="record layout"):
        LINKS.release("police", confidence=True)


def test_release__refuses_a_source_that_was_not_linked():
    with pytest.raises(ValueError, match="'polic' is not one of the sources; did you mean 'police'"):
        LINKS.release("polic")


def test_load__refuses_a_release_with_other_columns(tmp_path):
    footer = {"format": "release 1", "project": "p", "source": "s", "key_check": "k", "run": "r"}
    good = {"record_id": ["a"], "link_id": pa.array([None], pa.string())}
    parquetfile.write(tmp_path / "r.parquet", pa.table(good), footer)
    Release.load(tmp_path / "r.parquet")
    for table in (
        {"record_id": ["a"]},
        good | {"similarity": [0.9]},
        good | {"confidence": ["review"], "more": ["x"]},
        good | {"link_id": [7]},
        good | {"record_id": pa.array([None], pa.string())},
    ):
        parquetfile.write(tmp_path / "r.parquet", pa.table(table), footer)
        with pytest.raises(FileFormatError, match="columns"):
            Release.load(tmp_path / "r.parquet")
    for key in ("project", "source", "key_check", "run"):
        parquetfile.write(tmp_path / "r.parquet", pa.table(good), {k: v for k, v in footer.items() if k != key})
        with pytest.raises(FileFormatError):
            Release.load(tmp_path / "r.parquet")


# ---- rejoin -----------------------------------------------------------------------------------------------------


def expected_link_ids(table, release=RELEASE, **options) -> list:
    """By a plain loop: encode each record alone and look its id up."""
    link_of = dict(zip(release.table["record_id"].to_pylist(), link_ids(release.table), strict=True))
    return [
        link_of.get(
            encoded({name: [values[row]] for name, values in table.items()}, "police", **options).record_ids[0].as_py()
        )
        for row in range(len(table["no"]))
    ]


EXPECTED = expected_link_ids(POLICE)


def test_rejoin__puts_link_ids_on_the_right_rows():
    assert [text is not None for text in EXPECTED] == [False] * 20 + [True] * 10
    assert link_ids(rejoin(RELEASE, POLICE, KEY, id="no")) == EXPECTED


def test_rejoin__makes_one_person_one_link_id_at_both_agencies():
    police = pa.table(rejoin(RELEASE, POLICE, KEY, id="no")).to_pylist()
    school = pa.table(rejoin(LINKS.release("school"), SCHOOL, KEY, id="no")).to_pylist()
    numbers = {row["link_id"]: row["surname"] for row in police if row["link_id"]}
    assert numbers == {row["link_id"]: row["surname"] for row in school if row["link_id"]}
    assert len(numbers) == 10


def test_rejoin__keeps_a_pandas_table_with_its_odd_index_and_kinds():
    frame = pd.DataFrame(POLICE).assign(score=np.linspace(0, 1, N), when=pd.Timestamp("2020-01-01"))
    frame["group"] = pd.Categorical(["x", "y"] * 15)
    for index in (
        [7] * N,
        list(range(N, 0, -1)),
        [None, *range(1, N)],
        pd.MultiIndex.from_product([[1, 2, 3], range(10)]),
    ):
        given = frame.set_index(pd.Index(index) if not isinstance(index, pd.MultiIndex) else index)
        before = given.copy(deep=True)
        found = rejoin(RELEASE, given, KEY, id="no")
        assert isinstance(found, pd.DataFrame)
        assert list(found.columns) == [*frame.columns, "link_id"]
        pd.testing.assert_frame_equal(found.drop(columns="link_id"), before)
        pd.testing.assert_frame_equal(given, before)  # the caller's own is untouched
        assert [None if pd.isna(text) else text for text in found["link_id"]] == EXPECTED


def test_rejoin__keeps_a_polars_table():
    frame = pl.DataFrame(POLICE).with_columns(pl.lit(1.5).alias("x"), pl.col("surname").cast(pl.Categorical).alias("c"))
    found = rejoin(RELEASE, frame, KEY, id="no")
    assert isinstance(found, pl.DataFrame)
    assert found.drop("link_id").equals(frame)
    assert found["link_id"].to_list() == EXPECTED
    assert rejoin(RELEASE, frame.lazy(), KEY, id="no").equals(found)


def test_rejoin__keeps_an_arrow_table_in_chunks():
    table = pa.concat_tables([pa.table(POLICE).slice(0, 11), pa.table(POLICE).slice(11)])
    found = rejoin(RELEASE, table, KEY, id="no")
    assert isinstance(found, pa.Table)
    assert found.drop_columns(["link_id"]).equals(table)
    assert found["link_id"].to_pylist() == EXPECTED


def test_rejoin__gives_an_arrow_table_for_a_path_or_a_dict(tmp_path):
    table = pa.table(POLICE)
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    for given in (tmp_path / "t.csv", str(tmp_path / "t.csv"), tmp_path / "t.parquet", POLICE):
        found = rejoin(RELEASE, given, KEY, id="no")
        assert isinstance(found, pa.Table)
        assert found.column_names == [*POLICE, "link_id"]
        assert found["no"].to_pylist() == POLICE["no"]
        assert [str(value) for value in found["height"].to_pylist()] == [str(value) for value in POLICE["height"]]
        assert found["link_id"].to_pylist() == EXPECTED


def test_rejoin__follows_records_in_another_order_and_leaves_new_ones_unlinked():
    more = {name: [*values[::-1], values[0]] for name, values in POLICE.items()} | {"no": [*POLICE["no"][::-1], "new"]}
    assert link_ids(rejoin(RELEASE, more, KEY, id="no")) == [*EXPECTED[::-1], None]


def test_rejoin__finds_whole_numbers_as_ids_as_it_finds_their_text():
    numbered = POLICE | {"no": list(range(N))}
    links = link(encoded(numbered, "police"), encoded(SCHOOL, "school"), threshold=1.0)
    release = links.release("police")
    for table in (
        numbered,
        pd.DataFrame(numbered),
        pl.DataFrame(numbered),
        numbered | {"no": [str(n) for n in range(N)]},
    ):
        found = pa.table(rejoin(release, table, KEY, id="no"))
        assert found["link_id"].null_count == 20


def test_rejoin__takes_what_went_through_files(tmp_path):
    encoded(POLICE, "police", out=tmp_path / "p.parquet")
    encoded(SCHOOL, "school", out=tmp_path / "s.parquet")
    links = link(EncodedSet.load(tmp_path / "p.parquet"), EncodedSet.load(tmp_path / "s.parquet"), threshold=1.0)
    links.save(tmp_path / "links.parquet")
    Links.load(tmp_path / "links.parquet").release("police").save(tmp_path / "r.parquet")
    release = Release.load(tmp_path / "r.parquet")
    found = link_ids(rejoin(release, POLICE, KEY, id="no"))
    assert [text is not None for text in found] == [False] * 20 + [True] * 10


def test_rejoin__needs_the_own_key_that_made_the_ids():
    own = Key.generate()
    release = link(encoded(POLICE, "police", id_key=own), encoded(SCHOOL, "school"), threshold=1.0).release("police")
    found = link_ids(rejoin(release, POLICE, KEY, id="no", id_key=own))
    assert [text is not None for text in found] == [False] * 20 + [True] * 10
    for options in ({}, {"id_key": Key.generate()}):
        with pytest.raises(RecordError, match="30 of 30 released records are not in the table"):
            rejoin(release, POLICE, KEY, id="no", **options)


def test_rejoin__refuses_another_key_and_names_both_checks():
    with pytest.raises(MismatchError, match="'police' was made under another key") as caught:
        rejoin(RELEASE, POLICE, Key.generate(), id="no")
    assert caught.value.what == "key"
    assert caught.value.left == KEY.check("release")


def test_rejoin__counts_the_released_records_that_are_not_in_the_table():
    fewer = {name: values[2:] for name, values in POLICE.items()}
    with pytest.raises(RecordError, match="2 of 30 released records") as caught:
        rejoin(RELEASE, fewer, KEY, id="no")
    assert caught.value.rule == "record not found"
    with pytest.raises(RecordError, match="30 of 30 released records"):
        rejoin(RELEASE, SCHOOL, KEY, id="no")
    with pytest.raises(RecordError, match="30 of 30 released records"):
        rejoin(LINKS.release("school"), POLICE, KEY, id="no")
    empty = {name: pa.array([], pa.string()) for name in POLICE}
    with pytest.raises(RecordError, match="30 of 30 released records"):
        rejoin(RELEASE, pa.table(empty), KEY, id="no")


def test_rejoin__names_both_rows_of_an_id_used_twice_and_not_the_id():
    twice = POLICE | {"no": [*POLICE["no"][:-1], POLICE["no"][3]]}
    with pytest.raises(RecordError, match="rows 4 and 30, column 'no': the id is used twice") as caught:
        rejoin(RELEASE, twice, KEY, id="no")
    assert (caught.value.row, caught.value.column) == (30, "no")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_rejoin__names_the_row_without_id(value):
    with pytest.raises(RecordError, match="row 3, column 'no'"):
        rejoin(RELEASE, POLICE | {"no": [*POLICE["no"][:2], value, *POLICE["no"][3:]]}, KEY, id="no")


@pytest.mark.parametrize("make", [dict, pd.DataFrame], ids=["dict", "pandas"])
def test_rejoin__quotes_no_value_of_a_column_that_mixes_kinds(make):
    """Arrow's own message said: Could not convert 'SecretId' with type str."""
    mixed = {"no": [1, "SecretId", 2.5]}
    with pytest.raises(RecordError, match="mixes kinds") as caught:
        rejoin(RELEASE, make(mixed), KEY, id="no")
    assert "SecretId" not in str(caught.value)


def test_rejoin__refuses_a_table_that_has_the_column_already():
    with pytest.raises(RecordError, match="column 'link_id' is in the table already") as caught:
        rejoin(RELEASE, POLICE | {"link_id": ["x"] * N}, KEY, id="no")
    assert caught.value.column == "link_id"


def test_rejoin__leaves_a_column_called_confidence_alone_unless_the_release_has_one():
    """A table with a column of that name was refused even where nothing of that name would be added."""
    own = POLICE | {"confidence": ["own"] * N}
    assert pa.table(rejoin(RELEASE, own, KEY, id="no"))["confidence"].to_pylist() == ["own"] * N
    with pytest.raises(RecordError, match="column 'confidence' is in the table already"):
        rejoin(SURE.release("police", confidence=True), own, KEY, id="no")


def test_rejoin__adds_the_confidence_where_it_was_released():
    found = pa.table(rejoin(SURE.release("police", confidence=True), POLICE, KEY, id="no"))
    assert found.column_names == [*POLICE, "link_id", "confidence"]
    assert [(link_id is None) == (word is None) for link_id, word in zip(*found.columns[-2:], strict=False)]
    assert set(found["confidence"].to_pylist()) == {None, "certain", "likely", "review"}


def test_rejoin__takes_a_release_of_linked_records_only():
    release = LINKS.release("police", linked_only=True)
    assert link_ids(rejoin(release, POLICE, KEY, id="no")) == EXPECTED
    linked = {name: values[20:] for name, values in POLICE.items()}  # the others need not be there any more
    assert link_ids(rejoin(release, linked, KEY, id="no")) == EXPECTED[20:]


def test_rejoin__names_no_column_when_the_id_column_is_not_there():
    with pytest.raises(RecordError, match="column 'nr' is not in the table; it has 4 columns") as caught:
        rejoin(RELEASE, POLICE, KEY, id="nr")  # without its header line the names of a table are a person's values
    assert caught.value.rule == "column missing"
    with pytest.raises(RecordError, match="it has 1 columns"):
        rejoin(RELEASE, pd.DataFrame({1: ["a"]}), KEY, id="no")


# ---- for some, and for research ---------------------------------------------------------------------------------


def test_release__of_people_whom_another_source_knows():
    present = LINKS.release("police", present_in=["school"])
    assert len(present) == 10 and present.table["link_id"].null_count == 0
    assert present.table.equals(LINKS.release("police", linked_only=True).table)
    with pytest.raises(ValueError, match="present_in: 'scool'"):
        LINKS.release("police", present_in=["scool"])
    with pytest.raises(TypeError, match="present_in: must be a collection, each text, not str"):
        LINKS.release("police", present_in="school")


def test_release__of_people_whom_both_of_two_others_know():
    work = people("W", 25)
    links = link(*(encoded(table, name) for table, name in ((POLICE, "police"), (SCHOOL, "school"), (work, "work"))),
                 threshold=1.0)  # fmt: skip
    assert [len(links.release("police", present_in=names)) for names in (["school"], ["work"], ["school", "work"])] == [
        10, 5, 5,
    ]  # fmt: skip


def test_research__has_link_ids_of_its_own_and_groups_and_no_record_id():
    grouped = Schema(project="release", layout="record", fields=SCHEMA.fields, groups=(Group(name="ward", smallest=1),))
    tables = [table | {"ward": ["north"] * 25 + ["south"] * 5} for table in (POLICE, SCHOOL)]
    sets = [encoded(table, name, schema=grouped) for table, name in zip(tables, ("police", "school"), strict=True)]
    links = link(*sets, threshold=1.0)
    found = links.for_research(*sets, recipient="university")
    assert found.column_names == ["link_id", "source", "ward"] and found.num_rows == 2 * N
    assert found["ward"].null_count == 10  # of a ward with five records of a source
    twice = [name for name in set(found["link_id"].to_pylist()) if found["link_id"].to_pylist().count(name) == 2]
    assert len(twice) == 10 and found["link_id"].null_count == 0
    other = links.for_research(*sets, recipient="council")
    hidden = {*links.records["record_id"].to_pylist(), *links.records["link_id"].drop_null().to_pylist()}
    assert not hidden & set(found["link_id"].to_pylist()) | set(other["link_id"].to_pylist()) & set(
        found["link_id"].to_pylist()
    )
    with pytest.raises(ValueError, match="give the sets"):
        links.for_research(sets[0], recipient="university")
