"""One self-contained page of HTML: text, tables and figures, no script, nothing fetched; for a screen and for paper."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from linkage.charts import require_matplotlib
from linkage.files import PathLike, written_beside

if TYPE_CHECKING:
    import pyarrow as pa

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0 auto; padding: 1rem;
  max-width: 60rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid #bbb; }
table { border-collapse: collapse; margin: .6rem 0; } caption { text-align: left; font-weight: 600; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; }
td { overflow-wrap: anywhere; } td.n { overflow-wrap: normal; text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { color: #444; font-size: .95rem; } .note { border-left: 4px solid #D55E00; padding-left: .8rem; }
summary { cursor: pointer; color: #0b5394; }
@media print { body { max-width: none; font-size: 11pt; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; }
  details { display: none; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SVG: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "linkage", "font.family": "sans-serif"}


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it: parts that the functions of this module made."""

    title: str
    parts: tuple[str, ...]


def page(title: str, sections: Sequence[Section], *, intro: str = "") -> str:
    """The whole page, with a list of its sections."""
    places = [(f"s{number}", section) for number, section in enumerate(sections, start=1)]
    listed = "".join(f'<li><a href="#{place}">{escape(section.title)}</a></li>' for place, section in places)
    body = "".join(
        f'<section aria-labelledby="{place}"><h2 id="{place}">{escape(section.title)}</h2>{"".join(section.parts)}'
        "</section>"
        for place, section in places
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'{text(intro) if intro else ""}<nav aria-label="Sections"><ul>{listed}</ul></nav>{body}</main></body></html>\n'
    )


def save(path: PathLike, html: str) -> None:
    """Write a page, whole or not at all, for its owner's eyes only."""
    with written_beside(path) as part:
        part.write_text(html, encoding="utf-8")


def text(words: str) -> str:
    """A paragraph."""
    return f"<p>{escape(words)}</p>"


def note(words: str) -> str:
    """A paragraph that stands out."""
    return f'<p class="note">{escape(words)}</p>'


def facts(rows: Mapping[str, object], *, caption: str = "") -> str:
    """Names and values, one row each."""
    body = "".join(f'<tr><th scope="row">{escape(name)}</th>{_cell(value)}</tr>' for name, value in rows.items())
    return f'<div class="wide"><table>{_caption(caption)}{body}</table></div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> str:
    """Rows under heads."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f'<div class="wide"><table>{_caption(caption)}<tr>{head}</tr>{body}</table></div>'


def arrow_table(content: pa.Table, *, caption: str = "") -> str:
    """An Arrow table, all of it."""
    return table(content.column_names, (row.values() for row in content.to_pylist()), caption=caption)


def figure(ax: Any, *, says: str, data: str = "") -> str:
    """Drawn axes as a picture with its caption; ``data``, a table, can be unfolded under it. The figure is closed."""
    pyplot = require_matplotlib()
    out = io.StringIO()
    with pyplot.rc_context(_SVG):
        ax.figure.savefig(out, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    pyplot.close(ax.figure)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # names of parts would be the same in every figure of the page
    mark = f"f{abs(hash_of(svg)):x}-"
    svg = re.sub(r'(id="|xlink:href="#|href="#|url\(#)', lambda found: found.group(1) + mark, svg)
    svg = re.sub(r"^<svg ", f'<svg role="img" aria-label="{escape(says, quote=True)}" ', svg)
    more = f"<details><summary>The figures</summary>{data}</details>" if data else ""
    return f"<figure>{svg}<figcaption>{escape(says)}</figcaption>{more}</figure>"


def hash_of(content: str) -> int:
    """A number that is the same for the same text in every process."""
    import zlib

    return zlib.crc32(content.encode())


def _caption(words: str) -> str:
    return f"<caption>{escape(words)}</caption>" if words else ""


def _cell(value: object) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    if isinstance(value, float):
        return f'<td class="n">{value:.4g}</td>'
    return f"<td>{escape(str(value))}</td>"
