"""Records a second of `linkage.interop.encode_clkhash` and of clkhash: one schema, the same rows, identical bits.

    python benchmarks/clkhash_speed.py [--people 1000000] [--seed 1] [--anonlink 3000]

Each encoder has a process of its own, one after the other, and its rows in memory in the form it takes them before the
clock starts: clkhash a list of lists, linkage an Arrow table, and the same list of lists as well. Both must give the
same bits, or nothing is written. Invented people; their dates of birth are spread over 90 years. With --anonlink N,
anonlink (environment `anonlink_clk` of benchmarks/rivals/environments.py) links two agencies' records of N children,
once from our CLKs and once from clkhash's, and what it finds is held against `lk.compare`.
Appends to results/encode.jsonl, of which the README's table is made, and prints the line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import full_size

SECRET = "a secret shared by the agencies"
ROUNDS = 5
THRESHOLDS = ("0.6", "0.7", "0.75", "0.8", "0.9")
NGRAM, PLACES = {"type": "ngram", "n": 2}, {"type": "ngram", "n": 1, "positional": True}
DATE = {"type": "date", "format": "%Y-%m-%d"}
FEATURES = {
    "given_name": (NGRAM, 200, {"type": "string"}),
    "surname": (NGRAM, 200, {"type": "string"}),
    "date_of_birth": (PLACES, 200, DATE),
    "sex": ({"type": "exact"}, 40, {"type": "string"}),
    "postcode": (PLACES, 120, {"type": "string"}),
}
SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "salt": "bGlua2FnZQ==", "keySize": 64}},
    "features": [
        {
            "identifier": name,
            "format": form,
            "hashing": {
                "comparison": comparison,
                "strategy": {"bitsPerFeature": bits},
                "hash": {"type": "blakeHash"},
                "missingValue": {"sentinel": "", "replaceWith": ""},
            },
        }
        for name, (comparison, bits, form) in FEATURES.items()
    ],
}


def invented(people: int, seed: int, agency: str = "registry", *, spread: bool = True) -> object:
    """The five columns of some people as an agency knows them, an Arrow table of texts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from linkage import study

    names = {
        "registry": ("forename", "surname", "date_of_birth", "sex", "postcode"),
        "childrens_centre": ("given", "family_name", "dob", "gender", "postcode"),
    }[agency]
    table = study.invent(people, seed=seed)[agency].select(names).rename_columns(list(FEATURES))
    texts = {name: table[name].cast("string").combine_chunks().fill_null("") for name in FEATURES}
    texts["sex"] = pc.utf8_slice_codeunits(texts["sex"], 0, 1)
    if agency == "childrens_centre":
        texts["date_of_birth"] = pc.replace_substring_regex(
            texts["date_of_birth"], r"^(\d\d)/(\d\d)/(\d{4})$", r"\3-\2-\1"
        )
    readable = pc.match_substring_regex(texts["date_of_birth"], r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
    dates = pc.strptime(texts["date_of_birth"], format="%Y-%m-%d", unit="s", error_is_null=True)
    readable = pc.and_(readable, pc.is_valid(dates))
    if spread:
        days = np.random.default_rng(seed).integers(0, 90 * 365, len(dates))
        seconds = dates.cast("int64").fill_null(0).to_numpy() - days * 86_400
        dates = pa.array(seconds, pa.timestamp("s"))
    texts["date_of_birth"] = pc.if_else(readable, dates.cast(pa.date32(), safe=False).cast("string"), "")
    return pa.table(texts)


def first(people: int, seed: int) -> object:
    """So many people of the registry, which knows some nine in ten of those who are invented."""
    rows = invented(people * 6 // 5 + 10, seed).slice(0, people)
    if rows.num_rows < people:
        raise SystemExit(f"only {rows.num_rows:,} records were invented: nothing was measured")
    return rows


def encode_with_linkage(path: Path) -> dict:
    """Our side, in a process of its own."""
    import machine
    import pyarrow.parquet as pq

    import linkage as lk
    from linkage import interop

    warnings.simplefilter("ignore", lk.LinkageWarning)
    table = pq.read_table(path)
    schema = lk.Schema.from_clkhash(SCHEMA)
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        made = interop.encode_clkhash(table, schema, SECRET)
        seconds.append(time.perf_counter() - start)
    digest = hashlib.sha256(made.filters["record"].tobytes()).hexdigest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    start = time.perf_counter()
    interop.encode_clkhash(rows, schema, SECRET)
    from_rows = time.perf_counter() - start
    return {
        "records_per_second": round(len(made) / statistics.median(seconds)),
        "slowest_and_fastest": [round(len(made) / max(seconds)), round(len(made) / min(seconds))],
        "records_per_second_from_rows": round(len(made) / from_rows),
        "peak_mib": peak >> 10,
        "digest": digest,
        "versions": machine.versions(),
    }


def encode_with_clkhash(path: Path) -> dict:
    """Their side, in a process of its own, without worker processes."""
    from importlib.metadata import version

    import pyarrow.parquet as pq
    from clkhash.clk import generate_clks
    from clkhash.schema import from_json_dict

    rows = [list(row) for row in zip(*(column.to_pylist() for column in pq.read_table(path).columns), strict=True)]
    schema = from_json_dict(SCHEMA)
    start = time.perf_counter()
    made = generate_clks(rows, schema, SECRET, max_workers=1)
    seconds = time.perf_counter() - start
    total = hashlib.sha256()
    for clk in made:
        total.update(clk.tobytes())
    return {
        "records_per_second": round(len(made) / seconds),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "digest": total.hexdigest(),
        "versions": {name: version(name) for name in ("clkhash", "bitarray", "cryptography")},
    }


def find_with_anonlink(folder: Path) -> dict:
    """anonlink's candidate pairs from our CLKs and from clkhash's; runs in the rival's environment."""
    import anonlink
    from clkhash.clk import generate_clks
    from clkhash.schema import from_json_dict
    from clkhash.serialization import deserialize_bitarray

    kinds = {"ours": [], "theirs": []}
    for side in ("left", "right"):
        clks = json.loads((folder / f"{side}.json").read_text())["clks"]
        kinds["ours"].append([deserialize_bitarray(clk) for clk in clks])
        rows = json.loads((folder / f"{side}-rows.json").read_text())
        kinds["theirs"].append(generate_clks(rows, from_json_dict(SCHEMA), SECRET, max_workers=1))
    for kind, clks in kinds.items():
        for threshold in THRESHOLDS:
            pairs = anonlink.candidate_generation.find_candidate_pairs(
                clks, anonlink.similarities.dice_coefficient, float(threshold)
            )
            with (folder / f"{kind}-{threshold}").open("wb") as handle:
                anonlink.serialization.dump_candidate_pairs(pairs, handle)
    return {}


def same_links(people: int, seed: int, folder: Path) -> list[dict]:
    """What anonlink finds, from our CLKs and from clkhash's, beside what `lk.compare` finds."""
    import environments

    import linkage as lk
    from linkage import interop

    schema = lk.Schema.from_clkhash(SCHEMA)
    sets = []
    for side, agency in (("left", "registry"), ("right", "childrens_centre")):
        table = invented(people, seed, agency, spread=False)
        rows = [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
        (folder / f"{side}-rows.json").write_text(json.dumps(rows))
        sets.append(interop.encode_clkhash(rows, schema, SECRET.encode(), source=side))
        interop.write_clks(sets[-1], folder / f"{side}.json")
    run(environments.python("anonlink_clk"), "anonlink", folder)
    found = []
    for threshold in THRESHOLDS:
        ours, theirs = (
            of(interop.read_candidate_pairs(folder / f"{kind}-{threshold}", *sets)) for kind in ("ours", "theirs")
        )
        own = of(lk.compare(*sets, threshold=threshold, progress=False))
        found.append(
            {
                "threshold": threshold,
                "anonlink": len(theirs),
                "anonlink_from_our_clks": len(ours),
                "linkage": len(own),
                "same_from_both_clks": ours == theirs,
                "missed_by_linkage": len(theirs.items() - own.items()),
                "found_by_linkage_alone": len(own.keys() - theirs.keys()),
                "of_these_not_exactly_at_threshold": sum(
                    own[pair] != float(threshold) for pair in own.keys() - theirs.keys()
                ),
            }
        )
    return found


def of(pairs: object) -> dict:
    """(left, right) -> similarity."""
    return dict(
        zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.similarity.tolist(), strict=True)
    )


def run(python: object, role: str, path: Path) -> dict:
    """What this script says in that role, in a new process."""
    done = subprocess.run(
        [python, __file__, "--role", role, "--path", path], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.ENCODED, help="records to encode")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--anonlink", type=int, default=0, metavar="N", help="also link the records of N children")
    parser.add_argument("--role", choices=["linkage", "clkhash", "anonlink"], help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    roles = {"linkage": encode_with_linkage, "clkhash": encode_with_clkhash, "anonlink": find_with_anonlink}
    if asked.role:
        print(json.dumps(roles[asked.role](asked.path)))
        return
    measure(asked.people, asked.seed, asked.anonlink)


def measure(people: int, seed: int, linked: int) -> None:
    """Both encoders on the same rows, then anonlink if asked for."""
    sys.path.insert(0, str(Path(__file__).parent / "rivals"))
    import encode_tables
    import machine
    import pyarrow.parquet as pq
    import results_kept

    with tempfile.TemporaryDirectory(prefix="clkhash-speed-") as scratch:
        folder = Path(scratch)
        rows = first(people, seed)
        pq.write_table(rows, folder / "rows.parquet")
        ours, theirs = (run(sys.executable, role, folder / "rows.parquet") for role in ("linkage", "clkhash"))
        if ours.pop("digest") != theirs.pop("digest"):
            raise SystemExit("the bits differ: nothing was measured")
        line = {
            "what": encode_tables.CLKHASH,
            "settings": {"people": rows.num_rows},
            "seed": seed,
            "versions": ours.pop("versions") | theirs.pop("versions"),
            "linkage": ours,
            "clkhash": theirs,
            "times_clkhash": round(ours["records_per_second"] / theirs["records_per_second"], 1),
            "identical_bits": True,
            "machine": machine.machine(),
        }
        if linked:
            line["anonlink"] = same_links(linked, seed, folder)
    results_kept.append(encode_tables.ENCODE, line)
    print(json.dumps(line, indent=1))


if __name__ == "__main__":
    main()
