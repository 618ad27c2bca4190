"""Whatever goes wrong wherever inside: nothing that shows an exception, variables included, shows a person or a key."""

import errno
import functools
import inspect
import os
import random
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pytest

import linkage as lk
from linkage import interop, study
from linkage.agency import key as key_module
from linkage.sealed import SHOWN, sealed
from linkage.study import attacks
from tests.hostile.marked import Secrets, people, schema
from tests.hostile.tellings import WAYS, without_caller

PACKAGE = str(Path(lk.__file__).parent) + os.sep
PLACES, SLOW = 12, {"audit": 3, "graph_matching": 3}  # where an entry is stopped
TABLE, OTHER = people(24), people(24, seed=2)
SAID = TABLE["surname"][3]  # what another library may quote
CLKHASH = {
    "version": 3, "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}},
    "features": [{"identifier": "surname", "format": {"type": "string"},
                  "hashing": {"comparison": {"type": "exact"}, "strategy": {"bitsPerToken": 4}}}],
}  # fmt: skip


class World:
    """What the entries are given; its repr says nothing, as it is in the frames of the test."""

    def __init__(self, folder):
        self.key, self.own = lk.Key.generate(), lk.Key.generate()
        self.schema = schema(layout="record")
        self.hardened = lk.Schema.preset("uk-person", project="marked", profile="hardened", layout="record")
        self.path = folder / "project.key"
        self.key.save(self.path)
        self.fresh = folder
        self.sets = [lk.encode(TABLE, self.schema, self.key, id="no", source=name) for name in ("one", "two")]
        self.links = lk.link(*self.sets, threshold=0.8, progress=False)
        self.release = self.links.release("one")
        ids = self.release.table["record_id"]
        columns = {"case": pa.array([f"{n:016x}" for n in range(len(ids))]), "record_id": ids}
        self.cases = lk.CaseList(pa.table(columns), "marked", "one", self.links.key_check, self.links.run)
        self.truth = {"left_id": TABLE["no"], "right_id": TABLE["no"], "sex": ["F", "M"] * 12}
        ids = {"id": "no", "truth": self.truth, "truth_key": self.key}
        self.against = [attacks.two_lists(TABLE, id="no", overlap=0.9, seed=1).known, ids]


def entries(w):
    """Entry -> a call of it, for each that sees people, a key, or both."""
    at, agreed = {"id": "no", "source": "one"}, {"id": "no", "source": "one", "project": "marked"}
    known, told = w.against
    call, text = functools.partial, w.path.read_text()
    return {
        lk.encode: call(lk.encode, TABLE, w.schema, w.key, **at),
        (lk.encode, "hardened"): call(
            lk.encode, TABLE, w.hardened, w.key, id_key=w.own, columns={"sex": None}, threads=2, **at
        ),
        (lk.encode, "spilling"): call(lk.encode, TABLE, w.schema, w.key, **at, out=w.fresh / "out.parquet", memory=1),
        lk.attach: call(lk.attach, w.links, TABLE, TABLE, key=w.key, id="no"),
        lk.rejoin: call(lk.rejoin, w.release, TABLE, w.key, id="no"),
        lk.open_cases: call(lk.open_cases, w.cases, TABLE, w.key, id="no"),
        lk.bridge: call(lk.bridge, TABLE, w.key, w.own, **agreed),
        lk.withdrawal: call(lk.withdrawal, TABLE, w.key, **agreed),
        lk.Schema.check: call(w.schema.check, OTHER | {"dob": ["never"] * 24}, id="no"),
        lk.audit: call(lk.audit, w.sets[0], schema=w.schema, key=w.key, table=TABLE, id="no", sample=8),
        interop.encode_clkhash: call(
            interop.encode_clkhash, {"surname": TABLE["surname"]}, lk.Schema.from_clkhash(CLKHASH), w.key._secret
        ),
        lk.evaluate: call(lk.evaluate, w.links, w.truth, key=w.key),
        study.evaluate_candidates: call(study.evaluate_candidates, w.links, w.truth, key=w.key),
        study.clusters.evaluate_clusters: call(study.clusters.evaluate_clusters, w.links, w.truth, key=w.key),
        study.curve: call(study.curve, w.links, w.truth, key=w.key),
        study.evaluate_groups: call(study.evaluate_groups, w.links, w.truth, "sex", key=w.key),
        study.evaluate_agencies: call(
            study.evaluate_agencies, {"one x two": (w.links, w.truth), "again": (w.links, w.truth)}, key=w.key
        ),
        study.compare_runs: call(study.compare_runs, w.links, w.links, w.truth, key=w.key),
        attacks.two_lists: call(attacks.two_lists, TABLE, id="no", overlap=0.5, seed=1),
        attacks.dictionary_attack: call(attacks.dictionary_attack, w.sets[0], known, w.key, **told),
        attacks.frequency_alignment: call(attacks.frequency_alignment, w.sets[0], known, **told),
        attacks.graph_matching: call(attacks.graph_matching, w.sets[0], known, **told),
        attacks.known_pairs: call(attacks.known_pairs, w.sets[0], known, **told, share=0.5),
        attacks.pattern_mining: call(attacks.pattern_mining, w.sets[0], known, **told),
        lk.Key: call(lk.Key, w.key._secret),
        lk.Key.generate: lk.Key.generate,
        lk.Key.from_text: call(lk.Key.from_text, text),
        lk.Key.load: call(lk.Key.load, w.path),
        lk.Key.prompt: lk.Key.prompt,
        lk.Key.save: lambda: w.key.save(w.fresh / f"{random.random()}.key"),
        lk.Key.derive: call(w.key.derive, project="marked", purpose="tokens"),
        lk.Key.check: call(w.key.check, "marked"),
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return World(tmp_path_factory.mktemp("secrets"))


@pytest.fixture
def secrets(world, monkeypatch):
    """All that may not come out: what is derived while a test runs too."""
    wanted, derive = Secrets(), key_module.hkdf_sha256
    for table in (TABLE, OTHER):
        wanted.add_people(table)
    wanted.add_key(world.key._secret, world.own._secret)

    def derived(*given, **named):
        made = derive(*given, **named)
        if made not in wanted.octets:
            wanted.add_key(made)
        return made

    monkeypatch.setattr(key_module, "hkdf_sha256", derived)
    monkeypatch.setattr("getpass.getpass", lambda _: world.path.read_text())
    monkeypatch.delenv(SHOWN, raising=False)
    return wanted


NAMES = [
    "encode", "encode hardened", "encode spilling", "attach", "rejoin", "open_cases", "bridge", "withdrawal",
    "Schema.check",
    "audit", "encode_clkhash", "evaluate", "evaluate_candidates", "evaluate_clusters", "curve", "evaluate_groups",
    "evaluate_agencies", "compare_runs", "two_lists", "dictionary_attack", "frequency_alignment", "graph_matching",
    "known_pairs", "pattern_mining", "Key", "Key.generate", "Key.from_text", "Key.load", "Key.prompt", "Key.save",
    "Key.derive", "Key.check",
]  # fmt: skip


def name_of(entry):
    step, *more = entry if isinstance(entry, tuple) else (entry,)
    return " ".join([step.__qualname__, *more])


class Fault:
    """Raises at the n-th call inside the library; None counts them."""

    def __init__(self, at, kind):
        self.at, self.kind, self.calls = at, kind, 0

    def __call__(self, frame, event, _):
        name = frame.f_code.co_filename
        # a generator is also called to be closed, where Python drops whatever comes up
        if event != "call" or not name.startswith(PACKAGE) or frame.f_code.co_flags & inspect.CO_GENERATOR:
            return
        if name.endswith("sealed.py"):  # its frame holds what the caller's does
            return
        self.calls += 1
        if self.calls == self.at:
            sys.setprofile(None)
            try:
                raise LookupError(SAID)  # what came first
            except LookupError as first:
                raise self.kind() from first


FAULTS = (
    KeyboardInterrupt,
    lambda: ValueError(f"could not convert {SAID!r} with type str"),
    lambda: pa.ArrowInvalid(f"In CSV column #1: CSV conversion error to int64: invalid value '{SAID}'"),
    lambda: OSError(errno.ENOSPC, "No space left on device"),
    MemoryError,
    lambda: UnicodeDecodeError("utf-8", SAID.encode() + b"\xff", len(SAID), len(SAID) + 1, "invalid start byte"),
)


def stopped(step, at=None, kind=None):
    """The exception that came out, without the frames of this file, and how many calls there were."""
    fault, error = Fault(at, kind), None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.setprofile(fault)
        try:
            step()
        except BaseException as raised:
            error = raised
        finally:
            sys.setprofile(None)
    return (without_caller(error) if error is not None else None), fault.calls


@pytest.mark.parametrize("name", NAMES)
def test_error__of_any_kind_at_any_place_tells_nothing(name, world, secrets):
    """A traceback with variables once showed the key, the secrets derived from it, and the columns being cleaned."""
    step = next(step for entry, step in entries(world).items() if name_of(entry) == name)
    stopped(step)  # what is remembered of a signature is learnt at the first call
    itself, calls = stopped(step)
    assert calls > 0
    n = SLOW.get(name, PLACES)
    places = sorted({1, 2, *(1 + calls * part // n for part in range(n)), calls})
    told = [itself] if itself is not None else []
    for number, at in enumerate(places):
        error, _ = stopped(step, at, FAULTS[number % len(FAULTS)])
        told += [] if error is None else [error]
    assert len(told) > len(places) // 2  # threads may be elsewhere, or a clean-up suppress one
    for error in told:
        assert error.__cause__ is None and error.__context__ is None
        for way in WAYS:
            found = secrets.found_in(way(error))
            assert not found, f"{type(error).__name__} by {way.__name__}: {found[:3]}"


def test_error__would_tell_all_of_it_if_entries_were_not_sealed(world, secrets, monkeypatch):
    """So that the test above can fail: with the variable set everything is shown, by each way that shows variables."""
    monkeypatch.setenv(SHOWN, "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linkage.agency.batches.record_ids", lambda *_, **__: int(SAID))
        error, _ = stopped(
            functools.partial(lk.encode, TABLE, world.schema, world.key, id="no", source="one", threads=1)
        )
    for way in WAYS[:4]:
        found = secrets.found_in(way(error))
        assert SAID.lower() in found, way.__name__
        if way is not WAYS[0]:
            assert [each for each in found if each.startswith("secret ")], way.__name__


def test_error__keeps_its_type_and_text_where_these_are_ours(world):
    with pytest.raises(lk.RecordError, match="row 2, column 'no': the record has no id") as caught:
        lk.encode({"no": ["1", None], "surname": ["x", "y"]}, lk.Schema(project="p", fields=(lk.Field(
            name="surname", type="name"),)), world.key, id="no", source="one")  # fmt: skip
    assert caught.value.row == 2
    with pytest.raises(TypeError, match=r"encode\(\) needs schema, key, id, source"):
        lk.encode(TABLE)
    with pytest.raises(ValueError, match="how: 'inner'"):
        lk.attach(world.links, TABLE, key=world.key, id="no", how="never")
    with pytest.raises(FileNotFoundError, match="absent"):
        lk.Key.load("absent")


def test_error__of_another_library_says_what_and_where_but_not_its_text(world, monkeypatch):
    monkeypatch.setattr("linkage.agency.batches.record_ids", lambda *_, **__: int(SAID))
    with pytest.raises(lk.UnexpectedError, match=r"^ValueError in test_secrets_errors.py, line \d+; set LINKAGE_"):
        lk.encode(TABLE, world.schema, world.key, id="no", source="one")


@pytest.mark.parametrize("line", ["int(text)", "{}[text]", "text.missing", "(_ for _ in ()).throw(KeyError(text))"])
def test_error__that_python_raises_in_our_own_line_is_not_our_text(line):
    """int("Smith") quotes what it was given, wherever it stands; only what a `raise` of ours says is ours."""
    inside = {}
    exec(compile(f"def step(text): return {line}\ndef ours(text): raise ValueError('no such row')", PACKAGE + "x.py",
                 "exec"), inside)  # fmt: skip
    with pytest.raises(lk.UnexpectedError, match=r"Error in x.py, line 1;") as caught:
        sealed(inside["step"])(SAID)
    assert SAID not in str(caught.value)
    with pytest.raises(ValueError, match=r"^no such row$"):
        sealed(inside["ours"])(SAID)


def test_error__for_want_of_memory_is_one_without_its_text(world, monkeypatch):
    """A thread that could not be had was "unexpected", in a command exit 1."""

    def no_thread(*_, **__):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("linkage.agency.batches.record_ids", no_thread)
    with pytest.raises(MemoryError):
        lk.encode(TABLE, world.schema, world.key, id="no", source="one")


def test_error__may_be_seen_whole_by_who_asks_for_it(world, monkeypatch):
    monkeypatch.setenv(SHOWN, "1")
    monkeypatch.setattr("linkage.agency.batches.record_ids", lambda *_, **__: int(SAID))
    with pytest.raises(ValueError, match=SAID):
        lk.encode(TABLE, world.schema, world.key, id="no", source="one")


# tables and secrets come in under these names; what else there is takes sets, links and pairs
SEEN = {"table", "key", "secret", "truth", "truth_key", "id_key", "old_key"}


def public():
    """What users import: the names of the package and of the modules that are its rooms' doors."""
    for door in ("linkage", "linkage.study", "linkage.study.attacks", "linkage.interop"):
        module = import_module(door)
        for name in module.__all__:
            yield f"{door}.{name}", getattr(module, name)


def test_entries__that_take_a_table_or_a_key_are_all_sealed_and_all_tried(world):
    tried = {entry[0] if isinstance(entry, tuple) else entry for entry in entries(world)}
    assert sorted(NAMES) == sorted(map(name_of, entries(world)))
    for name, step in public():
        if inspect.isfunction(step) and SEEN & set(inspect.signature(step).parameters):
            assert step.__code__.co_filename.endswith("sealed.py"), f"{name} is not sealed"
            assert step in tried, f"{name} is not tried"
    assert lk.Schema.check.__code__.co_filename.endswith("sealed.py")
    for name, method in vars(lk.Key).items():
        plain = getattr(method, "__func__", method)
        if inspect.isfunction(plain) and (not name.startswith("_") or name == "__init__"):
            assert plain.__code__.co_filename.endswith("sealed.py"), f"Key.{name} is not sealed"
