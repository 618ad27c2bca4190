# %% [markdown]
# # Which families has no one reached?
#
# The registry office knows every birth in the region. The children's centres know the families who registered with
# them. The outreach team has two health visitors, and wants to know where families with a young child are known to
# nobody but the registry. Neither agency may hand the other its list of names, and neither needs to.
#
# Everybody here is invented.

# %%
import collections
import dataclasses
import warnings

import matplotlib.pyplot as plt
import pyarrow as pa
import pyarrow.compute as pc

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)  # each agency has read what `check` says of its table
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}

people = study.invent(6_000, seed=20260105)
registry, centre = people["registry"], people["childrens_centre"]
print(f"registry: {registry.num_rows:,} births; children's centres: {centre.num_rows:,} registrations")

# %% [markdown]
# ## Before anything leaves: what can't be read
# Each agency checks its own table against the agreement. A problem has a row, a column and a rule, never the value, so
# the list itself may be passed on.

# %%
schema = lk.Schema.preset("uk-person", project="first-steps-2026")
# the ward travels in clear beside each record, so that people can be counted by it
schema = dataclasses.replace(schema, groups=(lk.Group("ward", smallest=10),))
print(schema.check(centre, id="reg_no", columns=people.held("childrens_centre", schema)))

# %% [markdown]
# ## Each agency encodes on its own machine
# They share the agreement and the key; the centre that links gets neither the key nor a name. The ward goes with each
# record in clear, and a ward with one birth in it would point at one family: the library refuses that. So the ward of
# such a record stays at home.

# %%
key = lk.Key.generate()


def encoded(agency, table):
    columns = people.held(agency, schema)
    return lk.encode(table, schema, key, id=people.ids[agency], source=agency, columns=columns)


def without_small_wards(table):
    """The table with the ward taken out of records of a ward with fewer than ten."""
    wards = table["ward"].to_pylist()
    sizes = collections.Counter(wards)
    kept = [ward if sizes[ward] >= 10 else None for ward in wards]
    return table.set_column(table.column_names.index("ward"), "ward", pa.array(kept, pa.string()))


try:
    encoded("registry", registry)
except lk.PrivacyError as refusal:
    print("refused:", refusal)
sets = [encoded("registry", without_small_wards(registry)), encoded("childrens_centre", without_small_wards(centre))]
print(*sets, sep="\n")

# %% [markdown]
# ## The centre links, and says how good the links are
# Nobody told it what an agreement on a surname is worth, or where to cut: both are estimated from the encodings. Nor
# does it know who really is who, so what follows is what it *expects*, with an interval.

# %%
model = lk.fit(*sets)
links = lk.link(*sets, model=model)
print(str(links.quality).partition("\nrecall by ward")[0])
worst = min(links.quality.groups["ward"].items(), key=lambda item: item[1])
print(f"lowest expected recall of a ward: {worst[0]}, {worst[1]:.3f}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), gridspec_kw={"wspace": 0.45})
names = [field.comparison.name for field in model.fields]
equal, differs = ([field.weights[level] / 1024 for field in model.fields] for level in (-1, 1))
axes[0].barh(names, equal, color="#0072B2", label="is equal")
axes[0].barh(names, differs, color="#D55E00", label="differs")
axes[0].invert_yaxis()
axes[0].axvline(0, color="black", linewidth=0.8)
axes[0].set(xlabel="evidence that two records are one child (bits)", title="What each field is worth")
axes[0].legend(loc="lower right", frameon=False)
links.quality.plot(ax=axes[1])
axes[1].axvline(links.cut["probability"], color="black", linestyle=":", label="cut")
axes[1].set(title="Expected quality, wherever one cuts", ylim=(0.96, 1.002))
plt.show()

# %% [markdown]
# ## How many children are known to whom, ward by ward
# These counts may leave the centre: below ten they are suppressed, the rest are rounded to five, and further ones are
# held back so that no sum or difference gives a small one away.

# %%
counts = lk.overlap(links, *sets, by="ward", of="registry").to_arrow().to_pylist()
known = {(row["ward"], row["known_to"]): row["people"] for row in counts}
rows = []
for ward in dict.fromkeys(row["ward"] for row in counts if row["ward"] not in ("all", "not known")):
    alone, births = known.get((ward, "registry")), known.get((ward, "all"))
    rows.append((ward, alone, None if alone is None or births is None else alone / births))
rows.sort(key=lambda row: (row[1] is None, -(row[1] or 0)))
print(f"{'ward':<22}{'reached by no one':>18}{'share of births':>17}")
for ward, alone, share in rows[:12]:
    print(f"{ward:<22}{alone if alone is not None else 'suppressed':>18}{'' if share is None else f'{share:.0%}':>17}")
print(f"... and {len(rows) - 12} wards more; suppressed: {sum(row[1] is None for row in rows)}")

# %%
top = [row for row in rows if row[1] is not None][:15]
figure, ax = plt.subplots(figsize=(9, 5))
ax.barh([row[0] for row in top], [row[1] for row in top], color="#0072B2")
for place, (_, alone, share) in enumerate(top):
    ax.annotate(
        f"{share:.0%} of births" if share is not None else "", (alone, place), (5, -4), textcoords="offset points"
    )
ax.invert_yaxis()
ax.set(
    xlabel="children under seven known to the registry alone (rounded to five)",
    title="Where to send the health visitors",
)
plt.show()

# %% [markdown]
# ## What each agency gets back
# The registry gets its own entry numbers with link ids, and nothing of the children's centres: whether a birth is known
# there follows from whether its link id is shared. With it the registry writes, for its own health visitors alone, the
# list of families to call on in the first ward.

# %%
release = links.release("registry", present_in=["childrens_centre"])
births = lk.rejoin(release, registry, key, id="entry_no")
unreached = births.filter(pc.is_null(births["link_id"]))
print(f"{births.num_rows:,} births, {unreached.num_rows:,} of them known to no children's centre")
first = rows[0][0]
to_call_on = unreached.filter(pa.array([ward == first for ward in unreached["ward"].to_pylist()]))
print(f"the list for {first} has {to_call_on.num_rows} families; its columns: {', '.join(to_call_on.column_names)}")

# %% [markdown]
# ## How far to trust it
# In life nobody knows. These people are invented, so here what was expected can be held against the truth. A family
# that was linked wrongly would not be called on, and one that was missed gets a call that it does not need: the first
# is the mistake to fear, and it is the rarer one.

# %%
truth = lk.evaluate(links, people.truth, key=key)
print(f"expected  precision {links.quality.precision}, recall {links.quality.recall}")
print(f"true      precision {truth.precision:.3f}, recall {truth.recall:.3f}")
print(f"families not called on by mistake: {truth.false_positives}; called on without need: {truth.false_negatives}")

# %% [markdown]
# ## What this does not do
# - Encodings are personal data all the same. The centre must hold them as such, and whoever has the key and a list of
#   names can try the names out.
# - A family that is in neither list is in no count.
# - Twenty-odd births have no ward; they are in the totals and in no bar.
