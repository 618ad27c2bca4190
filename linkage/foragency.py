"""What one agency is given alone: a small table of its own record ids, and whose it is; a Parquet file."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linkage import parquetfile
from linkage.arguments import checked
from linkage.errors import FileFormatError
from linkage.files import PathLike
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    from typing import Self

    import pyarrow as pa

_FOOTER = ("project", "source", "key_check", "run")


@dataclass(frozen=True, eq=False)
class ForAgency(TableOfResults, abc.ABC):
    """Columns of text for one source of a project; ``run`` is equal for all that comes of one result.

    FORMAT      of the file, in its footer
    MADE_WITH   which command makes one, for messages
    """

    table: pa.Table
    project: str
    source: str
    key_check: str
    run: str

    FORMAT: ClassVar[str]
    MADE_WITH: ClassVar[str]

    def to_arrow(self) -> pa.Table:
        """The rows."""
        return self.table

    @checked
    def save(self, path: PathLike) -> None:
        """Write the file that goes to the agency (readable by its owner only)."""
        footer = {"format": self.FORMAT, **{name: str(getattr(self, name)) for name in _FOOTER}}
        parquetfile.write(path, self.table, footer)

    @classmethod
    @checked
    def load(cls, path: PathLike) -> Self:
        """What is in a file. Raises `FileFormatError` if it is of another kind, or damaged."""
        table, footer = parquetfile.read(path, format=cls.FORMAT, made_with=cls.MADE_WITH)
        texts = all(str(kind) == "string" for kind in table.schema.types)
        if not (texts and cls._fits(table) and set(_FOOTER) <= set(footer)):
            what = cls.FORMAT.split()[0]
            raise FileFormatError(f"{path}: its columns are not those of '{what}'", path=str(path), reason="columns")
        return cls(table, *(footer[name] for name in _FOOTER))

    @classmethod
    @abc.abstractmethod
    def _fits(cls, table: pa.Table) -> bool:
        """Whether the columns are those of this kind."""

    def __len__(self) -> int:
        return int(self.table.num_rows)
