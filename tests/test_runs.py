"""Runs in a folder: the links of memory, of sets that are mapped; stopped anywhere, continued to the same end."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import linkage as lk
from linkage.central.job import prepared
from linkage.central.runs import cut, folder, work
from linkage.central.runs.mapped import mapped
from linkage.cli import cli
from tests.test_candidates import sets_of

# of these people a few are in no block
pytestmark = pytest.mark.filterwarnings("ignore:.*are in no block:linkage.LinkageWarning")
WAYS = {
    "all pairs": None,
    "blocks": lk.Blocks(),
    "LSH": lk.LSH(threshold=0.7),
    "both": lk.Blocks() | lk.LSH(threshold=0.8),
}


@pytest.fixture(scope="module")
def population():
    return lk.study.invent(1_200, seed=77, preset="hard")


@pytest.fixture(scope="module")
def fields(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="runs", blocks=True))


@pytest.fixture(scope="module")
def record(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="runs", layout="record", blocks=True))


def as_one(sets) -> lk.EncodedSet:
    """Both sources' records as one's, which then holds people twice."""
    columns = [{name: np.concatenate([getattr(each, kind)[name] for each in sets]) for name in getattr(sets[0], kind)}
               for kind in ("filters", "blocks")]  # fmt: skip
    ids = [record for each in sets for record in each.record_ids.to_pylist()]
    return lk.EncodedSet.from_arrays(
        ids, columns[0], blocks=columns[1], schema=sets[0].schema, source="both", key_check=sets[0].key_check
    )


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Some rows at a time, so that there are tiles on and off the diagonal, and last ones that are smaller."""
    monkeypatch.setattr(cut, "_MOST", 250)
    monkeypatch.setattr(cut, "_FEWEST", 250)


def parts_in(run) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in run.glob("*-*.parquet")}


def read(run) -> pa.Table:
    return pq.read_table(run / "pairs")


@pytest.mark.parametrize("way", WAYS)
def test_link__in_a_folder_gives_the_links_of_memory(fields, tmp_path, way):
    expected = lk.link(*fields, candidates=WAYS[way])
    found = lk.link(*fields, candidates=WAYS[way], run=tmp_path / "run")
    assert found.pairs.equals(expected.pairs)
    assert found.quality == expected.quality
    assert found.cut == expected.cut
    assert len(parts_in(tmp_path / "run")) == 9  # three by three
    written = read(tmp_path / "run")
    assert written.select(["left_id", "right_id"]).equals(expected.pairs.select(["left_id", "right_id"]))
    assert not (tmp_path / "run" / "rows").exists()


@pytest.mark.parametrize("way", ["all pairs", "blocks"])
def test_link__within_one_set_and_with_duplicates(fields, tmp_path, way):
    model = lk.fit(*fields)
    for number, sets in enumerate(([as_one(fields)], fields)):
        options = {"model": model, "candidates": WAYS[way], "duplicates": [sets[0].source]}
        expected = lk.link(*sets, **options)
        found = lk.link(*sets, run=tmp_path / str(number), **options)
        assert found.pairs.equals(expected.pairs)
        assert len(expected) > 200


@pytest.mark.parametrize("threshold", [None, 0.8])
@pytest.mark.parametrize("way", ["all pairs", "blocks"])
def test_link__by_similarity(record, tmp_path, way, threshold):
    expected = lk.link(*record, threshold=threshold, candidates=WAYS[way])
    found = lk.link(*record, threshold=threshold, candidates=WAYS[way], run=tmp_path / "run")
    assert found.pairs.equals(expected.pairs)
    assert found.cut == expected.cut


@pytest.mark.parametrize("way", ["all pairs", "blocks", "LSH"])
@pytest.mark.parametrize("within", [False, True])
def test_compare_to_folder__is_compare(record, tmp_path, way, within):
    candidates = lk.LSH() if way == "LSH" else WAYS[way]
    sets = [as_one(record)] if within else record
    expected = lk.compare(*sets, threshold=0.7, candidates=candidates)
    found = lk.compare_to_folder(*sets, folder=tmp_path / "run", threshold=0.7, candidates=candidates)
    assert len(found) == len(expected) > 100
    assert found.recall == expected.recall
    order = [("left_id", "ascending"), ("right_id", "ascending")]
    assert pq.read_table(found.folder).sort_by(order).equals(expected.to_arrow().sort_by(order))


def test_compare_to_folder__a_tile_of_more_pairs_than_memory_has_several_files(record, tmp_path):
    found = lk.compare_to_folder(*record, folder=tmp_path / "run", threshold=0.3, memory=1 << 20)
    assert len(list(found.folder.glob("00000-*.parquet"))) > 1
    assert len(found) == len(lk.compare(*record, threshold=0.3))


def stopped_after(monkeypatch, n: int, error: type[BaseException]):
    """The n-th part that is made ends in an error, as a full disk or Ctrl-C would have it."""
    made = []
    real = folder.parquetfile.write

    def write(*args):
        if len(made) == n:
            raise error("stopped")
        made.append(args[0].name)
        real(*args)

    monkeypatch.setattr(folder.parquetfile, "write", write)
    return made


@pytest.mark.parametrize("n", [0, 1, 4, 9])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_link__stopped_anywhere_continues_to_the_same_links(fields, tmp_path, monkeypatch, n, error):
    expected = lk.link(*fields, candidates=lk.Blocks())
    run = tmp_path / "run"
    with monkeypatch.context() as patched:
        stopped_after(patched, n, error)
        with pytest.raises(error):
            lk.link(*fields, candidates=lk.Blocks(), run=run)
    assert not (run / "rows").exists()  # what was mapped is gone
    done = parts_in(run)
    assert len(done) == max(0, n - 1)  # the model comes first
    monkeypatch.setattr(cut, "_MOST", 900)  # memory may differ: the cut is that of the beginning
    found = lk.link(*fields, candidates=lk.Blocks(), run=run)
    assert found.pairs.equals(expected.pairs)
    assert {name: at for name, at in parts_in(run).items() if name in done} == done  # none was made again


def test_compare_to_folder__stopped_within_a_tile_has_each_pair_once(record, tmp_path, monkeypatch):
    run = tmp_path / "run"
    options = {"folder": run, "threshold": 0.3, "memory": 1 << 20}
    with monkeypatch.context() as patched:
        stopped_after(patched, 2, KeyboardInterrupt)  # its pairs are written, but not that it is done
        with pytest.raises(KeyboardInterrupt):
            lk.compare_to_folder(*record, **options)
    (run / "pairs" / "00002-99999.parquet").write_bytes(b"of a longer try")
    found = lk.compare_to_folder(*record, **options)
    expected = lk.compare(*record, threshold=0.3)
    order = [("left_id", "ascending"), ("right_id", "ascending")]
    assert read(run).sort_by(order).equals(expected.to_arrow().sort_by(order))
    assert len(found) == len(expected)


CHANGES = {
    "candidates": {"candidates": lk.Blocks(rules=("born_initial",))},
    "probability": {"probability": 0.9},
    "duplicates": {"duplicates": ["registry"]},
}


@pytest.mark.parametrize("name", CHANGES)
def test_link__a_setting_that_changed_is_refused(fields, tmp_path, name):
    lk.link(*fields, candidates=lk.Blocks(), run=tmp_path / "run")
    before = parts_in(tmp_path / "run")
    with pytest.raises(lk.MismatchError, match=f"begun with another {name}"):
        lk.link(*fields, run=tmp_path / "run", **({"candidates": lk.Blocks()} | CHANGES[name]))
    assert parts_in(tmp_path / "run") == before


def test_link__an_input_model_release_or_work_that_changed_is_refused(fields, record, tmp_path, monkeypatch):
    run = tmp_path / "run"
    lk.link(*fields, run=run)
    fewer = fields[0].without(fields[0].record_ids[:1].to_pylist())
    with pytest.raises(lk.MismatchError, match="another sets"):
        lk.link(fewer, fields[1], run=run)
    with pytest.raises(lk.MismatchError, match="another model"):
        lk.link(*fields, model=lk.fit(*fields), run=run)
    with pytest.raises(lk.MismatchError, match="begun with another duplicates"):
        lk.compare_to_folder(*record, threshold=0.8, folder=run)
    monkeypatch.setattr(work, "version", lambda _: "0.0.1")
    with pytest.raises(lk.MismatchError, match="another release"):
        lk.link(*fields, run=run)


def test_link__the_order_of_the_sets_changes_nothing(fields, tmp_path):
    first = lk.link(*fields, run=tmp_path / "run")
    assert lk.link(*fields[::-1], run=tmp_path / "run").pairs.equals(first.pairs)


def test_link__a_damaged_part_or_one_of_another_run_is_refused(fields, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for run in (one, other):
        lk.link(*fields, run=run)
    part = one / "contenders-00004.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(lk.FileFormatError, match="contenders-00004"):
        lk.link(*fields, run=one)
    part.write_bytes((other / part.name).read_bytes())
    with pytest.raises(lk.FileFormatError, match="another run"):
        lk.link(*fields, run=one)
    part.write_bytes((one / "contenders-00003.parquet").read_bytes())  # of this run, in another's place
    with pytest.raises(lk.FileFormatError, match="contenders-00004"):
        lk.link(*fields, run=one)
    part.unlink()  # as the message says
    lk.link(*fields, run=one)


def test_run_folder__what_is_no_run_is_left_alone(fields, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="no run"):
        lk.link(*fields, run=tmp_path / "mine")
    with pytest.raises(FileExistsError, match="no folder"):
        lk.link(*fields, run=tmp_path / "mine" / "letter.txt")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        lk.link(*fields, run=tmp_path / "nowhere" / "run")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    lk.link(*fields, run=tmp_path / "run")
    about = tmp_path / "run" / "run.json"
    about.write_text(about.read_text().replace('"candidates": null', '"candidates": "Blocks()"'))
    with pytest.raises(lk.FileFormatError, match=r"run\.json: .*changed"):
        lk.link(*fields, run=tmp_path / "run")


def forge(path, change) -> None:
    """Another content in a part, with digests that fit."""
    table, footer = folder.parquetfile.read(path, format=folder.FORMAT_OF_PARTS, made_with="a run")
    table, said = change(table)
    folder.parquetfile.write(path, table, {**footer, **said})


def with_column(table: pa.Table, name: str, values) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))


def with_highest(name: str, value: int):
    return lambda table: (with_column(table, name, [*table[name].to_pylist()[:-1], value]), {})


FORGED = {
    ("contenders", "not one column level_1"): lambda table: (table.drop_columns(["level_1"]), {}),
    ("contenders", "column row has a number"): with_highest("row", 250),  # the first row of the next tile
    ("contenders", "column column has a number"): with_highest("column", -1),
    ("contenders", "column level_0 has a number"): with_highest("level_0", 255),
    ("contenders", "twice there"): lambda table: (pa.concat_tables([table.slice(0, 1), table]), {}),
    ("contenders", "bound is no number"): lambda table: (table, {"bound": "-802\0"}),
    ("contenders", "column weight is not int32"): lambda table: (
        table.set_column(2, "weight", table["weight"].cast("float64")), {}
    ),
    ("model", "not one text"): lambda table: (table.slice(0, 0), {}),
    ("model", "not JSON"): lambda table: (with_column(table, "text", ["{"]), {}),
    ("model", "nested too deep"): lambda table: (with_column(table, "text", ["[" * 100_000]), {}),
    ("model", "not a model"): lambda table: (with_column(table, "text", ["[]"]), {}),
}  # fmt: skip


@pytest.mark.parametrize(("part", "why"), FORGED)
def test_link__a_forged_part_is_refused_and_named(fields, tmp_path, part, why):
    """A column that lacked was a KeyError, a level beyond the plan's an IndexError, and a negative row read another."""
    run = tmp_path / "run"
    lk.link(*fields, run=run)
    name = "model.parquet" if part == "model" else "contenders-00000.parquet"
    forge(run / name, FORGED[part, why])
    with pytest.raises(lk.FileFormatError, match=rf"{name}: not what a run wrote: .*{why}.*Remove it"):
        lk.link(*fields, run=run)


def test_link__a_model_of_another_agreement_is_refused(fields, tmp_path):
    run = tmp_path / "run"
    lk.link(*fields, run=run)
    other = lk.Schema.preset("uk-person", project="another", blocks=True)
    people = lk.study.invent(1_200, seed=77, preset="hard")
    text = work.to_text(lk.fit(*sets_of(people, other)))
    forge(run / "model.parquet", lambda table: (with_column(table, "text", [text]), {}))
    with pytest.raises(lk.FileFormatError, match="a model of another agreement"):
        lk.link(*fields, run=run)


def test_link__more_bits_in_common_than_either_has_are_refused(record, tmp_path):
    run = tmp_path / "run"
    lk.link(*record, threshold=0.8, run=run)
    forge(run / "alike-00000.parquet", with_highest("overlap", 1_000))
    with pytest.raises(lk.FileFormatError, match="more bits in common than either has"):
        lk.link(*record, threshold=0.8, run=run)


@pytest.mark.parametrize("change", [{"cut": {"rows": 1}}, {"cut": {"rows": "x"}}, {"cut": []}, {"of": []}, {"id": 3}])
def test_run_folder__what_no_run_writes_about_itself_is_refused(fields, tmp_path, change):
    """A row at a time made a run of 150 people one without end; a list for what it is of, an AttributeError."""
    lk.link(*fields, run=tmp_path / "run")
    place = tmp_path / "run" / "run.json"
    about = json.loads(place.read_text()) | change
    del about["content"]
    place.write_text(json.dumps(about | {"content": folder._sealed(about)}))
    with pytest.raises(lk.FileFormatError, match=r"run\.json: not what a run"):
        lk.link(*fields, run=tmp_path / "run")


def test_compare_to_folder__pairs_that_somebody_removed_are_missed(record, tmp_path):
    """What said that a part was done was believed: its pairs were counted, and not there."""
    options = {"folder": tmp_path / "run", "threshold": 0.7}
    found = lk.compare_to_folder(*record, **options)
    gone = max(found.folder.iterdir(), key=lambda path: pq.read_metadata(path).num_rows)
    gone.unlink()
    with pytest.raises(lk.FileFormatError, match=r"done-\d+\.parquet: .*not all there.*Remove it") as refused:
        lk.compare_to_folder(*record, **options)
    Path(refused.value.path).unlink()
    assert lk.compare_to_folder(*record, **options) == found
    assert gone.exists()


def test_compare_to_folder__pairs_that_somebody_changed_or_added_are_noticed(record, tmp_path):
    """The rows of a tile's files were counted, and what they hold was believed; a file more was read along."""
    options = {"folder": tmp_path / "run", "threshold": 0.7}
    found = lk.compare_to_folder(*record, **options)
    place = max(found.folder.iterdir(), key=lambda path: pq.read_metadata(path).num_rows)
    whole = place.read_bytes()
    table = pq.read_table(place)
    pq.write_table(table.set_column(2, "similarity", pa.array(np.ones(len(table)))), place)
    with pytest.raises(lk.FileFormatError, match=r"done-\d+\.parquet: .*not all there, or changed. Remove it"):
        lk.compare_to_folder(*record, **options)
    place.write_bytes(whole)
    assert lk.compare_to_folder(*record, **options) == found
    (found.folder / "other.parquet").write_bytes(whole)
    with pytest.raises(lk.FileFormatError, match=r"other\.parquet: not what this run wrote; remove it"):
        lk.compare_to_folder(*record, **options)


def test_compare_to_folder__of_candidates_refuses_by_what_they_find(record, tmp_path):
    """All pairs that reach the threshold were held against what is allowed, be it that candidates find a hundredth."""
    by = {"threshold": 0.3, "candidates": lk.Blocks()}
    n = len(lk.compare(*record, **by))
    assert n < len(lk.compare(*record, threshold=0.3)) // 100
    assert lk.compare_to_folder(*record, folder=tmp_path / "run", most=n, **by).pairs == n
    with pytest.raises(lk.LimitError, match=r"pairs would come out; allowed are 20"):
        lk.compare_to_folder(*record, folder=tmp_path / "few", most=20, **by)
    assert not list((tmp_path / "few").glob("done-*"))


def test_mapped__several_filters_as_one_are_mapped_too(fields, tmp_path):
    """For LSH all filters of a record are one: in a run they were put together in memory, the whole set."""
    (one,) = fields[:1]
    how = {"threshold": 0.7, "measure": None, "filters": list(one.filters), "threads": 1, "spans": False}
    with mapped(tmp_path / "rows", one, fields[1]) as sets:
        found, expected = (prepared(*each, **how) for each in (sets, fields))
        for own, other in ((found.rows, expected.rows), (found.columns, expected.columns)):
            assert isinstance(own.words, np.memmap)
            assert np.array_equal(own.words, other.words)
            assert np.array_equal(own.counts, other.counts)
        within = prepared(sets[0], None, **how)
        assert within.rows is within.columns
    assert not (tmp_path / "rows").exists()


def test_run_folder__one_process_at_a_time(fields, tmp_path):
    with (
        folder.run_folder(tmp_path / "run", {}, {}),
        pytest.raises(BlockingIOError, match="another process"),
    ):
        lk.link(*fields, run=tmp_path / "run")


def test_run_folder__continued_at_once_keeps_no_part_of_a_killed_process(fields, tmp_path):
    """Parts younger than a minute stayed, and nobody ever wrote those names again."""
    lk.link(*fields, run=tmp_path / "run")
    left = [tmp_path / "run" / ".contenders-00001.parquet.0123456789ab.part", tmp_path / "run" / "pairs" /
            ".links-00000.parquet.0123456789ab.part"]  # fmt: skip
    for path in left:
        path.write_bytes(b"half")
    kept = tmp_path / "run" / ".mine.part"
    kept.write_bytes(b"mine")
    lk.link(*fields, run=tmp_path / "run")
    assert not any(path.exists() for path in left) and kept.exists()


def test_run_folder__of_a_process_killed_as_it_began_is_begun_anew(fields, tmp_path):
    """The part of run.json that SIGKILL left made the folder "something that is no run"."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.json.0123456789ab.part").write_bytes(b"{")
    (tmp_path / "run" / "run.lock").touch()
    assert lk.link(*fields, run=tmp_path / "run").pairs.equals(lk.link(*fields).pairs)
    assert not list((tmp_path / "run").glob(".*"))


def test_run_folder__is_its_owners(fields, tmp_path):
    lk.link(*fields, run=tmp_path / "run")
    modes = {path: path.stat().st_mode & 0o077 for path in [tmp_path / "run", *(tmp_path / "run").rglob("*")]}
    assert not any(mode for path, mode in modes.items() if path.name != "run.lock")


@pytest.mark.parametrize("way", ["all pairs", "blocks"])
def test_runs__of_a_set_without_records_find_nothing(fields, record, tmp_path, way):
    model = lk.fit(*fields)
    for name, sets, options in (("fields", fields, {"model": model}), ("record", record, {"threshold": 0.8})):
        nobody = sets[0].without(sets[0].record_ids.to_pylist())
        for number, some in enumerate(([nobody, sets[1]], [sets[1], nobody])):
            run = tmp_path / f"{name}{number}"
            assert len(lk.link(*some, candidates=WAYS[way], run=run, **options)) == 0
            assert pq.read_table(run / "pairs").num_rows == 0
    found = lk.compare_to_folder(nobody, record[1], folder=tmp_path / "compared", threshold=0.8, candidates=WAYS[way])
    assert (len(found), found.recall) == (0, None)


def test_link__one_cut_however_it_is_written(fields, tmp_path):
    for cut_at in (0.8, "0.8", "4/5"):
        lk.link(*fields, probability=cut_at, run=tmp_path / "run")


def test_link__one_way_to_find_candidates_however_it_is_written(fields, tmp_path):
    """A run refused for its candidates could not go on in its folder when more were allowed, as its message advises."""
    run = tmp_path / "run"
    with pytest.raises(lk.LimitError, match=r"allow more: Blocks\(most="):
        lk.link(*fields, run=run, candidates=lk.Blocks(most=10) | lk.LSH(recall="0.99", threshold=0.7))
    found = lk.link(*fields, run=run, candidates=lk.LSH(threshold="7/10", most=10**8) | lk.Blocks())
    assert found.pairs.equals(lk.link(*fields, candidates=lk.Blocks() | lk.LSH(threshold=0.7)).pairs)
    for other in (lk.Blocks() | lk.LSH(threshold=0.7, recall=0.9), lk.Blocks() | lk.LSH(threshold=0.8), lk.Blocks()):
        with pytest.raises(lk.MismatchError, match="another candidates"):
            lk.link(*fields, run=run, candidates=other)


def test_link__several_sets_or_a_standing_result_take_no_run(fields, tmp_path):
    with pytest.raises(ValueError, match="run takes two sets"):
        lk.link(*fields, standing=lk.link(*fields), run=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_compare_to_folder__too_many_pairs_are_refused(record, tmp_path):
    with pytest.raises(lk.LimitError, match=r"about [0-9,]+ pairs would come out; allowed are 1,000"):
        lk.compare_to_folder(*record, folder=tmp_path / "run", threshold=0.2, most=1_000)
    assert not list((tmp_path / "run").glob("done-*"))  # before the first was written


def test_commands__a_killed_link_is_continued(fields, tmp_path, monkeypatch):
    """SIGKILL once a part is there; the same command then ends as if it had never been stopped."""
    paths = [str(tmp_path / f"{each.source}.encoded") for each in fields]
    for each, path in zip(fields, paths, strict=True):
        each.save(path)
    run, out = tmp_path / "run", tmp_path / "out"
    command = ["link", *paths, "-o", str(out), "--run", str(run), "--threads", "1"]
    small = "from linkage.central.runs import cut; cut._MOST = cut._FEWEST = 50"
    code = f"{small}; from linkage.cli import cli; cli({command})"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(parts_in(run)) < 3 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it had ended before it was killed"
    assert not out.exists()
    done = parts_in(run)
    assert 3 <= len(done) < 300
    monkeypatch.setattr(cut, "_FEWEST", 50)  # or such small tiles are none of ours
    again = CliRunner().invoke(cli, [*command, "--json"])
    assert again.exit_code == 0, again.output
    assert {name: at for name, at in parts_in(run).items() if name in done} == done
    assert lk.Links.load(out).pairs.equals(lk.link(*fields).pairs)
    assert sorted(path.name for path in run.iterdir() if not re.match("contenders-", path.name)) == [
        "model.parquet", "pairs", "run.json", "run.lock",
    ]  # fmt: skip


def test_commands__compare_to_a_folder(record, tmp_path):
    paths = [str(tmp_path / f"{each.source}.encoded") for each in record]
    for each, path in zip(record, paths, strict=True):
        each.save(path)
    told = CliRunner().invoke(cli, ["compare", *paths, "--threshold", "0.8", "--run", str(tmp_path / "run"), "--json"])
    assert (
        json.loads(told.output)["pairs"] == len(lk.compare(*record, threshold=0.8)) == read(tmp_path / "run").num_rows
    )
    neither = CliRunner().invoke(cli, ["compare", *paths, "--threshold", "0.8"])
    assert neither.exit_code == 2
    assert "-o FILE, or --run FOLDER" in neither.output


MEASURED = """
import resource, sys
import linkage as lk, pyarrow.parquet, scipy.sparse
from linkage.central.blocking import exactsample, lsh
from linkage.central.runs import cut
cut._MOST, exactsample._PAIRS, lsh._ALIKE_PAIRS, lsh._SAMPLE_PAIRS = 8_192, 1 << 22, 1 << 22, 1 << 16
way = {"blocks": lk.Blocks(), "LSH": lk.LSH(recall=0.05)}[sys.argv[4]]
sets = [lk.EncodedSet.load(path, max_bytes=1 << 40) for path in sys.argv[1:3]]
options = {"threshold": 0.99, "threads": 1, "memory": 16 << 20, "candidates": way}
held = int(open("/proc/self/status").read().partition("VmData:")[2].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (held + (110 << 20),) * 2)
if sys.argv[3] == "memory":
    print(len(lk.compare(*sets, **options)))
else:
    print(len(lk.compare_to_folder(*sets, folder=sys.argv[3], **options)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA counts no mapped files there")
@pytest.mark.skipif(pa.__version__.startswith("17."), reason="reading takes pyarrow 17 more than the set itself")
@pytest.mark.parametrize("way", ["blocks", pytest.param("LSH", marks=pytest.mark.slow)])
def test_compare_to_folder__sets_larger_than_memory(tmp_path, way):
    """80 MB of filters a side and 110 MB allowed: only mapped files, which are not counted, are enough.

    To tell the recall of LSH all bits of both sets were once laid side by side in memory.
    """
    fields = (lk.Field(name="surname", type="name"),)
    blocks = (lk.Block(name="name", keys=("surname",)),)
    schema = lk.Schema(project="large", layout="record", bits=16_384, fields=fields, blocks=blocks)
    n = 40_000
    bits = np.random.default_rng(5).integers(0, 1 << 63, (n, 256), dtype=np.uint64)
    keys = np.arange(1, n + 1, dtype=np.uint64)
    paths = [str(tmp_path / name) for name in ("left", "right")]
    for path, source in zip(paths, ("left", "right"), strict=True):
        ids = [f"{source[0]}{row:06}" for row in range(n)]
        lk.EncodedSet.from_arrays(ids, {"record": bits}, blocks={"name": keys}, schema=schema, source=source).save(path)
    run = str(tmp_path / "run")
    in_folder, in_memory = (
        subprocess.run([sys.executable, "-c", MEASURED, *paths, how, way], capture_output=True, text=True, check=False)
        for how in (run, "memory")
    )
    assert in_folder.stdout == "40000\n", in_folder.stderr[-2_000:]
    assert in_memory.returncode != 0, "the limit is none"
