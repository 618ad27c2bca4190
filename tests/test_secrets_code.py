"""What the source keeps to: keys compared in constant time, handed to nobody, shown nowhere; packages audited."""

import ast
import copy
import dataclasses
import datetime
import importlib.util
import json
import pickle
import pprint
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

import linkage as lk
from linkage.agency.filters import TokenSecrets
from tests.hostile.marked import Secrets, schema

SOURCE = sorted(Path(lk.__file__).parent.rglob("*.py"))
AUDIT = Path(__file__).parents[1] / ".ci" / "audit.py"
# made with a key: a comparison that stops at the first byte that differs tells how many were right
KEYED = {
    "key_check",
    "check",
    "_secret",
    "secret",
    "id_secret",
    "hkdf_sha256",
    "_check",
    "_checksum",
    "derive",
}
PLAIN = {"linkage/schema.py", "linkage/commands/agency.py"}  # there `check` is the check of a table


def keyed(node):
    """What the text of a compared thing calls that is made with a key."""
    names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    return (names | {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}) & KEYED


def compared(source):
    """The comparisons by ==, != and `in` of something made with a key; with a constant it says only if there is any."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            sides = [node.left, *node.comparators]
            if any(map(keyed, sides)) and not any(map(is_public, sides)):
                yield ast.unparse(node)


def is_public(node):
    """A constant, some of them, or a length."""
    if isinstance(node, ast.Tuple):
        return all(map(is_public, node.elts))
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len")


def test_key_checks__are_compared_in_constant_time():
    found = {path.name: list(compared(path.read_text(encoding="utf-8"))) for path in SOURCE}
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize(
    "line", ["a.key_check == b.key_check", "key.check(p) != told", "secret in known", "x if _check(s) == w else y"]
)
def test_key_checks__compared_otherwise_are_found(line):
    assert list(compared(line))


def test_package__starts_no_process_and_sets_no_variable_of_the_environment():
    """A key can't be handed on as an argument or in the environment by who hands nothing on."""
    for path in SOURCE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            names |= {node.module} if isinstance(node, ast.ImportFrom) else set()
            assert not {name.split(".")[0] for name in names if name} & {"subprocess", "multiprocessing", "pty"}, path
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("fork", "system", "popen", "putenv", "posix_spawn", "execv"), path
            for target in getattr(node, "targets", []):
                assert "environ" not in ast.unparse(target), path


def test_key__cannot_be_copied_written_or_shown_by_any_common_way():
    key = lk.Key.generate()
    wanted = Secrets()
    wanted.add_key(key._secret)
    refused = (
        pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars, hash, list, bytes, str.encode, dataclasses.asdict,
        lambda key: json.dumps(key, default=vars), lambda key: pickle.dumps({"kept": [key]}),
        lambda key: copy.deepcopy({"settings": {"key": key}}), lambda key: key.__getstate__(),
    )  # fmt: skip
    for way in refused:
        with pytest.raises(TypeError) as caught:
            way(key)
        assert not wanted.found_in(str(caught.value))
    shown = [repr(key), str(key), f"{key}", pprint.pformat({"a": key}), pretty_repr([key]), f"{key!a}"]
    assert not wanted.found_in("\n".join(shown)) and all("hidden" in each for each in shown)
    assert not hasattr(key, "_repr_html_") and not hasattr(key, "__dict__")


def test_key__shows_nothing_in_what_is_made_of_it_either():
    """A frozen dataclass shows its fields, and a functools.partial its arguments: neither may hold a secret bare."""
    key, agreed, wanted = lk.Key.generate(), schema(), Secrets()
    secrets = TokenSecrets.derive(key, agreed)
    wanted.add_key(key._secret, *secrets.by_field.values())
    assert not wanted.found_in(repr(secrets) + pretty_repr(secrets))


@pytest.fixture
def audit():
    if not AUDIT.exists():
        pytest.skip("only a checkout has the build's own files")
    spec = importlib.util.spec_from_file_location("audit_of_packages", AUDIT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BAD = {"name": "left-pad", "version": "1.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}]}
GOOD = {"name": "numpy", "version": "2.4.6", "vulns": []}
MISSED = {"name": "click", "skip_reason": "Dependency not found on PyPI and could not be audited: click (8)"}


@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        ([[GOOD, BAD]], 1, "left-pad 1.0: PYSEC-1, fixed in 2"),
        ([[GOOD]], 0, "1 packages audited (pypi)"),
        ([[GOOD, MISSED]], 0, "NOT AUDITED, unknown there: click"),
        ([[MISSED], [BAD]], 1, "KNOWN VULNERABILITIES"),  # a mirror knows nothing, the other service does
        ([[MISSED], None], 0, "NOTHING AUDITED: no service"),
        ([None, None], 0, "NOTHING AUDITED: no service"),
    ],
)
def test_audit_of_packages__fails_for_what_is_known_and_says_what_it_could_not_ask(
    audit, monkeypatch, capsys, answers, code, said
):
    """pip-audit ends with 0 and "No known vulnerabilities" where a mirror has no advisories at all."""
    left = iter(answers)

    def asked(*_):
        found = next(left)
        return ("" if found is None else json.dumps({"dependencies": found})), "could not resolve the name"

    monkeypatch.setattr(audit, "asked", asked)
    assert audit.main("pip-audit", "site-packages") == code
    assert said in capsys.readouterr().out


def test_audit_of_packages__takes_an_answer_with_a_reason_until_its_day(audit, tmp_path):
    path = tmp_path / "answered.toml"
    lines = '[[answered]]\nwhat = "{}"\nreason = "{}"\nuntil = 2026-12-31\n'
    said, before, after = json.dumps({"dependencies": [BAD]}), datetime.date(2026, 12, 31), datetime.date(2027, 1, 1)
    for what in ("PYSEC-1", "CVE-1", "left-pad 1.0"):
        path.write_text(lines.format(what, "never called"))
        assert audit.read(said, audit.answered(path, before)) == ([], [], 1)
        assert audit.read(said, audit.answered(path, after))[0]
        path.write_text(lines.format(what, " "))
        assert audit.read(said, audit.answered(path, before))[0]
    assert audit.answered(AUDIT.with_name("advisories.toml"), datetime.date(2026, 11, 26))
