"""The project's secret: 32 random bytes that every agency holds and the centre never sees.

All that is secret in an encoding is derived from it with HKDF-SHA256 (RFC 5869), bound to the
encoding version, the project, the purpose and the group of fields, so that nothing made for one
project or purpose can be compared with another.

What a `Key` can't do: Python can't wipe memory, so a process that may be inspected by others must
not load one; and whoever holds the key can decode every set made with it by trying names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import NoReturn

from linkage.argumentkinds import kinds
from linkage.arguments import checked, require
from linkage.errors import FileFormatError, MismatchError, PrivacyError
from linkage.files import KEY_MARK, PathLike, looks_like_a_key, written_beside
from linkage.schema import ENCODING_VERSION
from linkage.sealed import sealed

_SIZE = 32
_PREFIX = KEY_MARK.decode() + "1-"
_CHECKSUM = 4
_MAX_FILE = 4_096


class Key:
    """A project's secret key: generate it once, hand it to the agencies by a safe way, never to the centre.

    It has no readable repr, can't be pickled or copied, and compares in constant time.

    >>> key = Key.generate()
    >>> key
    Key(hidden)
    """

    __slots__ = ("_secret",)
    __hash__ = None  # type: ignore[assignment]  # a hash of the secret would give it away bit by bit

    @sealed
    def __init__(self, secret: bytes) -> None:
        _refuse_weak(secret)
        self._secret = bytes(secret)

    @classmethod
    @sealed
    def generate(cls) -> Key:
        """A new key from the operating system's random source."""
        return cls(secrets.token_bytes(_SIZE))

    @sealed
    @checked
    def save(self, path: PathLike) -> None:
        """Write the key as one line of text that only its owner can read (0600). An existing file is never replaced."""
        with written_beside(path, mode=0o600, replace=False) as part:
            part.write_text(self._text() + "\n", encoding="ascii")

    @classmethod
    @sealed
    def load(cls, source: PathLike | int) -> Key:
        """The key in a file, or behind an open file descriptor.

        Raises `PrivacyError` if others than the owner can read the file or the key is weak, `FileFormatError`
        if it isn't a key this library wrote.
        """
        if isinstance(source, bool) or not isinstance(source, int | str | os.PathLike):
            raise TypeError(f"Key.load: the path of a key file, or an open descriptor, not {type(source).__name__}")
        if isinstance(source, int):
            if source < 0:
                raise ValueError("Key.load: no open descriptor is below zero")
            try:
                with os.fdopen(source, "rb", closefd=False) as handle:
                    text = _ascii(handle.read(_MAX_FILE))
            except OSError as error:
                raise OSError(error.errno, error.strerror, f"descriptor {source}") from None
            return cls.from_text(text)
        require(source, kinds("PathLike"), "Key.load")
        if looks_like_a_key(os.fspath(source)):  # or what the system says of a file that isn't there would repeat it
            raise PrivacyError("that is a key, not a file's name: Key.from_text takes it", measure="key as a path")
        path = Path(source)
        _refuse_readable_by_others(path, path.stat())  # before opening: a FIFO would wait for ever
        with path.open("rb") as handle:
            _refuse_readable_by_others(path, os.fstat(handle.fileno()))
            return cls.from_text(_ascii(handle.read(_MAX_FILE)), where=str(path))

    @classmethod
    @sealed
    def prompt(cls) -> Key:
        """Ask for the key on the terminal, without echo: a generated key with its checksum, no passphrase."""
        import getpass

        try:
            typed = getpass.getpass("linkage key: ")
        except EOFError:
            raise FileFormatError("no key was typed: the input has ended", reason="length") from None
        return cls.from_text(typed, where="the typed key")

    @classmethod
    @sealed
    @checked
    def from_text(cls, text: str, *, where: str = "the key") -> Key:
        """The key in the line that `save` writes; raises `FileFormatError` for anything else, a passphrase included."""
        line = text.strip()
        if line.startswith("\ufffd\ufffd\ufffd" + _PREFIX):  # three bytes beyond ASCII
            raise FileFormatError(
                f"{where}: begins with a byte order mark, which an editor has put there; save it as plain ASCII",
                reason="format",
            )
        if not line.startswith(_PREFIX):
            raise FileFormatError(
                f"{where}: not a key of this library; make one with `linkage keygen`. "
                "Passphrases are not taken: they can be guessed.",
                reason="format",
            )
        try:
            body = base64.b32decode(line[len(_PREFIX) :].upper())
        except ValueError:
            body = b""
        if len(body) != _SIZE + _CHECKSUM:
            raise FileFormatError(f"{where}: the key is cut short or has letters too many", reason="length")
        if not hmac.compare_digest(_checksum(body[:_SIZE]), body[_SIZE:]):
            raise FileFormatError(
                f"{where}: a letter of the key is wrong (its checksum does not fit)", reason="checksum"
            )
        return cls(body[:_SIZE])

    @sealed
    @checked
    def derive(self, *, project: str, purpose: str, key_group: str = "", length: int = 32) -> bytes:
        """Secret bytes for one purpose in one project: HKDF-SHA256 with a length-prefixed ``info``."""
        info = length_prefixed("linkage", str(ENCODING_VERSION), project, purpose, key_group)
        return hkdf_sha256(self._secret, salt=b"", info=info, length=length)

    @sealed
    @checked
    def check(self, project: str) -> str:
        """32 hex digits that are equal for equal keys in one project and say nothing else about the key."""
        if not project.isprintable():
            raise ValueError("project: a name in printable letters, as an agreement has it")
        secret = self.derive(project=project, purpose="key check")
        return hmac.new(secret, project.encode(), hashlib.sha256).hexdigest()[:32]

    def _text(self) -> str:
        return _PREFIX + base64.b32encode(self._secret + _checksum(self._secret)).decode().lower()

    def __repr__(self) -> str:
        return "Key(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and hmac.compare_digest(self._secret, other._secret)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Key is never pickled or copied: load it where it is needed")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Key is never pickled or copied: load it where it is needed")

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, "_secret"):
            raise AttributeError("a Key does not change")
        object.__setattr__(self, name, value)


def require_key(key: Key, project: str, key_check: str, *, what: str) -> None:
    """``MismatchError`` unless ``what`` was made under this key; compared in constant time."""
    own = key.check(project)
    if not hmac.compare_digest(own.encode(), key_check.encode()):  # of texts it takes ASCII alone
        raise MismatchError(f"{what} made under another key than this one", what="key", left=key_check, right=own)


def hkdf_sha256(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """Key derivation by extract and expand (RFC 5869, sections 2.2 and 2.3)."""
    if not 0 < length <= 255 * 32:
        raise ValueError("length must be from 1 to 8160 bytes")
    pseudorandom_key = hmac.digest(salt or bytes(32), secret, "sha256")
    block, output, counter = b"", b"", 0
    while len(output) < length:
        counter += 1
        block = hmac.digest(pseudorandom_key, block + info + bytes([counter]), "sha256")
        output += block
    return output[:length]


def length_prefixed(*parts: str) -> bytes:
    """The parts, each behind its length, so that no two lists of parts give the same bytes.

    >>> length_prefixed("ab", "c") != length_prefixed("a", "bc")
    True
    """
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


def _checksum(secret: bytes) -> bytes:
    return hashlib.sha256(b"linkage key checksum" + secret).digest()[:_CHECKSUM]


def _ascii(data: bytes) -> str:
    return data.decode("ascii", "replace")


def _refuse_weak(secret: object) -> None:
    if not isinstance(secret, bytes | bytearray) or len(secret) != _SIZE:
        raise PrivacyError("a key is exactly 32 random bytes; make one with Key.generate()", measure="length")
    steps = {(after - before) % 256 for before, after in itertools.pairwise(secret)}
    # 32 random bytes have fewer than 20 distinct values, or are all letters, once in more than 10^12 keys
    if len(set(secret)) < 20 or len(steps) < 16 or all(32 <= byte < 127 for byte in secret):
        raise PrivacyError(
            "the key is not random: it has a pattern or is text; make one with Key.generate()", measure="entropy"
        )


def _refuse_readable_by_others(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileFormatError(f"{path}: not a regular file", path=str(path), reason="file type")
    if sys.platform != "win32" and status.st_mode & 0o077:
        raise PrivacyError(
            f"{path}: others than its owner can read the key file; run `chmod 600 {path}`", measure="file mode"
        )
