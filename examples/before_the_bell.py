# %% [markdown]
# # Domestic abuse incidents: the school knows before the bell
#
# When police are called to a home and children were there, somebody at the children's school should know before the
# first lesson: not what happened, only that this child may need a quiet word today. Police write down a child as best
# they can at two in the morning; schools have the child as the parents enrolled it. The same child may have been there
# ten times. And a school that is told of the wrong child has been told something about another family.
#
# Everybody here is invented.

# %%
import collections
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)  # police and schools have read what `check` says of their tables
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}

people = study.invent(14_000, seed=20251112, agencies=["police", "primary_school"])
pupils = people["primary_school"]


def of_school_age(text):
    year = (text or "")[-4:]
    return year.isdigit() and 2014 <= int(year) <= 2021


everybody = people["police"]
present = everybody.filter(pa.array([of_school_age(text) for text in everybody["date_of_birth"].to_pylist()]))
last_night, this_year = present.slice(0, 60), present.slice(60)
print(f"{pupils.num_rows:,} pupils; {this_year.num_rows:,} children written down at incidents this year")
print(f"last night: {last_night.num_rows} children")

# %% [markdown]
# ## Once: the schools encode their registers, and a year of incidents shows what agreements are worth
# Few of all children are ever at an incident, and police hold one child many times: each is said, so that a second
# incident is not taken for a second child, nor a brother for his sister.

# %%
schema, key = lk.Schema.preset("uk-person", project="before-the-bell"), lk.Key.generate()


def encoded(agency, table):
    columns = people.held(agency, schema)
    return lk.encode(table, schema, key, id=people.ids[agency], source=agency, columns=columns)


schools, year = encoded("primary_school", pupils), encoded("police", this_year)
model = lk.fit(schools, year, duplicates=["police"])
model.save("incidents-to-schools.json")  # a file that can be read, checked and used every night
links = lk.link(schools, year, model=model, duplicates=["police"])
print(links.quality)

# %%
incidents = collections.Counter(
    row["link_id"] for row in links.records.to_pylist() if row["source"] == "police" and row["link_id"]
)
times = collections.Counter(incidents.values())
figure, ax = plt.subplots(figsize=(7, 3))
ax.bar([str(n) for n in sorted(times)], [times[n] for n in sorted(times)], color="#0072B2")
for place, n in enumerate(sorted(times)):
    ax.annotate(f"{times[n]:,}", (place, times[n]), (0, 3), textcoords="offset points", ha="center")
ax.set(xlabel="incidents at which the same pupil was present", ylabel="pupils", title="One child, many incidents")
ax.margins(y=0.12)
plt.show()

# %% [markdown]
# ## What a mistake costs, said aloud
# Two mistakes are possible. A **false alert** tells a school about a family that is not the one: a confidence broken,
# perhaps a mother put in danger. A **missed child** sits in class, and nobody knows. How many of one are worth one of
# the other is for the partnership to say, not for a program; the program says what each answer leads to.

# %%
curve = sorted(links.quality.curve, key=lambda point: point.cut)
cuts = np.array([point.cut for point in curve])
wrong, missed = (np.array([getattr(point, name) for point in curve]) for name in ("wrong", "missed"))
chosen = {}
print(f"{'a false alert is as bad as':<32}{'cut':>6}{'false alerts':>15}{'missed children':>18}")
for weight in (1, 5, 20, 50):
    best = int(np.argmin(weight * wrong + missed))
    chosen[weight] = curve[best]
    children = f"{weight} missed child{'ren' if weight > 1 else ''}"
    print(f"{children:<32}{cuts[best]:>6.2f}{wrong[best]:>15.1f}{missed[best]:>18.1f}")

# %%
figure, ax = plt.subplots(figsize=(8, 3.6))
for (weight, colour), style in zip(
    {1: "#0072B2", 5: "#009E73", 20: "#E69F00", 50: "#D55E00"}.items(), ("-", "--", "-.", ":"), strict=True
):
    cost = weight * wrong + missed
    ax.plot(cuts, cost / cost.min(), color=colour, linestyle=style, label=f"{weight} to 1")
    ax.plot(chosen[weight].cut, 1.0, "o", color=colour)
ax.set(xlabel="probability from which an alert is sent", ylabel="expected cost, of the lowest", ylim=(0.9, 3.0))
ax.set_title("Where to cut depends on what a false alert costs")
ax.legend(title="false alert to\nmissed child", frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
plt.show()

# %% [markdown]
# This partnership says: twenty to one.

# %% [markdown]
# ## Every night: sixty children, all the schools, before breakfast
# The model and the cut are those of the file. The new file meets every pupil; nothing has to be estimated.

# %%
began = time.perf_counter()
night = encoded("police", last_night)
tonight = lk.link(
    schools, night, model=lk.Model.load("incidents-to-schools.json"), probability=chosen[20].cut, duplicates=["police"]
)
seconds = time.perf_counter() - began
print(f"encoded, compared with {pupils.num_rows:,} pupils and linked in less than ten seconds: {seconds < 10}")
print(f"{len(tonight)} of {last_night.num_rows} children are pupils of these schools")

# %% [markdown]
# ## What the schools get, and the police
# A school gets its own pupil numbers, with a mark for those of last night. No time, no address, no incident number.
# The police get theirs with the same link ids, and can answer when a head teacher rings and names the number.

# %%
alerts = lk.rejoin(tonight.release("primary_school", present_in=["police"]), pupils, key, id="upn")
alerts = alerts.filter(pc.is_valid(alerts["link_id"]))
print(f"{alerts.num_rows} alerts; what a school sees beside its own columns: link_id")
with_certainty = tonight.release("primary_school", linked_only=True, confidence=True).to_arrow()
print("how sure:", dict(collections.Counter(with_certainty["confidence"].to_pylist())))

# %% [markdown]
# ## Was it right?
# In life somebody would have to ask at the door. These children are invented, so the truth is at hand, of the year and
# of the night.

# %%
for name, each in (("the year, at the cut the library chose", links), ("last night, at twenty to one", tonight)):
    truth = lk.evaluate(each, people.truth, key=key)
    print(
        f"{name}: {truth.true_positives:,} right, {truth.false_positives} false alerts, "
        f"{truth.false_negatives} missed (precision {truth.precision:.3f}, recall {truth.recall:.3f})"
    )
print(f"expected of the year: precision {links.quality.precision}, recall {links.quality.recall}")

# %% [markdown]
# ## What someone does with it
# - The **safeguarding lead** of each school has the pupil numbers before registration, and rings one telephone number.
# - Alerts that are not *certain* are looked at by two people, one at the police and one at the school, before anything
#   is done: `lk.review` numbers them, and `linkage open-cases` shows each side its own record.
# - The **partnership** has written down what it takes a false alert to cost. It can change its mind, and see what
#   follows.
