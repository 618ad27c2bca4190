"""The audit room: what an encoded set gives away, before it leaves the building.

Sees both sides: the set, and at the agency its table and key. `audit` takes the steps in order: the file as a file
(fileform), one pass over the records (subject, tally), what can be told from that (order, sameness, classes, bits,
structure, guesses, agreed), and, with table and key, the records encoded again and the graph of who is like whom (own,
again, graph). Each measure is a `Finding`; together they are an `Audit`, which also says what it can't find (faults).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.auditing.again import encoded_again, filled_fields, neighbour_graph
from linkage.auditing.agreed import against_agreement, key_check, key_given, names_only, published_breaks
from linkage.auditing.bits import bit_findings
from linkage.auditing.classes import blocks as block_finding
from linkage.auditing.classes import class_findings, keyed_blocks
from linkage.auditing.faults import Tier
from linkage.auditing.fileform import file_findings
from linkage.auditing.finding import LEVELS, Finding
from linkage.auditing.guesses import guessable_key, short_secret, unkeyed
from linkage.auditing.order import order_findings
from linkage.auditing.own import Own
from linkage.auditing.result import Audit
from linkage.auditing.sameness import sameness_findings
from linkage.auditing.structure import double_hashing, xor_structure
from linkage.auditing.subject import Subject
from linkage.auditing.tally import Tally, count_records
from linkage.encoded import EncodedSet
from linkage.schema import Schema
from linkage.sealed import sealed

if TYPE_CHECKING:
    from linkage.files import PathLike

__all__ = ["audit"]

_GIVES_ALL_AWAY = ("columns beyond the agreement", "guessable key", "known unkeyed encodings")


@sealed
@checked
def audit(
    set_or_path: EncodedSet | PathLike,
    *,
    schema: Schema | None = None,
    key: Key | str | bytes | None = None,
    table: object = None,
    id: str | None = None,  # the word every agency uses
    columns: Mapping[str, str | None] | None = None,
    id_key: Key | None = None,
    blocks: PathLike | Sequence[Sequence[str]] | None = None,
    sample: int = 2_000,
    seed: int = 0,
    max_bytes: int = 8 << 30,
) -> Audit:
    """Find out what an encoded set gives away, before it leaves the building.

    Parameters
    ----------
    set_or_path
        Give the path of the file that is to be sent: what is wrong with the file shows in it alone, and a file that
        `EncodedSet.load` refuses is looked at all the same.
    schema
        The agreement, to see that the set was made under it. A file that says nothing of itself is read as it says.
    key, table, id, columns, id_key
        At the agency: what was given to `encode`. Some of the records are then encoded again and held against the set,
        which shows whatever was done otherwise, and who is like whom is compared with the plaintext. None of it leaves
        the machine, and no value of it is in the result. For a set of clkhash, ``key`` is its secret, without ``id``.
    blocks
        The block ids of each record, or the file that `linkage convert --blocks` wrote.
    sample
        Records of which pairs are looked at. All are counted. What fewer than a hundred can't show is not measured,
        and the result says so.
    seed
        Draws the sample. Equal seeds give equal results.
    max_bytes
        Of the records in memory, as for `EncodedSet.load`.

    Returns
    -------
    An `Audit`: each finding with its value, thresholds, reason and remedy, the worst first; which faults could be found
    and which could not; and a ``risk`` to order ways to encode by. Thresholds are judgements, told in each finding.

    Raises
    ------
    FileFormatError
        There is no Parquet file, or its filters are of another kind than it says.
    ValueError
        ``table`` without ``key`` or the reverse; a ``sample`` of fewer than one record, or a negative ``seed``.
    TypeError
        ``set_or_path`` that is neither, a ``schema`` that is none, or a ``sample`` or ``seed`` that is no whole number.

    Cost: one pass over the records, and some seconds for the sample and for keys that anybody could guess; the table is
    read as a whole. A million records of the preset ``uk-person``, with table and key, took 9 seconds of a processor
    and 0.7 GB under ``linkable``, 15 and 1.0 GB under ``hardened`` (``benchmarks/audit_cost.py``).

    >>> import linkage
    >>> from linkage.study import invent
    >>> people, key = invent(300, seed=3, agencies=["registry"]), linkage.Key.generate()
    >>> schema = linkage.Schema.preset("uk-person", project="docs", profile="hardened")
    >>> at = {"id": "entry_no", "columns": people.held("registry", schema)}
    >>> encoded = linkage.encode(people["registry"], schema, key, source="registry", **at)
    >>> risk = linkage.audit(encoded, schema=schema, key=key, table=people["registry"], **at)
    >>> risk.raise_above("warn")
    >>> risk["made by the key"].value
    0.0
    """
    if (table is None) != (key is None):
        raise ValueError("table and key go together: records are encoded again with both, or not at all")
    if sample < 1:
        raise ValueError(f"sample: at least 1, not {sample}")
    subject = Subject.of(set_or_path, schema, max_bytes=max_bytes)
    findings: list[Finding] = []
    risk = 0.0
    header = subject.header
    if isinstance(key, str | bytes) and header is not None and header.schema.encoder == "linkage":
        raise TypeError("key: must be of the type Key, not text, which is clkhash's; read it with Key.load(path)")
    if header is not None and subject.readable:
        counted = count_records(subject.batches(), header.schema, rows=header.rows, sample=sample, seed=seed)
        structure, risk = xor_structure(counted, header.schema, seed)
        findings += _of_records(counted, header.schema)
        findings += [structure, *_of_settings(subject, schema, key)]
        if header.schema.blocks:
            findings.append(keyed_blocks(counted, header.schema))
        if blocks is not None:
            findings.append(block_finding(_blocks(blocks, subject)))
        held = None
        if key is not None:
            own = Own.of(counted, header, table, key, id=id, columns=columns, id_key=id_key)
            findings += encoded_again(own)
            if len(own) and header.schema.encoder == "linkage":
                graph = neighbour_graph(own)
                findings.append(graph)
                risk, held = risk if graph.unseen else graph.value, filled_fields(own)
        findings.append(names_only(header.schema, held, counted))
    if subject.form is not None:
        findings += file_findings(subject.form, subject.faults)
    if any(each.level == "fail" and each.name in _GIVES_ALL_AWAY for each in findings):
        risk = 1.0
    tier: Tier = "table" if key is not None else "schema" if schema is not None else "file" if subject.form else "set"
    return Audit(
        source=header.source if header is not None else "",
        records=header.rows if header is not None else 0,
        tier=tier,
        of_file=subject.form is not None,
        findings=tuple(sorted(findings, key=lambda each: -LEVELS.index(each.level))),
        risk=risk,
    )


def _of_records(counted: Tally, schema: Schema) -> list[Finding]:
    """What the records show, whatever was agreed on."""
    return [
        *order_findings(counted, schema),
        *sameness_findings(counted),
        *class_findings(counted, schema),
        *bit_findings(counted, schema),
        double_hashing(counted),
        unkeyed(counted, schema),
    ]


def _of_settings(subject: Subject, agreed: Schema | None, key: Key | str | bytes | None) -> list[Finding]:
    """What the set says of its agreement and key."""
    header = subject.header
    assert header is not None
    secret = key if isinstance(key, Key) else None
    guessed = (
        short_secret(key)
        if isinstance(key, str | bytes)
        else guessable_key(header.schema, header.source, header.key_check, secret)
    )
    found = [key_check(header.key_check), guessed, published_breaks(header.schema)]
    if secret is not None and header.schema.encoder == "linkage":
        found.append(key_given(header.key_check, secret, header.schema.project))
    if agreed is not None:
        found.append(against_agreement(header.schema, agreed))
    return found


def _blocks(given: PathLike | Sequence[Sequence[str]], subject: Subject) -> Sequence[Sequence[str]]:
    from linkage.interop.blocks import read_blocks, require_blocks

    if subject.encoded is None:
        raise ValueError("blocks: belong to a set that can be read")
    if isinstance(given, str | Path):
        return read_blocks(given, subject.encoded)
    require_blocks(subject.encoded, given)  # type: ignore[arg-type]
    return given  # type: ignore[return-value]
