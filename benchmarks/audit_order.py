"""Whether the audit orders ways to encode as the attacks do: rank correlation of its risk with re-identification.

    python benchmarks/audit_order.py [--people 1000] [--seeds 10] [--only plain fold]

Twenty ways to encode births of the registry. `FIXED` were written down before there was an audit, `ADDED` after it.
Each is attacked by the keyless attacks of `linkage.study.attacks` that name people, in the case ``partial`` of the
literature, at overlaps from 10 to 100 %; what it gives away is the mean, over overlaps and seeds, of the share that the
best attack named rightly. The audit sees the set with the agency's own table and key, and no attack. Graph matching
tries two of its ways to begin, so a rate here says less of it than attacks.py does. Appends a line a way and seed to
results/audit_order.jsonl and prints them, with Spearman's rank correlation of all ways and of the fixed ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import full_size
import machine
import numpy as np
import results_kept
from scipy.stats import spearmanr

import linkage as lk
from linkage import study
from linkage.study import attacks
from linkage.study.attacks.components import Independent
from linkage.study.attacks.moments import Leaning

Way = Mapping[str, Any]

ORDER = results_kept.RESULTS / "audit_order.jsonl"
AGENCY = "registry"
BORN = 1.15  # invented for each that is wanted: some were born elsewhere
KEYS_FROM = 40_000
OVERLAPS = (0.1, 0.3, 1.0)
ATTACKS = {
    "frequency alignment": attacks.frequency_alignment,
    "pattern mining": attacks.pattern_mining,
    "graph matching": attacks.graph_matching,
    "known pairs": attacks.known_pairs,
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {"graph matching": {"starts": (Leaning(20, 1.0), Independent(30))}}


@dataclass(frozen=True, eq=False)
class Given:
    """An encoded set, what the adversary holds, and what counts the claims."""

    encoded: lk.EncodedSet
    lists: attacks.Lists
    key: lk.Key
    id: str
    columns: Mapping[str, str | None]


# before the audit was written: never change these, add to ADDED
FIXED: Mapping[str, Way] = {
    "linkable": {"profile": "linkable"},
    "plain": {"bits": 1024},
    "fold": {"bits": 1024, "fold": 1},
    "diffuse 4": {"bits": 1024, "diffuse": 4},
    "diffuse 10": {"bits": 1024, "diffuse": 10},
    "noise 0.3": {"bits": 1024, "noise": 0.3},
    "salt dob": {"bits": 1024, "salt": "dob"},
    "saul 2": {"bits": 1024, "saul": 2},
    "guarded": {"profile": "guarded"},
    "hardened": {"profile": "hardened"},
}


def schema_of(way: Way) -> lk.Schema:
    """The preset ``uk-person``, all of its fields or those named, encoded that way."""
    if "profile" in way:
        return lk.Schema.preset("uk-person", project="audit", profile=way["profile"])
    # positions and votes are those of this width and hardening, not the preset's
    preset = lk.Schema.preset("uk-person", project="audit", layout="record")
    fields = tuple(
        dataclasses.replace(field, bits=0, hashes=0)
        for field in preset.fields
        if field.name in way.get("fields", [each.name for each in preset.fields])
    )
    steps = {name: value for name, value in way.items() if name not in ("bits", "fields")}
    return lk.Schema(project="audit", fields=fields, layout="record", bits=way["bits"], harden=lk.Hardening(**steps))


ADDED: Mapping[str, Way] = {
    "four fields": {"bits": 1024, "fields": ("given_name", "surname", "dob", "postcode")},
    "diffuse 2": {"bits": 1024, "diffuse": 2},
    "diffuse 6": {"bits": 1024, "diffuse": 6},
    "fold twice": {"bits": 1024, "fold": 2},
    "noise 0.6": {"bits": 1024, "noise": 0.6},
    "salt sex": {"bits": 1024, "salt": "sex"},
    "saul 1": {"bits": 1024, "saul": 1},
    "saul 3, narrow": {"bits": 512, "saul": 3},
    "saul 2, noise": {"bits": 2048, "saul": 2, "noise": 0.4},
    "saul 6": {"bits": 4096, "saul": 6},
}
WAYS = {**FIXED, **ADDED}


def attacked(given: Given, names: Collection[str] = ATTACKS) -> dict[str, attacks.Reidentified]:
    """Attack -> whom it named rightly, of all attacks or some."""
    told = {"truth": given.lists.truth, "truth_key": given.key, "id": given.id, "columns": given.columns}
    return {
        name: attack(given.encoded, given.lists.known, **told, **SETTINGS.get(name, {}))
        for name, attack in ATTACKS.items()
        if name in names
    }


def audited(given: Given) -> dict[str, Any]:
    """The risk with the agency's table and key, and of the file's content alone."""
    at = {"id": given.id, "columns": given.columns}
    whole = lk.audit(given.encoded, schema=given.encoded.schema, key=given.key, table=given.lists.held, **at)
    return {
        "risk": round(whole.risk, 4),
        "risk_of_set": round(lk.audit(given.encoded).risk, 4),
        "level": whole.level,
    }


def made(way: Way, seed: int, people: int, overlap: float) -> Given:
    """A way's set of a seed's births, and the adversary's list."""
    population = study.invent(int(people * BORN) + 50, seed=seed, agencies=[AGENCY])
    schema, id = schema_of(way), population.ids[AGENCY]
    columns = population.held(AGENCY, schema)
    held = population[AGENCY].slice(0, people)
    lists = attacks.two_lists(held, id=id, overlap=overlap, case="partial", seed=seed)
    key = lk.Key(np.random.default_rng(KEYS_FROM + seed).bytes(32))
    encoded = lk.encode(lists.held, schema, key, id=id, source=AGENCY, columns=columns, progress=False)
    return Given(encoded, lists, key, id, columns)


def measure(
    way: Way, seed: int, people: int, before: Mapping[str, Any] | None = None, names: Collection[str] = tuple(ATTACKS)
) -> dict[str, Any]:
    """All figures of a way: the best attack at each overlap, their mean, and the audit at the greatest.

    Attacks that are not among ``names``, and the audit, are as they were ``before``.
    """
    found = {
        overlap: (before["rates"][str(overlap)] if before else {})
        | {name: own.rate for name, own in attacked(made(way, seed, people, overlap), names).items()}
        for overlap in OVERLAPS
    }
    best = {overlap: max(rates.values()) for overlap, rates in found.items()}
    return {
        "named": round(mean(best.values()), 4),
        "by": {str(overlap): max(rates, key=lambda name: rates[name]) for overlap, rates in found.items()},
        "rates": {
            str(overlap): {name: round(rate, 4) for name, rate in found[overlap].items()} for overlap in OVERLAPS
        },
        **(
            {name: before[name] for name in ("risk", "risk_of_set", "level")}
            if before
            else audited(made(way, seed, people, max(OVERLAPS)))
        ),
    }


def correlation(lines: list[dict], risk: str) -> float:
    """Spearman's, over ways, of a risk with the share named; both are means over seeds, equal ones share a rank.

    >>> lines = [{"way": str(n), "named": n / 9, "risk": n**2} for n in range(9)]
    >>> round(correlation(lines, "risk"), 6)
    1.0
    """
    ways = list(dict.fromkeys(line["way"] for line in lines))
    means = [[mean(line[name] for line in lines if line["way"] == way) for way in ways] for name in ("named", risk)]
    return float(spearmanr(*means).statistic)


def interval(lines: list[dict], risk: str, draws: int = 2_000) -> tuple[float, float]:
    """The middle 95 % of the same over ways that are drawn again, so many as there are."""
    own = {way: [line for line in lines if line["way"] == way] for way in dict.fromkeys(line["way"] for line in lines)}
    values = [[mean(line[name] for line in each) for each in own.values()] for name in ("named", risk)]
    rng, found = np.random.default_rng(0), []
    for _ in range(draws):
        chosen = rng.integers(0, len(own), len(own))
        if len(set(chosen.tolist())) > 2:
            found.append(spearmanr(*(np.array(each)[chosen] for each in values)).statistic)
    low, high = np.nanquantile(found, (0.025, 0.975))
    return float(low), float(high)


def table(lines: list[dict]) -> str:
    """A row a way, the most often named first, and the correlations."""
    rows = [["way", "fixed first", "named", "by", "risk", "risk, set alone"], ["---"] * 6]
    own = {way: [line for line in lines if line["way"] == way] for way in dict.fromkeys(line["way"] for line in lines)}
    for way, each in sorted(own.items(), key=lambda item: -mean(line["named"] for line in item[1])):
        by = ", ".join(dict.fromkeys(name for line in each for name in line["by"].values()))
        figures = (mean(line[name] for line in each) for name in ("named", "risk", "risk_of_set"))
        named, risk, alone = (
            f"{100 * figure:.1f} %" if n == 0 else f"{figure:.3f}" for n, figure in enumerate(figures)
        )
        rows.append([way, "yes" if way in FIXED else "", named, by, risk, alone])
    said = [results_kept.table_row(row) for row in rows]
    for what, kept in (("all ways", WAYS), ("fixed first", FIXED)):
        some = [line for line in lines if line["way"] in kept]
        if len({line["way"] for line in some}) > 2:
            low, high = interval(some, "risk")
            said.append(
                f"Spearman, {what}: {correlation(some, 'risk'):.3f} ({low:.2f} to {high:.2f} over ways drawn again); "
                f"set alone {correlation(some, 'risk_of_set'):.3f}"
            )
    return "\n".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, default=len(full_size.ATTACK_SEEDS))
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--out", type=Path, default=ORDER)
    parser.add_argument("--attack", nargs="+", choices=ATTACKS, help="these anew; the rest as it was last measured")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore", lk.LinkageWarning)
    about, lines = {"versions": machine.versions(), "machine": machine.machine()}, []
    for way in wanted.only:
        for seed in range(1, wanted.seeds + 1):
            of = {"way": way, "seed": seed, "settings": {"people": wanted.people, "overlaps": list(OVERLAPS)}}
            before = None if wanted.attack is None else results_kept.latest(ORDER, **of)
            lines.append(of | measure(WAYS[way], seed, wanted.people, before, wanted.attack or ATTACKS))
            results_kept.append(wanted.out, lines[-1] | about)
            print({name: lines[-1][name] for name in ("way", "seed", "named", "by", "risk", "risk_of_set")}, flush=True)
    print(f"\n{wanted.people:,} people, {wanted.seeds} seeds\n" + table(lines))


if __name__ == "__main__":
    main()
