"""Figures of results. They draw numbers that were measured before: no figure measures anything.

matplotlib is loaded when something is drawn, and is an extra: ``pip install 'linkage-pprl[plot]'``. Colours are
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
_INSTALL = "figures need matplotlib: pip install 'linkage-pprl[plot]'"


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


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError(_INSTALL, name="matplotlib") from error
    return pyplot.subplots()[1]
