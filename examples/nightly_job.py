# %% [markdown]
# # For developers: linkage as a nightly job, from table to release
#
# A children's services system exports a table at night. By morning its users want to see which of their families the
# registry knows as well. Nobody is at the keyboard: the job must know by exit codes what happened, leave no half
# written file, write down what it did, and stop before anything leaves that should not.
#
# Everybody here is invented. The commands are run as a scheduler would run them; a shell would do as well.

# %%
import csv
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
from pyarrow import csv as arrow_csv

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}

for place in ("agency", "registry", "centre"):  # three machines, here three folders
    Path(place).mkdir(exist_ok=True)


def run(*command):
    """One command, as the scheduler sees it: what it printed on stdout, its exit code, the last line of stderr."""
    done = subprocess.run([sys.executable, "-m", "linkage", *map(str, command)], capture_output=True, text=True)
    said = done.stderr.strip().splitlines()
    shown = " ".join(str(part) for part in command if not str(part).startswith("--column="))
    print(f"$ linkage {shown}\n  exit {done.returncode}{': ' + said[-1] if done.returncode else ''}")
    return done


# %% [markdown]
# ## Before the first night
# The agreement is text, and both agencies keep the same file. The key is made once, and carried over by hand: never by
# mail, never through the centre. Both are checked by number, which may be read out over the telephone.

# %%
people = study.invent(2_500, seed=20251126)
arrow_csv.write_csv(people["registry"], "registry/births.csv")
arrow_csv.write_csv(people["childrens_centre"], "agency/export.csv")
lk.Schema.preset("uk-person", project="first-steps-2026").save("agreement.toml")
lk.Key.generate().save("project.key")
print(Path("agreement.toml").read_text()[:210])
print("the key file can be read by its owner alone:", oct(Path("project.key").stat().st_mode & 0o777))

# %%
COLUMNS = [
    f"--column={field}={column}"
    for field, column in people.held("childrens_centre", lk.Schema.load("agreement.toml")).items()
    if column
]
AGENCY = ["agency/export.csv", "--schema", "agreement.toml", *COLUMNS]
REGISTRY = ["registry/births.csv", "--schema", "agreement.toml"]
held = people.held("registry", lk.Schema.load("agreement.toml"))
REGISTRY += [f"--column={field}={column}" for field, column in held.items() if column]
REGISTRY += ["--without", ",".join(field for field, column in held.items() if column is None)]

# %% [markdown]
# ## The job at the agency
# Four steps, each with a gate. `check` says what cannot be read, as JSON, so that the job can stop where a change in
# the export broke a column. `encode` writes the file. `audit` looks at it as an attacker would, and exits with 5 where
# it gives away more than was agreed. Only then is it copied to where the centre fetches it.

# %%
LOG = ["--log", "agency/linkage.log"]


def nightly():
    """The job; True if a file went to the centre."""
    checked = run("check", *AGENCY, "--id", "reg_no", "--json")
    if checked.returncode:
        return False
    problems = json.loads(checked.stdout)
    share = problems["problems"] / problems["rows"]
    print(f"  {problems['problems']} problems in {problems['rows']:,} rows")
    if share > 0.05:
        print("  STOP: so many problems mean that the export has changed")
        return False
    made = run(*LOG, "encode", *AGENCY, "--id", "reg_no", "--source", "childrens_centre", "--key", "project.key",
               "-o", "agency/out.parquet")  # fmt: skip
    if made.returncode:
        return False
    audited = run(*LOG, "audit", "agency/out.parquet", "--schema", "agreement.toml", "--key", "project.key",
                  "--table", "agency/export.csv", "--id", "reg_no", *COLUMNS, "--json")  # fmt: skip
    if audited.returncode:
        return False
    shutil.copy("agency/out.parquet", "centre/childrens_centre.parquet")
    return True


print("sent:", nightly())

# %% [markdown]
# The registry does the same on its machine.

# %%
run(
    "encode",
    *REGISTRY,
    "--id",
    "entry_no",
    "--source",
    "registry",
    "--key",
    "project.key",
    "-o",
    "registry/out.parquet",
)
sent = shutil.copy("registry/out.parquet", "centre/registry.parquet")

# %% [markdown]
# ## The job at the centre
# No key, no name. It links, keeps the result for tomorrow, and writes one release for each agency. Tomorrow's run gives
# `--standing`, so that a family keeps its link id.

# %%
SETS = ["centre/registry.parquet", "centre/childrens_centre.parquet"]
linked = run("--log", "centre/linkage.log", "link", *SETS, "-o", "centre/links.parquet", "--json")
result = json.loads(linked.stdout)
expected = result["expected"]
precision, recall = (expected[name]["value"] for name in ("precision", "recall"))
print(f"  {result['pairs']:,} pairs, expected precision {precision:.3f}, recall {recall:.3f}")
if expected["precision"]["low"] < 0.97:
    print("  STOP: too many of the links may be wrong; somebody has to look")
for source in ("registry", "childrens_centre"):
    run(
        "--log",
        "centre/linkage.log",
        "release",
        "centre/links.parquet",
        "--source",
        source,
        "-o",
        f"centre/for-{source}.parquet",
    )

# %% [markdown]
# ## By morning, at the agency
# The link ids stand beside its own records.

# %%
run("rejoin", "centre/for-childrens_centre.parquet", "agency/export.csv", "--key", "project.key", "--id", "reg_no",
    "-o", "agency/linked.csv")  # fmt: skip
with Path("agency/linked.csv").open(newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
known = sum(bool(row["link_id"]) for row in rows)
figure, ax = plt.subplots(figsize=(8, 1.8))
ax.barh([0], [known], color="#0072B2", label=f"known to the registry too: {known:,}")
ax.barh([0], [len(rows) - known], left=known, color="#E69F00", label=f"not: {len(rows) - known:,}")
ax.set(yticks=[], xlabel="registrations in this morning's table")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.6), ncol=2, frameon=False)
plt.show()

# %% [markdown]
# ## What goes wrong at night, and what the job sees
# Each failure has an exit code of its own and one line that says what to do. No output is left half written: whatever
# was there before is still there.

# %%
before = Path("agency/out.parquet").read_bytes()
# the export lost a column
lines = Path("agency/export.csv").read_text(encoding="utf-8").splitlines()
Path("agency/broken.csv").write_text("\n".join(line.split(",", 1)[1] for line in lines), encoding="utf-8")
AS_OURS = ["--id", "reg_no", "--source", "childrens_centre", "--key", "project.key", "-o", "agency/out.parquet"]
run("encode", "agency/broken.csv", *AGENCY[1:], *AS_OURS)
# a record is there twice
Path("agency/twice.csv").write_text("\n".join([*lines, lines[-1]]), encoding="utf-8")
run("encode", "agency/twice.csv", *AGENCY[1:], *AS_OURS)
# the key file can be read by others
Path("project.key").chmod(0o644)
run(
    "encode",
    *AGENCY,
    "--id",
    "reg_no",
    "--source",
    "childrens_centre",
    "--key",
    "project.key",
    "-o",
    "agency/out.parquet",
)
Path("project.key").chmod(0o600)
# somebody made a new key, and the other agency has the old one
lk.Key.generate().save("other.key")
run(
    "encode",
    *AGENCY,
    "--id",
    "reg_no",
    "--source",
    "childrens_centre",
    "--key",
    "other.key",
    "-o",
    "agency/other.parquet",
)
run("link", "centre/registry.parquet", "agency/other.parquet", "-o", "centre/links.parquet", "--replace")
# this agency runs on another version of the agreement
agreed = Path("agreement.toml").read_text(encoding="utf-8")
Path("changed.toml").write_text(agreed.replace('name = "sex"', 'name = "gender"'), encoding="utf-8")
CHANGED = [part.replace("sex=", "gender=") if part.startswith("--column=") else part for part in COLUMNS]
AS_CHANGED = ["--schema", "changed.toml", *CHANGED, *AS_OURS[:-1], "agency/changed.parquet"]
run("encode", "agency/export.csv", *AS_CHANGED)
run("link", "centre/registry.parquet", "agency/changed.parquet", "-o", "centre/links.parquet", "--replace")
# a file was damaged on its way
damaged = bytearray(before)
damaged[len(damaged) // 2] ^= 1
Path("centre/damaged.parquet").write_bytes(damaged)
run("link", "centre/registry.parquet", "centre/damaged.parquet", "-o", "centre/links.parquet", "--replace")
# a threshold that would flood the disk
run("compare", *SETS, "--filter", "surname", "--threshold", "0.3", "--most", "1000", "-o", "centre/pairs.parquet")
print("\nthe agency's file is as it was:", Path("agency/out.parquet").read_bytes() == before)

# %% [markdown]
# ## What is written down
# The log has a line for each operation: when, what, which files by hash, how many; no record id and no name, so that an
# erasure request never reaches into it. Each line holds the hash of the one before, and an edit shows.

# %%
run("log", "centre/linkage.log")
log = Path("centre/linkage.log").read_text(encoding="utf-8").splitlines()
entry = json.loads(log[0])
print("\na line has:", ", ".join(entry))
Path("centre/edited.log").write_text("\n".join([log[0].replace("link", "lunk", 1), *log[1:]]) + "\n", encoding="utf-8")
edited = run("log", "centre/edited.log")

# %% [markdown]
# ## The same job in Python
# A system that would rather import than call has the same steps and the same errors, each a class of its own.

# %%
schema, key = lk.Schema.load("agreement.toml"), lk.Key.load("project.key")
columns = people.held("childrens_centre", schema)
try:
    made = lk.encode("agency/export.csv", schema, key, id="reg_no", source="childrens_centre", columns=columns)
    lk.audit(made, schema=schema).raise_above("warn")
    links = lk.link(lk.EncodedSet.load("centre/registry.parquet"), made)
except lk.RecordError as error:
    print("a row is wrong: fix the export;", error)
except lk.MismatchError as error:
    print("the parties disagree: ring the other agency;", error)
except lk.PrivacyError as error:
    print("nothing leaves:", error)
except lk.LimitError as error:
    print("too large for this machine:", error)
else:
    print(links)

# %% [markdown]
# ## What to take away
# - Exit codes: 3 the input, 4 the parties disagree, 5 privacy, 6 a limit. A scheduler can tell each to those concerned.
# - Run `audit` as a gate, not as a report. Run `check` every night: an export changes without telling.
# - Keep `links.parquet` at the centre, and nothing else of a run. It has the record ids and the release key, no names.
