# %% [markdown]
# # For analysts who hold both tables and only want good linkage
#
# Sometimes nobody has to be kept from anything: both tables are yours, lawfully, on one machine. You want to know who
# is who, how good that is, and the columns side by side. The same calls do it; the key is made and thrown away, and no
# file leaves you. What you gain over matching on names and dates is a model of what each agreement is worth on *these*
# tables, one partner for each record, and a statement of how many links are wrong and how many are missed.
#
# Everybody here is invented.

# %%
import warnings

import matplotlib.pyplot as plt

import linkage as lk
from linkage import study

warnings.simplefilter("ignore", lk.LinkageWarning)  # as `check` said of the tables, some values can't be read
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "font.size": 11}

people = study.invent(4_000, seed=20251201, preset="hard")
births, registrations = people["registry"].to_pandas(), people["childrens_centre"].to_pandas()
print(births.head(3).to_string(), "\n")
print(registrations.head(3).to_string())

# %% [markdown]
# ## Say which columns are what
# Names of fields on the left, yours on the right; None for what a table does not have.

# %%
schema, key = lk.Schema.preset("uk-person", project="both-tables"), lk.Key.generate()
of_births = {
    "given_name": "forename", "surname": "surname", "dob": "date_of_birth", "sex": "sex", "address": "address",
    "postcode": "postcode", "nhs_number": None,
}  # fmt: skip
of_registrations = {
    "given_name": "given", "surname": "family_name", "dob": "dob", "sex": "gender", "address": "addr",
    "postcode": "postcode", "nhs_number": "nhs_no",
}  # fmt: skip
print(schema.check(registrations, id="reg_no", columns=of_registrations))

# %% [markdown]
# ## Link, and read how good it is

# %%
left = lk.encode(births, schema, key, id="entry_no", source="births", columns=of_births)
right = lk.encode(registrations, schema, key, id="reg_no", source="registrations", columns=of_registrations)
links = lk.link(left, right)
print(links.quality)

# %% [markdown]
# ## The columns side by side
# `attach` gives the kind of frame that you gave. Columns that both tables have carry their source.

# %%
both = lk.attach(links, births, registrations, key=key, id=("entry_no", "reg_no"))
shown = ["probability", "forename", "given", "surname", "family_name", "date_of_birth", "dob"]
print(both.sort_values("probability")[shown].head(8).to_string(index=False))

# %%
figure, ax = plt.subplots(figsize=(8, 3))
ax.hist(both["probability"], bins=[step / 20 for step in range(21)], color="#0072B2")
ax.set(xlabel="probability of the link", ylabel="links (logarithmic)", yscale="log")
ax.set_title("Most links are sure; the few on the left are worth a look")
plt.show()

# %% [markdown]
# ## Why these two, and why not those
# Every pair can be asked about. Here the least sure link, step by step: to the right is for it, to the left against.

# %%
rows = links.pairs.to_pylist()
pair = min(rows, key=lambda row: row["probability"])
why = (
    lk.fit(left, right)
    .explain(left, right, probability=links.cut["probability"])
    .pair(pair["left_id"], pair["right_id"])
)
figure, ax = plt.subplots(figsize=(8, 4))
why.plot(ax=ax)
ax.set_title("The least sure link, the first of the list above")
plt.show()

# %% [markdown]
# ## Was the statement true?
# These people are invented, so it can be held against the truth, which in life nobody has.

# %%
truth = lk.evaluate(links, people.pairs("registry", "childrens_centre"), key=key, sources=("births", "registrations"))
print(f"expected  precision {links.quality.precision}, recall {links.quality.recall}")
print(f"true      precision {truth.precision:.3f}, recall {truth.recall:.3f}")

# %% [markdown]
# ## From here
# - Links below the sure ones: look at them, write down `same`, and give them to `lk.refine` or `lk.link(known=...)`.
# - A cut of your own: `lk.link(left, right, precision=0.99)`.
# - One table with people in it twice: `lk.link(left)`.
# - If one day the tables are no longer both yours, nothing changes but where each step runs.
