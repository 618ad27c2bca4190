"""Links: who with whom and how surely, and who is whom. The standing result, kept at the centre.

Its file is Parquet, format 1: the outer join of the sets. A row is a pair (left_source, left_id, right_source,
right_id, its measures, link_id), a record that linked with nothing (the right columns and link_id null), or a conflict
(a pair whose link_id is null). A record that is linked only through others is a pair with itself, without measures. The
footer holds the agreement, the key check, the sources, and the release key; so the file stays at the centre,
readable by its owner only. With the release key one could tell which link ids of two releases belong together. Of a
result that can be carried on there are rows with a ``kind`` more: see `linkage.kept`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linkage import parquetfile
from linkage.arguments import checked
from linkage.canonical import from_canonical
from linkage.errors import FileFormatError, SchemaError
from linkage.files import PathLike
from linkage.kept import Kept, events_of, no_events, rows_of
from linkage.linkrows import MEASURES, require_columns, require_kept, require_pairs
from linkage.quality import Quality
from linkage.schema import Schema
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.encoded import EncodedSet
    from linkage.release import Release

FORMAT = "links 1"


@dataclass(frozen=True, eq=False)
class Links(TableOfResults):
    """The outcome of `link`; its length is the number of pairs.

    pairs        Arrow table left_source, left_id, right_source, right_id, then similarity, or match_weight and
                 probability; sorted by left and right source and id
    conflicts    the same columns: pairs that reach the cut, of people who are two all the same, as others belong more
                 surely to one or the other; found where three agencies or more are linked
    records      Arrow table source, record_id, link_id, one row per record given; link_id is null where unlinked,
                 equal for records of one person; sorted by source and id
    sources      the sources, sorted
    quality      how good the links are expected to be; None where nothing shows it: at a threshold that was given, and
                 of three agencies or more
    events       Arrow table kind, old_link_id, new_link_id: whose link id is another than in the standing result that
                 this one carries on, and why; see `linkage.central.overtime.identity.carried`
    kept         what the next batch needs; None where it will meet everybody
    """

    pairs: pa.Table
    records: pa.Table
    sources: tuple[str, ...]
    schema: Schema
    key_check: str
    cut: Mapping[str, float]
    release_key: bytes = field(repr=False)
    conflicts: pa.Table = field(default=None, kw_only=True)
    quality: Quality | None = field(default=None, kw_only=True, repr=False)
    events: pa.Table = field(default=None, kw_only=True)
    kept: Kept | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.events is None:
            object.__setattr__(self, "events", no_events())
        if self.conflicts is None:
            object.__setattr__(self, "conflicts", self.pairs.slice(0, 0))

    @property
    def run(self) -> str:
        """16 hex digits that are equal for this result and all releases of it: link ids of two runs match nothing."""
        return hmac.digest(self.release_key, b"run", "sha256")[:8].hex()

    @checked
    def release(
        self,
        source: str,
        *,
        linked_only: bool = False,
        present_in: Collection[str] = (),
        separate: bool = False,
        confidence: bool = False,
    ) -> Release:
        """What goes back to one agency: its own record ids with their link ids, and nothing of the others.

        See `linkage.central.disclosing.disclose.release`.
        """
        from linkage.central.disclosing.disclose import release

        return release(
            self, source, linked_only=linked_only, present_in=present_in, separate=separate, confidence=confidence
        )

    @checked
    def for_research(self, *sets: EncodedSet, recipient: str, smallest: int = 10) -> pa.Table:
        """For a researcher: link ids of their own and groups of every record, and no record id.

        See `linkage.central.disclosing.disclose.for_research`.
        """
        from linkage.central.disclosing.disclose import for_research

        return for_research(self, *sets, recipient=recipient, smallest=smallest)

    def to_arrow(self) -> pa.Table:
        """The pairs."""
        return self.pairs

    @checked
    def save(self, path: PathLike) -> None:
        """Write the standing result; it stays at the centre (readable by its owner only)."""
        import pyarrow as pa

        footer = {
            "format": FORMAT,
            "schema": self.schema.canonical(),
            "key_check": self.key_check,
            "sources": json.dumps(self.sources),
            "cut": json.dumps(dict(self.cut)),
            "release_key": self.release_key.hex(),
            "quality": json.dumps(None if self.quality is None else self.quality.to_json()),
        }
        table = _outer_join(self)
        if self.kept is not None:
            footer["kept"] = self.kept.footer()
            table = pa.concat_tables([table, rows_of(self.kept, self.events)], promote_options="default")
        parquetfile.write(path, table, footer)

    @classmethod
    @checked
    def load(cls, path: PathLike) -> Links:
        """The links in a file. Raises `FileFormatError` if it is none, or damaged."""
        table, footer = parquetfile.read(path, format=FORMAT, made_with="`linkage link`")
        try:
            require_columns(table)
            sources = tuple(str(source) for source in json.loads(footer["sources"]))
            cut = {str(name): _share(value) for name, value in json.loads(footer["cut"]).items()}
            quality = json.loads(footer.get("quality", "null"))
            table, more = _parted(table)
            require_pairs(table, sources, cut)
            require_kept(more)
            return cls(
                kept=Kept.of(footer["kept"], more) if "kept" in footer else None, events=events_of(more),
                quality=None if quality is None else Quality.from_json(quality),
                pairs=_pairs_of(table, linked=True), conflicts=_pairs_of(table, linked=False),
                records=_records_of(table), sources=sources,
                schema=from_canonical(footer["schema"]), key_check=footer["key_check"], cut=cut,
                release_key=bytes.fromhex(footer["release_key"]),
            )  # fmt: skip
        except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, SchemaError):
            raise FileFormatError(
                f"{path}: its header or its columns are not those of links", path=str(path), reason="header"
            ) from None

    def __len__(self) -> int:
        return int(self.pairs.num_rows)

    def __repr__(self) -> str:
        return f"Links({len(self):,} pairs of {', '.join(repr(source) for source in self.sources)})"


def _share(value: object) -> float:
    """A number from 0 to 1; ``ValueError`` for any other, and for NaN."""
    share = float(value)  # type: ignore[arg-type]  # anything that JSON may hold
    if not 0 <= share <= 1:
        raise ValueError
    return share


def _parted(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The outer join, and the rows with a kind, which it has only if it can be carried on."""
    import pyarrow.compute as pc

    if "kind" not in table.column_names:
        return table, rows_of(None, no_events())
    plain = pc.is_null(table["kind"])
    return table.filter(plain).drop_columns(["kind"]), table.filter(pc.invert(plain))


def _outer_join(links: Links) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = links.records.select(["source", "record_id", "link_id"])
    pairs = links.pairs.join(ids.rename_columns(["left_source", "left_id", "link_id"]), ["left_source", "left_id"])
    alone = ids.filter(pc.is_null(ids["link_id"]))
    lone = {name: pa.nulls(alone.num_rows, pairs.schema.field(name).type) for name in pairs.column_names}
    lone |= {"left_source": alone["source"], "left_id": alone["record_id"]}
    apart = links.conflicts.append_column("link_id", pa.nulls(links.conflicts.num_rows, pa.string()))
    through = _through_others(links, pairs)
    whole = pa.concat_tables([pairs, apart.cast(pairs.schema), pa.table(lone, schema=pairs.schema), through])
    return whole.sort_by([(name, "ascending") for name in ("left_source", "left_id", "right_source", "right_id")])


def _through_others(links: Links, pairs: pa.Table) -> pa.Table:
    """Records with a link id that are in no pair, as pairs with themselves: those that a reviewer linked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    linked = links.records.filter(pc.is_valid(links.records["link_id"])).select(["source", "record_id", "link_id"])
    ends = [pairs.select([f"{side}_source", f"{side}_id"]).rename_columns(["source", "record_id"])
            for side in ("left", "right")]  # fmt: skip
    rest = linked.join(pa.concat_tables(ends), ["source", "record_id"], join_type="left anti")
    own = {"left_source": rest["source"], "left_id": rest["record_id"], "right_source": rest["source"]}
    own |= {"right_id": rest["record_id"], "link_id": rest["link_id"]}
    none = {name: pa.nulls(rest.num_rows, pairs.schema.field(name).type) for name in pairs.column_names}
    return pa.table(none | own, schema=pairs.schema)


def _pairs_of(table: pa.Table, *, linked: bool) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    own = pc.and_(pc.equal(table["left_source"], table["right_source"]), pc.equal(table["left_id"], table["right_id"]))
    table = table.filter(pc.invert(pc.coalesce(own, pa.scalar(value=False))))
    chosen = table.filter(pc.and_(pc.is_valid(table["right_id"]), pc.equal(pc.is_valid(table["link_id"]), linked)))
    names = ["left_source", "left_id", "right_source", "right_id"]
    measures = [name for name in MEASURES if name in table.column_names]
    return chosen.select([*names, *measures]).combine_chunks()


def _records_of(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    # of a conflict each record stands elsewhere: in a pair, or alone
    table = table.filter(pc.or_(pc.is_null(table["right_id"]), pc.is_valid(table["link_id"])))
    left = table.select(["left_source", "left_id", "link_id"]).rename_columns(["source", "record_id", "link_id"])
    paired = table.filter(pc.is_valid(table["right_id"]))
    right = paired.select(["right_source", "right_id", "link_id"]).rename_columns(["source", "record_id", "link_id"])
    both = pa.concat_tables([left, right])
    distinct = both.group_by(["source", "record_id", "link_id"]).aggregate([])
    return (
        distinct.select(["source", "record_id", "link_id"])
        .sort_by([("source", "ascending"), ("record_id", "ascending")])
        .combine_chunks()
    )
