# %% [markdown]
# # A programme against gang violence: who is known to whom, month after month
#
# Police, social workers and youth workers each meet some of the young people that the programme is for. A boy of
# fourteen whom all three know, each a little, is somebody whom nobody holds. The programme may know *that* an agency
# knows him; it may not pool the files. So each month the three send encodings, a centre joins them, and each agency is
# told of its own people which of the others know them too. What is then said is said by people, in a meeting.
#
# Everybody here is invented.

# %%
import collections
import datetime
import random
import warnings

import matplotlib.pyplot as plt
import pyarrow as pa
import pyarrow.compute as pc

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)  # each agency has read what `check` says of its table
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}

AGENCIES = ("police", "social_work", "youth_work")
MAY_HOLD_TWICE = ("police", "social_work")  # a case reference or a referral a time, not one a person
people = study.invent(24_000, seed=20251001, agencies=AGENCIES)

# %% [markdown]
# ## Only the young people that the programme is for
# Its legal basis covers those from ten to nineteen. Each agency takes out everybody else before anything is encoded: a
# record that is not sent cannot leak.

# %%
DATES = {
    "police": ("date_of_birth", "%d-%m-%Y"),
    "social_work": ("dob_or_edd", "%d.%m.%Y"),
    "youth_work": ("born", "%d/%m/%Y"),
}


def from_ten_to_nineteen(agency):
    column, form = DATES[agency]

    def of_age(text):
        try:
            year = datetime.datetime.strptime(text, form).year if len(text or "") > 4 else int(text or 0)
        except ValueError:
            return False
        return 2005 <= year <= 2015

    table = people[agency]
    return table.filter(pa.array([of_age(text) for text in table[column].to_pylist()]))


tables = {agency: from_ten_to_nineteen(agency) for agency in AGENCIES}
for agency, table in tables.items():
    print(f"{agency:<12} {people[agency].num_rows:>7,} records, {table.num_rows:>6,} of them in the programme")

# %% [markdown]
# ## Three months
# In October each agency sends what it has, in November and December what is new. Old files stay as they are.

# %%
schema, key = lk.Schema.preset("uk-person", project="safer-streets-2025"), lk.Key.generate()
drawn = random.Random(3)


def batches(agency):
    """Three encoded files: seven in ten of the records in October, then the rest."""
    table = tables[agency]
    month = [drawn.choices((0, 1, 2), (70, 15, 15))[0] for _ in range(table.num_rows)]
    return [
        lk.encode(
            table.filter(pa.array([each == now for each in month])), schema, key, id=people.ids[agency],
            source=agency, columns=people.held(agency, schema),
        )
        for now in range(3)
    ]  # fmt: skip


sent = {agency: batches(agency) for agency in AGENCIES}
links = lk.link(*(sent[agency][0] for agency in AGENCIES), duplicates=MAY_HOLD_TWICE)
history = [links]
for month in (1, 2):
    so_far = [each for agency in AGENCIES for each in sent[agency][: month + 1]]
    links = lk.link(*so_far, standing=links, duplicates=MAY_HOLD_TWICE)
    history.append(links)
for name, each in zip(("October", "November", "December"), history, strict=True):
    joined = each.records.num_rows - each.records["link_id"].null_count
    print(f"{name:<9} {each.records.num_rows:>6,} records, {joined:>5,} joined to another")

# %% [markdown]
# ## A person keeps their link id
# What an agency wrote in its own file in October still holds in December. Where a new record shows that two are one
# person, or one is two, that is an event, and the list says which link id became which.

# %%
kinds = collections.Counter(links.events["kind"].to_pylist())
print("changes of link ids in December:", dict(sorted(kinds.items())) or "none")
before = {(r["source"], r["record_id"]): r["link_id"] for r in history[1].records.to_pylist() if r["link_id"]}
after = {(r["source"], r["record_id"]): r["link_id"] for r in links.records.to_pylist()}
listed = set(zip(links.events["old_link_id"].to_pylist(), links.events["new_link_id"].to_pylist(), strict=True))
changed = [record for record, link in before.items() if after[record] != link]
unlisted = [record for record in changed if (before[record], after[record]) not in listed]
print(f"{len(before):,} records had a link id in November; {len(changed)} have another now, {len(unlisted)} unlisted")

# %% [markdown]
# ## Who is known to whom
# Counts for the steering board: below ten they are suppressed, the others rounded to five, and a ledger sees to it that
# December held against November gives no single young person away.

# %%
shown = []
for each in history[1:]:
    rows = lk.overlap(each, book="ledger.json").to_arrow().to_pylist()
    shown.append({row["known_to"]: row["people"] for row in rows})
patterns = [name for name in shown[-1] if name.count(",") >= 1]
print(f"{'known to':<38}{'November':>10}{'December':>10}")
for name in sorted(shown[-1], key=lambda name: (name == "all", name.count(","), name)):
    cells = ["suppressed" if month.get(name) is None else f"{month[name]:,}" for month in shown]
    print(f"{name.replace('_', ' '):<38}{cells[0]:>10}{cells[1]:>11}")

# %%
names = sorted(patterns, key=lambda name: (name.count(","), name))
figure, ax = plt.subplots(figsize=(9, 3))
for offset, (month, counts, colour) in enumerate(
    zip(("November", "December"), shown, ("#56B4E9", "#0072B2"), strict=True)
):
    places = [place + 0.4 * offset for place in range(len(names))]
    ax.barh(places, [counts.get(name) or 0 for name in names], height=0.38, color=colour, label=month)
    for place, name in zip(places, names, strict=True):
        text = "suppressed" if counts.get(name) is None else f"{counts[name]}"
        ax.annotate(text, (counts.get(name) or 0, place), (4, -4), textcoords="offset points")
ax.set(yticks=[place + 0.2 for place in range(len(names))], xlabel="young people (rounded to five)")
ax.set_yticklabels([name.replace("_", " ").replace(", ", " + ") for name in names])
ax.set_title("Known to more than one agency")
ax.invert_yaxis()
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What each agency gets: its own people, and which of the others know them
# One release for each other agency. Youth work learns that the police know one of its members; not why, not since when,
# and nothing of the police's record.

# %%
for agency in AGENCIES:
    others = [other for other in AGENCIES if other != agency]
    known = [
        lk.rejoin(links.release(agency, present_in=[other]), tables[agency], key, id=people.ids[agency])
        for other in others
    ]
    both = pc.and_(*(pc.is_valid(table["link_id"]) for table in known))
    each = ", ".join(
        f"{pc.sum(pc.is_valid(table['link_id'])).as_py()} by {other}"
        for table, other in zip(known, others, strict=True)
    )
    print(f"{agency}: of its records are known {each.replace('_', ' ')}; {pc.sum(both).as_py()} by both")

# %% [markdown]
# ## Somebody asks to be forgotten
# A young man asks youth work to erase his record, and it must go from the centre too. Youth work sends the record id;
# the centre takes it out of every file and of the standing result. The links of everybody else stay.

# %%
asked = tables["youth_work"].slice(0, 1)
gone = lk.withdrawal(asked, key, id="member", source="youth_work", project=schema.project)
cleaned = []
for agency in AGENCIES:
    for each in sent[agency]:
        own = set(each.record_ids.to_pylist()) & set(gone["record_id"].to_pylist())
        cleaned.append(each.without(own) if agency == "youth_work" else each)
without = lk.link(*cleaned, standing=links, duplicates=MAY_HOLD_TWICE, withdraw={"youth_work": gone})
left = {(r["source"], r["record_id"]): r["link_id"] for r in without.records.to_pylist()}
print(f"{len(after) - len(left)} record fewer; others with another link id: {sum(left[r] != after[r] for r in left)}")

# %% [markdown]
# ## How far to trust it
# Records of the police are the worst written of the three and half of their dates of birth may be years only, so this
# is harder than two well-kept lists. The truth is known here, as everybody is invented.

# %%
print(study.evaluate_clusters(links, people.truth, key=key))

# %% [markdown]
# ## Before a name is said in the meeting
# Where three agencies' records contradict one another, a person should look: the pairs that reach the cut and did not
# fit together, and those nearest the cut. Each agency opens its own records under a case number, and two of them can
# settle a case over the telephone. What they decide goes into next month's linkage as known.

# %%
review = lk.review(links, None, *(each for agency in AGENCIES for each in sent[agency]), n=20)
rows = review.to_arrow().to_pylist()
print(f"{links.conflicts.num_rows} pairs reach the cut and could not be together")
for row in rows[:6]:
    between = f"{row['left_source']} and {row['right_source']}".replace("_", " ")
    differ = [
        name for name in (field.name for field in schema.fields) if row[name] in ("differs", "alike", "exchanged")
    ]
    why = "in conflict" if row["conflict"] else "near the cut"
    print(f"  case {row['case']}, {between}, {why}; differ: {', '.join(differ)}")

# %% [markdown]
# ## What someone does with it
# - The **board** sees that the number known to all three is small enough to plan for each of them.
# - **Youth work** knows which of its members the police or social work know too, and can ask for a meeting about those.
# - **Nobody** has a list of anybody else's people, and the centre has no names at all. It does have the encodings,
#   which are personal data: it must be somebody whom all three may trust with them.
