"""Audit: what was found, in the order of what to look at first, as a table, a page of text and one of HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from linkage.arguments import checked
from linkage.auditing.faults import GIVEN, Tier, found_by, missed_by
from linkage.auditing.finding import LEVELS, Finding, Level, shown
from linkage.errors import PrivacyError

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.files import PathLike

_SAID = {
    "ok": "nothing was found that should keep this from the centre it was made for",
    "warn": "send it only to a centre that is trusted with what is listed under 'warn'",
    "fail": "do not send it: put right what is listed under 'fail' first",
}
_MARK = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@dataclass(frozen=True, repr=False)
class Audit:
    """What an encoded set gives away. Made by `linkage.audit`.

    source     the agency's name, as the set has it
    records    how many
    tier       ``set`` or ``file``: nothing else was given; ``schema``: the agreement too; ``table``: table and key too
    of_file    whether the file itself was looked at
    findings   the worst first
    risk       from 0 to 1: how much there is to go by for whoever wants to name the records, to order ways to encode
               by. Of tier ``table`` the share of nearest neighbours kept, or what outweighs it; 1 where a mistake gives
               all away. Compare risks of one tier only. No probability.

    >>> finding = Finding(name="fill", value=0.9, unit="share", warn_above=0.6, fail_above=0.75, reason="", change="")
    >>> Audit("a", 10, "file", True, (finding,), 0.1).level
    'fail'
    """

    source: str
    records: int
    tier: Tier
    of_file: bool
    findings: tuple[Finding, ...]
    risk: float

    @property
    def level(self) -> Level:
        """The worst of the findings: ``ok``, ``warn`` or ``fail``."""
        return max((finding.level for finding in self.findings), key=LEVELS.index, default="ok")

    @property
    def finds(self) -> tuple[str, ...]:
        """Faults that an audit with what was given can find."""
        return found_by(self.findings)

    @property
    def misses(self) -> tuple[str, ...]:
        """Faults that it can't: for which more must be given, or more records be there."""
        return missed_by(self.findings)

    @checked
    def raise_above(self, level: Level = "warn") -> None:
        """Raise `PrivacyError` if anything is worse than ``level``: above ``warn`` is ``fail``, above ``ok`` both.

        Its ``measure`` is the name of the first such finding.
        """
        if level not in LEVELS:
            raise ValueError(f"level: one of {', '.join(LEVELS)}, not {level!r}")
        worse = [each for each in self.findings if LEVELS.index(each.level) > LEVELS.index(level)]
        if worse:
            said = "; ".join(f"{each.name} {shown(each.value, each.unit)} ({each.threshold})" for each in worse)
            raise PrivacyError(f"the audit of '{self.source}' found: {said}. {worse[0].change}", measure=worse[0].name)

    def __getitem__(self, name: str) -> Finding:
        """The finding of that name; ``KeyError`` if it was not measured."""
        return {finding.name: finding for finding in self.findings}[name]

    def __contains__(self, name: object) -> bool:
        return any(finding.name == name for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def to_arrow(self) -> pa.Table:
        """Columns name, level, value, unit, warn_above, fail_above, where, reason, change, unseen."""
        import pyarrow as pa

        columns = ("name", "level", "value", "unit", "warn_above", "fail_above", "where", "reason", "change", "unseen")
        kinds = {name: pa.float64() for name in ("value", "warn_above", "fail_above")}
        return pa.table(
            {
                name: pa.array([getattr(each, name) for each in self.findings], kinds.get(name, pa.string()))
                for name in columns
            }
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        counts = {level: sum(each.level == level for each in self.findings) for level in LEVELS}
        said = ", ".join(f"{count} {level}" for level, count in counts.items())
        return f"Audit({self.source!r}, {self.records:,} records, {self.level}: {said}; risk {self.risk:.2f})"

    def __str__(self) -> str:
        lines = [
            f"Audit of '{self.source}', {self.records:,} records, with {self._given()}",
            f"{self.level.upper()}: {_SAID[self.level]}. Risk {self.risk:.2f} of 1.",
            "",
        ]
        for each in self.findings:
            if each.unseen:
                lines.append(f"-     {each.name}: not measured, {each.unseen}")
                continue
            value = shown(each.value, each.unit)
            lines.append(f"{_MARK[each.level]}  {each.name}{_at(each)}: {value}  ({each.threshold})")
            if each.level != "ok":
                lines += _wrapped(each.reason, "      ")
                lines += _wrapped(f"What to do: {each.change}", "      ")
        lines += ["", "Such an audit can find:", *_wrapped("; ".join(self.finds) + ".", "  ")]
        if self.misses:
            lines += ["It can't find, for want of more to go by:", *_wrapped("; ".join(self.misses) + ".", "  ")]
        lines.append("That nothing was found is no proof. Whoever holds the key can decode any set.")
        return "\n".join(lines)

    @checked
    def save_html(self, path: PathLike) -> None:
        """Write it as one page of HTML, for its owner's eyes only; an existing file is replaced."""
        from linkage.files import written_beside

        page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Audit</title>{self._repr_html_()}</html>'
        with written_beside(path) as part:
            part.write_text(page, encoding="utf-8")

    def _given(self) -> str:
        given = GIVEN[self.tier]
        return given if self.of_file or self.tier == "set" else given.replace("the file", "a set in memory")

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'-' if each.unseen else each.level}</td><td>{escape(each.name + _at(each))}</td>"
            f"<td>{'not measured: ' + each.unseen if each.unseen else shown(each.value, each.unit)}</td>"
            f"<td>{each.threshold}</td><td>{escape(each.reason)}</td><td>{escape(each.change)}</td></tr>"
            for each in self.findings
        )
        heads = "".join(f"<th>{head}</th>" for head in ("", "measure", "value", "threshold", "reason", "what to do"))
        missed = f"<p>Can't find: {escape('; '.join(self.misses))}.</p>" if self.misses else ""
        return (
            f"<p><b>{escape(self.source)}</b>, {self.records:,} records, with {self._given()}: <b>{self.level}</b>, "
            f"{_SAID[self.level]}. Risk {self.risk:.2f} of 1.</p><table><tr>{heads}</tr>{rows}</table>"
            f"<p>Can find: {escape('; '.join(self.finds))}.</p>{missed}"
        )


def _at(finding: Finding) -> str:
    return f" ({finding.where})" if finding.where else ""


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=indent, subsequent_indent=indent)
