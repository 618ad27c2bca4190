"""What leaves the centre: to each agency its own records and their link ids."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.overtime.heldsets import one_of_each_source, require_records
from linkage.errors import nearest
from linkage.links import Links
from linkage.release import CONFIDENCE, Release

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.encoded import EncodedSet

_ID_BYTES = 16
_CERTAIN, _LIKELY = 0.99, 0.9


def new_link_ids(
    sources: list[str], ids: list[pa.StringArray], group: NDArray[np.int32], release_key: bytes
) -> pa.StringArray:
    """The link id of each record, all sets one after another; null for records alone in their group.

    A link id is the first 128 bits of an HMAC, under the run's random release key, of the first record of the
    group by source and id: no two people share one, and nobody without that key can make or test one.
    """
    import pyarrow as pa

    linked = np.bincount(group)[group] > 1
    places = np.repeat(np.arange(len(ids)), [len(part) for part in ids])
    rows = np.concatenate([np.arange(len(part)) for part in ids])
    by_name = np.argsort(np.argsort(sources))
    # rows are in id order, so the first record of a group is the lowest of (source, row)
    order = np.lexsort((rows, by_name[places], group))
    first = order[np.diff(group[order], prepend=-1) != 0]
    first = first[linked[first]]
    made = np.empty(len(first), dtype=object)
    for place, part in enumerate(ids):
        own = places[first] == place
        known = part.take(pa.array(rows[first[own]])).to_pylist()
        made[own] = [_keyed(release_key, sources[place], name) for name in known]
    number = np.zeros(int(group.max(initial=0)) + 1, dtype=np.int64)
    number[group[first]] = np.arange(len(first))
    return pa.array(made, pa.string()).take(pa.array(number[group], mask=~linked))


def release(
    links: Links,
    source: str,
    *,
    linked_only: bool = False,
    present_in: Collection[str] = (),
    separate: bool = False,
    confidence: bool = False,
) -> Release:
    """What goes back to one agency: its own record ids with their link ids.

    Never the pairs, nor how alike they are: who knows one of the two people reads from a similarity what the other's
    name may be, and a table of them singles people out (Culnane, Rubinstein and Teague 2017).

    Parameters
    ----------
    linked_only
        Leave out records that linked with nothing. The others then learn nothing from being there.
    present_in
        Leave out records of people whom these sources don't all know.
    separate
        Link ids of this recipient's own, so that recipients can't join what they hold by comparing notes. The
        centre can translate them with the standing result.
    confidence
        Add a column: ``certain`` (probability at least 0.99), ``likely`` (0.9) or ``review``, for the weakest link
        of the person. Not for the record layout, whose similarities are no probabilities.

    Raises ``ValueError`` for a source that wasn't linked.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if source not in links.sources:
        raise ValueError(f"release: '{source}' is not one of the sources; {nearest(source, links.sources)}")
    own = links.records.filter(pc.equal(links.records["source"], source)).select(["record_id", "link_id"])
    if confidence:
        own = own.append_column("confidence", _confidence(links, own["link_id"]))
    if present_in:
        own = own.filter(pc.is_in(own["link_id"], value_set=_known_to(links, present_in)))
    if linked_only:
        own = own.filter(pc.is_valid(own["link_id"]))
    if separate:
        texts = [
            None if text is None else _keyed(links.release_key, "separate", source, text)
            for text in own["link_id"].to_pylist()
        ]
        own = own.set_column(1, "link_id", pa.array(texts, pa.string()))
    return Release(own.combine_chunks(), links.schema.project, source, links.key_check, links.run)


def for_research(links: Links, *sets: EncodedSet, recipient: str, smallest: int = 10) -> pa.Table:
    """For a researcher: a row a record, with its link id, source and groups, and no record id.

    Parameters
    ----------
    sets
        Those that were linked, in all of their batches; their group columns are what a researcher counts by.
    recipient
        A name for whom it is: link ids are theirs alone, and can't be joined with another recipient's.
    smallest
        A group value that fewer records of a source have is left out (null).

    Returns
    -------
    An Arrow table link_id, source and a column for each group, sorted by link id; people whom one source alone knows
    have a link id of their own. Rows are in no order of the sources' records.

    Raises ``ValueError`` if the sets are not those that were linked.
    """
    import pyarrow as pa

    whole = one_of_each_source(sets)
    if [each.source for each in whole] != sorted(links.sources):
        raise ValueError(f"for_research: give the sets that were linked, of {', '.join(links.sources)}")
    require_records(links, whole, "for_research")
    if smallest < 1 or not recipient or not recipient.isprintable():
        raise ValueError("for_research: smallest is 1 or more, and recipient a name in printable letters")
    names = [group.name for group in links.schema.groups]
    values = {
        (each.source, record): row
        for each in whole
        for record, *row in zip(
            each.record_ids.to_pylist(),
            *(_common(each.groups[name].to_pylist(), smallest) for name in names),
            strict=True,
        )
    }
    columns = (links.records[name].to_pylist() for name in ("source", "record_id", "link_id"))
    rows = [
        (_keyed(links.release_key, "research", recipient, *(("alone", source, record) if link is None else (link,))),
         source, *values[source, record])
        for source, record, link in zip(*columns, strict=True)
    ]  # fmt: skip
    rows.sort(key=lambda row: [text or "" for text in row])  # a group that is left out is None
    told = ("link_id", "source", *names)
    return pa.table({name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(told)})


def _told(encoded: EncodedSet, names: Sequence[str], smallest: int) -> list[list[str | None]]:
    return [_common(encoded.groups[name].to_pylist(), smallest) for name in names]


def _common(values: list[str | None], smallest: int) -> list[str | None]:
    counts = Counter(values)
    return [value if counts[value] >= smallest else None for value in values]


def _known_to(links: Links, sources: Collection[str]) -> pa.Array:
    """The link ids of people whom all of these sources know."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known: set[str] | None = None
    for source in sources:
        if source not in links.sources:
            raise ValueError(f"present_in: '{source}' is not one of the sources; {nearest(source, links.sources)}")
        theirs = links.records.filter(pc.equal(links.records["source"], source))["link_id"].drop_null().to_pylist()
        known = set(theirs) if known is None else known & set(theirs)
    return pa.array(sorted(known or ()), pa.string())


def _confidence(links: Links, link_ids: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    if "probability" not in links.pairs.column_names:
        raise ValueError("confidence: the record layout gives similarities, which are no probabilities")
    # by source too: sets from arrays may have equal record ids
    records = (links.records[name].to_pylist() for name in ("source", "record_id", "link_id"))
    record_link = {(source, record_id): link for source, record_id, link in zip(*records, strict=True)}
    pairs = (links.pairs[name].to_pylist() for name in ("left_source", "left_id", "probability"))
    weakest: dict[str, float] = {}
    for source, left, probability in zip(*pairs, strict=True):
        link = record_link[source, left]
        weakest[link] = min(weakest.get(link, 1.0), probability)
    # in no pair are those whom a reviewer linked
    return pa.array(
        [None if link is None else _word(weakest.get(link, 1.0)) for link in link_ids.to_pylist()], pa.string()
    )


def _word(probability: float) -> str:
    certain, likely, review = CONFIDENCE
    if probability >= _CERTAIN:
        return certain
    return likely if probability >= _LIKELY else review


def _keyed(key: bytes, *parts: str) -> str:
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return hmac.digest(key, message, "sha256")[:_ID_BYTES].hex()
