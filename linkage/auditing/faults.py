"""Which faults an audit can find, and what it must be given to find them.

What is found without more than the file rests on statistics, and on what the file says of itself. With the agreement,
that the file is what was agreed on. Only with the agency's own table and key can records be encoded again and held
against what is there: then whatever was done otherwise shows, and so does the graph of who is like whom.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from linkage.auditing.finding import Finding

Tier = Literal["set", "file", "schema", "table"]

GIVE = {
    "set": "records that can be read",
    "file": "the file's path",
    "schema": "the agreement",
    "blocks": "the blocks",
    "table": "table and key",
}

GIVEN = {
    "set": "a set in memory",
    "file": "the file alone",
    "schema": "the file and the agreement",
    "table": "the file, the agreement, and the agency's own table and key",
}


@dataclass(frozen=True)
class Fault:
    """A fault, the finding that it shows in, and what must be given for that."""

    name: str
    finding: str
    needs: Literal["set", "file", "schema", "blocks", "table"]


FAULTS = (
    Fault("a column of names left in", "columns beyond the agreement", "file"),
    Fault("two encodings in clear in the file's statistics", "statistics in the file", "file"),
    Fault("what a data frame brought along", "foreign metadata", "file"),
    Fault("a file that was changed, or is none of ours", "file in order", "file"),
    Fault("record ids that are not keyed, and so rows in the order of the table", "record ids", "set"),
    Fault("rows in the order of the table", "row order", "set"),
    Fault("rows in an order that puts like beside like", "neighbouring rows", "set"),
    Fault("identical rows", "identical records", "set"),
    Fault("an extract that is empty, or nearly", "empty records", "set"),
    Fault("a key that can be guessed", "guessable key", "set"),
    Fault("an encoding that needs no key, of the kinds in use", "known unkeyed encodings", "set"),
    Fault("double hashing", "double hashing", "set"),
    Fault("filters overfull", "filter fill", "set"),
    Fault("nothing but names to tell people by", "names only", "set"),
    Fault("votes or balance that were agreed on and not done", "hardening by its bits", "set"),
    Fault("frequencies of single values", "repeated values", "set"),
    Fault("frequencies of single bits", "bit frequencies", "set"),
    Fault("lengths shown by weights", "weights", "set"),
    Fault("bits that are sums of others", "XOR structure", "set"),
    Fault("hardening that published attacks have broken", "published breaks", "set"),
    Fault("people singled out by what is missing", "missing fields", "set"),
    Fault("values that a few people have", "small classes", "set"),
    Fault("groups smaller than agreed", "group classes", "set"),
    Fault("tiny blocks", "block sizes", "blocks"),
    Fault("another agreement than the one agreed on", "agreement", "schema"),
    Fault("another key than the one that was given", "key", "table"),
    Fault("any other key, cleaning, token or hash than agreed", "made by the key", "table"),
    Fault("the same noise for every record", "noise of each record", "table"),
    Fault("any step of hardening that does nothing", "hardening acts", "table"),
    Fault("a graph of resemblance that names people", "neighbour graph", "table"),
)


def found_by(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Names of the faults that show in what was measured."""
    measured = _names(each for each in findings if not each.unseen)
    return tuple(fault.name for fault in FAULTS if fault.finding in measured)


def missed_by(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Names of the others, and for each what more must be given, or why it can't be measured here."""
    given = tuple(findings)
    measured = _names(each for each in given if not each.unseen)
    why = {each.name: each.unseen for each in given if each.unseen}
    return tuple(
        f"{fault.name} ({why.get(fault.finding) or 'give ' + GIVE[fault.needs]})"
        for fault in FAULTS
        if fault.finding not in measured
    )


def _names(findings: Iterable[Finding]) -> set[str]:
    names = {each.name for each in findings}
    return names | {"block sizes"} if "keyed blocks" in names else names  # blocks of the agreement's own rules
