"""The example that takes a user of clkhash and anonlink here says which of the two it ran."""

import importlib.util
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "from_clkhash.py"
HERE = importlib.util.find_spec("anonlink") is not None


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are no part of the wheel")
@pytest.mark.parametrize(
    "installed", [False, pytest.param(True, marks=pytest.mark.skipif(not HERE, reason="anonlink is not installed"))]
)
def test_from_clkhash__finds_what_anonlink_finds_or_says_that_it_is_not_there(installed, monkeypatch, capsys):
    pytest.importorskip("clkhash", reason="the example runs clkhash")
    if not installed:
        monkeypatch.setitem(sys.modules, "anonlink", None)
    runpy.run_path(str(EXAMPLE))
    said = capsys.readouterr().out
    theirs = "theirs is anonlink itself" if installed else "anonlink is not installed: theirs is a plain count"
    assert theirs in said and "bit for bit what clkhash makes: 541 of 541" in said
    assert "the same pairs" in said or "exactly 0.8 alike" in said
