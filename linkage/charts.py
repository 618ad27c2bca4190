"""Figures of results. They draw numbers that were measured before: no figure measures anything.

matplotlib is loaded when something is drawn, and is an extra: ``linkage-pprl[plot]``. Colours are
those of Okabe and Ito (2008), which people with any colour vision tell apart; lines differ in dash as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")
_MARKS = "osD^v*X"
_INSTALL = "figures need matplotlib: pip install matplotlib"
_SETTINGS = "matplotlib can't be loaded with the settings of this machine: unset MPLBACKEND, or mend its matplotlibrc"


def draw_lines(
    x: NDArray[np.float64],
    lines: Mapping[str, NDArray[np.float64]],
    *,
    x_label: str,
    y_label: str = "",
    ax: Any = None,
) -> Any:
    """Shares over something: one line for each name, NaN left out, the share from 0 to 1.

    x           (k,)
    lines       name -> (k,) in [0, 1]; the name "" has no entry in the legend
    ax          matplotlib axes to draw on; new ones if not given

    Returns the axes.
    """
    ax = _axes(ax)
    for number, (name, y) in enumerate(lines.items()):
        style = {"color": _COLOURS[number % len(_COLOURS)], "linestyle": _DASHES[number % len(_DASHES)]}
        marker = "o" if len(x) == 1 else None  # a line of one point shows nothing
        ax.plot(x, y, label=name or None, marker=marker, **style)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.set_ylim(0, 1.02)
    ax.grid(visible=True, alpha=0.3)
    if any(lines):
        ax.legend()
    return ax


def draw_points(points: Mapping[str, NDArray[np.float64]], *, x_label: str, y_label: str, ax: Any = None) -> Any:
    """Marks for each name, joined in the order given; they differ in colour, shape and dash.

    points      name -> (2, k) of x and y

    Returns the axes.
    """
    ax = _axes(ax)
    for number, (name, (x, y)) in enumerate(points.items()):
        style = {"color": _COLOURS[number % len(_COLOURS)], "linestyle": _DASHES[number % len(_DASHES)]}
        ax.plot(x, y, marker=_MARKS[number % len(_MARKS)], label=name, **style)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(visible=True, alpha=0.3)
    if points:
        ax.legend()
    return ax


def draw_groups(
    names: Sequence[str],
    spans: Sequence[tuple[float, float, float]],
    *,
    overall: float,
    measure: str,
    by: str,
    ax: Any = None,
) -> Any:
    """One measure of several groups with its intervals, the first on top, and that of all as a dashed line.

    spans       value, low, high of each name

    Returns the axes.
    """
    ax = _axes(ax)
    value, low, high = np.array(spans, dtype=np.float64).reshape(-1, 3).T
    places = np.arange(len(names))
    ax.hlines(places, low, high, color=_COLOURS[0])
    ax.plot(value, places, "o", color=_COLOURS[0])
    if not np.isnan(overall):
        ax.axvline(overall, color=_COLOURS[-1], linestyle="--", label="all")
        ax.legend()
    ax.set_yticks(places, list(names))
    ax.invert_yaxis()
    ax.set_xlabel(measure)
    ax.set_ylabel(by)
    ax.grid(visible=True, axis="x", alpha=0.3)
    return ax


def draw_counts(
    edges: NDArray[np.float64],
    counts: Mapping[str, NDArray[np.float64]],
    *,
    x_label: str,
    y_label: str,
    cut: float | None = None,
    ax: Any = None,
) -> Any:
    """How many lie in each bin, on a logarithmic axis from 0; the cut as a dashed line.

    edges       (k + 1,) of the bins
    counts      name -> (k,); drawn as steps over each other, the first filled

    Returns the axes.
    """
    ax = _axes(ax)
    for number, (name, count) in enumerate(counts.items()):
        style = {"color": _COLOURS[number % len(_COLOURS)], "linestyle": _DASHES[number % len(_DASHES)]}
        ax.stairs(
            count, edges, label=name, fill=number == 0, alpha=0.5 if number == 0 else None, linewidth=1.5, **style
        )
    if cut is not None:
        ax.axvline(cut, color=_COLOURS[-1], linestyle="--", label="cut")
    ax.set_yscale("symlog", linthresh=1)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(visible=True, alpha=0.3)
    ax.legend()
    return ax


def draw_weights(weights: Mapping[str, Mapping[str, float]], *, ax: Any = None) -> Any:
    """What each level of agreement is worth, field after field: bars to the right speak for a match.

    weights     field -> level -> match weight (log2), the first field on top

    Returns the axes.
    """
    names = [(field, level) for field, levels in weights.items() for level in levels]
    values = np.array([weights[field][level] for field, level in names])
    ax = _axes(ax)
    ax.figure.set_figheight(max(2.5, 0.19 * len(names) + 1))
    places = np.arange(len(names))
    colours = np.where(values < 0, _COLOURS[1], _COLOURS[0])
    ax.barh(places, values, color=colours, height=0.75)
    ax.axvline(0, color=_COLOURS[-1], linewidth=0.8)
    for number in range(1, len(names)):
        if names[number][0] != names[number - 1][0]:
            ax.axhline(number - 0.5, color=_COLOURS[-1], linewidth=0.5, alpha=0.4)
    ax.set_yticks(places, [f"{field}: {level}" for field, level in names], fontsize="small")
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("match weight (log2)")
    ax.grid(visible=True, axis="x", alpha=0.3)
    return ax


def draw_waterfall(steps: Sequence[tuple[str, float]], *, cut: float | None = None, ax: Any = None) -> Any:
    """How the match weight of one pair comes about: each step begins where the one before it ended.

    steps       name and match weight (log2), in order: the prior first, say, then each field
    cut         the total from which such a pair is linked, a dashed line

    Returns the axes.
    """
    ax = _axes(ax)
    ends = np.cumsum([weight for _, weight in steps])
    starts = np.concatenate([[0.0], ends[:-1]])
    names = [name for name, _ in steps]
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        ax.barh(place, end - start, left=start, color=_COLOURS[0] if end >= start else _COLOURS[1], height=0.7)
        ax.annotate(f"{end - start:+.1f}", (max(start, end), place), (3, 0), textcoords="offset points", va="center")
    total = float(ends[-1]) if len(ends) else 0.0
    ax.barh(len(names), total, color="#555555", height=0.7)
    ax.annotate(f"{total:+.1f}", (max(total, 0.0), len(names)), (3, 0), textcoords="offset points", va="center")
    if cut is not None:
        ax.axvline(cut, color=_COLOURS[-1], linestyle="--", label="cut")
        ax.legend(loc="lower right")
    ax.set_yticks(np.arange(len(names) + 1), [*names, "total"])
    ax.invert_yaxis()
    low, high = float(min(0.0, *ends)) if names else 0.0, float(max(0.0, *ends)) if names else 1.0
    ax.set_xlim(low - 0.05 * (high - low), high + 0.15 * (high - low))  # room for the figures beside the bars
    ax.set_xlabel("match weight (log2)")
    ax.grid(visible=True, axis="x", alpha=0.3)
    return ax


def require_matplotlib() -> Any:
    """``matplotlib.pyplot``, or ``ImportError`` saying what to install."""
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError(_INSTALL, name="matplotlib") from error
    except ValueError:
        raise ImportError(_SETTINGS, name="matplotlib") from None


def _axes(ax: Any) -> Any:
    return require_matplotlib().subplots()[1] if ax is None else ax
