"""What the README's figures are measured with: a run with anything less is a trial, and no table shows it."""

from __future__ import annotations

PEOPLE = 6_000  # invented children
NOISE = 0.04  # of pseudopeople's cells, in each way
DEFAULT_NOISE = "default"  # pseudopeople's own: 1 % in each way, some rows left out
SHARED = 2_500  # people in both halves of Febrl 4
SEEDS = (1, 2, 3)
FRONTIER_SEEDS = tuple(range(4, 14))  # the widths of the profiles were chosen on 1 to 3
HALVES = tuple(range(10))
GROUPED = 20_000  # invented children, of whom enough are of the rarest origins
CHECKED = 50_000  # invented children, held against sources
COMPARED = 20_000  # rows of either side, where speed is compared
COMPARED_MOST = 1_000_000  # the same, by the command
ENCODED = 1_000_000  # invented people, encoded
ENCODED_CSV = 10_000_000  # rows of a CSV file, encoded to a file
CHECK_SEED = 1
CHECKED_PRESETS = ("typical", "clean", "hard")
OVERLAP_FIELDS = ("six fields", "names, date, sex")
OVERLAPS = (1.0, 0.3, 0.1, 0.01)
FEBRL4_FIELDS = ("seven fields", "four fields")
PRESETS = ("typical", "hard")
DATA = (
    *(f"Febrl 4, {fields}" for fields in FEBRL4_FIELDS),
    *(f"invented, {preset}" for preset in PRESETS),
    "pseudopeople, births x wic",
    "pseudopeople, wic x census",
)
LITTLE_NOISE = tuple(f"{data}, {DEFAULT_NOISE} noise" for data in DATA if data.startswith("pseudopeople"))
TWO_SIDED = (*DATA, *LITTLE_NOISE)
ONE_SIDED = ("Febrl 3, duplicates",)
RECORDS = 5_000  # in Febrl 3
KEPT = (0.5, 0.3, 0.1, 0.01)  # of the partners, beside all of them
JUDGED_KEPT = (0.5, 0.1, 0.01)  # of the partners, beside all of them
OWN_THRESHOLD_KEPT = (0.5,)  # of the partners, beside all of them
OWN_THRESHOLD_ENCODINGS = ("record", "guarded", "clkhash", "clkhash, uniform")
JUDGED_PEOPLE = 1_500  # of each preset
JUDGED_SEEDS = tuple(range(101, 121))  # nothing was developed with them
KEYS = 10
COST_ROWS = 25_000
COST_LARGE = (1_000_000, 100_000)
CANDIDATE_ROWS = (100_000, 300_000, 1_000_000, 3_000_000)
NATION_ROWS = (100_000, 300_000, 1_000_000, 10_000_000)


def thinned(data: str, kept: float) -> str:
    """The name of a data set of which one side has kept so many of its partners.

    >>> thinned("invented, hard", 0.01), thinned("invented, hard", 1.0)
    ('invented, hard, 1 % of partners', 'invented, hard')
    """
    return data if kept == 1.0 else f"{data}, {100 * kept:.0f} % of partners"


SEVERAL_PEOPLE, SEVERAL_SEEDS = 20_000, (1, 2, 3)
BATCHES = (0.01, 0.02, 0.04, 0.08)  # of all records, added to a standing result
SEVERAL_RECORDS = 100_000  # of each of five agencies

ATTACKED = 5_000  # invented births
XOR_MORE = 1.25  # times as many, where it is asked whether bits are sums of others
ATTACK_SEEDS = tuple(range(1, 11))
ATTACK_OVERLAPS = (0.05, 0.1, 0.2, 0.5, 1.0)
FRONTIER_ATTACKED = 1_000  # the same, of each way to encode
EVERYBODY = 2_000  # the same, where the list has all of them
EVERYBODY_SEEDS = (1, 2, 3)
EVERYBODY_WAYS = (
    "diffuse=2,bits=2048", "diffuse=3,bits=1024", "diffuse=3,bits=2048", "diffuse=4,bits=2048", "saul=2,bits=2048",
    "saul=3,bits=8192", "profile: guarded", "profile: hardened",
)  # fmt: skip
CASES = ("subset", "partial")
ENCODINGS = ("record", "fields", "guarded", "hardened")
ATTACKS = ("frequency alignment", "pattern mining", "graph matching", "known pairs", "dictionary", "xor tuples")


MODEL_DATA = (*TWO_SIDED, *ONE_SIDED, *(thinned(data, kept) for data in TWO_SIDED for kept in KEPT))


def settings(data: str) -> dict[str, float | str]:
    """Those of a data set, by its name in the tables.

    >>> settings("pseudopeople, births x wic")
    {'noise': 0.04}
    >>> settings("pseudopeople, births x wic, default noise, 10 % of partners")
    {'noise': 'default', 'kept': 0.1}
    """
    whole = {thinned(each, kept): (each, kept) for each in TWO_SIDED for kept in KEPT}
    name, kept = whole.get(data, (data, 1.0))
    of_kind: dict[str, dict[str, float | str]] = {
        "invented": {"people": PEOPLE},
        "pseudopeople": {"noise": DEFAULT_NOISE if name in LITTLE_NOISE else NOISE},
        "Febrl 4": {"shared": SHARED},
        "Febrl 3": {"records": RECORDS},
    }
    return of_kind[name.partition(",")[0]] | ({} if kept == 1.0 else {"kept": kept})
