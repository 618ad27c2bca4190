"""A population as several agencies know it: their tables, and the truth about who is who."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkage.arguments import checked
from linkage.errors import nearest
from linkage.schema import Schema


@dataclass(frozen=True, repr=False, eq=False)
class Population:
    """What each agency has written down about one population, and which records are one person.

    ``persons``  pyarrow.Table of who they are, one row a person who could be held: ``person``, ``family``, ``role``
                 (child, mother, father), ``born``, ``died``, ``sex``, ``origin``, ``hardship`` (0 best off, 1 poorest),
                 ``moved`` (when the family last did), ``married``, ``divorced``, ``remarried``, ``given_name``,
                 ``surname`` (at birth)
    ``tables``   agency -> pyarrow.Table of strings, null where nothing is known, in its own columns
    ``truth``    pyarrow.Table ``source``, ``id``, ``person``: every record once. ``person`` joins it with ``persons``:
                 ``people.truth.join(people.persons.select(["person", "origin"]), "person")`` is a truth that
                 `linkage.study.evaluate_groups` takes with ``by="origin"``
    ``columns``  agency -> schema field -> that agency's column, None where it does not hold the field
    ``ids``      agency -> the column with its record ids
    """

    tables: Mapping[str, Any]
    truth: Any
    columns: Mapping[str, Mapping[str, str | None]]
    ids: Mapping[str, str]
    people: int
    persons: Any = None

    def __len__(self) -> int:
        """How many people there are, whether or not any agency knows them."""
        return self.people

    def __getitem__(self, agency: str) -> Any:
        """The table of one agency."""
        if not among(agency, self.tables):
            raise KeyError(not_among("agency", agency, self.tables))
        return self.tables[agency]

    def __repr__(self) -> str:
        held = ", ".join(f"{agency} {table.num_rows:,}" for agency, table in self.tables.items())
        return f"Population: {self.people:,} people; records: {held}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{agency}</td><td style='text-align:right'>{table.num_rows:,}</td>"
            f"<td>{', '.join(table.column_names)}</td></tr>"
            for agency, table in self.tables.items()
        )
        return (
            f"<table><caption>{self.people:,} invented people</caption>"
            f"<tr><th>agency</th><th>records</th><th>columns</th></tr>{rows}</table>"
        )

    @checked
    def held(self, agency: str, schema: Schema) -> dict[str, str | None]:
        """What `linkage.encode` takes as ``columns``: field or group -> this agency's column, None where not held."""
        self._require(agency)
        names = [*(field.name for field in schema.fields), *(group.name for group in schema.groups)]
        return {name: self.columns[agency].get(name) for name in names}

    @checked
    def pairs(self, left: str, right: str) -> Any:
        """The records of one person in two agencies: a pyarrow.Table ``left_id``, ``right_id``, sorted.

        An agency with itself gives the pairs of its duplicates, each once: `police` and `social_work` have them.

        >>> from linkage.study import invent
        >>> invent(300, seed=1).pairs("registry", "childrens_centre").column_names
        ['left_id', 'right_id']
        """
        import pyarrow.compute as pc

        for agency in (left, right):
            self._require(agency)
        sides = [self._people_of(agency, side) for agency, side in ((left, "left_id"), (right, "right_id"))]
        joined = sides[0].join(sides[1], keys="person", join_type="inner").select(["left_id", "right_id"])
        if left == right:
            joined = joined.filter(pc.less(joined["left_id"], joined["right_id"]))
        return joined.sort_by([("left_id", "ascending"), ("right_id", "ascending")]).combine_chunks()

    def _require(self, agency: str) -> None:
        if not among(agency, self.tables):
            raise ValueError(not_among("agency", agency, self.tables))

    def _people_of(self, agency: str, id_name: str) -> Any:
        import pyarrow.compute as pc

        records = self.truth.filter(pc.equal(self.truth["source"], agency)).select(["id", "person"])
        return records.rename_columns([id_name, "person"])


def among(name: object, known: Mapping[str, Any]) -> bool:
    """Whether it is one of the names; a list would be no key, and asking for it a TypeError."""
    return isinstance(name, str) and name in known


def not_among(what: str, name: object, known: Mapping[str, Any]) -> str:
    """What to say of a name that is none of them: the one that was probably meant."""
    word = name.lower() if isinstance(name, str) else ""
    return f"no {what} called {name!r}; {nearest(word, known)}"
