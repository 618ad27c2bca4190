"""Hardening: what is done to a record's filter so that it resists known attacks. The agreement's side of it.

How each step works, what it defends against and what it doesn't is told where it is done (agency/harden.py). Here are
the settings, what they do to a filter's width, and how filters made so are compared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from linkage.argumentkinds import with_numbers_of_python
from linkage.errors import SchemaError, nearest

Similarity = Literal["dice", "hamming"]

MOST_BITS = 65_536
NOISE_STEPS = 1 << 15
"""The probability of noise is a whole number of these: bits are exchanged by a draw of 16 bits."""

_RANGES = {"saul": (1, 8), "fold": (1, 4), "diffuse": (2, 64)}


@dataclass(frozen=True, kw_only=True)
class Hardening:
    """Steps that harden the filter of the ``record`` layout, in the order in which they are listed here.

    Parameters
    ----------
    salt
        A field: a record's tokens are hashed under a key of its own for each value of that field.
    saul
        Functions of SAUL. Each bit is the exclusive or of so many keyed majority votes over the record's tokens; there
        is no Bloom filter then. 1 to 8; ``bits`` of the agreement is the width.
    fold
        How often the filter is halved by laying one half over the other with exclusive or, 1 to 4 times.
    diffuse
        Positions: each bit becomes the exclusive or of so many keyed positions, 2 to 64.
    balance
        The filter is followed by its complement, and all is permuted under the key; it is twice as wide then.
    noise
        The probability of each bit to be replaced by a fair coin, which falls the same way whenever that record is
        encoded; in steps of 1/32,768.

    >>> Hardening(saul=4).similarity, Hardening(noise=0.1).similarity
    ('hamming', 'dice')
    """

    salt: str = ""
    saul: int = 0
    fold: int = 0
    diffuse: int = 0
    balance: bool = False
    noise: float = 0.0

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        for setting, (low, high) in _RANGES.items():
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, int) or not (value == 0 or low <= value <= high):
                _refuse(setting, f"must be a whole number from {low} to {high}")
        if not isinstance(self.balance, bool):
            _refuse("balance", "must be true or false")
        if not isinstance(self.salt, str):
            _refuse("salt", "must be the name of a field")
        noise = self.noise
        if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 0.9:
            _refuse("noise", "must be a probability from 0.001 to 0.9")
        if noise and noise < 0.001:
            _refuse("noise", "must be at least 0.001; less changes next to nothing")
        # equal bits, equal fingerprints: 0.1 and 0.1 rounded to the step are one agreement
        object.__setattr__(self, "noise", round(noise * NOISE_STEPS) / NOISE_STEPS)
        for setting in ("salt", "fold", "diffuse"):
            if self.saul and getattr(self, setting):
                _refuse(setting, _NOT_WITH_SAUL[setting])

    def __bool__(self) -> bool:
        return bool(self.settings())

    def __repr__(self) -> str:
        return f"Hardening({', '.join(f'{name}={value!r}' for name, value in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The steps that are taken; empty if none is."""
        all_steps = dataclasses.asdict(self)
        return {name: value for name, value in all_steps.items() if value}

    @property
    def similarity(self) -> Similarity:
        """How such filters are compared.

        Where a bit is an exclusive or, or one of a pair, a shared 0 says as much as a shared 1: filters are compared by
        the share of bits that agree.
        """
        return "hamming" if self.saul or self.fold or self.diffuse or self.balance else "dice"

    def width(self, bits: int) -> int:
        """Bits of the filter in the end, of what had ``bits`` in the beginning."""
        return (bits >> self.fold) * (2 if self.balance else 1)

    def check(self, bits: int, layout: str, names: tuple[str, ...]) -> None:
        """Raise `SchemaError` unless a schema of that width, layout and those fields can be hardened so."""
        if not self:
            return
        first = next(iter(self.settings()))
        if layout != "record":
            _refuse(
                first,
                'hardening belongs to layout = "record"; the fields layout is for a centre you trust, and its model '
                "needs plain filters",
            )
        if bits % (1 << self.fold) or (self.fold and bits >> self.fold < 8):
            _refuse("fold", f"{bits} bits can't be halved {self.fold} times; choose a multiple of {1 << self.fold}")
        if 2 * self.diffuse > bits >> self.fold:
            _refuse("diffuse", f"at most half of the {bits >> self.fold} positions there are")
        if self.saul and bits < 64:
            _refuse("saul", f"{bits} bits are too few for votes to tell records apart; at least 64")
        if self.width(bits) > MOST_BITS:
            _refuse("balance", f"the filter would have more than {MOST_BITS:,} bits")
        if self.salt and self.salt not in names:
            _refuse("salt", f"'{self.salt}' is not a field of this agreement; they are: {', '.join(names)}")
        if self.salt and len(names) < 2:
            _refuse("salt", "a filter salted by its only field says no more than whether values are equal")


NOT_HARDENED = Hardening()

_NOT_WITH_SAUL = {
    "salt": "not together with saul, whose votes are already drawn for each token; salt a Bloom filter",
    "fold": "has no place after saul: folding is one more function at half the width; raise saul, lower bits",
    "diffuse": "has no place after saul: it adds functions; raise saul",
}


def harden_from(content: object) -> Hardening:
    """The ``[harden]`` table of an agreement. Raises `SchemaError` for a step that is unknown, or has no effect."""
    known = [setting.name for setting in dataclasses.fields(Hardening)]
    if not isinstance(content, Mapping):
        _refuse("harden", f"written as [harden] with steps: {', '.join(known)}")
    for name, value in content.items():
        if name not in known:
            _refuse(str(name), f"'{name}' is not a step; {nearest(str(name), known)}")
        if not value:
            # a setting without effect would make agreements look different that mean the same
            _refuse(name, "would have no effect; leave it out")
    made = Hardening(**content)
    if not made:
        _refuse("harden", f"without a step it has no effect; leave it out, or choose from: {', '.join(known)}")
    return made


def _refuse(rule: str, message: str) -> NoReturn:
    where = "harden" if rule == "harden" else f"harden, {rule}"
    raise SchemaError(f"{where}: {message}", rule=rule)
