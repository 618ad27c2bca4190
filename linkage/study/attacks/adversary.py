"""What an adversary without the key makes of his own list: encodings under keys of his own, and plain tokens.

The agreement is public (it travels in every file), so he cleans, cuts and encodes just as the agencies do; all that he
lacks is their key.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency import encode
from linkage.agency.key import Key
from linkage.agency.normalise import cleaner
from linkage.agency.records import Batch, column_plan, read
from linkage.agency.rejoin import hashed_ids
from linkage.agency.tokens import tokeniser
from linkage.encoded import EncodedSet
from linkage.errors import LinkageWarning, SchemaError, nearest
from linkage.positions import usual_of_a_token
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, str | None] | None
Bits = NDArray[np.uint8]

_SOURCE = "adversary"


def bits_of(encoded: EncodedSet, filters: str | Sequence[str] | None = None) -> Bits:
    """(n, bits) uint8 of 0 and 1: the filters of each record, or those named, side by side.

    ``ValueError`` for a name that is none.
    """
    known = [filter.name for filter in encoded.schema.filters]
    wanted = known if filters is None else [filters] if isinstance(filters, str) else list(filters)
    if not wanted:
        raise ValueError(f"filters: at least one; {nearest('', known)}")
    for name in wanted:
        if name not in known:
            raise ValueError(f"filters: there is no '{str(name)[:40]}'; {nearest(name, known)}")
    parts = [
        np.unpackbits(np.ascontiguousarray(encoded.filters[filter.name]).view(np.uint8), axis=1, count=filter.bits)
        for filter in encoded.schema.filters
        if filter.name in wanted
    ]
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True, eq=False)
class OwnEncodings:
    """The adversary's list under one or more keys of his own: equal rows are one person.

    ids     his ids of them
    sets    one encoded set a key
    """

    ids: pa.StringArray
    sets: tuple[EncodedSet, ...]

    @classmethod
    def of(
        cls, known: object, schema: Schema, *, id: str | None, columns: Columns, keys: int, seed: int
    ) -> OwnEncodings:
        """Encode a table under ``keys`` keys drawn from ``seed``; an `EncodedSet` is taken as it is."""
        if isinstance(known, EncodedSet):
            return cls(known.record_ids, (known,))
        if isinstance(keys, bool) or not isinstance(keys, int) or keys < 1:
            raise ValueError(f"keys: a whole number of at least 1, not {keys!r}")
        rng = np.random.default_rng(seed)
        return cls.under(known, schema, *(Key(rng.bytes(32)) for _ in range(keys)), id=id, columns=columns)

    @classmethod
    def under(cls, known: object, schema: Schema, *keys: Key, id: str | None, columns: Columns) -> OwnEncodings:
        """Encode a table under each of the keys."""
        if not isinstance(id, str):
            raise TypeError("id: the column of the known list's own ids")
        schema = dataclasses.replace(schema, groups=(), blocks=())  # they touch no bit, and he need not have them
        columns = _of_fields(columns, schema)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinkageWarning)  # about his list, as often as he has keys
            # one id key, so that the rows of all sets are in one order
            sets = [
                encode(known, schema, key, id=id, source=_SOURCE, columns=columns, id_key=keys[0], progress=False)
                for key in keys
            ]
        return cls(_in_order(known, id, sets[0], keys[0]), tuple(sets))


def _of_fields(columns: Columns, schema: Schema) -> Columns:
    """Without those of groups."""
    names = {field.name for field in schema.fields}
    return columns and {name: column for name, column in columns.items() if name in names}


def _in_order(known: object, id: str, encoded: EncodedSet, key: Key) -> pa.StringArray:
    """His ids, in the order of the encoded set."""
    import pyarrow as pa

    batches = read(known, {"record_id": id}, encoded.schema)
    ids = pa.concat_arrays([batch.columns["record_id"] for batch in batches])
    hashed = hashed_ids(pa.chunked_array([ids]), key, project=encoded.schema.project, source=_SOURCE, column=id)
    order = np.argsort(np.array(hashed.to_pylist()), kind="stable")
    return ids.take(pa.array(order))


@dataclass(frozen=True, eq=False)
class PlainList:
    """The adversary's list, cleaned and cut as the agreement says.

    ids     (n,) his ids, in the order of his table
    values  field -> the n cleaned values, empty where missing
    tokens  (n, t) scipy.sparse CSR of 0 and 1: which tokens each person has
    words   the t tokens, each with its key group, in which equal tokens set equal bits
    weight  (t,) positions that each token sets in a usual value; under SAUL the square of its votes
    shares  (n, t) as tokens: the root of what each sets in that person's value, whose tokens share its positions
    """

    ids: pa.StringArray
    values: Mapping[str, list[str]]
    tokens: Any
    words: list[tuple[str, str]]
    weight: NDArray[np.float64]
    shares: Any

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(
        cls,
        known: object,
        schema: Schema,
        *,
        id: str | None,
        columns: Columns,
        fields: Sequence[str] | None = None,
        salted: bool = False,
    ) -> PlainList:
        """Clean and cut a table; ``fields`` leaves out the others, ``salted`` tells tokens under other salts apart."""
        import pyarrow as pa
        from scipy.sparse import csr_matrix

        if not isinstance(id, str):
            raise TypeError("id: the column of the known list's own ids")
        if not schema.fields:
            raise SchemaError("the agreement has no fields of ours, so no list can be cut as it says", rule="encoder")
        schema = dataclasses.replace(schema, groups=(), blocks=())  # he need not have them
        columns = _of_fields(columns, schema)
        batches = list(read(known, column_plan(schema, columns, id=id), schema))
        ids = pa.concat_arrays([batch.columns["record_id"] for batch in batches])
        values = _cleaned(batches, schema, fields)
        salt = schema.harden.salt if salted else ""
        salts = _cleaned(batches, schema, [salt])[salt] if salt else None
        place: dict[tuple[str, str], int] = {}
        rows, cols, weight, shares = [], [], [], []
        for field in schema.fields:
            if fields is not None and field.name not in fields:
                continue
            cut = tokeniser(field)
            cuts = {value: cut(value) if value else [] for value in set(values[field.name])}
            for row, value in enumerate(values[field.name]):
                for token in cuts[value]:
                    word = (field.key_group, token if salts is None else f"{salts[row]}\0{token}")
                    if word not in place:
                        place[word] = len(place)
                        weight.append(usual_of_a_token(field, saul=bool(schema.harden.saul)))
                    rows.append(row)
                    cols.append(place[word])
                    own = field.positions / len(cuts[value]) if field.positions else weight[place[word]]
                    shares.append(own**0.5)
        shape = len(ids), len(place)
        tokens = csr_matrix((np.ones(len(rows), np.float32), (rows, cols)), shape=shape)
        tokens.data[:] = 1  # one token of two fields counts once
        held = csr_matrix((np.array(shares), (rows, cols)), shape=shape)
        return cls(ids, values, tokens, list(place), np.array(weight), held)


def _cleaned(batches: Sequence[Batch], schema: Schema, fields: Sequence[str] | None) -> dict[str, list[str]]:
    """Field -> the values, cleaned as the agreement says, empty where missing."""
    values = {}
    for field in schema.fields:
        if fields is None or field.name in fields:
            clean = cleaner(field)
            texts = [text for batch in batches for text in batch.columns[field.name].to_pylist()]
            made = {text: clean(text).value if text else "" for text in set(texts)}
            values[field.name] = [made[text] for text in texts]
    return values
