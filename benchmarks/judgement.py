"""Whether links are as good as they say without truth, and what a cut for a precision and decisions of people give.

    python benchmarks/judgement.py [--seeds 3] [--people 6000] [--small-seeds 20] [--small 1500] [--data "invented"]

On every data set of two tables, whole and with shares of the partners taken out of the left one, and on the
generator's three presets at small size over twenty seeds that nothing was developed with. Of each: what
``Links.quality`` states, with its interval, beside the truth; what ``precision=0.99`` gives, beside the recall that is
possible at 0.985, at a cut that takes the truth to find; and F1 before and after ``refine`` with the truth about the
300 pairs nearest the cut, by the model alone and with the decisions themselves honoured.
Where the library refuses to link (`LinkageError`) the line says so. Appends to results/judgement.jsonl and
judgement_presets.jsonl; of fewer people or seeds than the defaults the README's tables take no notice.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from functools import partial

import datasets
import exchange
import full_size
import judge
import judgement_tables
import machine
import methods
import quality
import tables
from datasets import Trial

import linkage as lk

ASKED = 0.99
POSSIBLE = 0.985  # the least precision that asking for 0.99 may give
REVIEWED = 300
MEASURES = ("precision", "recall", "f1")
RECORD = ("source", "record_id", "link_id")


def measure(trial: Trial) -> dict:
    """Stated and true quality, the cut for a precision, and refinement; ``refused`` in place of what can't be had."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = methods.encoded(trial, datasets.key(trial.seed))
        known = methods.own_ids(trial)
        try:
            links = lk.link(*sets, progress=False)
        except lk.LinkageError as refusal:
            return {"refused": type(refusal).__name__}
        model = lk.fit(*sets, progress=False)
        default = at(links, trial, known)
        return {
            **stated(links, default),
            **asked(model, sets, trial, known),
            **refined(model, sets, trial, known, default, links.cut["probability"]),
        }


def at(links: lk.Links, trial: Trial, known: dict[tuple[str, str], str]) -> judge.Judged:
    """The links held against the truth."""
    return judge.at(methods.from_links(links, trial, known), trial.truth, 0.0)


def stated(links: lk.Links, true: judge.Judged) -> dict:
    """Of each measure what is stated, its interval and the truth; and whether it says that it knows."""
    assert links.quality is not None
    spans = {name: getattr(links.quality, name) for name in MEASURES}
    return {
        "links": len(links),
        "known": links.quality.known,
        **{name: [span.value, span.low, span.high, getattr(true, name)] for name, span in spans.items()},
    }


def asked(model: lk.Model, sets: list[lk.EncodedSet], trial: Trial, known: dict[tuple[str, str], str]) -> dict:
    """What ``precision=0.99`` gives, None where it says that it can't; and the highest recall at 0.985."""
    ranked = exchange.one_to_one(methods.likely(sets, trial, known))
    possible = best_recall(ranked, trial.truth)
    try:
        found = at(lk.link(*sets, model=model, precision=ASKED, progress=False), trial, known)
    except lk.EvidenceError:
        return {"asked": None, "possible_recall": possible}
    return {"asked": [found.precision, found.recall], "possible_recall": possible}


def best_recall(ranked: list[judge.Pair], truth: judge.Truth) -> float:
    """The highest recall of the pairs above any cut of which at least 98.5 % are right.

    >>> best_recall([("a", "x", 0.9), ("b", "y", 0.8), ("c", "d", 0.7)], frozenset({("a", "x"), ("b", "z")}))
    0.5
    """
    hits, found = 0, 0.0
    ordered = sorted(ranked, key=lambda pair: -pair[2])
    for n, (left, right, chance) in enumerate(ordered, start=1):
        hits += (left, right) in truth
        last = n == len(ordered) or ordered[n][2] < chance
        if last and hits >= POSSIBLE * n:
            found = hits / len(truth)
    return found


def refined(
    model: lk.Model, sets: list[lk.EncodedSet], trial: Trial, known: dict[tuple[str, str], str],
    default: judge.Judged, cut: float,
) -> dict:  # fmt: skip
    """F1 before decisions, by the refined model alone, and with the decisions honoured; whether the model stayed."""
    decisions = reviewed(model, sets, trial, known, cut)
    better = lk.refine(model, *sets, decisions, progress=False)
    # the default cut, where the model stayed
    after = default.f1 if better is model else at(lk.link(*sets, model=better, progress=False), trial, known).f1
    decided = lk.link(*sets, model=better, known=decisions, progress=False)
    pairs = joined(decided, trial, known)
    f1 = judge.judged(len(pairs & trial.truth), len(pairs), len(trial.truth), 0.0).f1
    return {"f1_before": default.f1, "f1_after": after, "f1_decided": f1, "stayed": better is model}


def joined(links: lk.Links, trial: Trial, known: dict[tuple[str, str], str]) -> judge.Truth:
    """The pairs of one link id: those that somebody called one person are no pairs of the comparison."""
    people: dict[str, dict[str, list[str]]] = {}
    for source, record, person in zip(*(links.records[name].to_pylist() for name in RECORD), strict=True):
        if person is not None:
            people.setdefault(person, {}).setdefault(source, []).append(known[source, record])
    left, right = (side.source for side in trial.sides)
    return frozenset((a, b) for each in people.values() for a in each.get(left, ()) for b in each.get(right, ()))


def reviewed(
    model: lk.Model, sets: list[lk.EncodedSet], trial: Trial, known: dict[tuple[str, str], str], cut: float
) -> dict[str, list]:
    """Decisions of someone who makes no mistake, about the pairs nearest the cut."""
    near = model.explain(*sets, probability=cut, progress=False).nearest(REVIEWED).to_arrow()
    left, right = (near[name].to_pylist() for name in ("left_id", "right_id"))
    sources = [each.source for each in sets]
    same = [(known[sources[0], a], known[sources[1], b]) in trial.truth for a, b in zip(left, right, strict=True)]
    return {
        "left_source": [sources[0]] * len(left), "left_id": left,
        "right_source": [sources[1]] * len(left), "right_id": right, "same": same,
    }  # fmt: skip


def trials(seeds: int, people: int, small_seeds: int, small: int) -> Iterator[tuple[str, Iterator[Trial]]]:
    """Every data set of two tables, then the presets at small size."""
    for data, made in datasets.trials(range(1, seeds + 1), people, full_size.JUDGED_KEPT).items():
        if data not in full_size.ONE_SIDED:
            yield data, made()
    for preset in full_size.CHECKED_PRESETS:
        whole = partial(datasets.invented, preset, small)
        for kept in (1.0, *full_size.JUDGED_KEPT):
            make = whole if kept == 1.0 else partial(datasets.thinned, whole, kept)
            own = full_size.JUDGED_SEEDS[:small_seeds]
            yield full_size.thinned(f"invented, {preset}", kept), map(make, own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--small-seeds", type=int, default=len(full_size.JUDGED_SEEDS))
    parser.add_argument("--small", type=int, default=full_size.JUDGED_PEOPLE, help="people of the presets")
    parser.add_argument("--data", default="", help="only data sets whose name begins so")
    wanted = parser.parse_args()
    lacking: set[str] = set()
    lines = []
    about = {"versions": machine.versions(), "machine": machine.machine()}
    for data, made in trials(wanted.seeds, wanted.people, wanted.small_seeds, wanted.small):
        if not data.startswith(wanted.data) or not quality.possible(data, ["linkage"], lacking):
            continue
        for trial in made:
            line = {
                "data": data,
                "seed": trial.seed,
                "settings": dict(trial.settings),
                "true_pairs": len(trial.truth),
                **measure(trial),
                "data_versions": dict(trial.versions),
                **about,
            }
            lines.append(line)
            tables.append(judgement_tables.path_of(line), line)
            print(f"{data}, seed {trial.seed}: {said(line)}", flush=True)
    for table in (judgement_tables.judgement(lines), judgement_tables.asked(lines), judgement_tables.refined(lines)):
        print("\n" + table)
    if lacking:
        sys.exit("NOT MEASURED, no environment for pseudopeople: run benchmarks/rivals/environments.py")


def said(line: dict) -> str:
    """One line on the way."""
    if "refused" in line:
        return "refused"
    (precision, *_, true_precision), (recall, *_, true_recall) = line["precision"], line["recall"]
    return (
        f"precision {precision:.3f} stated, {true_precision:.3f} true; recall {recall:.3f}, {true_recall:.3f}; "
        f"F1 {line['f1_before']:.4f}, refined {line['f1_after']:.4f}, decided {line['f1_decided']:.4f}"
    )


if __name__ == "__main__":
    main()
