# %% [markdown]
# # From primary to secondary school: who moves up, and who vanishes between the lists
#
# In July the primary schools know every child who leaves them. In September the secondary schools know every child who
# arrives. Two systems, two kinds of pupil number, names as the parents wrote them on one form and as the child is
# called on the other. Some children are on the first list and never on the second: moved away, taught at home, at a
# private school, or missing from education. And a support plan that a primary school wrote should be on the desk of the
# secondary school before the first day, not after the first crisis.
#
# Everybody here is invented.

# %%
import datetime
import random
import warnings

import matplotlib.pyplot as plt
import pyarrow as pa
import pyarrow.compute as pc

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)  # each school has read what `check` says of its table
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}

people = study.invent(
    9_000, seed=20250901, agencies=["primary_school", "secondary_school"], ages={"primary_school": (5, 12)}
)


def born_from_september_2013(table, column, form):
    """The year group: born from September 2013 to August 2014, as far as the date can be read."""

    def of_the_year(text):
        try:
            day = datetime.datetime.strptime(text or "", form).date()
        except ValueError:
            return False
        return datetime.date(2013, 9, 1) <= day < datetime.date(2014, 9, 1)

    return table.filter(pa.array([of_the_year(text) for text in table[column].to_pylist()]))


leaving = born_from_september_2013(people["primary_school"], "dob", "%d-%m-%Y")
arriving = born_from_september_2013(people["secondary_school"], "birth_date", "%Y%m%d")
drawn = random.Random(7)
leaving = leaving.append_column("support_plan", pa.array([drawn.random() < 0.12 for _ in range(leaving.num_rows)]))
print(f"leaving primary school: {leaving.num_rows:,}, with a support plan: {pc.sum(leaving['support_plan']).as_py()}")
print(f"arriving at secondary school: {arriving.num_rows:,}")

# %% [markdown]
# ## The same child on two lists
# This is what makes it hard to do by hand, for a handful of children whom these invented schools share:

# %%
pairs = people.pairs("primary_school", "secondary_school").to_pylist()
first = {row["upn"]: row for row in leaving.to_pylist()}
second = {row["admission_no"]: row for row in arriving.to_pylist()}
shared = [
    (first[p["left_id"]], second[p["right_id"]]) for p in pairs if p["left_id"] in first and p["right_id"] in second
]
for july, september in [
    both for both in shared if both[0]["forename"] != (both[1]["preferred_forename"] or "").upper()
][:5]:
    print(f"July       {july['forename']} {july['legal_surname']}, {july['dob']}, {july['home_postcode']}")
    print(
        f"September  {september['preferred_forename']} {september['preferred_surname']}, "
        f"{september['birth_date']}, {september['post_code']}\n"
    )

# %% [markdown]
# ## Each side encodes; the centre links
# Neither side's list of names leaves it. Secondary schools hold no NHS number, primary schools neither: what a side
# does not hold is said, and counts neither for nor against.

# %%
schema, key = lk.Schema.preset("uk-person", project="moving-up-2025"), lk.Key.generate()
sets = [
    lk.encode(table, schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
    for name, table in (("primary_school", leaving), ("secondary_school", arriving))
]
links = lk.link(*sets)
print(links.quality)

# %% [markdown]
# ## What the primary schools get back: who arrived, and who did not
# A release holds their own pupil numbers and link ids, and nothing else.

# %%
ours = lk.rejoin(links.release("primary_school"), leaving, key, id="upn")
arrived = pc.is_valid(ours["link_id"])
vanished = ours.filter(pc.invert(arrived))
with_plan = vanished.filter(vanished["support_plan"])
print(f"{pc.sum(arrived).as_py():,} of {ours.num_rows:,} arrived")
print(f"{vanished.num_rows} are on no secondary list, {with_plan.num_rows} of them with a support plan")

# %%
figure, ax = plt.subplots(figsize=(9, 2.4))
left = 0
parts = [
    ("arrived", pc.sum(arrived).as_py(), "#0072B2"),
    ("on no list", vanished.num_rows - with_plan.num_rows, "#E69F00"),
    ("on no list, with a plan", with_plan.num_rows, "#D55E00"),
]
for name, count, colour in parts:
    ax.barh([0], [count], left=left, color=colour, label=f"{name}: {count:,}")
    left += count
ax.set(yticks=[], xlabel="children who left primary school in July", title="Where they are in September")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.45), ncol=3, frameon=False)
plt.show()

# %% [markdown]
# ## The support plans follow, under a link id
# The primary schools send each plan under the link id, to the secondary schools alone. These find the child by their
# own release. No plan passes through the centre, and the centre never learns that there is one.

# %%
to_follow = ours.filter(pc.and_(arrived, ours["support_plan"])).select(["link_id"])
theirs = lk.rejoin(links.release("secondary_school"), arriving, key, id="admission_no")
on_the_desk = theirs.join(to_follow, keys="link_id", join_type="inner")
print(f"{to_follow.num_rows} plans sent, {on_the_desk.num_rows} of them found their child")
print("a secondary school sees:", ", ".join(on_the_desk.column_names))

# %% [markdown]
# ## Before anybody rings at a door: look at the doubtful ones
# A child who is on both lists, and was not recognised, is not missing. The pairs nearest the cut are few, and both
# schools can look at their own side of each under a case number, without a name crossing over.

# %%
model = lk.fit(*sets)
review = lk.review(links, model, *sets, n=12)
cases = lk.open_cases(review.for_source("primary_school"), leaving, key, id="upn")
agrees = [name for name in cases.column_names if name.startswith("agrees_")]
for row in cases.slice(0, 5).to_pylist():
    words = [f"{name.removeprefix('agrees_')} {row[name]}" for name in agrees if row[name] not in ("equal", "missing")]
    print(f"case {row['case']}: all else equal or not known, but {', '.join(words) or 'nothing'}")

# %% [markdown]
# ## How far to trust the list of those who vanished
# In life nobody knows; these children are invented, so here it can be counted.

# %%
true = {(p["left_id"], p["right_id"]) for p in pairs} & {(a["upn"], b["admission_no"]) for a, b in shared}
there = {upn for upn, _ in true}
wrongly_missed = sum(upn in there for upn in vanished["upn"].to_pylist())
both = lk.attach(links, leaving, arriving, key=key, id=("upn", "admission_no"))
wrong = sum(pair not in true for pair in zip(both["upn"].to_pylist(), both["admission_no"].to_pylist(), strict=True))
print(f"expected: precision {links.quality.precision}, recall {links.quality.recall}")
print(
    f"true: {wrong} of {both.num_rows:,} links wrong; {wrongly_missed} of {vanished.num_rows} on the list had arrived"
)

# %% [markdown]
# ## What someone does with it
# - **Education welfare** begins with the children who vanished and have a plan: a dozen or two calls, not a thousand.
# - **Secondary schools** have the plans in September.
# - **Nobody** learned anything about children whom they do not teach.
#
# A child whose date of birth could not be read is in neither year group and so in no count: `schema.check` lists such
# rows for each school to put right first.
