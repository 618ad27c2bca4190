"""Stopped, out of room, out of memory, forbidden, at once: outputs are whole or absent, and nothing else is left.

Some of each here; hundreds of kills in `.ci/long` (``python -m tests.hostile.kill``).
"""

import contextlib
import ctypes
import datetime as dt
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import click
import pyarrow as pa
import pytest
from pyarrow import csv
from pyarrow import parquet as pq

import linkage as lk
from linkage import journal, leftovers, memoryleft, parquetfile, parquetpages, tables
from linkage.agency import opened, rejoin
from linkage.commands import exitcodes
from linkage.errors import FileFormatError
from linkage.files import written_beside
from linkage.study import truth
from tests.hostile import kill
from tests.hostile.commands import commands, digest, finished, prepare, started
from tests.hostile.trial import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, limits and locks as POSIX has them")
PEOPLE = 300


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    prepare(folder, PEOPLE)
    return folder


@pytest.fixture
def place(inputs, tmp_path):
    shutil.copytree(inputs, tmp_path / "run")
    return tmp_path / "run"


def new(place, inputs):
    return sorted({path.name for path in place.iterdir()} - {path.name for path in inputs.iterdir()})


# ---- killed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["link, over time"])
def test_killed__at_a_random_moment_leaves_what_was_or_what_is_whole(inputs, tmp_path, name):
    assert kill.trial(commands(inputs)[name], inputs, tmp_path / "run", 1.0, random.Random(2))


def test_part__of_a_process_that_is_gone_is_removed_and_that_of_one_at_work_stays(tmp_path):
    final, old = tmp_path / "a.parquet", time.time() - 600
    names = [".a.parquet.0123456789ab.part", ".linkage-sort-0123456789ab.part", ".a.parquet.ffff456789ab.part"]
    other = [
        ".b.parquet.0123456789ab.part",
        "a.parquet.0123456789ab.part",
        ".a.parquet.0123456789ab.partx",
        ".a.parquet.x.part",
    ]
    (tmp_path / names[1]).mkdir()
    for name in (names[0], names[2], *other, f"{names[1]}/000"):
        (tmp_path / name).write_text("half")
    for name in (*names, *other):
        os.utime(tmp_path / name, (old, old))
    with (tmp_path / names[2]).open("rb") as at_work:
        leftovers.hold(at_work.fileno())
        with written_beside(final) as part:
            part.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*other, names[2], "a.parquet"])


def test_part__that_is_young_or_a_link_stays(tmp_path):
    (tmp_path / "precious").write_text("mine")
    young, link = tmp_path / ".a.0123456789ab.part", tmp_path / ".a.00000000000a.part"
    young.write_text("half")
    link.symlink_to(tmp_path / "precious")
    os.utime(link, (0, 0), follow_symlinks=False)
    leftovers.clear(tmp_path / "a")
    assert young.exists() and link.is_symlink() and (tmp_path / "precious").read_text() == "mine"


def test_killed__twice_cleans_up_once_and_whole(monkeypatch, tmp_path, capsys):
    """The second signal came while the first was cleaned up after, and what was left was said not to be."""
    monkeypatch.setattr(exitcodes, "_told", [])
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def stopped():
        with written_beside(tmp_path / "a.parquet") as part:
            part.write_text("half")
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGINT)
                part.write_text("cleaning up goes on")

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        exitcodes.heed_signals()
        assert exitcodes.run(click.Command("stopped", callback=stopped), []) == 130
    finally:
        for kind, handler in before.items():  # or what is forked later takes no SIGTERM
            signal.signal(kind, handler)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err.strip() == "interrupted; nothing half-written is left"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_killed__while_c_code_makes_another_exception_of_it_ends_as_told(monkeypatch, capsys, number, code):
    """NumPy, imported when SIGTERM came, had no attribute: exit code 1 and "unexpected error"."""
    monkeypatch.setattr(exitcodes, "_told", [])
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def swallowing():
        with contextlib.suppress(BaseException):
            signal.raise_signal(number)
        raise AttributeError("partially initialized module")

    try:
        for kind in before:
            signal.signal(kind, signal.SIG_DFL)
        exitcodes.heed_signals()
        assert exitcodes.run(click.Command("swallowing", callback=swallowing), []) == code
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    assert capsys.readouterr().err == ("interrupted; nothing half-written is left\n" if code == 130 else "")


@pytest.mark.parametrize("said", ["libcrypto.so.1.1: failed to map segment from shared object", "No module named 'x'"])
def test_import__that_fails_for_want_of_memory_is_said_as_that(capsys, said):
    """`convert` under 500 MiB of addresses: "unexpected error: ImportError in ssl.py", and exit code 1."""

    def importing():
        raise ImportError(said)

    code = exitcodes.run(click.Command("importing", callback=importing), [])
    known = "failed to map" in said
    assert (code == 6) == known == ("there is not enough memory" in capsys.readouterr().err)


ENDING = """
import atexit, signal, sys
import click
from linkage.commands import exitcodes

def long():
    print("at work")
    if {told}:
        signal.raise_signal(signal.SIGTERM)

atexit.register(print, "Python ends")
signal.signal(signal.SIGTERM, signal.SIG_DFL)
exitcodes.heed_signals()
exitcodes.leave(exitcodes.run(click.Command("long", callback=long), []))
"""


@pytest.mark.parametrize(("told", "code", "said"), [(True, 143, "at work\n"), (False, 0, "at work\nPython ends\n")])
def test_killed__a_command_leaves_at_once_when_all_is_cleaned_up(told, code, said):
    """Of 434 stopped commands one, `withdraw`, ended with SIGSEGV, presumably as Python took down what was at work."""
    line = [sys.executable, "-c", ENDING.format(told=told)]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (code, said)


def test_write__that_is_stopped_within_a_table_raises_what_stopped_it(tmp_path, monkeypatch):
    """Ctrl-C in `write_table` came out as OSError, "Only 0 out of 8 columns are initialized"."""

    def half_written(writer):
        raise OSError("Only 0 out of 8 columns are initialized")

    monkeypatch.setattr(pq.ParquetWriter, "close", half_written)
    with pytest.raises(KeyboardInterrupt), parquetfile.writer(tmp_path / "a", pa.schema([("id", pa.string())])):
        raise KeyboardInterrupt


# ---- no room ----------------------------------------------------------------------------------------------------


def limited(kind, size):
    return lambda: resource.setrlimit(kind, (size, size))


@pytest.mark.parametrize(("name", "size"), [("encode, spilling", 4_000), ("link, over time", 10_000)])
def test_disk__that_is_full_leaves_what_was_and_says_so(inputs, place, name, size):
    # no file may grow beyond this, which ends in an error as a full disk does (which .ci/long has, in memory)
    command = commands(inputs)[name]
    before = {each: (place / each).read_bytes() for each in command.outputs if (place / each).exists()}
    code, said = finished(command.line, place, preexec_fn=limited(resource.RLIMIT_FSIZE, size))
    assert code == 3 and "too large" in said and "Traceback" not in said
    assert not new(place, inputs)
    assert before == {each: (place / each).read_bytes() for each in before}


@pytest.mark.parametrize("name", ["link, in a folder", "compare, in a folder"])
def test_disk__that_is_full_in_a_run_is_continued_where_there_is_room(inputs, place, name):
    command = commands(inputs)[name]
    code, said = finished(command.line, place, preexec_fn=limited(resource.RLIMIT_FSIZE, 10_000))
    assert code == 3 and "too large" in said and "Traceback" not in said
    assert set(new(place, inputs)) <= set(command.kept) and not kill.left_in(place, command)
    assert finished(command.line, place)[0] == 0
    assert command.kept["run"](place / "run") == kill.command_value(command, inputs)["run"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may mount a disk in memory")
@pytest.mark.parametrize("kib", [16, 64, 256, 900])
def test_disk__of_a_few_blocks_leaves_what_was_and_says_so(inputs, tmp_path, kib):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        for command in commands(inputs).values():
            named = [part.rpartition("=") for part in command.line]
            made = command.outputs | command.kept
            line = [a + b + (f"{disk}/{c}" if c in made else c) for a, b, c in named]
            run = tmp_path / "run"
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(inputs, run)
            code, said = finished(tuple(line), run)
            assert code in (0, 2, 3) and "Traceback" not in said
            assert code != 3 or "No space left" in said or "no such file" in said
            found = {path.name for path in disk.iterdir()}
            assert found <= set(made) and (code != 0 or found == set(made)) and not kill.left_in(disk, command)
            for name in found & set(command.outputs):
                assert command.outputs[name](disk / name) is not None
                kill.remove(disk / name)
            for name in found & set(command.kept):  # there is more room: it goes on
                shutil.move(disk / name, run / name)
                assert finished(command.line, run)[0] == 0
                assert command.kept[name](run / name) == kill.command_value(command, inputs)[name]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_memory__that_is_not_there_ends_in_a_message_and_leaves_nothing(inputs, place):
    command = commands(inputs)["encode"]
    codes = set()
    for mib in (400, 6_000):  # of addresses: hardly the libraries, and all it takes
        code, said = finished(command.line, place, preexec_fn=limited(resource.RLIMIT_AS, mib << 20))
        codes.add(code)
        assert new(place, inputs) == (["out.parquet"] if code == 0 else [])
        if code == 0:
            assert digest(place / "out.parquet") == digest(inputs / "registry.parquet")
            (place / "out.parquet").unlink()
        assert code >= 0, f"ended by signal {-code}: {said[-500:]}"
    assert 0 in codes and len(codes) > 1


@pytest.mark.slow
@pytest.mark.parametrize("mib", [500, 550, 700, 850, 1_000, 1_300, 1_384])  # hardly the libraries, and all it takes
def test_memory__of_whatever_size_leaves_outputs_whole_or_as_they_were(inputs, tmp_path, mib):
    for command in commands(inputs).values():
        run = tmp_path / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(inputs, run)
        before = {name: value(run / name) if (run / name).exists() else None for name, value in command.outputs.items()}
        code, said = finished(command.line, run, preexec_fn=limited(resource.RLIMIT_AS, mib << 20))
        assert code in (0, 6) and "Traceback" not in said, (command.line, code, said[-500:])
        assert not kill.left_in(run, command)
        assert set(new(run, inputs)) <= {*command.outputs, *command.kept, "log.jsonl"}
        for name, value in command.outputs.items():
            found = value(run / name) if (run / name).exists() else None
            assert found == (before[name] if code else kill.command_value(command, inputs)[name])


@pytest.mark.skipif(sys.platform != "linux", reason="such limits are set and kept on Linux")
@pytest.mark.parametrize(("mib", "pool"), [(1_400, "system"), (None, None)])
def test_memory__that_is_limited_is_not_taken_by_arrow_at_once(tmp_path, mib, pool):
    """Its pool took a GiB of addresses, and in the rest no thread could start: SIGABRT, or waiting for ever."""
    script = tmp_path / "limited.py"
    script.write_text(
        "import os, sys, unittest.mock\nfrom linkage import cli, commands\n"
        "from linkage.commands import exitcodes\n"
        "with unittest.mock.patch.object(exitcodes, 'leave'), unittest.mock.patch.object(exitcodes, 'run'):\n"
        "    cli.main()\n"
        "assert 'pyarrow' not in sys.modules\n"
        "print(os.environ.get('ARROW_DEFAULT_MEMORY_POOL'))\n"
    )
    within = {} if mib is None else {"preexec_fn": limited(resource.RLIMIT_AS, mib << 20)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARROW_")}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, env=environment, **within
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(pool)), done.stderr


READ_IN_LITTLE = """
import json, os, resource, sys, warnings
import linkage as lk
from linkage import encodedfile  # all code is there before it gets narrow
from tests.hostile import formats
import numpy, pyarrow, pyarrow.acero, pyarrow.compute, pyarrow.csv, pyarrow.dataset, pyarrow.parquet

warnings.simplefilter("ignore")
place = sys.argv[1]
schema = lk.Schema.load(f"{place}/agreement.toml")
key = lk.Key.load(f"{place}/project.key")
columns = dict.fromkeys((field.name for field in schema.fields[1:]), None) | {schema.fields[0].name: "name"}
READ = {
    "set": lambda: lk.EncodedSet.load(f"{place}/registry.parquet").record_ids,
    "links": lambda: lk.Links.load(f"{place}/links.parquet"),
    "release": lambda: lk.Release.load(f"{place}/release.parquet"),
    "model": lambda: lk.Model.load(f"{place}/model.json"),
    "CSV": lambda: lk.encode(f"{place}/table.csv", schema, key, id="no", source="a", columns=columns, progress=False),
    "Parquet": lambda: lk.encode(
        f"{place}/table.parquet", schema, key, id="no", source="a", columns=columns, progress=False
    ),
}
size = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize:")).split()[1]) << 10
for name, read in READ.items():
    for more in map(int, sys.argv[2:]):
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_AS, (size + (more << 20),) * 2)
            try:
                read()
                said = "read"
            except (lk.LimitError, MemoryError) as error:
                said = "too little"
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"
            os.write(1, f"{json.dumps([name, more, said])}\\n".encode())
            os._exit(0)
        ended = os.waitpid(child, 0)[1]
        if ended:
            print(json.dumps([name, more, f"ended with {ended}"]), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads its size as Linux tells it")
def test_memory__that_is_not_there_is_never_called_damage(place):
    """Each once was "not a Parquet file, or one that was cut or damaged"; a CSV file was waited for for ever."""
    table = pa.table({"no": [f"{row}" for row in range(70_000)], "name": [f"lee{row % 99}" for row in range(70_000)]})
    csv.write_csv(table, place / "table.csv")
    pq.write_table(table, place / "table.parquet")
    command = [sys.executable, "-c", READ_IN_LITTLE, str(place), "0", "12", "24", "80", "150", "4000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    outcomes = {(name, more): said for name, more, said in map(json.loads, done.stdout.splitlines())}
    assert len(outcomes) == 36 and set(outcomes.values()) == {"read", "too little"}, (outcomes, done.stderr)
    assert {said for (_, more), said in outcomes.items() if more == 4_000} == {"read"}
    assert {said for (name, more), said in outcomes.items() if more == 12 and name != "model"} == {"too little"}


def test_memory__that_arrow_lacks_within_a_file_is_not_damage_and_nor_is_a_disk_that_fails(inputs):
    path = inputs / "registry.parquet"
    for error, becomes in (
        (pa.ArrowMemoryError("malloc of size 64 failed"), lk.LimitError),
        (pa.ArrowException("Unknown error: Failed to launch worker thread"), lk.LimitError),
        (OSError(errno.EIO, "Error reading bytes from file"), OSError),
        (OSError("ZSTD decompression failed"), FileFormatError),
    ):
        with pytest.raises(becomes) as raised, parquetfile.opened(path):
            raise error
        assert becomes is FileFormatError or not isinstance(raised.value, FileFormatError)


def test_file__that_can_not_be_opened_for_want_of_descriptors_is_not_damage(inputs):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            parquetpages.unpacked_bytes(inputs / "registry.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Exhausted:
    """A table whose columns can't be had for want of memory."""

    names = ("id",)

    def column(self, name):
        raise pa.ArrowMemoryError("malloc of size 64 failed")

    def __arrow_c_stream__(self, requested_schema=None):
        raise pa.ArrowMemoryError("malloc of size 64 failed")


@pytest.mark.parametrize(
    "read",
    [
        lambda table: rejoin.id_column(table, "id"),
        lambda table: truth.column(table, "id"),
        lambda table: tables.as_arrow(table, "decisions"),
        lambda table: opened.opened(table, None),
    ],
)
def test_memory__that_a_table_lacks_is_not_called_its_fault(read):
    """Arrow's MemoryError is one of its exceptions, and was told as a column of mixed kinds."""
    with pytest.raises(MemoryError):
        read(Exhausted())


def test_memory__that_openblas_would_ask_for_for_ever_is_asked_for_first(inputs, monkeypatch):
    """`overlap` never came back under a limit: SciPy's BLAS tries again until it has its buffer."""
    links = lk.Links.load(inputs / "links.parquet")
    monkeypatch.setattr(memoryleft, "_REST", 1 << 60)
    with pytest.raises(MemoryError):
        lk.overlap(links)


def test_memory__that_ran_out_is_said_even_where_python_says_nothing(capsys):
    def exhausted():
        raise MemoryError

    assert exitcodes.run(click.Command("exhausted", callback=exhausted), []) == 6
    assert capsys.readouterr().err == "error: there is not enough memory; free some, or raise the limit\n"


# ---- forbidden --------------------------------------------------------------------------------------------------


def without_roots_rights():
    if os.geteuid() == 0:
        for right in (1, 2):  # to write and to read whatever the mode says: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform != "linux", reason="takes root's rights away as Linux does")
def test_folder__that_may_not_be_written_to_is_named(inputs, place):
    place.chmod(0o555)
    code, said = finished(commands(inputs)["encode"].line, place, preexec_fn=without_roots_rights)
    place.chmod(0o755)
    assert not new(place, inputs)
    assert code == 3 and "Permission denied" in said and "Traceback" not in said


# ---- at once ----------------------------------------------------------------------------------------------------


def test_two__that_write_one_output_leave_it_whole(inputs, place):
    command = commands(inputs)["encode, spilling"]
    both = [started(command.line, place) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert new(place, inputs) == ["out.parquet"]
    assert digest(place / "out.parquet") == digest(inputs / "registry.parquet")


def test_two__that_make_one_key_leave_the_first(tmp_path):
    code = "import sys, linkage as lk; lk.Key.generate().save(sys.argv[1])"
    command = [sys.executable, "-c", code, str(tmp_path / "project.key")]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    said = [each.communicate(timeout=120)[1] for each in both]
    assert sorted(each.returncode for each in both) == [0, 1, 1]
    assert sum(b"FileExistsError" in each for each in said) == 2
    lk.Key.load(tmp_path / "project.key")
    assert [path.name for path in tmp_path.iterdir()] == ["project.key"]


# ---- the clock --------------------------------------------------------------------------------------------------


class Clock(dt.datetime):
    """One that somebody sets."""

    at = dt.datetime(2026, 3, 29, 0, 59, tzinfo=dt.UTC)

    @classmethod
    def now(cls, tz=None):
        return cls.at.astimezone(tz)


def test_log__holds_together_whatever_the_clock_does(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "datetime", Clock)
    path = tmp_path / "log.jsonl"
    for at in ("2026-03-29T00:59", "2026-03-29T02:01", "1970-01-01T00:00", "2199-12-31T23:59", "2026-03-29T00:59"):
        monkeypatch.setattr(Clock, "at", dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC))
        journal.append(path, "encode")
    assert journal.verify(path).lines == 5
    years = [json.loads(line)["at"][:4] for line in path.read_text().splitlines()]
    assert years == ["2026", "2026", "1970", "2199", "2026"]


def test_part__of_a_clock_that_was_ahead_is_removed_unless_somebody_holds_it(tmp_path):
    """It stayed until its time had come, years from now."""
    part, at_work = tmp_path / ".a.0123456789ab.part", tmp_path / ".a.ba9876543210.part"
    for each in (part, at_work):
        each.write_text("half")
        os.utime(each, (time.time() + 10_000,) * 2)
    with at_work.open() as held:
        leftovers.hold(held.fileno())
        leftovers.clear(tmp_path / "a")
    assert at_work.exists() and not part.exists()


def test_log__that_was_cut_by_a_power_cut_says_so_and_is_kept(tmp_path):
    path = tmp_path / "log.jsonl"
    for _ in range(3):
        journal.append(path, "encode")
    whole = path.read_bytes()
    for end in range(len(whole) - 1, len(whole) - 60, -7):
        path.write_bytes(whole[:end])
        with pytest.raises(FileFormatError, match="cut short"):
            journal.append(path, "encode")
        assert path.read_bytes() == whole[:end]
