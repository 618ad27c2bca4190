"""The file of an EncodedSet: it holds what was stated and nothing else, and a reader believes nothing unchecked."""

import copy
import hashlib
import json
import os
import pickle
import random
import stat

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import (
    Block,
    EncodedSet,
    Field,
    FileFormatError,
    Group,
    Key,
    LimitError,
    MismatchError,
    Schema,
    encode,
    encodedfile,
    parquetfile,
    parquetpages,
)
from linkage.encoded import require_comparable
from linkage.rows import ContentDigest, Header, Rows

KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
SCHEMA = Schema(
    project="file",
    fields=(Field(name="surname", type="name"), Field(name="dob", type="date", bits=100)),
    groups=(Group(name="ward", smallest=1),),
)
TABLE = {
    "no": [f"N{row}" for row in range(200)],
    "surname": [f"Lee{row % 13}" if row % 7 else None for row in range(200)],
    "dob": [f"{1950 + row % 70}-01-{1 + row % 28:02}" for row in range(200)],
    "ward": [f"E0{row % 3}" for row in range(200)],
}
FOOTER = {"format", "encoding", "schema", "fingerprint", "key_check", "source", "rows", "content", "header"}


def police(**options) -> EncodedSet:
    given = {"id": "no", "source": "police", "progress": False} | options
    return encode(TABLE, given.pop("schema", SCHEMA), given.pop("key", KEY), **given)


SET = police()


@pytest.fixture
def path(tmp_path):
    SET.save(tmp_path / "police.parquet")
    return tmp_path / "police.parquet"


def content_of(encoded: EncodedSet) -> str:
    """The digest of what is really there, not what the header says."""
    total = ContentDigest()
    for rows in encoded.batches():
        total.update(rows)
    return total.hexdigest()


def footer_of(path) -> dict[str, str]:
    found = pq.ParquetFile(path).metadata.metadata
    return {key.decode().removeprefix("linkage."): value.decode() for key, value in found.items()}


def forge(path, table: pa.Table, footer: dict[str, str], **options) -> None:
    """A file by somebody else whose seal is right, as anybody can make one."""
    footer.pop("header", None)
    given = {"compression": "zstd", "use_dictionary": False, "write_statistics": False, "store_schema": False}
    with pq.ParquetWriter(path, table.schema, write_page_checksum=True, **(given | options)) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(parquetfile.with_prefix(parquetfile.sealed(footer)))


def digest_of(table: pa.Table, schema: Schema = SCHEMA) -> str:
    batch = table.combine_chunks().to_batches()[0]
    total = ContentDigest()
    packed = {f.name: np.array([list(v) for v in batch[f.name].to_pylist()], np.uint8) for f in schema.filters}
    total.update(Rows(batch["record_id"], packed, {g.name: batch[g.name] for g in schema.groups}))
    return total.hexdigest()


def read_fully(path, **options) -> EncodedSet:
    loaded = EncodedSet.load(path, **options)
    assert len(loaded.record_ids) == len(loaded)
    return loaded


# ---- what is in it ----------------------------------------------------------------------------------------------


def test_save__can_be_loaded_again(path):
    loaded = EncodedSet.load(path)
    assert (loaded.schema, loaded.source, loaded.key_check, len(loaded)) == (SCHEMA, "police", SET.key_check, 200)
    assert loaded.encoding_version == 1
    assert loaded.digest() == SET.digest() == content_of(loaded) == content_of(SET)
    assert loaded.record_ids.equals(SET.record_ids)
    assert loaded.groups["ward"].equals(SET.groups["ward"])
    for name, rows in SET.filters.items():
        assert np.array_equal(loaded.filters[name], rows)
        assert np.array_equal(loaded.popcounts[name], SET.popcounts[name])
    assert loaded.to_arrow().equals(SET.to_arrow())


def test_save__writes_the_same_bytes_each_time(path, tmp_path):
    EncodedSet.load(path).save(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_save__can_write_a_loaded_set_over_its_own_file(path):
    before = path.read_bytes()
    EncodedSet.load(path).save(path)
    assert path.read_bytes() == before


def test_save__makes_a_file_only_its_owner_can_read_and_leaves_nothing_else(path, tmp_path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_file__footer_holds_the_stated_keys_and_no_more(path):
    metadata = pq.ParquetFile(path).metadata.metadata
    assert set(metadata) == {f"linkage.{key}".encode() for key in FOOTER}
    footer = footer_of(path)
    assert footer["format"] == "encoded-set 1"
    assert footer["rows"] == "200"
    assert footer["encoding"] == "1"
    assert footer["schema"] == SCHEMA.canonical()
    assert footer["fingerprint"] == hashlib.sha256(SCHEMA.canonical().encode()).hexdigest()
    assert footer["key_check"] == KEY.check("file")
    assert footer["content"] == SET.digest()


def test_file__columns_have_no_statistics_and_no_dictionary(path):
    """Parquet's defaults write the least and the greatest encoding, two real people, in clear into the footer."""
    metadata = pq.ParquetFile(path).metadata
    for column in range(metadata.num_columns):
        chunk = metadata.row_group(0).column(column)
        assert chunk.statistics is None
        assert not chunk.is_stats_set
        assert not chunk.has_dictionary_page
        assert not chunk.has_column_index
        assert not chunk.has_offset_index
        assert set(chunk.encodings) <= {"PLAIN", "RLE"}
        assert chunk.compression == "ZSTD"
    tail = path.read_bytes()[-metadata.serialized_size - 8 :]
    for name in SET.filters:
        assert not any(row.tobytes() in tail for row in SET.filters[name] if row.any())
    assert not any(text.encode() in tail for text in SET.record_ids.to_pylist())


def test_file__columns_are_as_specified(path):
    schema = pq.ParquetFile(path).schema_arrow
    assert schema.names == ["record_id", "surname", "dob", "ward"]
    assert schema.types == [pa.string(), pa.binary(32), pa.binary(16), pa.string()]
    assert not any(field.nullable for field in schema)
    column = pq.read_table(path)["surname"].to_pylist()
    assert column == [row.tobytes() for row in SET.filters["surname"]]


def test_file__page_checksums_are_written_and_verified(path):
    data = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(1)
    # a bit in the compressed page, behind its header
    data[chunk.data_page_offset + chunk.total_compressed_size - 40] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"(?i)crc|checksum"):
        pq.ParquetFile(path, page_checksum_verification=True).read()
    with pytest.raises(FileFormatError):
        read_fully(path)


def test_file__nothing_a_data_frame_brought_along_is_in_it(tmp_path):
    """pandas writes DataFrame.attrs and index names into Parquet metadata."""
    frame = pd.DataFrame(TABLE).set_index(pd.Index(range(200), name="secret index"))
    frame.attrs["note"] = "secret attribute"
    arrow = pa.Table.from_pandas(frame)
    marked = arrow.replace_schema_metadata({b"k": b"secret metadata"} | (arrow.schema.metadata or {}))
    assert b"secret index" in marked.schema.metadata[b"pandas"]
    for table in (frame, marked):
        encode(table, SCHEMA, KEY, id="no", source="police", out=tmp_path / "a.parquet")
        assert b"secret" not in (tmp_path / "a.parquet").read_bytes()


def test_file__is_the_same_for_a_frame_with_attributes_as_without(tmp_path, path):
    frame = pd.DataFrame(TABLE)
    frame.attrs["note"] = "secret attribute"
    encode(frame, SCHEMA, KEY, id="no", source="police", out=tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == path.read_bytes()


def test_batches__are_the_same_rows_from_memory_and_from_the_file(path):
    for size in (1, 7, 199, 200, 1_000):
        for encoded in (SET, EncodedSet.load(path)):
            parts = list(encoded.batches(size))
            assert max(len(part) for part in parts) <= size
            assert [text for part in parts for text in part.record_ids.to_pylist()] == SET.record_ids.to_pylist()
            total = ContentDigest()
            for part in parts:
                total.update(part)
            assert total.hexdigest() == SET.digest()


def test_filters__can_not_be_written_to(path):
    loaded = EncodedSet.load(path)
    for encoded in (SET, loaded):
        with pytest.raises(ValueError, match="read-only"):
            encoded.filters["surname"][0, 0] = 1
    for part in EncodedSet.load(path).batches(50):
        with pytest.raises(ValueError, match="read-only"):
            part.filters["surname"][0, 0] = 1


def test_load__reads_the_records_only_when_they_are_asked_for(path, monkeypatch):
    monkeypatch.setattr(encodedfile, "read_batches", lambda *_: pytest.fail("the records were read"))
    loaded = EncodedSet.load(path)
    assert len(loaded) == 200
    assert loaded.source == "police"
    assert loaded.digest() == SET.digest()
    assert "200 records" in repr(loaded)


def test_file__of_no_records_can_be_written_and_read(tmp_path):
    schema = Schema(project="p", fields=SCHEMA.fields)
    empty = EncodedSet.from_arrays(
        [], {f.name: np.zeros((0, f.words), np.uint64) for f in schema.filters}, schema=schema, source="none"
    )
    empty.save(tmp_path / "empty.parquet")
    loaded = read_fully(tmp_path / "empty.parquet")
    assert len(loaded) == 0
    assert loaded.filters["surname"].shape == (0, 4)
    assert loaded.digest() == empty.digest()
    assert loaded.to_arrow().num_rows == 0


# ---- files that are something else ------------------------------------------------------------------------------


def assert_refused(path, reason: str | None = None, **options) -> None:
    with pytest.raises(FileFormatError) as caught:
        read_fully(path, **options)
    assert caught.value.path == str(path)
    assert str(path) in str(caught.value)
    if reason is not None:
        assert caught.value.reason == reason


def test_load__refuses_a_parquet_file_of_something_else_and_does_not_quote_it(tmp_path):
    pd.DataFrame(TABLE).to_parquet(tmp_path / "plain.parquet")
    assert_refused(tmp_path / "plain.parquet", "format")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"no,surname\n1,SecretLee\n" * 50, bytes(1_000), b"\n"])
def test_load__refuses_what_is_no_parquet_and_does_not_quote_it(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        EncodedSet.load(tmp_path / "a.parquet")
    assert "SecretLee" not in str(caught.value)


def test_load__refuses_a_folder_and_a_fifo_without_waiting(tmp_path):
    (tmp_path / "folder.parquet").mkdir()
    os.mkfifo(tmp_path / "fifo.parquet")
    for name in ("folder.parquet", "fifo.parquet"):
        assert_refused(tmp_path / name, "file type")
    with pytest.raises(FileNotFoundError):
        EncodedSet.load(tmp_path / "nowhere.parquet")


def test_load__refuses_a_file_cut_at_any_place(path):
    data = path.read_bytes()
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        assert_refused(path)


def test_load__names_a_file_of_another_of_our_formats(tmp_path):
    table = pa.table({"record_id": ["a"], "link_id": pa.array([None], pa.string())})
    parquetfile.write(tmp_path / "r.parquet", table, {"format": "release 1", "project": "p"})
    with pytest.raises(FileFormatError, match="it is a 'release 1' file"):
        EncodedSet.load(tmp_path / "r.parquet")


# ---- headers that were changed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(FOOTER - {"header"}))
def test_load__sees_a_header_changed_without_its_seal(path, key):
    footer = footer_of(path)
    changed = footer | {key: footer[key][:-1] + ("1" if footer[key][-1:] != "1" else "2")}
    table = pq.read_table(path)
    with pq.ParquetWriter(path, table.schema, store_schema=False, use_dictionary=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(parquetfile.with_prefix(changed))
    assert_refused(path, "format" if key == "format" else "header")


@pytest.mark.parametrize("key", sorted(FOOTER - {"header", "format"}))
def test_load__sees_a_header_that_lacks_something_even_with_a_right_seal(path, key):
    table, footer = SET.to_arrow(), footer_of(path)
    forge(path, table, footer)
    read_fully(path)
    del footer[key]
    forge(path, table, footer)
    assert_refused(path, "header")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"extra": "x"}, "header"),
        ({"encoding": "0"}, "encoding version"),
        ({"encoding": "2"}, "encoding version"),
        ({"encoding": "00"}, "encoding version"),
        ({"rows": "199"}, "header"),
        ({"rows": "9" * 30}, "header"),
        ({"fingerprint": "0" * 64}, "header"),
        ({"schema": "{}"}, "schema"),
        ({"schema": "[" * 100_000}, "schema"),
        ({"schema": SCHEMA.canonical() + " "}, "schema"),
        ({"schema": SCHEMA.canonical().replace('"bits":100', '"bits":1e99')}, None),
        ({"schema": SCHEMA.canonical().replace('"bits":100', '"bits":' + "9" * 5_000)}, None),
        ({"schema": json.dumps(json.loads(SCHEMA.canonical()))}, "schema"),
        ({"source": "a\x1b[2J"}, "header"),
        ({"source": "a" * 201}, "header"),
        ({"key_check": "a\nb"}, "header"),
        ({"content": "0" * 64}, "digest"),
    ],
    ids=range(17),
)
def test_load__refuses_a_sealed_header_that_is_wrong(path, change, reason):
    footer = footer_of(path) | change
    forge(path, SET.to_arrow(), footer)
    assert_refused(path, reason)


def test_load__refuses_another_schema_than_that_of_the_columns(path):
    other = Schema(project="file", fields=(Field(name="surname", type="name"),))
    forge(path, SET.to_arrow(), footer_of(path) | {"schema": other.canonical(), "fingerprint": other.fingerprint()})
    assert_refused(path, "columns")
    fields = (SCHEMA.fields[0], Field(name="dob", type="date", bits=200))
    wider = Schema(project="file", fields=fields, groups=SCHEMA.groups)
    forge(path, SET.to_arrow(), footer_of(path) | {"schema": wider.canonical(), "fingerprint": wider.fingerprint()})
    assert_refused(path, "columns")


def test_batches__see_that_the_file_became_another_valid_one(path):
    loaded = EncodedSet.load(path)
    police(key=Key.generate()).save(path)
    with pytest.raises(FileFormatError) as caught:
        _ = loaded.record_ids
    assert caught.value.reason == "digest"
    one_field = Schema(project="file", fields=(Field(name="surname", type="text", bits=64),))
    for schema in (one_field, Schema(project="file", fields=SCHEMA.fields[::-1], groups=SCHEMA.groups)):
        SET.save(path)
        loaded = EncodedSet.load(path)
        police(schema=schema).save(path)
        with pytest.raises(FileFormatError) as caught:
            _ = loaded.record_ids
        assert caught.value.reason == "columns"
    SET.save(path)
    loaded = EncodedSet.load(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        _ = loaded.record_ids


def test_load__sees_records_exchanged_between_two_valid_files(path):
    other = police(key=Key.generate())
    forge(path, other.to_arrow(), footer_of(path))
    assert_refused(path, "digest")


def test_load__sees_one_column_exchanged(path):
    other = police(source="school", key=Key.generate()).to_arrow()
    for name in ("surname", "dob", "record_id"):
        table = SET.to_arrow()
        place = table.schema.get_field_index(name)
        forge(path, table.set_column(place, table.schema.field(name), other[name]), footer_of(path))
        assert_refused(path, "digest")


# ---- records that break the rules, under right digests ----------------------------------------------------------


def with_column(table: pa.Table, name: str, values: list, kind: pa.DataType) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, pa.field(name, kind, nullable=None in values), pa.array(values, kind))


def changed_ids(change):
    def step(table):
        ids = table["record_id"].to_pylist()
        change(ids)
        return with_column(table, "record_id", ids, pa.string())

    return step


def swap(ids):
    ids[10], ids[11] = ids[11], ids[10]


def repeat(ids):
    ids[11] = ids[10]


def empty(ids):
    ids[0] = ""


def reverse(ids):
    ids.reverse()


@pytest.mark.parametrize("change", [swap, repeat, empty, reverse])
def test_load__refuses_ids_that_are_empty_repeated_or_out_of_order(path, change):
    table = changed_ids(change)(SET.to_arrow())
    forge(path, table, footer_of(path) | {"content": digest_of(table)})
    assert_refused(path, "a record without id" if change is empty else "record ids that are not ascending and distinct")
    with pytest.raises(FileFormatError):
        list(EncodedSet.load(path).batches(1))  # each pair of ids in another batch


@pytest.mark.parametrize("name", ["record_id", "surname", "ward"])
def test_load__refuses_missing_values(path, name):
    table = SET.to_arrow()
    values = table[name].to_pylist()
    values[5] = None
    forge(path, with_column(table, name, values, table.schema.field(name).type), footer_of(path))
    assert_refused(path)


@pytest.mark.parametrize("bit", [100, 101, 127])
def test_load__refuses_bits_beyond_the_width(path, bit):
    table = SET.to_arrow()
    values = table["dob"].to_pylist()
    last = bytearray(values[7])
    last[bit // 8] |= 0x80 >> bit % 8
    values[7] = bytes(last)
    table = with_column(table, "dob", values, pa.binary(16))
    forge(path, table, footer_of(path) | {"content": digest_of(table)})
    assert_refused(path, "filter 'dob' with bits set beyond its width")


def test_load__takes_the_last_bit_within_the_width(path):
    table = SET.to_arrow()
    values = table["dob"].to_pylist()
    last = bytearray(values[7])
    last[99 // 8] |= 0x80 >> 99 % 8
    values[7] = bytes(last)
    table = with_column(table, "dob", values, pa.binary(16))
    forge(path, table, footer_of(path) | {"content": digest_of(table)})
    read_fully(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop_columns(["ward"]),
        lambda table: table.append_column("name", pa.array(["x"] * 200)),
        lambda table: table.select(["record_id", "dob", "surname", "ward"]),
        lambda table: with_column(table, "surname", ["x" * 32] * 200, pa.string()),
        lambda table: with_column(table, "surname", [b"x" * 31] * 200, pa.binary(31)),
        lambda table: with_column(table, "surname", [b"x" * 32] * 200, pa.binary()),
        lambda table: with_column(table, "surname", [[1]] * 200, pa.list_(pa.int64())),
        lambda table: with_column(table, "record_id", list(range(200)), pa.int64()),
        lambda table: with_column(table, "record_id", [b"%032d" % row for row in range(200)], pa.binary()),
        lambda table: table.rename_columns(["record_id", "surname", "surname", "ward"]),
    ],
    ids=range(10),
)
def test_load__refuses_other_columns_than_those_of_the_schema(path, change):
    forge(path, change(SET.to_arrow()), footer_of(path))
    assert_refused(path, "columns")


# ---- files that want too much -----------------------------------------------------------------------------------


def test_load__refuses_more_records_than_fit(path):
    with pytest.raises(LimitError, match="allowed are 10,000") as caught:
        EncodedSet.load(path, max_bytes=10_000)
    assert caught.value.needed == 200 * (32 + 32 + 16)
    assert caught.value.allowed == 10_000
    assert len(EncodedSet.load(path, max_bytes=caught.value.needed)) == 200


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": ["record_id"]},
        {"use_dictionary": ["ward"]},
        {"use_dictionary": ["surname"]},
        {"column_encoding": {"record_id": "DELTA_BYTE_ARRAY"}},
        {"column_encoding": {"record_id": "DELTA_LENGTH_BYTE_ARRAY"}},
        {"column_encoding": {"surname": "BYTE_STREAM_SPLIT"}},
    ],
    ids=str,
)
def test_load__refuses_encodings_in_which_a_small_file_can_hold_gigabytes(path, options):
    """A file of 1.9 kB with one long value in a dictionary once took 2.8 GB before its fault was found."""
    forge(path, SET.to_arrow(), footer_of(path), **options)
    assert_refused(path, "pages")


@pytest.mark.parametrize("options", [{"use_dictionary": True}, {"data_page_version": "2.0"}], ids=str)
def test_unpacked_bytes__believes_the_pages_and_not_the_footer(path, monkeypatch, options):
    monkeypatch.setattr(parquetpages, "_DICTIONARY", 99)  # as if the footer said nothing of a dictionary
    forge(path, SET.to_arrow(), footer_of(path), **options)
    assert_refused(path, "pages")


@pytest.mark.parametrize("n_rows", [0, 1, 100, 70_000])
@pytest.mark.parametrize("page_bytes", [100, 1 << 20])
def test_unpacked_bytes__add_up_to_what_was_written(tmp_path, n_rows, page_bytes):
    texts = [None if row % 3 else f"text {row}" for row in range(n_rows)]
    table = pa.table({"a": pa.array(texts, pa.string()), "b": np.arange(n_rows, dtype=np.float64)})
    options = {"use_dictionary": False, "data_page_size": page_bytes, "row_group_size": 1_000}
    pq.write_table(table, tmp_path / "t.parquet", write_page_checksum=True, **options)
    found, metadata = parquetpages.unpacked_bytes(tmp_path / "t.parquet"), pq.read_metadata(tmp_path / "t.parquet")
    with_headers = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    assert found <= with_headers  # Arrow counts the pages' headers too
    assert found >= 8 * n_rows + sum(4 + len(text) for text in texts if text)


def test_unpacked_bytes__raise_one_error_for_any_damage(path):
    data = path.read_bytes()
    draw = random.Random(11)
    for _ in range(1_000):
        changed = bytearray(data[: draw.choice([len(data), draw.randrange(len(data))])])
        for _ in range(draw.randrange(1, 6)):
            if changed:
                changed[draw.randrange(len(changed))] = draw.randrange(256)
        path.write_bytes(changed)
        try:
            assert parquetpages.unpacked_bytes(path) >= 0
        except FileFormatError as error:
            assert error.reason == "pages"


def test_load__refuses_values_that_unpack_to_far_more_than_records_can_take(path):
    table = SET.to_arrow()
    for name in ("record_id", "ward"):
        bomb = with_column(table, name, [f"{row:03}" + "x" * 300_000 for row in range(200)], pa.string())
        forge(path, bomb, footer_of(path))
        assert path.stat().st_size < 1 << 20
        assert_refused(path, "size", max_bytes=100_000)


def test_load__refuses_a_header_that_claims_more_rows_than_there_are(path):
    footer = footer_of(path)
    for rows in ("1000000000000", "-1", "2e2", "200 ", ""):
        forge(path, SET.to_arrow(), footer | {"rows": rows})
        assert_refused(path, "header")


def test_read__refuses_links_and_releases_that_are_billions_of_nulls(tmp_path, monkeypatch):
    """Nulls take no room in a file: 10^9 of them are a few kB there and gigabytes once read."""
    monkeypatch.setattr(parquetfile, "_MAX_BYTES", 1 << 20)
    table = pa.table({"record_id": pa.nulls(300_000, pa.string()), "link_id": pa.nulls(300_000, pa.string())})
    parquetfile.write(tmp_path / "r.parquet", table, {"format": "release 1"})
    assert (tmp_path / "r.parquet").stat().st_size < 10_000
    with pytest.raises(LimitError, match="allowed are"):
        parquetfile.read(tmp_path / "r.parquet", format="release 1", made_with="x")


# ---- sets that can't be compared --------------------------------------------------------------------------------


def test_require_comparable__takes_sets_of_one_agreement_key_and_version(path):
    require_comparable(SET)
    require_comparable(SET, police(source="school"))
    require_comparable(SET, EncodedSet.load(path), batches=True)
    with pytest.raises(ValueError, match="was given twice"):
        require_comparable(SET, EncodedSet.load(path))


def test_require_comparable__names_the_difference():
    cases = {
        "project: 'file' and 'other'": Schema(project="other", fields=SCHEMA.fields, groups=SCHEMA.groups),
        "groups": Schema(project="file", fields=SCHEMA.fields),
        "field 'dob', bits: 100 and 101": Schema(
            project="file", fields=(SCHEMA.fields[0], Field(name="dob", type="date", bits=101)), groups=SCHEMA.groups
        ),
        "field 'dob': only on the left": Schema(project="file", fields=SCHEMA.fields[:1], groups=SCHEMA.groups),
        "order of the fields": Schema(project="file", fields=SCHEMA.fields[::-1], groups=SCHEMA.groups),
        "layout: 'fields' and 'record'": Schema(
            project="file", layout="record", fields=SCHEMA.fields, groups=SCHEMA.groups
        ),
    }
    for message, schema in cases.items():
        with pytest.raises(MismatchError) as caught:
            require_comparable(SET, police(source="school", schema=schema))
        assert message in str(caught.value)
        assert "'police' and 'school'" in str(caught.value)
        assert caught.value.what == "schema"
        assert caught.value.left == SCHEMA.fingerprint()
        assert caught.value.right == schema.fingerprint()


def test_require_comparable__names_keys_and_versions():
    with pytest.raises(MismatchError, match="different keys") as caught:
        require_comparable(SET, police(source="school"), police(source="clinic", key=Key.generate()))
    assert caught.value.what == "key"
    assert "'police' and 'clinic'" in str(caught.value)
    later = EncodedSet(Header(SCHEMA, "school", 0, SET.key_check, encoding_version=2))
    with pytest.raises(MismatchError, match="different versions: 1 and 2") as caught:
        require_comparable(SET, later)
    assert caught.value.what == "encoding version"


# ---- sets from arrays -------------------------------------------------------------------------------------------

SMALL = Schema(project="p", fields=(Field(name="f", type="name", bits=100),))


def rows_of(n: int) -> dict[str, np.ndarray]:
    return {"f": np.arange(1, n + 1, dtype=np.uint64)[:, None] * np.array([[1, 0]], dtype=np.uint64)}


def test_from_arrays__sorts_records_by_id(tmp_path):
    made = EncodedSet.from_arrays(["b", "c", "a"], rows_of(3), schema=SMALL, source="s")
    assert made.record_ids.to_pylist() == ["a", "b", "c"]
    assert made.filters["f"][:, 0].tolist() == [3, 1, 2]
    assert made.key_check == ""
    made.save(tmp_path / "a.parquet")
    assert read_fully(tmp_path / "a.parquet").digest() == made.digest() == content_of(made)


def test_from_arrays__does_not_share_memory_with_what_it_was_given():
    given = rows_of(3)
    made = EncodedSet.from_arrays(["a", "b", "c"], given, schema=SMALL, source="s")
    given["f"][:] = 0
    assert made.filters["f"].any()


@pytest.mark.parametrize(
    ("ids", "rows", "message"),
    [
        (["a", "a"], rows_of(2), "ascending and distinct"),
        (["a", ""], rows_of(2), "without id"),
        (["a"], {"f": np.ones((1, 1), np.uint64)}, r"must be \(1, 2\) uint64"),
        (["a"], {"f": np.full((1, 2), 2**64 - 1, np.uint64)}, "beyond its width"),
    ],
)
def test_from_arrays__refuses_what_a_file_could_not_hold(ids, rows, message):
    with pytest.raises(ValueError, match=message):
        EncodedSet.from_arrays(ids, rows, schema=SMALL, source="s")


WIDER = Schema(
    project="p", fields=SMALL.fields, groups=(Group(name="ward", smallest=1),), blocks=(Block(name="b", keys=("f",)),)
)
WHOLE = {
    "record_ids": ["x", "y"],
    "filters": rows_of(2),
    "groups": {"ward": ["e", "w"]},
    "blocks": {"b": np.ones(2, np.uint64)},
}


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"filters": {}}, ValueError, r"filter 'f' must be \(2, 2\) uint64; it was left out"),
        ({"filters": {"f": [[1, 2], [3]]}}, ValueError, r"filter 'f' must be \(2, 2\) uint64"),
        ({"filters": None}, TypeError, "filters: must be a mapping, not NoneType"),
        ({"blocks": {}}, ValueError, r"block 'b' must be \(2,\) uint64; it was left out"),
        ({"groups": None}, ValueError, "group 'ward' was left out"),
        ({"groups": {"ward": ["e"]}}, ValueError, "group 'ward' has 1 values; there are 2 records"),
        ({"groups": {"ward": [1, 2]}}, TypeError, "group 'ward': must be a sequence, each text"),
        ({"groups": {"ward": "ew"}}, TypeError, "group 'ward': must be a sequence, each text, not str"),
        ({"groups": {"ward": ["e", "\ud800"]}}, ValueError, "group 'ward' has text that can't be written as UTF-8"),
        ({"record_ids": [1, 2]}, TypeError, "record_ids: must be a sequence, each text, not list of int"),
        ({"record_ids": ["", None]}, TypeError, "record_ids: must be a sequence, each text, not list of NoneType"),
        ({"record_ids": ["", "x"]}, ValueError, "a record without id"),
        ({"record_ids": "xy"}, TypeError, "record_ids: must be a sequence, each text, not str"),
        ({"record_ids": ["x", "\ud800"]}, ValueError, "record_ids has text that can't be written as UTF-8"),
    ],
)
def test_from_arrays__names_what_is_left_out_or_of_another_kind(changed, error, message):
    """Most ended in a KeyError, IndexError or error of Arrow's; a text was two records of a letter each."""
    with pytest.raises(error, match=message) as caught:
        EncodedSet.from_arrays(**WHOLE | changed, schema=WIDER, source="s")
    assert type(caught.value) is error


@pytest.mark.parametrize("texts", [tuple, np.array, pa.array, lambda one: pa.chunked_array([one], pa.large_string())])
def test_from_arrays__takes_texts_in_any_array(texts):
    """Of Arrow's a value was no text."""
    made = EncodedSet.from_arrays(
        **WHOLE | {"record_ids": texts(["y", "x"]), "groups": {"ward": texts(["w", "e"])}}, schema=WIDER, source="s"
    )
    assert made.record_ids.to_pylist() == ["x", "y"] and made.groups["ward"].to_pylist() == ["e", "w"]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copied", "pickled"])
def test_set__does_not_change_when_it_was_copied_or_pickled(again, tmp_path):
    """NumPy's arrays are writable again then, and its digest was that of what it had been."""
    made = EncodedSet.from_arrays(**WHOLE, schema=WIDER, source="s")
    made.save(tmp_path / "set.parquet")
    for each in (made, EncodedSet.load(tmp_path / "set.parquet"), made.without(["x"])):
        assert each.popcounts["f"].any()
        given = again(each)
        assert given.digest() == each.digest()
        for array in (given.filters["f"], given.blocks["b"], given.popcounts["f"], each.popcounts["f"]):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_unpacked_bytes__is_not_kept_by_a_list_of_nothing(tmp_path):
    # the footer's fourth field claims 2**62 numbers of eight bytes, none of which is there
    footer = bytes([0x49, 0xF7]) + b"\xff" * 8 + b"\x3f"
    (tmp_path / "long.parquet").write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(FileFormatError):
        parquetpages.unpacked_bytes(tmp_path / "long.parquet")
