"""A process that holds a key: what others on the machine see of it, and what is left of it when it crashes."""

import mmap
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import linkage as lk
from linkage.cli import cli
from linkage.commands.exitcodes import run
from tests.hostile.marked import Secrets, people, schema
from tests.test_secrets_files import written_to

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
CORE = Path("/proc/sys/kernel/core_pattern")
AT = ("--schema", "agreement.toml", "--id", "no", "--source", "one", "-o", "out.parquet")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a table, an agreement and a key, and what may not be seen of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKAGE_TRACEBACK", raising=False)
    table = people(400)
    written_to(tmp_path / "one.csv", table)
    schema().save("agreement.toml")
    key = lk.Key.generate()
    key.save("project.key")
    wanted = Secrets()
    wanted.add_people(table)
    wanted.add_key(key._secret, key.derive(project="marked", purpose="record ids"))
    wanted.values.add(Path("project.key").read_text().strip()[14:40])
    return wanted


# stops where people and the key are in memory, says so, and waits for what comes
HELD = """
import sys, time, linkage.agency.batches as batches
from linkage import cli
plain = batches.record_ids
def record_ids(*given, **named):
    made = plain(*given, **named)
    print("holding", flush=True)
    time.sleep(60)
    return made
batches.record_ids = record_ids
sys.argv = ["linkage", "encode", "one.csv", *sys.argv[1:]]
cli.main()
"""


def holding(*line, **options):
    """A command that has a key and people in memory, and waits."""
    environment = {name: value for name, value in os.environ.items() if name != "LINKAGE_LOG"}
    environment |= {"PYTHONPATH": str(Path(lk.__file__).parents[1])} | options.pop("env", {})
    child = subprocess.Popen([sys.executable, "-X", "faulthandler", "-c", HELD, *line, *AT], env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # fmt: skip
    said = child.stdout.readline()
    assert said == b"holding\n", child.communicate()[1]
    return child


def dumps_allowed():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def cores():
    return [path for path in Path().iterdir() if path.name.startswith("core")]


@linux
def test_command__shows_no_key_among_its_arguments_or_in_its_environment(place):
    with Path("project.key").open("rb") as handle:
        child = holding("--key-fd", str(handle.fileno()), pass_fds=[handle.fileno()])
    try:
        for name in ("cmdline", "environ"):
            shown = Path(f"/proc/{child.pid}/{name}").read_bytes()
            assert shown and not place.found_in(shown)
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
        assert children == ""  # nobody to hand anything on to
    finally:
        child.kill()
        child.communicate()


@linux
@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_crash__leaves_no_core_and_what_it_prints_shows_nothing(place, number):
    child = holding("--key", "project.key", preexec_fn=dumps_allowed)
    limits = Path(f"/proc/{child.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]
    child.send_signal(number)
    out, error = child.communicate(timeout=60)
    assert child.returncode == -number
    assert b"Fatal Python error" in error and b"record_ids" in error  # faulthandler's frames, without variables
    assert not place.found_in(out + error)
    assert not cores()


@linux
@pytest.mark.slow
def test_crash__would_leave_one_with_the_key_and_people_in_it(place):
    """So that the test above can fail, where this machine writes cores beside the process."""
    pattern, hard = CORE.read_text().strip(), resource.getrlimit(resource.RLIMIT_CORE)[1]
    if pattern.startswith(("|", "/")) or not pattern.startswith("core") or hard == 0:
        pytest.skip(f"this machine keeps core files elsewhere, or none: {pattern}")
    child = holding("--key", "project.key", preexec_fn=dumps_allowed, env={"LINKAGE_TRACEBACK": "1"})
    child.send_signal(signal.SIGABRT)
    child.communicate(timeout=60)
    (core,) = cores()
    with core.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        for sought in (place.octets[0], *(name.encode() for name in people(400)["surname"][:3])):
            assert memory.find(sought) >= 0
    core.unlink()  # a gigabyte, if mostly of nothing


def test_command__is_asked_of_the_kernel_not_to_be_dumped_or_traced(place):
    """The limit alone is not obeyed where a program such as apport or systemd-coredump takes the cores."""
    code = ("import ctypes, sys; from linkage.commands import nodumps; nodumps.forbid();"
            "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))")  # fmt: skip
    if sys.platform == "linux":
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert said.stdout == "0\n"


@pytest.mark.parametrize("way", ["--key", "--key=", "--id-key", "alone", "with a path"])
def test_key__on_the_command_line_is_refused_and_not_repeated(place, capsys, way):
    """`--key linkage-key-1-...` was taken for a file that does not exist, and its name repeated in the message."""
    text = Path("project.key").read_text().strip()
    words = {"--key=": [f"--key={text}"], "alone": [text], "with a path": ["--key", f"./{text.upper()}"]}
    line = ["--log", "log.jsonl", "encode", "one.csv", *words.get(way, [way, text]), *AT]
    assert run(cli, line) == 2
    out = capsys.readouterr()
    assert "there is a key on the command line" in out.err and "keygen" in out.err
    assert not place.found_in((out.out + out.err).lower()) and not Path("log.jsonl").exists()


def test_key__given_as_a_path_is_not_repeated_by_python_either(place):
    with pytest.raises(lk.PrivacyError, match="that is a key, not a file's name") as caught:
        lk.Key.load(Path("project.key").read_text().strip())
    assert not place.found_in(str(caught.value).lower())
    with pytest.raises(FileNotFoundError, match=r"linkage-key-1-old\.key"):
        lk.Key.load("linkage-key-1-old.key")  # a file may be called so


@linux
def test_killed__while_records_are_spilled_leaves_encodings_alone_which_the_next_run_removes(place):
    code = """
import sys, time, linkage, linkage.agency.spool as spool
plain = spool.Spool._spill
def spill(self, folder):
    plain(self, folder)
    print("holding", flush=True)
    time.sleep(60)
spool.Spool._spill = spill
linkage.encode("one.csv", linkage.Schema.load("agreement.toml"), linkage.Key.load("project.key"), id="no",
               source="one", out="out.parquet", memory=1)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(lk.__file__).parents[1])}
    child = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"holding\n"
    child.kill()
    child.communicate()
    (left,) = [path for path in Path().iterdir() if path.name.startswith(".linkage-sort-")]
    assert left.stat().st_mode & 0o777 == 0o700
    parts = list(left.iterdir())
    assert len(parts) > 100
    for part in parts:
        assert part.stat().st_mode & 0o777 == 0o600
    assert not place.found_in(b"\n".join(part.read_bytes() for part in parts))
    os.utime(left, (time.time() - 120,) * 2)
    assert run(cli, ["encode", "one.csv", "--key", "project.key", *AT]) == 0
    assert not left.exists()
