"""The file itself: columns beyond the agreement, values in its footer, what a data frame brought along.

Our own reader refuses such files. An audit must see what is wrong with them, so it reads on where the reader stops:
whatever of the agreed columns is there is looked at all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage import encodedfile, parquetfile
from linkage.auditing.finding import Finding
from linkage.canonical import from_canonical
from linkage.errors import FileFormatError, SchemaError
from linkage.parquetpages import showing_columns
from linkage.rows import Header
from linkage.schema import Schema

_FOREIGN = "columns beyond the agreement"


@dataclass(frozen=True)
class FileForm:
    """What a Parquet file is made of, and why our reader refuses it; empty if it doesn't.

    columns   the columns' names, in order
    showing   those that show values outside their pages
    foreign   keys of the footer that are not ours
    header    what it says of itself, or, where that is none of ours, the agreement that was given
    """

    columns: tuple[str, ...]
    showing: tuple[str, ...]
    foreign: tuple[str, ...]
    refusal: str
    header: Header | None

    @classmethod
    def of(cls, path: Path, agreed: Schema | None, *, max_bytes: int) -> FileForm:
        """Read the footer. Raises `FileFormatError` where there is no Parquet file, `LimitError` as the reader does."""
        with parquetfile.opened(path) as handle:
            places = showing_columns(path)
            names = tuple(handle.schema_arrow.names)
            texts = {
                key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
                for key, value in (handle.metadata.metadata or {}).items()
            }
            rows = handle.metadata.num_rows
        header, refusal = None, ""
        try:
            header = encodedfile.read_header(path, max_bytes=max_bytes)
        except FileFormatError as error:
            refusal = str(error)
        own = header or _header_of(texts, rows, agreed)
        leaves = [*names, *["a nested column"] * len(places)]  # places count the leaves of nested columns one by one
        showing = tuple(dict.fromkeys(leaves[min(place, len(leaves) - 1)] for place in places))
        foreign = tuple(sorted(key for key in texts if not key.startswith("linkage.")))
        return cls(names, showing, foreign, refusal, own)


def _header_of(texts: dict[str, str], rows: int, agreed: Schema | None) -> Header | None:
    """As much as a footer that our reader refuses has of a header."""
    schema = agreed
    if "linkage.schema" in texts:
        try:
            schema = from_canonical(texts["linkage.schema"])
        except SchemaError:
            schema = agreed
    if schema is None:
        return None
    source = texts.get("linkage.source", "")[:200]
    check = texts.get("linkage.key_check", "")[:200]
    return Header(schema, source if source.isprintable() else "", rows, check if check.isprintable() else "")


def file_findings(form: FileForm, faults: Sequence[str]) -> list[Finding]:
    """What is wrong with the file as a file; ``faults``: with its records."""
    refusal = form.refusal or "; ".join(faults)
    agreed: set[str] = set()
    if form.header is not None:
        schema = form.header.schema
        agreed = {"record_id", *schema.columns}
    extra = [name for name in form.columns if name not in agreed] if agreed else []
    return [
        Finding(
            name=_FOREIGN,
            value=len(extra),
            unseen="" if agreed else "the file has lost what it says of its agreement, and none was given",
            unit="columns",
            warn_above=None,
            fail_above=0,
            where=", ".join(extra[:5]),
            reason="What is in them travels in clear: names, dates or the agency's own numbers, perhaps.",
            change="Drop them: write the file with `linkage encode` or EncodedSet.save, and send no other.",
        ),
        Finding(
            name="statistics in the file",
            value=len(form.showing),
            unit="columns",
            warn_above=None,
            fail_above=0,
            where=", ".join(form.showing[:5]),
            reason="The footer holds the least and the greatest value of a column in clear, for whoever opens it.",
            change="Write it with `linkage encode` or EncodedSet.save, which leave them out; others put them in.",
        ),
        Finding(
            name="foreign metadata",
            value=len(form.foreign),
            unit="entries",
            warn_above=None,
            fail_above=0,
            where=", ".join(key[:40] for key in form.foreign[:5] if key.isprintable()),
            reason="Another program wrote notes into the footer. A data frame's can hold values, paths and people.",
            change="Write the file with `linkage encode` or EncodedSet.save, which take nothing of a data frame along.",
        ),
        Finding(
            name="file in order",
            value=float(bool(refusal)),
            unit="faults",
            warn_above=None,
            fail_above=0,
            reason=f"A centre's reader refuses it: {refusal}" if refusal else "It is what was written.",
            change="Encode again, and send the file as it was written.",
        ),
    ]
