"""How many people are known to whom, under disclosure control: "to us, to them, to both", by group."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage import ledger
from linkage.arguments import checked
from linkage.central.overtime.heldsets import one_of_each_source, require_records
from linkage.disclosure import Counts, Policy, Protected, policy_of, protect
from linkage.encoded import EncodedSet
from linkage.errors import PrivacyError, nearest
from linkage.links import Links
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.files import PathLike

Told = Mapping[str, ledger.Count]

ALL, UNKNOWN = "all", "not known"


@dataclass(frozen=True, repr=False, eq=False)
class Overlap(TableOfResults):
    """People by who knows them, as they may be published: its table has suppressed counts as null.

    by          the group column, empty if there is none
    policy      under which it was made
    table       known_to (the sources that know them, and no other; ``all`` is a total), group if there is one (``all``
                is a total), people
    """

    table: pa.Table
    by: str
    policy: Policy

    def to_arrow(self) -> pa.Table:
        """The rows."""
        return self.table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"Overlap({len(self):,} counts, {self.table['people'].null_count:,} suppressed)"

    def __str__(self) -> str:
        rows = self.table.to_pylist()
        width = max(len(row["known_to"]) for row in rows)
        lines = [
            f"{row['known_to']:<{width}}  {row[self.by] + '  ' if self.by else ''}"
            + (self.policy.symbol if row["people"] is None else f"{row['people']:,}")
            for row in rows
        ]
        # groups come from the agencies, and a terminal does what control characters say
        return "\n".join("".join(sign if sign.isprintable() else "?" for sign in line) for line in lines)


@checked
def overlap(
    links: Links,
    *sets: EncodedSet,
    by: str | None = None,
    of: str | None = None,
    policy: str | Policy = "strict",
    book: PathLike | None = None,
) -> Overlap:
    """Count people by which agencies know them, suppressed and rounded so that the table may leave.

    Parameters
    ----------
    links
        What `link` gave. A person is a link id, or a record that linked with nothing.
    sets, by
        The sets that were linked, in all of their batches, and a group column that travels with them, such as ward:
        counts for each of its values. Of a person whose sources differ it is that of the first source, in alphabetical
        order, that has one.
    of
        Count only people whom this source knows: how many of ours do others know? Fewer counts are small then, and so
        suppressed. Publish tables of all people or of those of one source, not both: one would fill the gaps of the
        other, and with a ``book`` the second is refused.
    policy
        A name of `linkage.disclosure.POLICIES` (``strict``, ``hes``, ``ons``, ``ukllc``, ``opensafely``) or a `Policy`.
    book
        The ledger, a file kept beside the standing result: what was published before. A count that has changed by fewer
        people than the threshold stays as it was published, and a table whose population differs by so few from one
        published before is refused, so that no two tables tell of a few. Without it each table stands for itself.

    Returns
    -------
    An `Overlap`: one row for each combination of sources and group, then the totals. No suppressed count can be told
    from the others to less than the threshold wide.

    Raises
    ------
    PrivacyError
        The table differs from a published one by too few people, or is under another policy.
    LimitError
        Too many counts are small: make the groups coarser.

    Examples
    --------
    >>> from linkage import Key, Schema, encode, link, study
    >>> people, key = study.invent(300, seed=1, agencies=["registry", "primary_school"]), Key.generate()
    >>> schema = Schema.preset("uk-person", project="example")
    >>> sets = [encode(people[name], schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
    ...         for name in people.ids]
    >>> overlap(link(*sets)).to_arrow()["known_to"].to_pylist()
    ['primary_school', 'primary_school, registry', 'registry', 'all']
    """
    rules = policy_of(policy)
    if of is not None and of not in links.sources:
        raise ValueError(f"of: '{of}' was not linked; {nearest(of, links.sources)}")
    for source in links.sources:
        if source == ALL or ", " in source:
            raise ValueError(f"source '{source}': in the table it would be a total, or several sources; name it anew")
    knowing, groups = _people(links, sets, by, of)
    if ALL in groups:
        raise ValueError(f"by: '{ALL}' is a value of the group '{by}', and the table's word for a total; name it anew")
    patterns, columns = np.unique(knowing, return_inverse=True)
    values, rows = np.unique(np.array(groups or [ALL] * len(knowing), dtype=object).astype(str), return_inverse=True)
    table = np.zeros((len(values), len(patterns)), dtype=np.int64)
    np.add.at(table, (rows, columns), 1)
    counts = Counts.of(table)
    names = _names([str(value) for value in values], [str(pattern) for pattern in patterns])
    definition = json.dumps([links.sources, by] if of is None else [links.sources, by, of])
    with nullcontext() if book is None else ledger.alone(book):
        entries = [] if book is None else ledger.load(book)
        _require_apart(entries, definition, int(table.sum()), rules)
        before = _before(entries, definition, names)
        told = _published(counts, names, rules, before)
        if book is not None:
            true = dict(zip(names, counts.count.tolist(), strict=True))
            kept = dict(_remembered(told, true, before))
            kept |= {_of_all(name): count for name, count in kept.items() if len(values) == 1}
            ledger.save(book, [*entries, ledger.Entry(definition, json.dumps(vars(rules)), int(table.sum()), kept)])
    return Overlap(_table(names, list(told.values()), by), by or "", rules)


def _people(
    links: Links, sets: Sequence[EncodedSet], by: str | None, of: str | None
) -> tuple[NDArray[np.str_], list[str]]:
    """Of each person (that the source ``of`` knows) the sources that know them, as text, and the group's value."""
    sources = links.records["source"].to_pylist()
    ids = links.records["link_id"].to_pylist()
    group_of = _groups(links, sets, by)
    known: dict[object, set[str]] = {}
    value: dict[object, str] = {}
    for row, (source, link_id) in enumerate(zip(sources, ids, strict=True)):
        person = row if link_id is None else link_id
        known.setdefault(person, set()).add(source)
        # records are in the order of sources
        if group_of and value.get(person, UNKNOWN) == UNKNOWN:
            value[person] = group_of[row]
    there = [person for person, each in known.items() if of is None or of in each]
    groups = [value[person] for person in there] if group_of else []
    return np.array([", ".join(sorted(known[person])) for person in there] or [""]), groups


def _groups(links: Links, sets: Sequence[EncodedSet], by: str | None) -> list[str]:
    if by is None:
        return []
    known = [group.name for group in links.schema.groups]
    if by not in known:
        raise ValueError(f"by: '{by}' is no group of the agreement; {nearest(by, known) if known else 'it has none'}")
    whole = one_of_each_source(sets)
    if [each.source for each in whole] != sorted(links.sources):
        raise ValueError(f"by: give the sets that were linked, of {', '.join(links.sources)}")
    require_records(links, whole, "by")
    values = {
        (each.source, name): value or UNKNOWN
        for each in whole
        for name, value in zip(each.record_ids.to_pylist(), each.groups[by].to_pylist(), strict=True)
    }
    records = (links.records[name].to_pylist() for name in ("source", "record_id"))
    return [values[pair] for pair in zip(*records, strict=True)]


def _names(values: list[str], patterns: list[str]) -> list[str]:
    """Of each count, in the order of `Counts.of`: known to, and group."""
    names = [(pattern, value) for value in values for pattern in patterns]
    names += [(ALL, value) for value in values] if len(patterns) > 1 else []
    names += [(pattern, ALL) for pattern in patterns] if len(values) > 1 else []
    names += [(ALL, ALL)] if len(patterns) > 1 and len(values) > 1 else []
    return [json.dumps(pair) for pair in names]


def _require_apart(entries: list[ledger.Entry], definition: str, population: int, policy: Policy) -> None:
    """Refuse a table whose population differs by a few people from one of another kind that was published."""
    rules = json.dumps(vars(policy))
    for entry in entries:
        if entry.policy != rules:
            raise PrivacyError(
                "tables under another policy were published before, and two ways to round one count tell more of it "
                "than either; keep to that policy",
                measure="policy",
            )
        if json.loads(entry.definition)[2:] != json.loads(definition)[2:]:
            raise PrivacyError(
                "a table of other people was published before, of one source's or of all: held against it, this one "
                "would fill its gaps. Publish tables of the same people",
                measure="differencing",
            )
        if entry.definition != definition and 0 < abs(entry.population - population) < policy.threshold:
            raise PrivacyError(
                f"a table published before counts fewer than {policy.threshold} people more or less; held against it, "
                "this one would tell of them. Publish the same table as before, or wait until more has changed",
                measure="differencing",
            )


def _published(counts: Counts, names: list[str], policy: Policy, before: Told) -> dict[str, int | None]:
    """What is shown of each count, None where suppressed, such that it tells of no few people who came or went."""
    held = np.full(len(names), -1, dtype=np.int64)
    hidden = np.zeros(len(names), dtype=bool)
    for place, (name, count) in enumerate(zip(names, counts.count.tolist(), strict=True)):
        if name in before and 0 < abs(count - before[name].true) < policy.threshold:
            shown = before[name].shown
            hidden[place] = shown is None
            held[place] = -1 if shown is None else shown
    while True:
        told = protect(counts, policy, hidden=hidden, held=held)
        telling = _telling(counts, names, told, policy, before)
        if not telling.any():
            return {
                name: None if hide else value
                for name, value, hide in zip(names, told.value.tolist(), told.hidden.tolist(), strict=True)
            }
        hidden |= telling


def _telling(counts: Counts, names: list[str], told: Protected, policy: Policy, before: Told) -> NDArray[np.bool_]:
    """Sums, shown before and now, of which the cells that are not shown have changed by a few people."""
    found = np.zeros(len(names), dtype=bool)
    for place, members in enumerate(counts.sums, start=counts.cells):
        if told.hidden[place] or names[place] not in before or before[names[place]].shown is None:
            continue
        apart = 0
        for cell in np.flatnonzero(members).tolist():
            old = before.get(names[cell], ledger.Count(0, None))
            if told.hidden[cell] or old.shown is None:
                apart += int(counts.count[cell]) - old.true
        found[place] = 0 < abs(apart) < policy.threshold
    return found


def _remembered(told: Mapping[str, int | None], true: Mapping[str, int], before: Told) -> Told:
    """The counts as they were when each was last published anew: small changes add up to one that is not."""
    return {
        name: before[name] if name in before and before[name].shown == shown else ledger.Count(true[name], shown)
        for name, shown in told.items()
    }


def _before(entries: list[ledger.Entry], definition: str, names: list[str]) -> Told:
    """What was last told of each count: of a group's values in tables by that group, of all of them in any table.

    Of a group that has one value its counts are those of all.
    """
    people = json.loads(definition)
    found: dict[str, ledger.Count] = {}
    for entry in entries:
        if json.loads(entry.definition)[::2] == people[::2]:
            same = entry.definition == definition
            found |= {name: count for name, count in entry.counts.items() if same or name == _of_all(name)}
    alone = len({json.loads(name)[1] for name in names}) == 1
    return {name: found[_of_all(name)] for name in names if alone and _of_all(name) in found} | found


def _of_all(name: str) -> str:
    """The name of the count over all values of the group."""
    return json.dumps((json.loads(name)[0], ALL))


def _table(names: list[str], shown: list[int | None], by: str | None) -> pa.Table:
    import pyarrow as pa

    pairs = [json.loads(name) for name in names]
    columns = {"known_to": pa.array([known for known, _ in pairs], pa.string())}
    if by is not None:
        columns[by] = pa.array([value for _, value in pairs], pa.string())
    return pa.table(columns | {"people": pa.array(shown, pa.int64())})
