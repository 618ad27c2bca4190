"""Damaged files are refused or read as they were: never a crash, a hang, another exception, or a silent change.

Thousands of mutants of what agencies send each other and some of everything else here, thousands of all in `.ci/long`
(``python -m tests.hostile.mutate``). A digest is no signature: files whose digests fit are tried too, and of them it is
asked that they do no harm.
"""

import os
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.hostile import mutants, trial
from tests.hostile.formats import FORMATS, Format, encoded_file, read_encoded
from tests.hostile.trial import Job, bad, counts, outcomes, run

MUTANTS = 2_000  # of each format


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Format -> outcomes."""
    folders = {kind: tmp_path_factory.mktemp("format") for kind in FORMATS}
    jobs = [Job(kind, str(FORMATS[kind].make(folders[kind])), 0, MUTANTS) for kind in FORMATS]
    return dict(zip(FORMATS, run(jobs), strict=True))


@pytest.mark.parametrize("kind", list(FORMATS))
def test_mutants__are_refused_or_read_as_it_was(found, kind):
    assert not bad(found[kind])
    assert len(found[kind]) == MUTANTS
    # a mutant that damages nothing proves nothing
    ended = counts(found[kind])
    assert ended["refused"] + ended["otherwise"] > 0.6 * MUTANTS
    if FORMATS[kind].sealed:
        assert not ended["otherwise"]


def test_mutants__of_many_row_groups_are_of_many_row_groups(tmp_path):
    assert pq.ParquetFile(FORMATS["encoded set, row groups"].make(tmp_path)).num_row_groups > 15


def test_mutants__are_made_again_by_their_number():
    data = b'{"a": [1, 2, "three"], "b": null}\n' * 5
    for seed in range(200):
        assert mutants.of_text(data, seed) == mutants.of_text(data, seed)
    assert len(Counter(mutants.of_text(data, seed) for seed in range(200))) > 150


def test_outcomes__lay_a_crash_and_a_hang_and_what_takes_memory_at_the_door_of_the_right_mutant(tmp_path, monkeypatch):
    original = encoded_file(tmp_path / "a.parquet", 20)
    script = tmp_path / "breaks.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "import os\n"
        "from tests.hostile import formats, trial\n"
        "trial.SECONDS_A_MUTANT, trial.MOST_GROWTH = 2, 1 << 26\n"
        "given = formats.FORMATS['encoded set']\n"
        "def read(path):\n"
        "    if path.stem == 'mutant' and broken == 2: os.abort()\n"
        "    while path.stem == 'mutant' and broken == 4: pass\n"
        "    if path.stem == 'mutant' and broken == 5: return (b'x' * (1 << 27))[5]\n"
        "    if path.stem == 'mutant' and broken == 6: raise ValueError('no error of ours')\n"
        "    return given.read(path)\n"
        "def damage(data, seed):\n"
        "    global broken\n"
        "    broken = seed\n"
        "    return given.damage(data, seed)\n"
        "formats.FORMATS['encoded set'] = formats.Format(given.make, read, damage, True)\n"
        "import json\n"
        "trial.work([trial.Job(*each) for each in json.loads(sys.argv[1])])\n"
    )
    monkeypatch.setattr(trial, "COMMAND", (str(script),))
    found = outcomes("encoded set", original, 0, 8)
    assert sorted(found) == list(range(8))
    assert {seed: outcome.split()[0] for seed, outcome in bad(found).items()} == {
        2: "CRASH", 4: "CRASH", 5: "MEMORY", 6: "OTHER"
    }  # fmt: skip


def test_outcomes__a_changed_value_is_silent_only_where_a_digest_promises_otherwise(tmp_path):
    original = encoded_file(tmp_path / "a.parquet", 20)
    other = encoded_file(tmp_path / "b.parquet", 21)
    for sealed, outcome in ((True, "SILENT"), (False, "otherwise")):
        given = Format(encoded_file, read_encoded, mutants.of_bytes, sealed)
        assert trial._outcome(given, other, read_encoded(original)) == outcome
        assert trial._outcome(given, original, read_encoded(original)) == "same"
    os.truncate(original, 50)
    assert trial._outcome(given, original, None) == "refused FileFormatError"
