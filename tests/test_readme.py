"""What the README shows runs as it stands."""

import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import linkage as lk
from linkage import study
from linkage.cli import cli
from linkage.commands.exitcodes import run

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_readme__python_on_invented_people_runs():
    (code,) = (code for code in blocks("python") if code.startswith("# study\n"))
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    assert "precision" in said.getvalue() and "given_name" in said.getvalue()


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_readme__attacks_on_ones_own_encodings_run():
    (code,) = (code for code in blocks("python") if code.startswith("# study: attacks"))
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    lines = said.getvalue().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "frequency alignment", "pattern mining", "graph matching", "known pairs", "XorTuples", "dictionary",
    ]  # fmt: skip
    assert "100.0 %" in lines[-1] and "structure found" in lines[-2]


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_readme__command_line_and_python_run_on_your_own_tables(tmp_path, monkeypatch, capsys):
    from pyarrow import csv

    monkeypatch.chdir(tmp_path)
    agreement, block = blocks("toml")
    (tmp_path / "agreement.toml").write_text(f"{agreement}\n{block}")
    people = study.invent(600, seed=3)
    names = {"surname": "surname", "date_of_birth": "dob", "forename": "forename"}
    births = people["registry"].rename_columns([names.get(name, name) for name in people["registry"].column_names])
    own = {column: field for field, column in people.columns["childrens_centre"].items() if column}
    centre = people["childrens_centre"]
    centre = centre.rename_columns([own.get(name, name) for name in centre.column_names])
    csv.write_csv(births, "births.csv")
    csv.write_csv(centre, "centre.csv")
    pairs = people.pairs("registry", "childrens_centre")
    csv.write_csv(pairs, "truth.csv")
    commands = [
        line
        for block in blocks("sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("linkage ")
    ]
    assert len(commands) >= 9
    for command in commands:
        assert run(cli, shlex.split(command)[1:]) == 0, command
    linked = csv.read_csv("births-linked.csv")
    assert linked.num_rows == births.num_rows and "link_id" in linked.column_names
    assert "recall" in capsys.readouterr().out
    (code,) = (code for code in blocks("python") if code.startswith("# agency"))
    exec(compile(code, "README.md", "exec"), {})
    assert "link_id" in capsys.readouterr().out


def test_readme__says_what_is_not_protected_as_the_package_does():
    for said in (README, lk.__doc__):
        flat = " ".join(said.replace("*", "").replace("`", "").split())
        for truth in (
            "The centre together with any key holder recovers everything",
            "Whoever holds the key can decode any set it gets hold of",
            "Encodings are personal data",
            "it needs a centre you trust",
        ):
            assert truth in flat, truth
