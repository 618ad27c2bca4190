"""Invented people of the United Kingdom as several agencies know them, with the truth about who is who.

Nobody in it is real: names, birthdays, homes and numbers are drawn apart from each other, from frozen
tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from linkage.arguments import checked
from linkage.errors import LimitError, nearest, warn
from linkage.study.population import Population, among, not_among

Preset = Literal["clean", "typical", "hard"]
MOST_BYTES = 32 << 30
"""Of memory that `invent` may need: for some fifty million people."""
_BYTES_EACH = 660  # of a person, at the peak: 500 to 660 of 1 to 1.35 million, for one agency to all eight
_OTHERS_EACH = 6  # older children and parents to a child
OTHERS = 64  # jumps to the stretch of the stream that older children and parents come from


@checked
def invent(
    people: int = 5_000,
    *,
    seed: int,
    agencies: Sequence[str] = ("registry", "childrens_centre"),
    preset: Preset = "typical",
    ages: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> Population:
    """Invent a population of the United Kingdom as several agencies know it, with the truth about who is who.

    Parameters
    ----------
    people
        Children whose family's youngest was born from 2019 to 2023: siblings and twins among them. With an agency
        that knows others come, in a proportion like that of the country, older children and all their parents,
        about six more to each child; they count in ``len()``.
        More than some fifty million people are refused before any is drawn: `LimitError`, with the memory they take.
        NHS numbers are of the range for tests, which has 909,091: from 830,000 people on (with older children and
        parents) some may have none, and `LinkageWarning` says how many. No number is given twice.
    seed
        Equal seeds give equal bytes on every machine. An agency's table does not depend on the others.
    agencies
        ``registry`` holds every birth in the area and ``childrens_centre`` about 60 % of those children;
        ``primary_school`` and ``secondary_school`` most of an age; ``police``, ``social_work``, ``youth_work`` and
        ``domestic_abuse`` a few, with parents. Whom each of them sees more often is in `linkage.study.agencies`.
    preset
        How often they differ: ``clean``, ``typical`` or ``hard``; the numbers are in `linkage.study.rates`. That under
        ``hard`` half of the records have no partner is so between registry and children's centre; of other pairs most
        have none.
    ages
        Agency -> its children's ages on 1 September 2025, from and below, in place of its own: of ``primary_school``
        (5, 12) is the list of the July before, when those of eleven were still there.

    Returns
    -------
    Rows are in no order, ids are drawn: neither tells anything about the person.

    >>> invent(1_000, seed=7)
    Population: 1,000 people; records: registry 917, childrens_centre 622
    >>> list(invent(50, seed=7, agencies=["youth_work"])["youth_work"].column_names)
    ['member', 'known_as', 'surname', 'born', 'm_f', 'street', 'pcode']
    """
    _check(people, agencies, preset)
    _check_ages(ages, agencies)
    people, seed = int(people), int(seed)  # NumPy's would overflow, or warn
    _require_room(people, agencies)
    # Imported here, as the rest of the generator needs pyarrow and a user who never invents people does not.
    import pyarrow as pa

    from linkage.study.agencies import AGENCIES
    from linkage.study.families import draw_children
    from linkage.study.parents import everyone
    from linkage.study.rates import PRESETS
    from linkage.study.writing import write_records

    rates = PRESETS[preset]
    bits = np.random.PCG64(seed)
    young = known = draw_children(people, rates.moved_in, np.random.Generator(bits))
    persons = _opaque(people, 0, np.random.Generator(bits.jumped(1)))
    if not all(AGENCIES[agency].young_only for agency in agencies):
        known = everyone(young, rates.moved_in, np.random.Generator(bits.jumped(OTHERS)))
        others = _opaque(len(known) - people, people, np.random.Generator(bits.jumped(OTHERS + 1)))
        persons = pa.concat_arrays([persons, others])
    _warn_of_missing_numbers(known, agencies)
    tables, held = {}, {}
    for agency in agencies:
        # A stretch of the one stream for each agency, so that asking for one more changes none of the others.
        rng = np.random.Generator(bits.jumped(2 + list(AGENCIES).index(agency)))
        tables[agency], held[agency] = write_records(
            agency, young if AGENCIES[agency].young_only else known, rates, rng, of_ages=ages.get(agency)
        )
    ids = {agency: AGENCIES[agency].id_column for agency in agencies}
    return Population(
        tables=MappingProxyType(tables),
        truth=_truth(tables, ids, {agency: persons.take(rows) for agency, rows in held.items()}),
        columns=MappingProxyType({agency: AGENCIES[agency].columns for agency in agencies}),
        ids=MappingProxyType(ids),
        people=len(known),
        persons=_persons(persons, known),
    )


def _require_room(people: int, agencies: Sequence[str]) -> None:
    """`LimitError` where they would take more than `MOST_BYTES`, which NumPy would say after long work."""
    from linkage.study.agencies import AGENCIES

    each = 1 if all(AGENCIES[agency].young_only for agency in agencies) else 1 + _OTHERS_EACH
    needed = people * each * _BYTES_EACH
    if needed > MOST_BYTES:
        known = f" are about {people * each:,} with older children and parents, which" if each > 1 else ""
        raise LimitError(
            f"people: {people:,}{known} would take about {needed:,} bytes; allowed are {MOST_BYTES:,}: at most "
            f"{MOST_BYTES // (each * _BYTES_EACH):,} of these agencies. Invent several populations, each of its own "
            "seed",
            needed=needed,
            allowed=MOST_BYTES,
        )


def _check_ages(ages: Mapping[str, tuple[int, int]], agencies: Sequence[str]) -> None:
    for agency, span in ages.items():
        if agency not in agencies:
            raise ValueError(f"ages: '{agency}' is none of the agencies; {nearest(agency, agencies)}")
        if (
            not isinstance(span, Sequence)
            or len(span) != 2
            or not all(isinstance(age, int) for age in span)
            or not 0 <= span[0] < span[1] <= 99
        ):
            raise ValueError(f"ages: of '{agency}' two whole numbers of years, from and below, such as (5, 12)")


def _warn_of_missing_numbers(known: Any, agencies: Sequence[str]) -> None:
    from linkage.study.agencies import AGENCIES

    missing = known.nhs_number.null_count
    if missing and any(AGENCIES[agency].columns["nhs_number"] for agency in agencies):
        warn(f"the NHS numbers for tests have run out: {missing:,} of {len(known):,} people have none")


def _opaque(people: int, after: int, rng: np.random.Generator) -> Any:
    """A name for each person that tells nothing: not the family, not the order of birth."""
    import pyarrow as pa
    import pyarrow.compute as pc

    number = pa.array(after + np.argsort(rng.random(people), kind="stable")).cast(pa.string())
    return pc.binary_join_element_wise("p", pc.utf8_lpad(number, width=7, padding="0"), "")


def _persons(persons: Any, known: Any) -> Any:
    """Who everyone is, by the name the truth has for them."""
    import pyarrow as pa

    from linkage.study.families import day_before
    from linkage.study.name_tables import ORIGIN_SHARES

    def named(words: Sequence[str], position: Any) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(position, pa.int8()), pa.array(list(words)))

    return pa.table(
        {
            "person": persons,
            "family": pa.array(known.family),
            "role": named(("child", "mother", "father"), known.role),
            "born": pa.array(known.born),
            "died": pa.array(known.died),
            "sex": named(("female", "male"), known.male.astype(np.int8)),
            "origin": named(list(ORIGIN_SHARES), known.origin),
            "hardship": pa.array(known.hardship[known.family]),
            "moved": pa.array(day_before(known.moved)).take(pa.array(known.family)),
            "married": pa.array(known.married),
            "divorced": pa.array(known.divorced),
            "remarried": pa.array(known.remarried),
            "given_name": known.given_name,
            "surname": known.surname,
        }
    )


def _truth(tables: Mapping[str, Any], ids: Mapping[str, str], persons: Mapping[str, Any]) -> Any:
    """Source, id and person of every record, in the order of the tables."""
    import pyarrow as pa

    parts = [
        pa.table(
            {
                "source": pa.repeat(agency, table.num_rows),
                "id": table[ids[agency]].combine_chunks(),
                "person": persons[agency],
            }
        )
        for agency, table in tables.items()
    ]
    return pa.concat_tables(parts).combine_chunks()


def _check(people: int, agencies: Sequence[str], preset: str) -> None:
    """Refuse what cannot be invented, and name what was probably meant."""
    from linkage.study.agencies import AGENCIES
    from linkage.study.rates import PRESETS

    if people < 1:
        raise ValueError(f"people must be a whole number of at least 1, not {people!r}. Try people=5_000.")
    if not among(preset, PRESETS):
        raise ValueError(not_among("preset", preset, PRESETS))
    if not agencies:
        raise ValueError("agencies: at least one, such as ('registry', 'police')")
    for agency in agencies:
        if not among(agency, AGENCIES):
            raise ValueError(not_among("agency", agency, AGENCIES))
    if len(set(agencies)) < len(agencies):
        raise ValueError(f"agencies names one twice: {', '.join(agencies)}.")
