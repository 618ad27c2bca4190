"""Files are whole or absent, whatever ends the writing."""

import os
import stat

import pytest

from linkage import leftovers
from linkage.errors import FileFormatError
from linkage.files import written_beside


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_written_beside__leaves_the_whole_file_and_nothing_else(tmp_path):
    with written_beside(tmp_path / "set.parquet") as part:
        part.write_bytes(b"half")
        assert names(tmp_path) == [part.name]
        with part.open("ab") as handle:
            handle.write(b" and half")
    assert (tmp_path / "set.parquet").read_bytes() == b"half and half"
    assert names(tmp_path) == ["set.parquet"]


def test_written_beside__takes_a_path_as_text(tmp_path):
    with written_beside(str(tmp_path / "a")) as part:
        part.write_text("x")
    assert (tmp_path / "a").read_text() == "x"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError])
@pytest.mark.parametrize("there_before", [False, True])
def test_written_beside__leaves_no_trace_of_a_writing_that_ended_early(tmp_path, error, there_before):
    final = tmp_path / "set.parquet"
    if there_before:
        final.write_bytes(b"the old one")
    with pytest.raises(error), written_beside(final) as part:
        part.write_bytes(b"half")
        raise error
    assert names(tmp_path) == (["set.parquet"] if there_before else [])
    assert not there_before or final.read_bytes() == b"the old one"


def test_written_beside__leaves_no_trace_when_the_rename_fails(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"), written_beside(tmp_path / "a") as part:
        part.write_text("new")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_written_beside__leaves_no_trace_when_the_writer_removed_the_part(tmp_path):
    with pytest.raises(FileNotFoundError), written_beside(tmp_path / "a") as part:
        part.unlink()
    assert names(tmp_path) == []


def test_written_beside__replaces_an_old_file_at_once(tmp_path):
    final = tmp_path / "a"
    final.write_text("old")
    with final.open() as reader:
        with written_beside(final) as part:
            part.write_text("new")
            assert final.read_text() == "old"
        assert reader.read() == "old"  # who had it open reads on
    assert final.read_text() == "new"


def test_written_beside__refuses_to_replace_when_told(tmp_path):
    final = tmp_path / "project.key"
    final.write_text("old")
    with pytest.raises(FileExistsError, match="exists already"), written_beside(final, replace=False):
        pytest.fail("the block must not run")
    assert final.read_text() == "old"
    assert names(tmp_path) == ["project.key"]


def test_written_beside__does_not_replace_what_came_into_being_meanwhile(tmp_path):
    final = tmp_path / "project.key"
    with pytest.raises(FileExistsError), written_beside(final, replace=False) as part:
        part.write_text("mine")
        final.write_text("another's")
    assert final.read_text() == "another's"
    assert names(tmp_path) == ["project.key"]


def test_written_beside__makes_a_new_file_without_replacing_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def unable(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", unable)
    with written_beside(tmp_path / "a", replace=False) as part:
        part.write_text("x")
    assert (tmp_path / "a").read_text() == "x"
    assert names(tmp_path) == ["a"]


def test_written_beside__refuses_what_is_not_a_regular_file(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(FileFormatError, match="not a regular file"), written_beside(tmp_path / name):
            pytest.fail("the block must not run")
    with pytest.raises(FileFormatError), written_beside("/dev/null"):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["folder", "pipe"]


def test_written_beside__names_the_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), written_beside(tmp_path / "nowhere" / "a"):
        pytest.fail("the block must not run")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_written_beside__is_private_from_the_first_byte_unless_told(tmp_path):
    old = os.umask(0o022)
    try:
        with written_beside(tmp_path / "private") as part:
            assert stat.S_IMODE(part.stat().st_mode) == 0o600
        with written_beside(tmp_path / "public", mode=0o644):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644


def test_written_beside__replaces_what_a_link_stands_for(tmp_path):
    """The link became a file of its own: a record that was withdrawn stayed in the real one."""
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "set.parquet", tmp_path / "set.parquet"
    real.write_bytes(b"the old one")
    link.symlink_to(real)
    with written_beside(link) as part:
        part.write_bytes(b"the new one")
    assert link.is_symlink() and real.read_bytes() == b"the new one"
    assert names(tmp_path / "real") == ["set.parquet"]


def test_written_beside__makes_what_a_link_is_to_stand_for(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new")
    with written_beside(tmp_path / "link") as part:
        part.write_text("x")
    assert (tmp_path / "new").read_text() == "x" and (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("leads_to", ["loop", "other"])
def test_written_beside__refuses_a_link_that_leads_to_itself(tmp_path, leads_to):
    """Python 3.13 resolves it to the link, which would have been replaced."""
    (tmp_path / "loop").symlink_to(leads_to)
    (tmp_path / "other").symlink_to("loop")
    with pytest.raises(OSError, match="loop"), written_beside(tmp_path / "loop"):
        pass
    assert names(tmp_path) == ["loop", "other"] and (tmp_path / "loop").is_symlink()


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "n" * 236 + ".toml"])
def test_written_beside__a_name_as_long_as_one_may_be_is_written_and_its_parts_are_known(tmp_path, name):
    """Its part's name was longer than a name may be, which came out when hours of work were done."""
    with written_beside(tmp_path / name) as part:
        assert leftovers.is_part_of(part.name, name)
        part.write_text("whole")
    assert names(tmp_path) == [name] and (tmp_path / name).read_text() == "whole"
    left = tmp_path / leftovers.part_of(name)
    left.touch()
    os.utime(left, (0, 0))
    leftovers.clear(tmp_path / name)
    assert names(tmp_path) == [name]
