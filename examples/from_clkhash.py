# %% [markdown]
# # From clkhash and anonlink to linkage, one side at a time
#
# A registry office and a children's centre have linked with clkhash and anonlink for years. The centre's new analyst
# wants to use linkage; the registry changes nothing this spring. So both sides must go on making the same bits.
#
# Left in the comments: the lines they run today. Below them: the lines that replace them. Everybody is invented.
#
# clkhash is needed here, to hold its CLKs against ours. anonlink runs on the same CLKs where it is installed; it has
# wheels for CPython 3.11 and older only. Where it is not, a plain count of the bits stands in for it, and says so.

# %%
import json
import tempfile
import warnings
from pathlib import Path

from clkhash.clk import generate_clks  # today
from clkhash.schema import from_json_dict
from clkhash.serialization import serialize_bitarray

import linkage as lk  # from now on
from linkage import interop, study

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which warns
        import anonlink  # today
except ImportError:
    anonlink = None

folder = Path(tempfile.mkdtemp(prefix="from-clkhash-"))
FIELDS = ("given", "surname", "born", "sex")
THRESHOLD = 0.8
COLUMNS = {
    "registry": ("forename", "surname", "date_of_birth", "sex"),
    "childrens_centre": ("given", "family_name", "dob", "gender"),
}


def rows_of(people: study.Population, agency: str) -> list[list[str]]:
    """An agency's records as its clkhash script has always prepared them: dates as 2019-04-03, sex as one letter."""
    rows = []
    for record in people[agency].select(COLUMNS[agency]).to_pylist():
        given, surname, born, sex = (str(value or "").strip() for value in record.values())
        if "/" in born:
            born = "-".join(reversed(born.split("/")))
        rows.append([given.upper(), surname.upper(), born, sex[:1].upper()])
    return rows


people = study.invent(900, seed=20260412)
registry, centre = (rows_of(people, agency) for agency in COLUMNS)
print(f"registry: {len(registry)} births; children's centre: {len(centre)} registrations")

# %% [markdown]
# ## The schema stays the file it is
# `schema.json` is what both agencies agreed on. linkage reads versions 1, 2 and 3.


# %%
def feature(name: str, comparison: dict, bits: int) -> dict:
    hashing = {"comparison": comparison, "strategy": {"bitsPerFeature": bits}, "hash": {"type": "blakeHash"}}
    return {"identifier": name, "format": {"type": "string"}, "hashing": hashing}


names, digits = {"type": "ngram", "n": 2}, {"type": "ngram", "n": 1, "positional": True}
SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "salt": "c3ByaW5nIDIwMjY=", "keySize": 64}},
    "features": [
        feature("given", names, 160),
        feature("surname", names, 160),
        feature("born", digits, 160),
        feature("sex", {"type": "exact"}, 30),
    ],
}
(folder / "schema.json").write_text(json.dumps(SCHEMA))

# today: their_schema = clkhash.schema.from_json_file(open("schema.json"))
their_schema = from_json_dict(json.loads((folder / "schema.json").read_text()))
schema = lk.Schema.from_clkhash(folder / "schema.json")
print("schema:", schema.bits, "bits, fingerprint", schema.fingerprint()[:16])

# %% [markdown]
# ## Encoding: the same bits
# The registry goes on with clkhash. The centre encodes with linkage, from the same schema and secret. A secret that is
# text works and warns: whoever guesses the phrase can open every CLK. Bytes are taken as they are.

# %%
SECRET = "our old shared phrase"

# today: clks = generate_clks(rows, their_schema, secret)
registry_clks = generate_clks(registry, their_schema, SECRET, max_workers=1)
(folder / "registry.json").write_text(json.dumps({"clks": [serialize_bitarray(clk) for clk in registry_clks]}))

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    centre_set = interop.encode_clkhash(centre, schema, SECRET, source="childrens_centre")
print("linkage warns:", str(said[0].message).split(":")[0])

centre_clks = generate_clks(centre, their_schema, SECRET, max_workers=1)
same = sum(ours == theirs for ours, theirs in zip(interop.to_bitarrays(centre_set), centre_clks, strict=True))
print(f"the centre's CLKs that are bit for bit what clkhash makes: {same} of {len(centre_clks)}")
assert same == len(centre_clks)

# %% [markdown]
# ## Files go both ways
# A partner with anonlink reads what `write_clks` writes. What clkhash wrote becomes a set like any other: it knows its
# width, and with `schema=` also what it must not be compared with. On the command line:
# `linkage convert registry.json -o registry.parquet --schema schema.json`.

# %%
interop.write_clks(centre_set, folder / "childrens_centre.json")
registry_set = interop.read_clks(folder / "registry.json", schema=schema)
print(registry_set)

# %% [markdown]
# ## Finding pairs
# Every pair that anonlink finds is found. Those exactly on the threshold are found as well, whichever side comes first:
# anonlink's rounding drops some, so two filters of 60 and 100 bits, one inside the other, are 0.75 alike and lost.


# %%
def counted(left: list, right: list) -> dict:
    """What find_candidate_pairs is to give, by counting; anonlink's own rounding is not in it."""
    found = {}
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            together = one.count() + other.count()
            similarity = 2 * (one & other).count() / together if together else 0.0
            if similarity >= THRESHOLD:
                found[row, column] = similarity
    return found


# today: candidates = anonlink.candidate_generation.find_candidate_pairs(
#            [registry_clks, centre_clks], anonlink.similarities.dice_coefficient, 0.8)
if anonlink:
    found = anonlink.candidate_generation.find_candidate_pairs(
        [registry_clks, centre_clks], anonlink.similarities.dice_coefficient, THRESHOLD
    )
    similarities, _, (rows, columns) = found
    their_pairs = dict(zip(zip(rows, columns, strict=True), similarities, strict=True))
else:
    their_pairs = counted(registry_clks, centre_clks)
print(
    "theirs is anonlink itself" if anonlink else "anonlink is not installed: theirs is a plain count of the same bits"
)
pairs = lk.compare(registry_set, centre_set, threshold=THRESHOLD, progress=False)
our_pairs = dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.similarity, strict=True))
print(f"candidate pairs: theirs {len(their_pairs)}, ours {len(our_pairs)}")
assert their_pairs.items() <= our_pairs.items()
more = [our_pairs[pair] for pair in our_pairs.keys() - their_pairs.keys()]
print(f"of ours, not among theirs: {len(more)}, all of them exactly {THRESHOLD} alike" if more else "the same pairs")
assert set(more) <= {THRESHOLD}

# %% [markdown]
# ## Solving
# anonlink takes the most alike pair first. `link` chooses the pairs whose similarities add up to most, so that one
# record's second best is not lost to another's first. Where nothing competes they are the same.


# %%
def greedy(found: dict) -> set:
    """What greedy_solve does with two datasets."""
    lefts, rights, groups = set(), set(), set()
    for row, column in sorted(found, key=lambda pair: (-found[pair], pair)):
        if row not in lefts and column not in rights:
            lefts.add(row)
            rights.add(column)
            groups.add((row, column))
    return groups


# today: groups = anonlink.solving.greedy_solve(candidates)
if anonlink:
    their_groups = {tuple(row for _, row in sorted(group)) for group in anonlink.solving.greedy_solve(found)}
else:
    their_groups = greedy(their_pairs)
links = lk.link(registry_set, centre_set, threshold=THRESHOLD, progress=False)
interop.write_groups(links, folder / "groups.json", sources=("registry", "childrens_centre"))
# on the command line: linkage convert links.parquet -o groups.json --sources registry,childrens_centre
our_groups = {(left, right) for (_, left), (_, right) in interop.read_groups(folder / "groups.json")}
print(f"linked people: theirs {len(their_groups)}, ours {len(our_groups)}, the same {len(their_groups & our_groups)}")
assert len(their_groups ^ our_groups) <= len(their_groups) // 50

# %% [markdown]
# ## Each agency gets its own rows back
# The record id of a CLK is its row number, and nothing of the other agency is in a release.

# %%
release = links.release("childrens_centre", linked_only=True)
for record in release.table.slice(0, 3).to_pylist():
    print(f"row {int(record['record_id']):>4}: link {record['link_id'][:8]}...")

# %% [markdown]
# ## When the registry changes too
# Then nothing has to stay as it was: a key that nobody can guess, keyed record ids, dates and names compared as what
# they are, and a model that finds without a threshold what one filter and one threshold miss.

# %%
key = lk.Key.generate()
agreement = lk.Schema.preset("uk-person", project="spring-2026")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", lk.LinkageWarning)  # each agency has read what `check` says of its table
    sets = [
        lk.encode(
            people[agency], agreement, key, id=people.ids[agency], source=agency,
            columns=people.held(agency, agreement), progress=False,
        )
        for agency in COLUMNS
    ]  # fmt: skip
    links_of_fields = lk.link(*sets, progress=False)
    own_ids = {agency: people[agency][people.ids[agency]].to_pylist() for agency in COLUMNS}
true_pairs = {tuple(row.values()) for row in people.pairs("registry", "childrens_centre").to_pylist()}
by_clk = {(own_ids["registry"][left], own_ids["childrens_centre"][right]) for left, right in our_groups}
print(f"true pairs: {len(true_pairs)}")
print(f"found by CLKs at {THRESHOLD}: {len(by_clk & true_pairs)}, and {len(by_clk - true_pairs)} wrong")
print(f"found by linkage's own encoding: {lk.evaluate(links_of_fields, people.truth, key=key)}")
