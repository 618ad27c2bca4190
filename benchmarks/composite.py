"""Filters of pairs of fields, each SAUL: the quality of several fields compared apart, at the resistance of one filter?

    python benchmarks/composite.py [--seeds 3] [--people 6000] [--presets typical hard]
    python benchmarks/composite.py --attacks [--attacked 1000]

A filter a field lets a model weigh each field, and lets a frequency attack align each field. One filter of all fields
lets neither. Between them: a filter of each of some pairs of fields, none of which stands for a single field, scored by
a model that knows that they depend on one another (`composite_model.py`). Of each way, on invented people:

F1        at the best cut, one-to-one: by the sum of the similarities, each in standard deviations of all pairs, which
          needs no model; by a Fellegi-Sunter model estimated without truth that takes filters for independent
          ("apart"), and by one that knows of their dependence ("joint"); by that with levels counted from the truth
          ("told")
leak      as `frontier.py` has it, of all filters of a way side by side; "own", the most that one of them leaks of the
          resemblance in its own fields
named     as `frontier.py` has it, from all filters side by side, and "of one", the most from one filter or all; and by
          one who is told who a fifth are: ten seeds, measured apart with ``--attacks``

Appends to results/composite.jsonl and prints the table. Half an hour on one core, and as long for the attacks.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import sys
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import audit_order
import composite_model
import datasets
import exchange
import frontier
import frontier_tables
import full_size
import judge
import machine
import methods
import numpy as np
import results_kept
from datasets import Side, Trial

import linkage as lk
from linkage import study
from linkage.auditing import graph
from linkage.study import attacks
from linkage.study.attacks.adversary import bits_of

NAMES = ("given_name", "surname", "dob")
Way = tuple[tuple[tuple[str, ...], ...], int, int]  # the fields of each filter, SAUL's functions, bits of each filter

PAIRS = (("given_name", "dob"), ("surname", "dob"), ("given_name", "surname"))
WITH_HOME = (*PAIRS, ("surname", "postcode", "address"))
ALL = ("given_name", "surname", "dob", "sex", "address", "postcode")
WAYS: Mapping[str, Way] = {
    "one filter, f=3": ((ALL,), 3, 2048),
    "one filter, f=4": ((ALL,), 4, 5120),
    **{f"three pairs, f={f}": (PAIRS, f, 2048) for f in (2, 3, 4, 5)},
    **{f"three pairs and home, f={f}": (WITH_HOME, f, 2048) for f in (2, 3, 4, 5)},
    "four fields apart, f=3": (tuple((name,) for name in ("given_name", "surname", "dob", "postcode")), 3, 2048),
}
FIGURES = ("f1", "f1_apart", "f1_joint", "f1_told", "leak", "leak_own")


def schema_of(fields: Sequence[lk.Field], names: Iterable[str], f: int, bits: int) -> lk.Schema:
    """One filter of some fields; votes and positions are those of its width."""
    chosen = tuple(dataclasses.replace(field, bits=0, hashes=0) for field in fields if field.name in names)
    return lk.Schema(project=methods.PROJECT, fields=chosen, layout="record", bits=bits, harden=lk.Hardening(saul=f))


def own_key(key: lk.Key, number: int) -> lk.Key:
    """Another for each filter, or equal tokens would get equal votes in all."""
    return lk.Key(hashlib.sha256(f"{key.check(methods.PROJECT)} {number}".encode()).digest())


def filters(side: Side, fields: Sequence[lk.Field], way: Way, key: lk.Key) -> list[lk.EncodedSet]:
    """One set a filter, all with the same record ids."""
    groups, f, bits = way
    sets = []
    for number, names in enumerate(groups):
        schema = schema_of(fields, names, f, bits)
        columns = {name: side.columns[name] for name in (field.name for field in schema.fields)}
        sets.append(
            lk.encode(
                side.table, schema, own_key(key, number), id=side.id, source=side.source, columns=columns,
                id_key=key, threads=1, progress=False,
            )
        )  # fmt: skip
    return sets


def agreement(left: lk.EncodedSet, right: lk.EncodedSet) -> composite_model.Matrix:
    """(n, m): the share of bits that agree."""
    one, other = (bits_of(each).astype(np.float32) * 2 - 1 for each in (left, right))
    return (1 + one @ other.T / one.shape[1]) / 2


def quality(trial: Trial, way: Way) -> dict[str, float]:
    """Best F1 by each model."""
    key, known = datasets.key(trial.seed), methods.own_ids(trial)
    lefts, rights = (filters(side, trial.fields, way, key) for side in trial.sides)
    alike = [agreement(left, right) for left, right in zip(lefts, rights, strict=True)]
    ids = [
        [known[side.source, each] for each in sets[0].record_ids.to_pylist()]
        for side, sets in zip(trial.sides, (lefts, rights), strict=True)
    ]
    cells = composite_model.Cells.of(alike)
    rows, columns = cells.edges.row.tolist(), cells.edges.column.tolist()
    pairs = [(ids[0][row], ids[1][column]) for row, column in zip(rows, columns, strict=True)]
    true = np.array([pair in trial.truth for pair in pairs])
    total = composite_model.summed(alike)[cells.edges.row, cells.edges.column]
    scores = {
        "f1": total,
        "f1_apart": composite_model.estimated(cells, alike, orders=(1, 1)),
        "f1_joint": composite_model.estimated(cells, alike, orders=(2, 2)),
        "f1_told": composite_model.told(cells, true, orders=(2, 2)),
    }
    # a model sees levels, and pairs of equal levels are told apart by their sum
    return {
        name: round(_best(pairs, score if name == "f1" else score + 1e-6 * total / total.max(), trial), 4)
        for name, score in scores.items()
    }


def _best(pairs: Sequence[tuple[str, str]], score: np.ndarray, trial: Trial) -> float:
    scored = [(*pair, each) for pair, each in zip(pairs, score.tolist(), strict=True)]
    return judge.best(exchange.one_to_one(scored), trial.truth).f1


def leaks(trial: Trial, way: Way) -> dict[str, float]:
    """Of all filters together of the resemblance in all fields, and the most of one of that in its own."""
    key, known = datasets.key(trial.seed), methods.own_ids(trial)
    sets = filters(trial.left, trial.fields, way, key)
    own = {known[trial.left.source, name]: row for row, name in enumerate(sets[0].record_ids.to_pylist())}
    order = np.array([own[name] for name in trial.left.table[trial.left.id].slice(0, frontier.GRAPH).to_pylist()])
    hidden = [graph.encoded_resemblance(bits_of(each)[order], hamming=True) for each in sets]
    whole = frontier.plaintext(trial, schema_of(trial.fields, ALL, 4, 5120))[0]
    each_own = [
        graph.leak(frontier.plaintext(trial, each.schema)[0], bits) for each, bits in zip(sets, hidden, strict=True)
    ]
    return {
        "leak": round(graph.leak(whole, np.mean(hidden, axis=0)), 4),
        "leak_own": round(max(each_own), 4),
    }


def births(way: Way, seed: int, people: int) -> list[audit_order.Given]:
    """Births encoded that way, half of which the adversary's list has: all filters side by side, then each."""
    population = study.invent(int(people * audit_order.BORN) + 50, seed=seed, agencies=[audit_order.AGENCY])
    preset = lk.Schema.preset("uk-person", project=methods.PROJECT)
    id, columns = population.ids[audit_order.AGENCY], population.held(audit_order.AGENCY, preset)
    fields = [field for field in preset.fields if columns[field.name] and field.name in ALL]
    held = population[audit_order.AGENCY].slice(0, people)
    lists = attacks.two_lists(held, id=id, overlap=frontier.KNOWN, case="partial", seed=seed)
    key, given = datasets.key(seed), {field.name: columns[field.name] for field in fields}
    side = Side(audit_order.AGENCY, lists.held, id, given)
    groups = tuple(tuple(name for name in names if name in given) for names in way[0])
    sets = filters(side, fields, (groups, *way[1:]), key)
    return [
        audit_order.Given(each, lists, key, id, {field.name: given[field.name] for field in each.schema.fields})
        for each in (_side_by_side(sets, fields, way), *sets)
    ]


def attacked(
    way: Way, seed: int, people: int, names: Collection[str] = tuple(audit_order.ATTACKS)
) -> dict[str, dict[str, list[int]]]:
    """Attack -> how many it names rightly, and of how many: from all filters side by side, and the most from one."""
    found = [audit_order.attacked(each, names) for each in births(way, seed, people)]
    counts = [{name: [own.correct, own.overlapping] for name, own in each.items()} for each in found]
    return {"attacks": counts[0], "of_one": {name: max(each[name] for each in counts) for name in counts[0]}}


def _side_by_side(sets: Sequence[lk.EncodedSet], fields: Sequence[lk.Field], way: Way) -> lk.EncodedSet:
    """All filters as one set, so that an attack sees every bit."""
    used = {name for each in sets for name in (field.name for field in each.schema.fields)}
    schema = schema_of(fields, used, way[1], sum(each.schema.filters[0].bits for each in sets))
    words = np.concatenate([each.filters["record"] for each in sets], axis=1)
    return lk.EncodedSet.from_arrays(
        sets[0].record_ids.to_pylist(), {"record": words}, schema=schema, source=sets[0].source
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="ways whose name begins so")
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--attacked", type=int, default=full_size.FRONTIER_ATTACKED, help="births")
    parser.add_argument("--presets", nargs="+", default=full_size.PRESETS, choices=["clean", "typical", "hard"])
    parser.add_argument("--attacks", action="store_true", help="only what attacks name, of ten seeds")
    parser.add_argument("--attack", nargs="+", choices=audit_order.ATTACKS, help="these anew, the rest as it was")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    chosen = {name: way for name, way in WAYS.items() if name.startswith(tuple(asked.only))}
    if asked.attacks:
        frontier.measure_attacks(chosen, attacked, asked.attacked, asked.out or frontier_tables.ATTACKED, asked.attack)
        return
    about, lines = machine.machine(), []
    for preset in asked.presets:
        for seed in range(1, asked.seeds + 1):
            trial = datasets.invented(preset, asked.people, seed)
            for name, way in chosen.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", lk.LinkageWarning)
                    found = quality(trial, way) | leaks(trial, way)
                line = {"way": name, "preset": preset, "seed": seed, "settings": dict(trial.settings)}
                lines.append(line | {"bits": len(way[0]) * way[2], **found})
                results_kept.append(
                    asked.out or frontier_tables.COMPOSITE,
                    lines[-1] | {"versions": machine.versions(), "machine": about},
                )
                print(f"{name}, {preset}, seed {seed}: " + ", ".join(f"{each} {found.get(each)}" for each in FIGURES),
                      flush=True)  # fmt: skip
    print("\n" + frontier_tables.composite(lines))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent / "rivals"))
    main()
