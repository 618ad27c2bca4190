"""How often agencies differ, measured: two agencies with each other, and one with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study.agencies import AGENCIES
from linkage.study.formats import written_days
from linkage.study.name_tables import ORIGIN_SHARES
from linkage.study.plausible import Finding
from linkage.study.rates import EXCHANGED, MISSING_IF_POOREST, POOREST, PRESETS, by_origin, of_poorest
from linkage.study.spellings import plain_letters
from linkage.study.writing import MISSPELT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.population import Population

# What stands for nothing known, in capitals and without spaces; beginnings of newborns' names.
NOTHING = ["UNKNOWN", "NOTKNOWN", "WITHHELD", "?", "NOFIXEDABODE", "ZZ993VZ", "UNBORN"]
NEWBORN = "^(BABY|TWIN[12]$)"


def between(population: Population, preset: str) -> Iterator[Finding]:
    """Registry and children's centre: the share of pairs that differ, where both hold a value."""
    rates = PRESETS[preset]
    targets = {
        "given_name": _either(rates.given_name, rates.exchanged),
        "surname": _either(rates.surname, rates.exchanged),
        "dob": _either(rates.dob),
        "postcode": 1 - (1 - _move_between(rates.moved)) * (1 - _either(rates.postcode)),
    }
    pairs = population.pairs("registry", "childrens_centre")
    sides = (("registry", "left_id"), ("childrens_centre", "right_id"))
    for field, target in targets.items():
        left, right = (
            _plain(population, agency, field).take(_rows(population, agency, pairs[ids])) for agency, ids in sides
        )
        differ = pc.not_equal(left, right).drop_null()
        yield _finding(f"registry x childrens_centre, {field} differs", target, pc.mean(differ).as_py(), len(differ))
    if preset == "hard":
        for agency, _ in sides:
            unmatched = 1 - pairs.num_rows / population[agency].num_rows
            yield Finding(f"{agency}, share without a partner", "the issue", 0.5, unmatched, 0.03)


def from_truth(population: Population, preset: str, agency: str) -> Iterator[Finding]:
    """One agency's names and dates of children against the truth, and what it misses."""
    rates, habits, columns = PRESETS[preset], AGENCIES[agency], population.columns[agency]
    persons, table = population.persons, population[agency]
    rows = population.truth.filter(pc.equal(population.truth["source"], agency))
    who = pc.index_in(rows["person"], persons["person"])
    known = persons.take(who)
    child = pc.equal(known["role"].cast("string"), "child")
    origin = known["origin"].combine_chunks().indices.to_numpy()
    swap = np.array(by_origin(EXCHANGED, ORIGIN_SHARES))[origin] * rates.exchanged * habits.care
    flags = child.to_numpy(zero_copy_only=False)
    for field, rate in (("given_name", rates.given_name), ("surname", rates.surname)):
        expected = 1 - (1 - np.array(MISSPELT)[origin] * rate * habits.care) * (1 - swap)
        true = _capitals(known[field])
        written = _plain(population, agency, field)
        if field == "given_name" and habits.second_names:
            written = _first(written, true)
            expected = expected * (1 - habits.second_names / 2)  # of two names written, one mistake falls on either
        differ = pc.not_equal(written, true).filter(child).drop_null()
        yield _finding(
            f"{agency}, {field} differs from the truth", expected[flags].mean(), pc.mean(differ).as_py(), len(differ)
        )
    if not habits.unborn:
        days, true_days = table[columns["dob"]], written_days(known["born"].to_numpy(), habits.dates)
        whole = pc.and_(pc.is_valid(days), pc.equal(pc.utf8_length(days), len(true_days[0].as_py())))
        whole = pc.and_(whole, pc.invert(pc.is_in(days, _values(habits.placeholders.get("dob", "")))))
        differ = pc.not_equal(days, true_days).filter(whole)
        yield _finding(
            f"{agency}, dob differs from the truth", rates.dob * habits.care, pc.mean(differ).as_py(), len(differ)
        )
    for field in ("postcode", "sex"):
        column = table[columns[field]]
        gone = pc.or_(pc.is_null(column), pc.is_in(column, _values(habits.placeholders.get(field, ""))))
        factors = np.where(known["hardship"].to_numpy() >= 1 - POOREST, *of_poorest(MISSING_IF_POOREST))
        share = float((rates.missing[field] * min(1.0, habits.care / 0.9) * factors).mean())
        if field == "postcode":
            share = 1 - (1 - share) * (1 - habits.withholds_homes)
        yield _finding(f"{agency}, {field} is missing", share, pc.mean(gone).as_py(), len(gone))


def _either(*chances: float) -> float:
    """The chance that the registry or the children's centre gets it wrong, in any of these ways."""
    cares = (AGENCIES[agency].care for agency in ("registry", "childrens_centre"))
    return 1 - float(np.prod([1 - chance * care for care in cares for chance in chances]))


def _move_between(moved: float) -> float:
    """The chance that a family moved after one of the two wrote its home and before the other did."""
    ago = []
    for agency in ("registry", "childrens_centre"):
        stale = moved * AGENCIES[agency].care
        ago.append(np.linspace(max(0.0, 2 * stale - 1), min(1.0, 2 * stale), 1000))  # as in `writing.years_ago`
    return float(np.abs(ago[0][:, None] - ago[1]).mean())


def _finding(what: str, target: float, measured: float, n: int) -> Finding:
    """Allowed: a tenth of the target, as kinds of error cancel out at times, and three standard errors."""
    return Finding(
        what, "rates", float(target), float(measured), 0.1 * target + 3 * float((target * (1 - target) / n) ** 0.5)
    )


def _rows(population: Population, agency: str, ids: Any) -> Any:
    return pc.index_in(ids, population[agency][population.ids[agency]])


def _plain(population: Population, agency: str, field: str) -> Any:
    """One field, comparable between agencies; null where it says that nothing is known."""
    column = population.columns[agency][field]
    values = population[agency][column].combine_chunks()
    if field == "dob":
        return _iso(values, AGENCIES[agency].dates, AGENCIES[agency].placeholders.get("dob"))
    values = _capitals(values)
    nothing = pc.or_(pc.is_in(values, _values(*NOTHING)), pc.match_substring_regex(values, NEWBORN))
    return pc.if_else(nothing, None, values)


def _capitals(values: Any) -> Any:
    return pc.replace_substring(pc.utf8_upper(plain_letters(values)), " ", "")


def _first(written: Any, true: Any) -> Any:
    """The true name where what is written begins with it: a second name follows."""
    pairs = zip(written.to_pylist(), true.to_pylist(), strict=True)
    return _values(
        *(name if text and text.startswith(name) and len(text) > len(name) + 1 else text for text, name in pairs)
    )


def _iso(values: Any, style: str, placeholder: str | None) -> Any:
    """Days written in one way as days written year first; null where no whole day stands."""
    days = pc.if_else(pc.equal(values, placeholder), None, values) if placeholder else values
    return pc.cast(pc.strptime(days, format=style, unit="s", error_is_null=True), "date32").cast("string")


def _values(*texts: str | None) -> Any:
    return pa.array(texts, pa.string())
