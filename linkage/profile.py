"""Profiles: three ways to encode that a person can choose between, by how far the centre is trusted.

A profile is a name for settings, fixed with the encoding version: written as ``profile = "hardened"`` in an agreement,
it means the layout, width and ``[harden]`` that are listed here.

They were chosen with ``benchmarks/frontier.py``: SAUL kept more quality at the same leak than folding and noise at any
width that was tried; diffusion, which keeps as much, has been broken. ``guarded``, of three functions, is as wide as it
takes to link well-kept records as well as a plain filter. ``hardened`` has four, as SAUL's authors have, and is as wide
as it may be: of the graph of resemblance at most 3 % is left, and F1 is at most 0.005 below a plain filter's where
records are well kept, 0.03 where badly.
What was measured of each stands beside it, and is what ``benchmarks/results`` has: a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.arguments import checked
from linkage.errors import SchemaError, nearest
from linkage.hardening import Hardening

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.fieldtypes import Layout
    from linkage.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Figures of ``benchmarks/frontier.py`` on invented people, which says how each is measured.

    ``f1_...``: registry against children's centre, 6,000 children, lists kept well (typical) and badly (hard), at the
    best cut. ``leak``: the share of the graph of resemblance that is left, of which 1 % is chance. ``named``: the
    share of the births in both that the best keyless attack names, of 1,000; ``told`` what is named by who knows a
    fifth, which grows with the lists: of 5,000 in both 4 % of ``hardened``, 83 % of ``guarded``. Speeds: of one
    thread of an AMD EPYC with AVX-512, of 12,000 records, for which much is made that more records share.
    """

    f1_typical: float
    f1_hard: float
    leak: float
    named: float
    told: float
    records_per_second: int
    million_pairs_per_second: int | None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a profile is, and what it is for."""

    name: str
    layout: Layout
    bits: int
    harden: Hardening
    is_: str
    centre: str
    defends: str
    does_not: str
    measured: Measured


PROFILES = (
    Profile(
        name="linkable",
        layout="fields",
        bits=1024,
        harden=Hardening(),
        is_="one plain filter a field, compared field by field by an estimated model",
        centre="trusted",
        defends="a reader who has neither key nor list of names",
        does_not="frequencies of each field; graph matching with an overlapping list of names",
        measured=Measured(
            f1_typical=0.9994,
            f1_hard=0.9859,
            leak=0.3479,
            named=1.0000,
            told=0.9915,
            records_per_second=104_000,
            million_pairs_per_second=None,
        ),
    ),
    Profile(
        name="guarded",
        layout="record",
        bits=2048,
        harden=Hardening(saul=3),
        is_="each bit the exclusive or of 3 keyed majority votes over the tokens of all fields",
        centre="bound by contract, and might look",
        defends="frequencies of values and of bits, pattern mining; thins out the graph of resemblance",
        does_not="who is told hundreds of the people, of most of the others; graph matching by a determined "
        "attacker; that equal records look equal; a key holder",
        measured=Measured(
            f1_typical=0.9979,
            f1_hard=0.9640,
            leak=0.0632,
            named=0.0020,
            told=0.0478,
            records_per_second=27_000,
            million_pairs_per_second=376,
        ),
    ),
    Profile(
        name="hardened",
        layout="record",
        bits=5120,
        harden=Hardening(saul=4),
        is_="each bit the exclusive or of 4 keyed majority votes over the tokens of all fields",
        centre="honest, and might try published attacks",
        defends="the same, and graph matching and attacks on the exclusive or, as its authors report",
        does_not="who is told a fifth of the people, of a few others; that equal records look equal; a key holder; "
        "nobody else has analysed it yet",
        measured=Measured(
            f1_typical=0.9972,
            f1_hard=0.9521,
            leak=0.0267,
            named=0.0018,
            told=0.0115,
            records_per_second=17_000,
            million_pairs_per_second=141,
        ),
    ),
)


_WORDS = ("what it is", "for a centre that is", "defends against", "not against")


class Profiles:
    """The profiles as a table: `to_arrow` has a row for each, printed it has a column for each, then their words."""

    def to_arrow(self) -> pa.Table:
        """Columns profile, layout, bits, similarity, what it is, for a centre that is, defends against, not against.

        Then as text what was measured: F1, the graph of resemblance that is left, who attacks name, speeds: `Measured`.
        """
        import pyarrow as pa

        rows = [_row(profile) for profile in PROFILES]
        return pa.table({name: [row[name] for row in rows] for name in rows[0]})

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(PROFILES)

    def __str__(self) -> str:
        rows = [_row(profile) for profile in PROFILES]
        figures = [name for name in rows[0] if name not in _WORDS]
        lines = [f"{name:<26}" + "".join(f"{row[name]:>22}" for row in rows) for name in figures]
        for row in rows:
            lines += ["", row["profile"], *(f"  {name}: {row[name]}" for name in _WORDS)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [_row(profile) for profile in PROFILES]
        head = "".join(f"<th>{name}</th>" for name in rows[0])
        body = "".join(f"<tr>{''.join(f'<td>{value or str()}</td>' for value in row.values())}</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table>"


@checked
def profiles() -> Profiles:
    """The profiles: what each is, defends against and does not.

    What they cost in quality, size and speed is measured by ``benchmarks/frontier.py``; nothing here is assumed.

    >>> profiles().to_arrow()["profile"].to_pylist()
    ['linkable', 'guarded', 'hardened']
    """
    return Profiles()


def _row(profile: Profile) -> dict[str, Any]:
    record = profile.layout == "record"
    return {
        "profile": profile.name,
        "layout": profile.layout,
        "bits": f"{profile.harden.width(profile.bits):,}" if record else f"up to {profile.bits:,} a field",
        "similarity": profile.harden.similarity if record else "model",
        "what it is": profile.is_,
        "for a centre that is": profile.centre,
        "defends against": profile.defends,
        "not against": profile.does_not,
        **_figures(profile.measured),
    }


def _figures(found: Measured) -> dict[str, str]:
    pairs = found.million_pairs_per_second
    return {
        "F1, well kept": f"{found.f1_typical:.4f}",
        "F1, badly kept": f"{found.f1_hard:.4f}",
        "of the graph left": f"{100 * found.leak:.1f} %",
        "named by attacks": f"{100 * found.named:.1f} %",
        "named, told a fifth": f"{100 * found.told:.1f} %",
        "records encoded a second": f"{found.records_per_second:,}",
        "million pairs a second": f"{pairs:,}" if pairs is not None else "scored by the model",
    }


def profile_settings(name: object) -> dict[str, Any]:
    """``layout``, ``bits`` and ``harden`` of the profile; `SchemaError` with the nearest name if there is none."""
    for profile in PROFILES:
        if profile.name == name:
            return {"layout": profile.layout, "bits": profile.bits, "harden": profile.harden}
    raise SchemaError(f"profile: {nearest(str(name)[:40], [each.name for each in PROFILES])}", rule="profile")


def name_of(schema: Schema) -> str:
    """The profile whose settings a schema has, or empty."""
    if schema.encoder != "linkage":
        return ""
    for profile in PROFILES:
        if (profile.layout, profile.harden) == (schema.layout, schema.harden) and (
            profile.layout == "fields" or profile.bits == schema.bits
        ):
            return profile.name
    return ""
