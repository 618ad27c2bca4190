"""The key: derived as RFC 5869 says, from a file that only its owner can read, and never shown."""

import copy
import json
import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage import FileFormatError, Key, PrivacyError
from linkage.agency import key as key_module
from linkage.agency.filters import TokenSecrets
from linkage.agency.key import hkdf_sha256, length_prefixed
from linkage.field import Field
from linkage.schema import Schema

VECTORS = json.loads((Path(__file__).parent / "vectors" / "hkdf_rfc5869.json").read_text())["cases"]
OTHER_TEXT = Key.generate()


def secret_forms(key: Key) -> list[str]:
    secret = key._secret
    return [key._text(), secret.hex(), repr(secret), str(list(secret)), key._text().removeprefix("linkage-key-1-")[:16]]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_hkdf__gives_the_known_answers_of_rfc_5869(case):
    given = {name: bytes.fromhex(case[name]) for name in ("salt", "info")}
    assert hkdf_sha256(bytes.fromhex(case["ikm"]), length=case["length"], **given).hex() == case["okm"]


@pytest.mark.parametrize("length", [0, -1, 255 * 32 + 1])
def test_hkdf__refuses_lengths_beyond_the_standard(length):
    with pytest.raises(ValueError, match="length"):
        hkdf_sha256(bytes(32), salt=b"", info=b"", length=length)


def test_hkdf__gives_the_longest_length_whose_beginning_is_the_shorter_output():
    longest = hkdf_sha256(b"k", salt=b"", info=b"", length=255 * 32)
    assert len(longest) == 8160
    assert longest[:33] == hkdf_sha256(b"k", salt=b"", info=b"", length=33)


def test_generate__gives_another_key_each_time_and_never_one_it_would_refuse():
    keys = [Key.generate() for _ in range(2_000)]
    assert len({key._secret for key in keys}) == 2_000


def test_save__can_be_loaded_again(tmp_path):
    key = Key.generate()
    key.save(tmp_path / "project.key")
    assert Key.load(tmp_path / "project.key") == key
    assert Key.load(str(tmp_path / "project.key")) == key
    assert [path.name for path in tmp_path.iterdir()] == ["project.key"]


def test_save__makes_a_file_only_its_owner_can_read_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        Key.generate().save(tmp_path / "project.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "project.key").stat().st_mode) == 0o600


def test_save__writes_one_line_of_ascii(tmp_path):
    Key.generate().save(tmp_path / "k")
    (line,) = (tmp_path / "k").read_bytes().splitlines()
    assert line.decode("ascii").startswith("linkage-key-1-")
    assert line.isascii()


def test_save__never_replaces_a_file(tmp_path):
    path = tmp_path / "project.key"
    first = Key.generate()
    first.save(path)
    with pytest.raises(FileExistsError):
        Key.generate().save(path)
    assert Key.load(path) == first
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        first.save(tmp_path / "link")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link", "project.key"]


def test_save__does_not_replace_a_file_that_appears_meanwhile(tmp_path, monkeypatch):
    path = tmp_path / "project.key"
    plain_write = Path.write_text

    def write_while_another_does(self, *args, **options):
        path.write_bytes(b"the other's")
        return plain_write(self, *args, **options)

    monkeypatch.setattr(Path, "write_text", write_while_another_does)
    with pytest.raises(FileExistsError):
        Key.generate().save(path)
    assert path.read_bytes() == b"the other's"
    assert [item.name for item in tmp_path.iterdir()] == ["project.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_load__refuses_a_file_that_others_can_reach(tmp_path, mode):
    path = tmp_path / "project.key"
    Key.generate().save(path)
    path.chmod(mode)
    with pytest.raises(PrivacyError, match="chmod 600") as caught:
        Key.load(path)
    assert caught.value.measure == "file mode"


def test_load__takes_a_key_that_even_its_owner_can_only_read(tmp_path):
    path = tmp_path / "project.key"
    key = Key.generate()
    key.save(path)
    path.chmod(0o400)
    assert Key.load(path) == key


def test_load__looks_at_the_file_behind_a_symbolic_link(tmp_path):
    key = Key.generate()
    key.save(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Key.load(tmp_path / "link") == key
    (tmp_path / "real").chmod(0o644)
    with pytest.raises(PrivacyError):
        Key.load(tmp_path / "link")


def test_load__takes_a_file_descriptor_and_leaves_it_open(tmp_path):
    key = Key.generate()
    key.save(tmp_path / "k")
    descriptor = os.open(tmp_path / "k", os.O_RDONLY)
    try:
        assert Key.load(descriptor) == key
        os.fstat(descriptor)  # still open
    finally:
        os.close(descriptor)


def test_load__takes_a_pipe_as_a_descriptor():
    key = Key.generate()
    reading, writing = os.pipe()
    os.write(writing, key._text().encode() + b"\n")
    os.close(writing)
    try:
        assert Key.load(reading) == key
    finally:
        os.close(reading)


def test_load__refuses_a_fifo_and_a_directory_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("fifo", "folder"):
        with pytest.raises(FileFormatError, match="not a regular file"):
            Key.load(tmp_path / name)


def test_load__says_that_a_file_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Key.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"correct horse battery staple",
        b"linkage-key-1-",
        b"linkage-key-2-" + b"a" * 64,
        b"LINKAGE-KEY-1-" + b"a" * 64,
        os.urandom(32),
        b"\x00" * 100,
        "linkage-key-1-zoë".encode(),
        b"linkage-key-1-" + b"8" * 64,
        b"-----BEGIN PRIVATE KEY-----",
        b"x" * 1_000_000,
    ],
    ids=range(12),
)
def test_load__refuses_what_is_no_key_of_this_library(tmp_path, content):
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(FileFormatError):
        Key.load(path)


def test_from_text__refuses_a_passphrase_and_says_why():
    with pytest.raises(FileFormatError, match="Passphrases are not taken") as caught:
        Key.from_text("correct horse battery staple")
    assert "staple" not in str(caught.value)


def test_from_text__refuses_every_key_that_was_cut():
    text = Key.generate()._text().rstrip("=")
    for length in range(len(text)):
        with pytest.raises(FileFormatError):
            Key.from_text(text[:length])


def test_from_text__sees_every_changed_letter():
    key = Key.generate()
    text = key._text()
    for place in range(len("linkage-key-1-"), len(text.rstrip("="))):
        for letter in "a7":
            changed = text[:place] + letter + text[place + 1 :]
            try:
                found = Key.from_text(changed)
            except FileFormatError:
                continue
            assert found == key  # the same letter, or the two spare bits of the last


def test_from_text__takes_capitals_and_spaces_around_as_people_copy_them():
    key = Key.generate()
    prefix, body = key._text()[:14], key._text()[14:]
    assert Key.from_text(f"  {prefix}{body.upper()}\r\n") == key


def test_from_text__quotes_nothing_of_a_wrong_key():
    key = Key.generate()
    text = key._text()
    flipped = text[:20] + ("a" if text[20] != "a" else "b") + text[21:]
    for wrong in (flipped, text[:40], text + "aaaa"):
        with pytest.raises(FileFormatError) as caught:
            Key.from_text(wrong)
        shown = f"{caught.value!s} {caught.value.args} {caught.value.__cause__} {caught.value.__context__}"
        assert not any(wrong[start : start + 8] in shown for start in range(14, len(wrong) - 8))


@pytest.mark.parametrize(
    "secret",
    [
        b"",
        b"short",
        os.urandom(31),
        os.urandom(33),
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        bytes(range(0, 256, 8)),
        bytes(range(64, 0, -2)),
        os.urandom(8) * 4,
        os.urandom(16) * 2,
        b"correct horse battery staple 123",
        b"Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3Jh",
        b"0123456789abcdef0123456789abcdef",
        "a string of thirty-two letters!!",
        None,
        12345,
    ],
    ids=range(17),
)
def test_key__refuses_secrets_that_are_short_text_or_have_a_pattern(secret):
    with pytest.raises(PrivacyError) as caught:
        Key(secret)
    assert caught.value.measure in ("length", "entropy")


def test_key__refuses_a_weak_secret_that_comes_in_the_form_of_a_key(tmp_path):
    class Unchecked(Key):
        def __init__(self):
            object.__setattr__(self, "_secret", bytes(range(32)))

    Unchecked().save(tmp_path / "weak")
    with pytest.raises(PrivacyError, match="not random"):
        Key.load(tmp_path / "weak")


@pytest.mark.parametrize("show", [repr, str, format, "{}".format, "{!r}".format, "%s".__mod__, ascii])
def test_key__is_hidden_in_every_text(show):
    key = Key.generate()
    assert show(key) == "Key(hidden)"
    assert "hidden" in f"{[key]} {{'key': key}}"
    assert not any(form in str([key, {"key": key}]) for form in secret_forms(key))


def test_key__can_not_be_pickled_or_copied():
    key = Key.generate()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(key, protocol)
    for step in (copy.copy, copy.deepcopy, lambda it: copy.deepcopy({"nested": [it]}), lambda it: it.__reduce_ex__(4)):
        with pytest.raises(TypeError, match="never pickled"):
            step(key)


def test_key__has_no_dict_no_hash_and_does_not_change():
    key = Key.generate()
    with pytest.raises(TypeError):
        vars(key)
    with pytest.raises(TypeError):
        hash(key)
    with pytest.raises(TypeError):
        json.dumps(key)
    with pytest.raises(AttributeError):
        key._secret = bytes(32)
    with pytest.raises(AttributeError):
        key.note = "new"


def test_key__does_not_share_a_buffer_that_can_change():
    buffer = bytearray(os.urandom(32))
    key = Key(buffer)
    check = key.check("p")
    buffer[:] = bytes(32)
    assert key.check("p") == check


def test_key__equals_a_key_of_the_same_bytes_and_nothing_else():
    secret = os.urandom(32)
    assert Key(secret) == Key(secret)
    assert Key(secret) != Key.generate()
    assert Key(secret) != secret
    assert Key(secret) != "Key(hidden)"


def test_token_secrets__are_hidden_too():
    schema = Schema(project="p", fields=(Field(name="surname", type="name"),))
    secrets = TokenSecrets.derive(Key.generate(), schema)
    assert repr(secrets) == str(secrets) == "TokenSecrets(hidden)"


def test_prompt__takes_a_generated_key_without_echo(monkeypatch):
    key = Key.generate()
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda text: asked.append(text) or key._text())
    assert Key.prompt() == key
    assert asked == ["linkage key: "]


def test_prompt__of_an_input_that_has_ended_says_so(monkeypatch):
    """`--ask-key < /dev/null` ended as an unexpected error, EOFError in getpass."""

    def ended(_):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    with pytest.raises(FileFormatError, match="no key was typed"):
        Key.prompt()


def test_prompt__refuses_a_passphrase_and_does_not_repeat_it(monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda text: "hunter2hunter2")
    with pytest.raises(FileFormatError, match="the typed key") as caught:
        Key.prompt()
    assert "hunter2" not in str(caught.value)


def test_check__is_equal_for_equal_keys_in_one_project_only():
    secret = os.urandom(32)
    assert Key(secret).check("p") == Key(secret).check("p")
    assert Key(secret).check("p") != Key(secret).check("q")
    assert Key(secret).check("p") != Key.generate().check("p")
    assert len(Key(secret).check("p")) == 32
    assert int(Key(secret).check("p"), 16) >= 0


def test_derive__differs_by_project_purpose_and_key_group():
    key = Key.generate()
    settings = [
        {"project": project, "purpose": purpose, "key_group": group}
        for project in ("a", "b")
        for purpose in ("tokens", "record ids", "key check")
        for group in ("", "name", "dob")
    ]
    assert len({key.derive(**chosen) for chosen in settings}) == len(settings)


def test_derive__differs_by_encoding_version(monkeypatch):
    key = Key.generate()
    now = key.derive(project="p", purpose="tokens")
    monkeypatch.setattr(key_module, "ENCODING_VERSION", 2)
    assert key.derive(project="p", purpose="tokens") != now


def test_derive__follows_the_standard_with_the_stated_info():
    secret = os.urandom(32)
    info = b"".join(len(part).to_bytes(8, "big") + part for part in (b"linkage", b"1", "é".encode(), b"tokens", b"g"))
    expected = hkdf_sha256(secret, salt=b"", info=info, length=64)
    assert Key(secret).derive(project="é", purpose="tokens", key_group="g", length=64) == expected


texts = st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=6), max_size=5)


@settings(max_examples=300, deadline=None)
@given(texts, texts)
def test_length_prefixed__can_not_be_confused(left, right):
    assert (length_prefixed(*left) == length_prefixed(*right)) == (left == right)


@settings(max_examples=100, deadline=None)
@given(st.text("ab\0", max_size=5), st.text("ab\0", max_size=5), st.text("ab\0", max_size=5))
def test_derive__can_not_be_confused_by_moving_letters_between_its_parts(project, purpose, group):
    joined = project + purpose + group
    moved = (joined[:1], joined[1:3], joined[3:])
    same = OTHER_TEXT.derive(project=project, purpose=purpose, key_group=group) == OTHER_TEXT.derive(
        project=moved[0], purpose=moved[1], key_group=moved[2]
    )
    assert same == ((project, purpose, group) == moved)


def test_load__of_a_descriptor_that_is_not_open_names_it():
    with pytest.raises(OSError, match="descriptor 999") as caught:
        Key.load(999)
    assert caught.value.errno is not None
    with pytest.raises(ValueError, match="below zero"):
        Key.load(-1)
