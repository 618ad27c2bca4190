"""The truth: children in families, before any agency has written anything down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import names, places
from linkage.study.name_tables import ORIGIN_SHARES

if TYPE_CHECKING:
    from collections.abc import Mapping

Ints = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

# Families with one, two, three, four births among the data. Judgement, set so that about 45 % of the children
# have a brother or sister in the data.
FAMILY_SIZES = (748, 194, 48, 10)
TWIN_BIRTHS = 0.015  # about one maternity in seventy in England and Wales is of twins or more
BOYS = 0.513  # boys are born slightly more often
FIRST_DAY, LAST_DAY = np.datetime64("2019-01-01"), np.datetime64("2023-12-31")  # of each family's youngest
# Judgement, each the share of families:
DOUBLE_BARRELLED = 0.05  # the children carry both parents' surnames
# Judgement: given names of other traditions are drawn from the English list this often.
BORROWED = {"english": 0.0, "welsh": 0.65, "scottish": 0.65, "irish": 0.6, "pakistani": 0.02, "african": 0.25}
BORROWED_ELSE = 0.12


@dataclass(frozen=True)
class Children:
    """One entry a child, by family; ``homes`` has one entry a family, now and before the last move."""

    family: Ints
    born: Any  # datetime64[D]
    male: Flags
    given_name: Any
    surname: Any
    other_surname: Any  # the other parent's: what some agencies write
    nhs_number: Any
    moved_in: Flags  # born elsewhere, so not in the local registry
    homes: tuple[Mapping[str, Any], Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.family)


def draw_children(people: int, moved_in: float, rng: np.random.Generator) -> Children:
    """``people`` children with their families, homes and numbers."""
    family, born = _births(people, rng)
    n_families = int(family[-1]) + 1
    origin = names.draw_origins(n_families, rng)
    male = rng.random(people) < BOYS
    surnames, others = _surnames(origin, rng)
    of_family = pa.array(family)
    return Children(
        family=family,
        born=born,
        male=male,
        given_name=_given_names(origin[family], male, family, rng),
        surname=surnames.take(of_family),
        other_surname=others.take(of_family),
        nhs_number=_nhs_numbers(people, rng),
        moved_in=(rng.random(n_families) < moved_in)[family],
        homes=(places.draw_homes(n_families, rng), places.draw_homes(n_families, rng)),
    )


def _births(people: int, rng: np.random.Generator) -> tuple[Ints, Any]:
    """The family and the birthday of each child."""
    # As many families as children is always enough; the last ones are cut off.
    ends = np.cumsum(FAMILY_SIZES)
    sizes = 1 + np.searchsorted(ends, places.pick(rng, people, int(ends[-1])), side="right")
    family = np.repeat(np.arange(people), sizes)[:people]
    born = _birthdays(family, rng)
    children = 1 + (rng.random(people) < TWIN_BIRTHS)
    return np.repeat(family, children)[:people], np.repeat(born, children)[:people]


def _birthdays(family: Ints, rng: np.random.Generator) -> Any:
    """Birthdays: the youngest of a family first, then each elder 11 to 40 months before."""
    n = len(family)
    youngest = np.concatenate(([True], family[1:] != family[:-1]))
    gaps = np.where(youngest, 0, 335 + places.pick(rng, n, 880))
    total = np.cumsum(gaps)
    since_youngest = total - np.repeat(total[youngest], np.diff(np.append(np.flatnonzero(youngest), n)))
    last = FIRST_DAY + places.pick(rng, n, int((LAST_DAY - FIRST_DAY).astype(int)) + 1)
    return np.repeat(last[youngest], np.diff(np.append(np.flatnonzero(youngest), n))) - since_youngest


def _surnames(origin: Ints, rng: np.random.Generator) -> tuple[Any, Any]:
    """The children's surname in each family, and the other parent's."""
    first, second = (_by_origin(origin, names.surnames_of, rng) for _ in range(2))
    joinable = pc.and_(pc.not_equal(first, second), pc.invert(pc.match_substring(first, "-")))
    both = pc.and_(pa.array(rng.random(len(origin)) < DOUBLE_BARRELLED), joinable)
    return pc.if_else(both, pc.binary_join_element_wise(first, second, "-"), first), second


def _given_names(origin: Ints, male: Flags, family: Ints, rng: np.random.Generator) -> Any:
    """A given name for each child, no two alike in one family."""
    given = _draw_given(origin, male, rng)
    again = _repeated(given, family)
    while len(again):
        mask = np.zeros(len(given), dtype=bool)
        mask[again] = True
        given = pc.replace_with_mask(given, pa.array(mask), _draw_given(origin[again], male[again], rng))
        again = _repeated(given, family)
    return given


def _draw_given(origin: Ints, male: Flags, rng: np.random.Generator) -> Any:
    shares = np.array([BORROWED.get(name, BORROWED_ELSE) for name in ORIGIN_SHARES])
    english = list(ORIGIN_SHARES).index("english")
    chosen = np.where(rng.random(len(origin)) < shares[origin], english, origin)
    boys = _by_origin(chosen, lambda name: names.given_names_of(name, male=True), rng)
    girls = _by_origin(chosen, lambda name: names.given_names_of(name, male=False), rng)
    return pc.if_else(pa.array(male), boys, girls)


def _by_origin(origin: Ints, names_for: Any, rng: np.random.Generator) -> Any:
    """One name a row, each from its own origin's table."""
    order = np.argsort(origin, kind="stable")
    counts = np.bincount(origin, minlength=len(ORIGIN_SHARES))
    drawn = [names_for(name).draw(int(count), rng) for name, count in zip(ORIGIN_SHARES, counts, strict=True)]
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(drawn).take(pa.array(back))


def _repeated(given: Any, family: Ints) -> Ints:
    """Rows whose family has used the name already."""
    codes = given.dictionary_encode().indices.to_numpy().astype(np.int64)
    _, first = np.unique(family * (int(codes.max()) + 1) + codes, return_index=True)
    return np.setdiff1d(np.arange(len(family)), first)


def _nhs_numbers(people: int, rng: np.random.Generator) -> Any:
    """Test numbers, 999 and seven digits, with a right check digit; null past some 909,000 children."""
    n = min(1_000_000, people * 6 // 5 + 100)  # enough to spare the one in eleven that has no check digit
    # A step coprime to the million never meets a number twice; shuffling it hides the order of the children.
    step, start = np.argsort(rng.random(n), kind="stable"), places.pick(rng, 1, 10**6)
    body = 999_000_000 + (start + step * 381_967) % 10**6
    digits = body[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = (11 - digits @ np.arange(10, 1, -1) % 11) % 11  # a remainder that asks for 10 is never issued
    numbers = (body * 10 + check)[check < 10]
    where = pa.array(np.arange(people), mask=np.arange(people) >= len(numbers))
    return pa.array(numbers).cast(pa.string()).take(where)
