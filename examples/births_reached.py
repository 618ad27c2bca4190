# %% [markdown]
# # Which families has no one reached?
#
# The registry office knows every birth in the borough. The children's centres know the families who registered with
# them. The outreach team has two health visitors and wants to know in which wards new families are known to nobody but
# the registry. Neither agency may pass its list of names to the other.
#
# Everybody here is invented.

# %%
import warnings

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)  # each agency has read what `check` says of its table

people = study.invent(6_000, seed=20260105)
registry, centre = people["registry"], people["childrens_centre"]
print(f"registry: {registry.num_rows:,} births; children's centres: {centre.num_rows:,} registrations")

# %% [markdown]
# ## Before anything leaves: what can't be read
# Row, column and rule, never the value.

# %%
schema = lk.Schema.preset("uk-person", project="first-steps-2026")
problems = schema.check(centre, id="reg_no", columns=people.held("childrens_centre", schema))
print(problems)

# %% [markdown]
# ## Each agency encodes on its own machine
# They share the agreement and the key. The centre has neither the key nor a name.

# %%
key = lk.Key.generate()
sets = {
    agency: lk.encode(
        people[agency], schema, key, id=people.ids[agency], source=agency, columns=people.held(agency, schema)
    )
    for agency in ("registry", "childrens_centre")
}
print("agreement", schema.fingerprint()[:16], "key check", sets["registry"].key_check[:16])

# %% [markdown]
# ## The centre links, and learns what each agreement is worth from the encodings alone

# %%
model = lk.fit(*sets.values())
for field in model.fields:
    best, worst = field.weights[-1] / 1024, field.weights[1] / 1024
    print(f"{field.comparison.name:<12} equal {best:>6.1f} bits, differs {worst:>6.1f} bits")
links = lk.link(*sets.values(), model=model)
print(links)

# %% [markdown]
# ## Back at the registry: births that nobody else knows, by ward
# Counts below 10 are not shown, and the others are rounded to 5: a small number in a small ward is a family.

# %%
births = lk.rejoin(links.release("registry"), registry, key, id="entry_no")
by_ward: dict[str, list[int]] = {}
for ward, link_id in zip(births["ward"].to_pylist(), births["link_id"].to_pylist(), strict=True):
    reached_and_not = by_ward.setdefault(ward or "not recorded", [0, 0])
    reached_and_not[link_id is None] += 1


def shown(count: int) -> str:
    return "under 10" if count < 10 else f"{5 * round(count / 5):,}"


print(f"{'ward':<24}{'births':>10}{'not reached':>14}")
for ward, (reached, missed) in sorted(by_ward.items(), key=lambda item: -item[1][1])[:12]:
    print(f"{ward:<24}{shown(reached + missed):>10}{shown(missed):>14}")

# %% [markdown]
# ## How far to trust it
# In life nobody knows; these people are invented, so here it can be counted.

# %%
print(lk.evaluate(links, people.truth, key=key))
