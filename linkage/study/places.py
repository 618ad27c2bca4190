"""Homes: an address line, a town, a postcode and a ward, alike in shape to those of the United Kingdom.

Towns and postcode areas are real so that they look right; the districts are numbers that Royal Mail has not given
out (Leeds ends at LS29 and these begin at LS30), so no such postcode exists. Streets are drawn apart from all else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

# town, postcode area, first district, districts, weight: a city region and a few places far off. Weights: judgement.
# Districts: beyond the last of each area, or in a gap of its numbers, as of 2025; none of them is in use.
TOWNS = (
    ("Leeds", "LS", 30, 28, 30),
    ("Bradford", "BD", 25, 18, 18),
    ("Huddersfield", "HD", 10, 9, 8),
    ("Wakefield", "WF", 18, 8, 8),
    ("Halifax", "HX", 8, 6, 6),
    ("Harrogate", "HG", 6, 5, 5),
    ("York", "YO", 70, 12, 6),
    ("Sheffield", "S", 82, 13, 8),
    ("Manchester", "M", 62, 28, 5),
    ("London", "E", 21, 18, 3),
    ("Cardiff", "CF", 50, 11, 2),
    ("Glasgow", "G", 85, 5, 1),
)
# Royal Mail uses six letters nowhere in the second half: C I K M O V.
UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
# Judgement: four wards a town, each of the districts in turn, so all as common.
QUARTERS = ("North", "East", "South", "West")

# Judgement: names and kinds that streets of the United Kingdom do have, each as likely. In life High Street comes far
# before the others; how common a street's name is, is held against no source.
STREETS = """
    High Station Church Victoria Park London Mill Green Manor Kings Queens Main New Grange School York
    Albert North South West East Chapel Springfield George Stanley Windsor Alexandra Oak Beech Elm Ash
    Cedar Willow Hawthorn Rowan Sycamore Poplar Lime Maple Birch Holly Laurel Orchard Meadow Field Brook
    River Bridge Hill Valley Moor Wood Forest Spring Castle Abbey Priory St_John's St_Mary's St_Peter's
    All_Saints Vicarage Rectory Cross Market Bank Mount Cliff Quarry Canal Wharf Railway Industrial Hope
    Providence Prospect Belle_Vue Clarence Cambridge Oxford Lancaster Devonshire Norfolk Suffolk
    Wellington Nelson Trafalgar Waterloo Gladstone Salisbury Balfour Shakespeare Milton Byron Tennyson
    Wordsworth Nightingale Harewood Roundhay Kirkstall Burley Hyde Regent Duke Prince Princess Crown
    Rose Ivy Primrose Lilac Highfield Whitehall
"""
STREET_KINDS = (
    "Road",
    "Street",
    "Avenue",
    "Close",
    "Drive",
    "Lane",
    "Way",
    "Court",
    "Crescent",
    "Gardens",
    "Place",
    "Terrace",
    "Grove",
    "View",
    "Walk",
)
HOMES_PER_POSTCODE = 12  # Royal Mail: a unit covers 15 addresses on average; judgement: not all have children
# Judgement: fewer than the 21.7 % of all households (census 2021, England and Wales), as families live in houses more.
FLATS = 0.08
LETTERED = 0.02  # judgement: 12A beside 12
HIGHEST_DOOR = 160  # judgement; low numbers are the most common: every street has a 1, few have a 150
FLATS_A_HOUSE = 12  # judgement


def draw_homes(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """``n`` homes as Arrow string arrays ``address``, ``town``, ``postcode`` and ``ward``.

    About a dozen homes share a postcode, and homes of one postcode share street, town and ward.
    """
    units = _draw_units(n // HOMES_PER_POSTCODE + 1, rng)
    unit = pa.array(pick(rng, n, n // HOMES_PER_POSTCODE + 1))
    homes = {name: column.take(unit) for name, column in units.items()}
    homes["address"] = _doors(homes.pop("street"), rng)
    return homes


def pick(rng: np.random.Generator, n: int, choices: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """``n`` whole numbers from 0 to ``choices`` - 1, each as likely."""
    # Only rng.random() is used anywhere: its bits are PCG64's own, whereas the way NumPy draws integers,
    # choices and permutations from them may change between its releases (NEP 19).
    return (rng.random(n) * choices).astype(np.int64)


def _draw_units(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """``n`` postcodes with the one street, town and ward each of them covers."""
    weights = np.cumsum([weight for *_, weight in TOWNS])
    town = np.searchsorted(weights, pick(rng, n, int(weights[-1])), side="right")
    n_districts = np.array([count for _, _, _, count, _ in TOWNS])[town]
    step = (rng.random(n) * n_districts).astype(np.int64)
    district = np.array([first for _, _, first, _, _ in TOWNS])[town] + step
    names = pa.array([name for name, *_ in TOWNS]).take(pa.array(town))
    areas = pa.array([area for _, area, *_ in TOWNS]).take(pa.array(town))
    quarters = pa.array(QUARTERS).take(pa.array(step % len(QUARTERS)))
    return {
        "street": _streets(n, rng),
        "town": names,
        "postcode": pc.binary_join_element_wise(areas, _text(district), " ", _inward(n, rng), ""),
        "ward": pc.binary_join_element_wise(names, quarters, " "),
    }


def _streets(n: int, rng: np.random.Generator) -> Any:
    names = _chosen([name.replace("_", " ") for name in STREETS.split()], n, rng)
    kinds = _chosen(STREET_KINDS, n, rng)
    return pc.binary_join_element_wise(names, kinds, " ")


def _inward(n: int, rng: np.random.Generator) -> Any:
    first, second = (_chosen(UNIT_LETTERS, n, rng) for _ in range(2))
    return pc.binary_join_element_wise(_text(pick(rng, n, 10)), first, second, "")


def _doors(streets: Any, rng: np.random.Generator) -> Any:
    """House numbers, some with a letter, some behind the number of a flat."""
    n = len(streets)
    number = 1 + (rng.random(n) * rng.random(n) * HIGHEST_DOOR).astype(np.int64)
    letter = pc.if_else(pa.array(rng.random(n) < LETTERED), _chosen("AB", n, rng), "")
    house = pc.binary_join_element_wise(_text(number), letter, " ", streets, "")
    flat = pc.binary_join_element_wise("Flat ", _text(1 + pick(rng, n, FLATS_A_HOUSE)), ", ", house, "")
    return pc.if_else(pa.array(rng.random(n) < FLATS), flat, house)


def _chosen(texts: Sequence[str], n: int, rng: np.random.Generator) -> Any:
    return pa.array(list(texts)).take(pa.array(pick(rng, n, len(texts))))


def _text(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> Any:
    return pc.cast(pa.array(numbers), pa.string())
