"""What this installation is, and what a file is: `linkage info`."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from linkage import foreignparquet
from linkage.cases import CaseList
from linkage.central.modelling.model import Model
from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError
from linkage.foragency import ForAgency
from linkage.interop.clkfile import clk_facts
from linkage.links import Links
from linkage.parallel import cores
from linkage.release import Release
from linkage.schema import ENCODING_VERSION, Schema

Facts = dict[str, str | int]


def installation() -> Facts:
    """Versions, the kernels in use, the cores."""
    import linkage
    from linkage.agency import kernels as agency_kernels
    from linkage.central import kernels

    return {
        "linkage": linkage.__version__,
        "encoding version": ENCODING_VERSION,
        "kernel": kernels.name(),
        "kernels that run": ", ".join(kernels.available()),
        "agency's kernel": agency_kernels.name(),
        "agency's kernels": ", ".join(agency_kernels.available()),
        "cores": cores(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pyarrow": version("pyarrow"),
        "scipy": version("scipy"),
    }


def file(path: Path) -> Facts:
    """What an encoded set, a standing result, a release, cases, pairs, a model, an agreement or a file of clkhash's
    CLKs says of itself; nothing secret."""
    begins = _beginning(path)  # a file may be called as one likes
    if begins.lstrip()[:1] == b"{" or path.suffix.lower() == ".json":
        return clk_facts(path) or _model(path)
    if path.suffix.lower() == ".toml" and begins[:4] != b"PAR1":
        schema = Schema.load(path)
        return {"kind": "agreement", "project": schema.project, "fingerprint": schema.fingerprint()}
    for describe in (_encoded, _links, _release, _cases, _pairs):
        try:
            return describe(path)
        except FileFormatError as error:
            if error.reason != "format":
                raise
    raise FileFormatError(f"{path}: a Parquet file, but not one of this library's", path=str(path), reason="format")


def _beginning(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as handle:
        return handle.read(64).removeprefix(b"\xef\xbb\xbf")


def _encoded(path: Path) -> Facts:
    found = EncodedSet.load(path)
    return {
        "kind": "encoded set",
        "source": found.source,
        "records": len(found),
        "project": found.schema.project,
        "layout": found.schema.layout,
        "profile": found.schema.profile or "none by name",
        "filters": ", ".join(f"{filter.name} ({filter.bits} bits)" for filter in found.schema.filters),
        "encoding version": found.encoding_version,
        "fingerprint": found.schema.fingerprint(),
        "key check": found.key_check,
        "content": found.digest(),
    }


def _links(path: Path) -> Facts:
    found = Links.load(path)
    return {
        "kind": "links (stays at the centre)",
        "project": found.schema.project,
        "sources": ", ".join(found.sources),
        "pairs": len(found),
        "records": int(found.records.num_rows),
        "run": found.run,
        "key check": found.key_check,
    }


def _release(path: Path) -> Facts:
    found = Release.load(path)
    linked = len(found) - int(found.table["link_id"].null_count)
    return _for_agency("release", found, {"records": len(found), "linked": linked})


def _cases(path: Path) -> Facts:
    found = CaseList.load(path)
    return _for_agency("cases (for one agency)", found, {"cases": len(found)})


def _for_agency(kind: str, found: ForAgency, counts: Facts) -> Facts:
    ends = {"run": found.run, "key check": found.key_check}
    return {"kind": kind, "project": found.project, "source": found.source, **counts, **ends}


def _pairs(path: Path) -> Facts:
    left, right, *measures = (*foreignparquet.names(path), "", "")
    if (left, right) != ("left_id", "right_id") or not {*measures} & {"similarity", "match_weight"}:
        raise FileFormatError(f"{path}: holds no pairs", path=str(path), reason="format")
    told = ", ".join(filter(None, measures))
    return {"kind": "pairs (stay at the centre)", "pairs": foreignparquet.n_rows(path), "measures": told}


def _model(path: Path) -> Facts:
    found = Model.load(path)
    return {
        "kind": "model",
        "project": found.schema.project,
        "fingerprint": found.schema.fingerprint(),
        "fields": ", ".join(item.comparison.name for item in found.fields),
        "matches": round(found.matches),
        "estimated in steps": found.steps,
        "converged": "yes" if found.converged else "no",
    }
