"""What privacy costs: quality, leak, what attacks name, size and speed of ways to encode, over a grid of settings.

    python benchmarks/frontier.py [--only saul] [--at "saul=5,bits=8192"] [--seeds 10] [--people 6000] [--list]
    python benchmarks/frontier.py --attacks [--only saul] [--at "saul=5,bits=8192"] [--attacked 1000]

For each way, on invented people of both presets, registry against children's centre:

F1      at the best threshold, which takes the truth to find, one-to-one by greedy among the 20 nearest of each record
leak    of the 1 % of pairs of 2,000 records whose plaintexts are most alike, how many are among the 1 % whose encodings
        are most alike: the share of the graph of resemblance, on which graph matching rests, that is left; by chance
        1 %. Plaintexts are compared by the Dice similarity of their tokens, as the agreement makes them; "weighed" is
        the same with the weights of the tokens, which are public, in a cosine
named   of 1,000 births, half of whom the adversary's list has with as many others, those that the keyless attack
        that names most of all seeds' names rightly (`audit_order.py`, which says how); and those that known pairs
        names, which is told who a fifth are: ten seeds, measured apart with ``--attacks``
speed   records encoded and million pairs compared at the best threshold, in a second of one thread's processor time;
        of so few records what is made once for all weighs more than in a large file

``profile: ...`` are those of `linkage.profiles`; ``linkable`` is compared by an estimated model. ``--at`` measures any
setting of ``[harden]`` with ``bits``, beside the grid. The widths of the profiles were chosen on seeds 1 to 3, and the
grid is measured on ten others. Appends to results/frontier.jsonl one line a way, preset and seed, and prints a table of
what it measured; attacks go to attacked.jsonl. An hour on one core, and another for the attacks.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import audit_order
import datasets
import exchange
import frontier_tables
import full_size
import judge
import machine
import methods
import numpy as np
import results_kept
import scipy.sparse
from datasets import Trial
from frontier_ways import Way, grid, name_of, way_of

import linkage as lk
from linkage.agency.normalise import cleaner
from linkage.agency.tokens import tokeniser
from linkage.auditing import graph
from linkage.positions import usual_of_a_token
from linkage.profile import PROFILES
from linkage.study.attacks.adversary import bits_of

GRAPH = 2_000  # records
KNOWN = 0.5  # the share of births that the adversary's list has
NEAREST = 20
FIGURES = ("f1", "leak", "leak_weighed", "encoded_per_second", "million_pairs_per_second")
MostAlike = tuple[np.ndarray, np.ndarray]  # pairs: by Dice, and by the cosine under the tokens' weights


def schema_of(way: Way, trial: Trial) -> lk.Schema:
    """The agreement; the fields get the positions and votes of its layout, whatever they had in another."""
    if "profile" in way:
        (settings,) = (each for each in PROFILES if each.name == way["profile"])
        return lk.Schema(
            project=methods.PROJECT,
            fields=trial.fields,
            layout=settings.layout,
            bits=settings.bits,
            harden=settings.harden,
        )
    steps = {name: value for name, value in way.items() if name != "bits"}
    return lk.Schema(
        project=methods.PROJECT, fields=trial.fields, layout="record", bits=way["bits"], harden=lk.Hardening(**steps)
    )


def encoded(trial: Trial, schema: lk.Schema, key: lk.Key) -> tuple[list[lk.EncodedSet], float]:
    """Both sides, and records a second by one thread."""
    start = time.process_time()  # others may be at work
    sets = [
        lk.encode(
            side.table, schema, key, id=side.id, source=side.source, columns=side.columns, threads=1, progress=False
        )
        for side in trial.sides
    ]
    return sets, sum(map(len, sets)) / (time.process_time() - start)


def scores(sets: list[lk.EncodedSet], trial: Trial, known: Mapping[tuple[str, str], str]) -> Iterable[judge.Pair]:
    """Pairs by the agencies' own ids, with their similarity or probability."""
    if sets[0].schema.layout == "fields":
        return methods.likely(sets, trial, known)
    table = lk.nearest_records(*sets, k=NEAREST, threads=1, progress=False).to_arrow()
    columns = (table[name].to_pylist() for name in ("left_id", "right_id", "similarity"))
    left, right = trial.sides[0].source, trial.sides[1].source
    return [(known[left, a], known[right, b], alike) for a, b, alike in zip(*columns, strict=True)]


def pairs_per_second(sets: list[lk.EncodedSet], cut: float) -> float | None:
    """Million pairs a second at a threshold; None for the fields layout, which has none."""
    if sets[0].schema.layout == "fields":
        return None
    start = time.process_time()  # others may be at work
    lk.compare(*sets, threshold=round(cut, 3), threads=1, progress=False)
    return round(len(sets[0]) * len(sets[1]) / (time.process_time() - start) / 1e6, 1)


def resemblance(records: lk.EncodedSet, order: np.ndarray) -> np.ndarray:
    """How alike the encodings of every two of some records are, several filters as one."""
    return graph.encoded_resemblance(bits_of(records)[order], hamming=records.schema.filters[0].similarity == "hamming")


def plaintext(trial: Trial, schema: lk.Schema) -> tuple[np.ndarray, np.ndarray]:
    """How alike the tokens of every two of the first records are: Dice, and the cosine under the tokens' weights."""
    side, place, rows, columns, weights = trial.left, {}, [], [], []
    for field in schema.fields:
        clean, tokens = cleaner(field), tokeniser(field)
        for row, text in enumerate(side.table[side.columns[field.name]].slice(0, GRAPH).to_pylist()):
            value = "" if text is None else clean(text).value
            for token in tokens(value) if value else ():
                rows.append(row)
                columns.append(place.setdefault((field.key_group, token), len(place)))
                weights.append(usual_of_a_token(field, saul=bool(schema.harden.saul)) ** 0.5)
    n = min(GRAPH, side.table.num_rows)
    held = scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(n, len(place)))
    weighed = scipy.sparse.csr_array((weights, (rows, columns)), shape=(n, len(place)))
    counts, lengths = held.sum(axis=1), np.sqrt(weighed.multiply(weighed).sum(axis=1))
    dice = 2 * (held @ held.T).toarray() / np.maximum(counts[:, None] + counts, 1)
    return dice, (weighed @ weighed.T).toarray() / np.maximum(np.outer(lengths, lengths), 1e-9)


def alike_in_plaintext(trial: Trial) -> dict[tuple[str, bool], MostAlike]:
    """The pairs that are most alike in plaintext, by layout and whether votes are cast: these weigh the tokens."""
    ways: tuple[Way, ...] = ({"profile": "linkable"}, {"bits": 1024}, {"bits": 1024, "saul": 1})
    found = {}
    for schema in (schema_of(way, trial) for way in ways):
        dice, weighed = map(graph.most_alike, plaintext(trial, schema))
        found[weighed_by(schema)] = dice, weighed
    return found


def weighed_by(schema: lk.Schema) -> tuple[str, bool]:
    return schema.layout, bool(schema.harden.saul)


def measure(way: Way, trial: Trial, plain: Mapping[tuple[str, bool], MostAlike]) -> dict:
    """All figures of one way on one trial."""
    schema, key = schema_of(way, trial), datasets.key(trial.seed)
    sets, speed = encoded(trial, schema, key)
    known = methods.own_ids(trial)
    best = judge.best(exchange.one_to_one(scores(sets, trial, known)), trial.truth)
    own = {known[trial.left.source, name]: row for row, name in enumerate(sets[0].record_ids.to_pylist())}
    order = np.array([own[name] for name in trial.left.table[trial.left.id].slice(0, GRAPH).to_pylist()])
    hidden = graph.most_alike(resemblance(sets[0], order))
    dice, weighed = plain[weighed_by(schema)]
    return {
        "bits": sum(each.bits for each in schema.filters),
        "f1": round(best.f1, 4),
        "cut": round(best.cut, 4),
        "leak": round(graph.shared(dice, hidden), 4),
        "leak_weighed": round(graph.shared(weighed, hidden), 4),
        "encoded_per_second": round(speed),
        "million_pairs_per_second": pairs_per_second(sets, best.cut),
    }


def attacked(
    way: Way, seed: int, people: int, names: Collection[str] = tuple(audit_order.ATTACKS)
) -> dict[str, dict[str, list[int]]]:
    """Attack -> how many people of a seed it names rightly, and of how many."""
    found = audit_order.attacked(audit_order.made(way, seed, people, KNOWN), names)
    return {"attacks": {name: [own.correct, own.overlapping] for name, own in found.items()}}


def measure_attacks(
    ways: Mapping[str, Any],
    how: Callable[[Any, int, int, Collection[str]], dict[str, dict]],
    people: int,
    out: Path,
    names: Collection[str] | None = None,
) -> None:
    """Of each way and of ten seeds, into a file of its own: it takes no comparison.

    With ``names`` these attacks, and of the others what was last measured: equal seeds give equal results.
    """
    about = machine.machine()
    for name, way in ways.items():
        for seed in full_size.ATTACK_SEEDS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", lk.LinkageWarning)
                line: dict = {"way": name, "seed": seed, "settings": {"people": people}}
                before = {} if names is None else results_kept.latest(frontier_tables.ATTACKED, **line)
                found = how(way, seed, people, audit_order.ATTACKS if names is None else names)
                line |= {of: before.get(of, {}) | counts for of, counts in found.items()}
            results_kept.append(out, line | {"versions": machine.versions(), "machine": about})
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="ways of the grid whose name begins so")
    parser.add_argument("--at", nargs="+", default=[], help="these ways, in place of the grid")
    parser.add_argument("--seeds", type=int, default=len(full_size.FRONTIER_SEEDS), help="how many of them")
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--attacked", type=int, default=full_size.FRONTIER_ATTACKED, help="births")
    parser.add_argument("--presets", nargs="+", default=full_size.PRESETS, choices=["clean", "typical", "hard"])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true", help="name the ways of the grid, and measure nothing")
    parser.add_argument("--attacks", action="store_true", help="only what attacks name, of ten seeds")
    parser.add_argument("--attack", nargs="+", choices=audit_order.ATTACKS, help="these anew, the rest as it was")
    asked = parser.parse_args()
    ways = {name: way for name, way in grid().items() if name.startswith(tuple(asked.only))}
    ways = {name_of(way): way for way in map(way_of, asked.at)} or ways
    if asked.list:
        print("\n".join(ways))
        return
    if not ways:
        sys.exit("no way of the grid begins so; --list names them")
    if asked.attacks:
        measure_attacks(ways, attacked, asked.attacked, asked.out or frontier_tables.ATTACKED, asked.attack)
        return
    about, lines = machine.machine(), []
    for preset in asked.presets:
        for seed in full_size.FRONTIER_SEEDS[: asked.seeds]:
            trial = datasets.invented(preset, asked.people, seed)
            plain = alike_in_plaintext(trial)
            for name, way in ways.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", lk.LinkageWarning)
                    found = measure(way, trial, plain)
                line = {"way": name, "preset": preset, "seed": seed, "settings": dict(trial.settings), **found}
                lines.append(line)
                results_kept.append(
                    asked.out or frontier_tables.FRONTIER, line | {"versions": machine.versions(), "machine": about}
                )
                print(
                    f"{name}, {preset}, seed {seed}: " + ", ".join(f"{each} {found.get(each)}" for each in FIGURES),
                    flush=True,
                )
    print("\n" + frontier_tables.frontier(lines))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent / "rivals"))
    main()
