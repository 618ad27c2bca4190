"""Spark, two local workers: the links of one machine, classic and Connect; stopped and continued; what is refused.

Needs `pyspark[connect]` and Java, which `.ci/run` installs for this file alone; elsewhere it is skipped.
"""

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

import linkage as lk
from linkage.central import assign
from linkage.central.runs import cut
from linkage.cli import cli
from tests.test_candidates import KEY, SOURCES, sets_of

pytest.importorskip("pyspark", reason="pip install 'pyspark[connect]'")
pytestmark = [
    pytest.mark.skipif(not shutil.which("java"), reason="no Java"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]

CONF = "--conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=4 --conf spark.driver.memory=2g"
MODES = {
    "classic": {"PYSPARK_SUBMIT_ARGS": f"--master local[2] {CONF} pyspark-shell"},
    "connect": {"SPARK_REMOTE": "local[2]", "PYSPARK_SUBMIT_ARGS": f"{CONF} pyspark-shell"},
}
RECORDS = 50_000


def environment(mode: str) -> dict[str, str]:
    return os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"} | MODES[mode]


def linked(mode: str, *arguments: str) -> dict:
    """What ``linkage link --engine spark`` tells, in a process of its own: a session is of one mode for good."""
    command = [sys.executable, "-m", "linkage", "link", *arguments, "--engine", "spark", "--json"]
    done = subprocess.run(command, env=environment(mode), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(cut, "_FEWEST", 100)


@pytest.fixture(scope="module")
def session():
    from pyspark.sql import SparkSession

    os.environ.update({"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"} | MODES["classic"])
    made = SparkSession.builder.getOrCreate()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The encoded sets of 50,000 records a side, with blocks, and their links by this machine."""
    folder = tmp_path_factory.mktemp("people")
    population = lk.study.invent(round(RECORDS * 1.75) + 500, seed=50)
    schema = lk.Schema.preset("uk-person", project="spark", blocks=True)
    paths = [folder / source for source in SOURCES]
    for source, path in zip(SOURCES, paths, strict=True):
        lk.encode(
            population[source].slice(0, RECORDS), schema, KEY, id=population.ids[source], source=source, out=path,
            columns=population.held(source, schema), progress=False,
        )  # fmt: skip
    return paths, lk.link(*map(lk.EncodedSet.load, paths), candidates=lk.Blocks(), progress=False)


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
@pytest.mark.parametrize("mode", MODES)
def test_link__fifty_thousand_a_side_as_on_one_machine(people, tmp_path, mode):
    paths, expected = people
    out = tmp_path / "links"
    told = linked(mode, *map(str, paths), "-o", str(out), "--run", str(tmp_path / "run"), "--blocks")
    found = lk.Links.load(out)
    assert told["pairs"] == len(found) > 0.4 * RECORDS
    assert found.pairs.equals(expected.pairs)
    assert found.quality == expected.quality


def small(tmp_path, n=1_500, layout="fields"):
    schema = lk.Schema.preset("uk-person", project="spark", layout=layout, blocks=True)
    sets = sets_of(lk.study.invent(n, seed=9), schema)
    files = [str(tmp_path / f"{each.source}.encoded") for each in sets]
    for each, path in zip(sets, files, strict=True):
        each.save(path)
    return sets, files


def test_link__killed_and_continued(tmp_path):
    sets, files = small(tmp_path, 6_000)
    run, out = tmp_path / "run", tmp_path / "links"
    command = ["link", *files, "-o", str(out), "--run", str(run), "--blocks", "--engine", "spark"]
    code = (
        "import linkage.central.spark as s, linkage.central.spark.engine as e\n"
        f"s.OnSpark = lambda *a, **k: e.OnSpark(*a, rows=1_024, **k)\nfrom linkage.cli import cli\ncli({command})"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=environment("classic"), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 240
    while len(list(run.glob("contenders-*.parquet"))) < 1 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it had ended before it was killed"
    done = {path.name: path.stat().st_mtime_ns for path in run.glob("contenders-*.parquet")}
    assert 1 <= len(done) < len(sets[0]) / 1_024
    linked("classic", *files, "-o", str(out), "--run", str(run), "--blocks")
    assert {
        path.name: path.stat().st_mtime_ns for path in run.glob("contenders-*.parquet") if path.name in done
    } == done
    assert lk.Links.load(out).pairs.equals(lk.link(*sets, candidates=lk.Blocks()).pairs)
    assert sorted(path.name for path in run.iterdir() if not path.name.startswith("contenders-")) == [
        "model.parquet", "pairs", "run.json", "run.lock",
    ]  # fmt: skip


def frame(session, **columns):
    return session.createDataFrame(pa.table(columns))


LONG, INT = pa.int64(), pa.int32()


def keys(session, key_type=LONG, row_type=INT):
    return frame(
        session,
        row=pa.array([0, 1, 2], row_type),
        rule=pa.array([0, 0, 1], pa.int32()),
        key=pa.array([7, 8, 7], key_type),
    )


def test_candidate_pairs__each_once_and_by_one_rule(session):
    from linkage.central.spark import candidate_pairs

    left = keys(session).unionByName(
        frame(session, row=pa.array([0], pa.int32()), rule=pa.array([1], pa.int32()), key=[7])
    )
    found = candidate_pairs(left, left).collect()
    assert sorted(tuple(each) for each in found) == [(0, 0), (0, 2), (1, 1), (2, 0), (2, 2)]
    assert [tuple(each) for each in candidate_pairs(left, left, within=True).collect()] == [(0, 2)]


@pytest.mark.parametrize("within", [False, True])
def test_candidate_pairs__of_a_block_far_larger_than_others_are_made_by_many_tasks(session, monkeypatch, within):
    """All of a block's pairs came from one task: its keys are few bytes, and Spark parts by bytes."""
    from pyspark.sql import functions

    from linkage.central.spark import joined

    monkeypatch.setattr(joined, "_SQUARE", 20)
    rng = np.random.default_rng(5)
    found = []
    for n in (900, 700):
        key = np.where(rng.random(n) < 0.5, 7, rng.integers(8, 300, n))
        found.append((key, frame(session, row=pa.array(np.arange(n), INT), rule=pa.array(np.zeros(n), INT), key=key)))
    (own, left), (others, right) = (found[0], found[0]) if within else found
    wanted = {(a, b) for a, b in np.argwhere(own[:, None] == others) if a < b or not within}
    large = joined.large_blocks(left, right)
    assert [each["key"] for each in large.collect()] == [7]
    for options in ({}, {"large": large, "partitions": 8}):
        pairs = joined.candidate_pairs(left, right, within=within, **options).collect()
        assert len(pairs) == len(wanted)
        assert {tuple(each) for each in pairs} == wanted
    session.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    try:
        made = joined.meeting(left, right, large, 8).groupBy(functions.spark_partition_id()).count().collect()
    finally:
        session.conf.unset("spark.sql.autoBroadcastJoinThreshold")
    counts = [each["count"] for each in made]
    assert max(counts) < sum(counts) / 3
    assert joined.partitions_for(session, 4_001) == 11


@pytest.mark.parametrize(("kinds", "column"), [
    ({"key_type": pa.int32()}, "key"), ({"row_type": pa.int64()}, "row"), ({"key_type": pa.float64()}, "key"),
    ({"key_type": pa.string()}, "key"),
])  # fmt: skip
def test_candidate_pairs__keys_of_unlike_types_are_refused(session, kinds, column):
    from linkage.central.spark import candidate_pairs

    if kinds.get("key_type") == pa.string():
        other = keys(session).selectExpr("row", "rule", "cast(key as string) key")
    else:
        other = keys(session, **kinds)
    for sides in ((keys(session), other), (other, keys(session))):
        with pytest.raises(lk.MismatchError, match=f"column '{column}' is .*cast it"):
            candidate_pairs(*sides)
    with pytest.raises(lk.MismatchError, match="column 'rule' is missing"):
        candidate_pairs(keys(session), keys(session).drop("rule"))


def test_on_spark__more_candidates_than_allowed_are_refused_before_one_is_scored(session, tmp_path):
    from linkage.central.spark import OnSpark

    sets, _ = small(tmp_path)
    with pytest.raises(lk.LimitError, match=r"[0-9,]+ candidates, for which [0-9,]+ bytes would travel"):
        lk.link(*sets, candidates=lk.LSH(threshold=0.7), run=OnSpark(session, tmp_path / "run", most=100))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["model.parquet", "run.json", "run.lock"]
    with pytest.raises(ValueError, match="on Spark records meet by candidates"):
        lk.link(*sets, run=OnSpark(session, tmp_path / "other"))
    with pytest.raises(TypeError, match="takes a SparkSession"):
        OnSpark("local[2]", tmp_path / "other")
    with pytest.raises(ValueError, match="rows is a whole number"):
        OnSpark(session, tmp_path / "other", rows=10)


@pytest.mark.parametrize("candidates", [lk.LSH(threshold=0.7), lk.Blocks() | lk.LSH(threshold=0.8)])
@pytest.mark.usefixtures("small_parts")
def test_on_spark__by_hashes_within_one_set_and_with_duplicates(session, tmp_path, candidates):
    from linkage.central.spark import OnSpark

    sets, _ = small(tmp_path)
    model = lk.fit(*sets)
    for number, (some, duplicates) in enumerate(((sets, [SOURCES[0]]), (sets[:1], []))):
        options = {"candidates": candidates, "model": model, "duplicates": duplicates}
        run = OnSpark(session, tmp_path / str(number), rows=400)
        expected = lk.link(*some, **options).pairs
        assert lk.link(*some, run=run, **options).pairs.equals(expected)
        # what a killed process left of encodings is gone when the run is next looked at, though all its parts are done
        left = tmp_path / str(number) / "staged"
        left.mkdir()
        (left / "rows").write_text("encodings")
        assert lk.link(*some, run=run, **options).pairs.equals(expected)
        assert not left.exists()


@pytest.mark.parametrize("threshold", [None, 0.8])
@pytest.mark.usefixtures("small_parts")
def test_on_spark__by_similarity(session, tmp_path, threshold):
    from linkage.central.spark import OnSpark

    sets, _ = small(tmp_path, layout="record")
    options = {"candidates": lk.Blocks(), "threshold": threshold}
    found = lk.link(*sets, run=OnSpark(session, tmp_path / "run", rows=400), **options)
    expected = lk.link(*sets, **options)
    assert found.pairs.equals(expected.pairs)
    assert found.cut == expected.cut


def test_components__of_chains_stars_and_single_edges(session, tmp_path):
    from linkage.central.spark.components import components

    rng = random.Random(3)
    nodes = list(range(600))
    rng.shuffle(nodes)
    chains = [nodes[:300], nodes[300:420], *[nodes[at : at + 2] for at in range(420, 500, 2)]]
    edges = [pair for chain in chains for pair in itertools.pairwise(chain)]
    edges += [(nodes[500], each) for each in nodes[501:560]] + [(nodes[560], nodes[560])]
    rng.shuffle(edges)
    a, b = (pa.array(side, pa.int64()) for side in zip(*edges, strict=True))
    found = components(session, frame(session, a=a, b=b), (tmp_path / "rounds").as_uri())
    wanted = {node: min(chain) for chain in [*chains, nodes[500:560], [nodes[560]]] for node in chain}
    assert {each["node"]: each["component"] for each in found.collect()} == wanted


def test_assign__of_groups_is_that_of_all_pairs_ties_included():
    rng = np.random.default_rng(8)
    keys = np.unique(rng.integers(0, 300, 600) << 32 | rng.integers(0, 300, 600))
    row, column = (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32)
    gain = rng.integers(1, 4, len(row))
    whole = assign.assign(row, column, gain, unique=(True, True))
    group = assign.groups(row.astype(np.int64), column.astype(np.int64) + 300, 600)[row]
    scale = assign.scale_of(row, column, gain)
    for part in np.array_split(np.unique(group), 7):
        own = np.isin(group, part)
        found = assign.assign(row[own], column[own], gain[own], unique=(True, True), scale=scale)
        assert (found == whole[own]).all()


def test_commands__what_spark_needs_is_said(tmp_path):
    _, files = small(tmp_path, 300)
    base = ["link", *files, "-o", str(tmp_path / "links")]
    assert "give --run FOLDER" in CliRunner().invoke(cli, [*base, "--engine", "spark"]).output
    assert "--seen-as goes with" in CliRunner().invoke(cli, [*base, "--seen-as", "dbfs:/x"]).output
