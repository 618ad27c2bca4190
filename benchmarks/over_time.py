"""Ten monthly batches of five agencies, each linked against the standing result, and all of them at once.

    python benchmarks/over_time.py [--people 20000] [--seeds 1] [--preset typical]

A person comes up in some month, and at each agency that knows them then or, for four in ten records, one or more months
later. Shown for each month: new records, seconds of processor time to carry the standing result on and to link all
records so far from nothing (with --months, only in those), link ids that changed, and whether every change is a listed
event. At the end: links of one way and not of the other, as a share of all. Appends to results/over_time.jsonl.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings

import machine
import numpy as np
import several_sets
import tables

import linkage as lk
from linkage.central.overtime.heldsets import chosen

RESULT = tables.RESULTS / "over_time.jsonl"
MONTHS = 10
LATER = 0.4  # of records: a month later than the person, and of these the same share another, and so on


def months_of(sets: list[lk.EncodedSet], person: np.ndarray, seed: int) -> list[np.ndarray]:
    """The month of each record, set by set, from 0."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, MONTHS, int(person.max()) + 1)
    delay = rng.geometric(1 - LATER, len(person)) - 1
    month = np.minimum(first[person] + delay, MONTHS - 1)
    return np.split(month, np.cumsum([len(each) for each in sets])[:-1])


def ids_of(links: lk.Links) -> dict[tuple[str, str], str | None]:
    """Record -> link id."""
    columns = (links.records[name].to_pylist() for name in ("source", "record_id", "link_id"))
    return {(source, record): link for source, record, link in zip(*columns, strict=True)}


def pairs_of(links: lk.Links) -> set[tuple[str, ...]]:
    """The links."""
    names = ("left_source", "left_id", "right_source", "right_id")
    return set(zip(*(links.pairs[name].to_pylist() for name in names), strict=True))


def timed(*sets: lk.EncodedSet, standing: lk.Links | None) -> tuple[lk.Links, float]:
    """The links and seconds of processor time."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        links = lk.link(*sets, standing=standing, duplicates=several_sets.TWICE, memory=several_sets.MEMORY)
    return links, time.process_time() - start


def changes(before: lk.Links, after: lk.Links) -> dict[str, int]:
    """Records whose link id is another, and those of them without an event that says so."""
    new = ids_of(after)
    told = set(zip(after.events["old_link_id"].to_pylist(), after.events["new_link_id"].to_pylist(), strict=True))
    ids = [(link, new[record]) for record, link in ids_of(before).items() if link is not None]
    changed = [each for each in ids if each[0] != each[1]]
    return {"changed": len(changed), "unlisted": sum(each not in told for each in changed)}


def run(people: int, seed: int, preset: str, months: list[int]) -> list[dict]:
    """One row a month, and one of the outcome."""
    sets, person = several_sets.sets_of(people, seed, preset)
    month = months_of(sets, person, seed)
    links, rows, held = None, [], []
    for now in range(MONTHS):
        new = [chosen(each, own == now) for each, own in zip(sets, month, strict=True)]
        held += new
        before, (links, seconds) = links, timed(*held, standing=links)
        row = {"part": "month", "month": now + 1, "records": links.records.num_rows, "new": sum(map(len, new))}
        row |= {"seconds": round(seconds, 2), "links": len(links), "events": links.events.num_rows}
        if before is not None:
            row |= changes(before, links)
        if now + 1 in months:
            so_far = [chosen(each, own <= now) for each, own in zip(sets, month, strict=True)]
            row["seconds_from_nothing"] = round(timed(*so_far, standing=None)[1], 2)
        rows.append(row)
        print(json.dumps(row), flush=True)
    whole, seconds = timed(*sets, standing=None)
    together, one_by_one = pairs_of(whole), pairs_of(links)
    row = {"part": "outcome", "links": len(together), "only_one_by_one": len(one_by_one - together)}
    row |= {"only_at_once": len(together - one_by_one), "seconds_at_once": round(seconds, 2)}
    row["differences"] = round(len(one_by_one ^ together) / len(together), 5)
    row["cuts"] = [links.cut["probability"], whole.cut["probability"]]
    for name, each in (("one_by_one", links), ("at_once", whole)):
        group = np.unique(
            [link or f"alone {place}" for place, link in enumerate(each.records["link_id"].to_pylist())],
            return_inverse=True,
        )[1]
        row[name] = {what: round(value, 5) for what, value in several_sets.measures(group, person).items()}
    print(json.dumps(row), flush=True)
    return [*rows, row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--preset", default="typical")
    parser.add_argument("--months", type=int, nargs="*", default=[1, 4, 7, 10])
    wanted = parser.parse_args()
    about = {"versions": machine.versions(), "machine": machine.machine()}
    settings = {"people": wanted.people, "preset": wanted.preset}
    for seed in range(1, wanted.seeds + 1):
        for row in run(wanted.people, seed, wanted.preset, wanted.months):
            tables.append(RESULT, {"seed": seed, "settings": settings} | row | about)


if __name__ == "__main__":
    main()
