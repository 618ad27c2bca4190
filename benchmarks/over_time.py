"""Ten monthly batches of five agencies, each linked against the standing result, and all of them at once.

    python benchmarks/over_time.py [--people 20000] [--seeds 1 2 3] [--preset typical]

A person comes up in some month, and at each agency that knows them then or, for four in ten records, one or more months
later. Shown for each month: new records, seconds of processor time to carry the standing result on and to link all
records so far from nothing (with --months, only in those), link ids that changed, and whether every change is a listed
event, and how many of the models were estimated again, as sets had grown by a tenth. At the end: links of one way and
not of the other, as a share of all, and each of them. Then batches of 1, 2, 4 and 8 % of all records are each added to
one standing result of the others: what a batch costs for which nothing is estimated again.
Appends to results/over_time.jsonl.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings

import full_size
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


def estimated(before: lk.Links | None, after: lk.Links) -> int:
    """How many models are of another number of records than before."""
    old = {} if before is None or before.kept is None else before.kept.sizes
    return sum(old.get(name) != size for name, size in after.kept.sizes.items())


def differing(one: set[tuple[str, ...]], other: set[tuple[str, ...]], sets: list, person: np.ndarray) -> list[list]:
    """Each link of the first way alone: its two sources, and whether it is true."""
    offset = np.cumsum([0, *map(len, sets)])
    of = {
        (each.source, record): person[offset[place] + row]
        for place, each in enumerate(sets)
        for row, record in enumerate(each.record_ids.to_pylist())
    }
    return [[a, c, bool(of[a, b] == of[c, d])] for a, b, c, d in sorted(one - other)]


def small_batches(sets: list[lk.EncodedSet], seed: int) -> list[dict]:
    """What each of several batches costs on one standing result of all other records."""
    rng = np.random.default_rng(1_000 + seed)
    place = [rng.permutation(len(each)) / len(each) for each in sets]
    most = max(full_size.BATCHES)
    old = [chosen(each, own >= most) for each, own in zip(sets, place, strict=True)]
    standing, whole = timed(*old, standing=None)
    rows = []
    for share in full_size.BATCHES:
        new = [chosen(each, own < share) for each, own in zip(sets, place, strict=True)]
        links, seconds = timed(*old, *new, standing=standing)
        row = {
            "part": "batch",
            "at": f"batch {share}",
            "share": share,
            "old": sum(map(len, old)),
            "new": sum(map(len, new)),
        }
        row |= {"seconds": round(seconds, 2), "seconds_of_old": round(whole, 2)}
        row["estimated"] = estimated(standing, links)
        rows.append(row | changes(standing, links))
        print(json.dumps(rows[-1]), flush=True)
    return rows


def run(people: int, seed: int, preset: str, months: list[int]) -> list[dict]:
    """One row a month, and one of the outcome."""
    sets, person = several_sets.sets_of(people, seed, preset)
    month = months_of(sets, person, seed)
    links, rows, held = None, [], []
    for now in range(MONTHS):
        new = [chosen(each, own == now) for each, own in zip(sets, month, strict=True)]
        held += new
        before, (links, seconds) = links, timed(*held, standing=links)
        row = {
            "part": "month",
            "at": f"month {now + 1}",
            "month": now + 1,
            "records": links.records.num_rows,
            "new": sum(map(len, new)),
        }
        row |= {"seconds": round(seconds, 2), "links": len(links), "events": links.events.num_rows}
        row["estimated"] = estimated(before, links)
        if before is not None:
            row |= changes(before, links)
        if now + 1 in months:
            so_far = [chosen(each, own <= now) for each, own in zip(sets, month, strict=True)]
            row["seconds_from_nothing"] = round(timed(*so_far, standing=None)[1], 2)
        rows.append(row)
        print(json.dumps(row), flush=True)
    whole, seconds = timed(*sets, standing=None)
    together, one_by_one = pairs_of(whole), pairs_of(links)
    row = {"part": "outcome", "at": "outcome", "links": len(together), "only_one_by_one": len(one_by_one - together)}
    row |= {"only_at_once": len(together - one_by_one), "seconds_at_once": round(seconds, 2)}
    row["differences"] = round(len(one_by_one ^ together) / len(together), 5)
    row["listed"] = {
        "only_one_by_one": differing(one_by_one, together, sets, person),
        "only_at_once": differing(together, one_by_one, sets, person),
    }
    row["cuts"] = [links.cut["probability"], whole.cut["probability"]]
    for name, each in (("one_by_one", links), ("at_once", whole)):
        group = np.unique(
            [link or f"alone {place}" for place, link in enumerate(each.records["link_id"].to_pylist())],
            return_inverse=True,
        )[1]
        row[name] = {what: round(value, 5) for what, value in several_sets.measures(group, person).items()}
    print(json.dumps(row), flush=True)
    return [*rows, row, *small_batches(sets, seed)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.SEVERAL_PEOPLE)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(full_size.SEVERAL_SEEDS))
    parser.add_argument("--preset", default="typical")
    parser.add_argument("--months", type=int, nargs="*", default=[1, 4, 7, 10])
    wanted = parser.parse_args()
    about = {"versions": machine.versions(), "machine": machine.machine()}
    settings = {"people": wanted.people, "preset": wanted.preset}
    for seed in wanted.seeds:
        for row in run(wanted.people, seed, wanted.preset, wanted.months):
            tables.append(RESULT, {"seed": seed, "settings": settings} | row | about)


if __name__ == "__main__":
    main()
