"""The report of a linkage: what was linked, how, how good it is expected to be, and what is not known, on one page.

It is for the people who answer for the links, at the centre. It holds counts, match weights and the agreement, and no
record id unless a pair is asked for.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from linkage import charts
from linkage.arguments import checked
from linkage.central.disclosing.overlap import overlap
from linkage.central.overtime.heldsets import one_of_each_source, require_records
from linkage.disclosure import Policy
from linkage.encoded import EncodedSet
from linkage.errors import nearest
from linkage.files import PathLike
from linkage.links import Links
from linkage.oneagreement import narrower, under
from linkage.page import Section, arrow_table, facts, figure, note, page, save, table, text
from linkage.progress import clock
from linkage.quality import MEASURES, ONLY_CANDIDATES, Quality

if TYPE_CHECKING:
    from linkage.central.explaining.explanation import Explanation
    from linkage.central.modelling.model import Model
    from linkage.study.evaluate import Evaluation

_WORDS = {"f1": "F1", "precision": "precision", "recall": "recall"}
_BINS = 40
_LIMITS = (
    "Expected figures rest on the encodings alone. Matches of which hardly anything agrees show nowhere, so recall may "
    "be lower than expected; a sample that people have looked at tells more.",
    "Encodings and links are personal data: pseudonymised, not anonymous. This page holds counts and weights over all "
    "records. Keep it where the links are kept.",
    "A link says that two records are likely to be one person. Before anyone acts on it for a family, a person looks "
    "at both records.",
)


@checked
def report(
    links: Links,
    path: PathLike,
    *sets: EncodedSet,
    model: Model | None = None,
    duplicates: Collection[str] = (),
    pair: tuple[str, str] | None = None,
    evaluation: Evaluation | None = None,
    seconds: float | None = None,
    policy: str | Policy = "strict",
    title: str = "",
) -> None:
    """Write what was linked, how good it is expected to be, and why, as one page of HTML that needs nothing else.

    Parameters
    ----------
    links
        What `link` gave.
    path
        The page; an existing file is replaced. Readable by its owner only.
    sets
        The sets that were linked, in all of their batches. With two of the ``fields`` layout, or one, the page shows
        match weights and explains a pair.
    model
        The one that `link` was given; without it the same is fitted again from ``sets``.
    duplicates
        As `link` was given.
    pair
        Left and right record id of the pair to explain; by default the linked one nearest the cut, without its ids.
    evaluation
        What `evaluate` found, where the truth is known.
    seconds
        How long linking took.
    policy
        Under which it is counted who is known to whom: see `overlap`.

    Raises ``ImportError`` if matplotlib, the extra ``plot``, is missing, before anything is done; ``ValueError`` for
    sets that were not linked, or a pair that is in none of them.

    Cost: with ``sets``, that of `fit` and `Model.predict`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from linkage import Key, Schema, encode, link, study
    >>> people, key = study.invent(300, seed=1, agencies=["registry", "primary_school"]), Key.generate()
    >>> schema = Schema.preset("uk-person", project="example")
    >>> sets = [encode(people[name], schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
    ...         for name in people.ids]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report(link(*sets), Path(folder) / "report.html", *sets)
    ...     "<h2" in (Path(folder) / "report.html").read_text(encoding="utf-8")
    True
    """
    pyplot = charts.require_matplotlib()
    if not isinstance(title, str) or any("\ud800" <= letter <= "\udfff" for letter in title):
        raise ValueError("title: must be text, which a byte that is not UTF-8 is not")
    explanation, known = _explained(links, _linked_sets(links, sets, duplicates), model, duplicates)
    if explanation is None and pair is not None:
        raise ValueError("report: to explain a pair, give the two sets of the fields layout that were linked")
    with pyplot.rc_context({"text.usetex": False}):  # LaTeX may be missing, and its letters are no text
        sections = [_linked(links, seconds), _known(links, policy), _good(links, evaluation)]
        if known is not None:
            sections.append(_weights(known))
        if explanation is not None:
            sections.append(_pair(explanation, pair))
    sections.append(_not_done(links, explained=explanation is not None))
    intro = f"Links of {', '.join(links.sources)}, made without names and without a key."
    save(path, page(title or f"Linkage report: {links.schema.project}", sections, intro=intro))


def _linked_sets(links: Links, sets: Sequence[EncodedSet], duplicates: Collection[str]) -> list[EncodedSet]:
    """One set a source, with all of its batches; ``ValueError`` unless they are what was linked."""
    for each in sets:
        if each.source not in links.sources:
            raise ValueError(f"report: '{each.source}' was not linked; {nearest(each.source, links.sources)}")
        same_key = hmac.compare_digest(each.key_check.encode(), links.key_check.encode())
        if not (same_key and narrower(each.schema, links.schema)):
            raise ValueError(f"report: the set of '{each.source}' is of another agreement or key than the links")
    whole = one_of_each_source([under(each, links.schema) for each in sets])
    require_records(links, whole, "report")
    if len(whole) == 1 and len(links.sources) > 1 and whole[0].source not in duplicates:
        raise ValueError(f"report: give the other sets that were linked too, not that of '{whole[0].source}' alone")
    return whole


def _explained(
    links: Links, sets: Sequence[EncodedSet], model: Model | None, duplicates: Collection[str]
) -> tuple[Explanation | None, Model | None]:
    if links.schema.layout == "record" or not 1 <= len(sets) <= 2 or not all(map(len, sets)):
        return None, model
    from linkage.central.compare import DEFAULT_MEMORY
    from linkage.central.modelling.fitting import fitted

    first, second = sets[0], sets[1] if len(sets) == 2 else None
    known = model or fitted(
        first, second, duplicates=duplicates, executor=None, threads=None, memory=DEFAULT_MEMORY, progress=False
    )
    cut = links.cut["probability"]
    return known.explain(first, second, probability=cut, duplicates=duplicates, progress=False), known


def _linked(links: Links, seconds: float | None) -> Section:
    import pyarrow.compute as pc

    rows = []
    for source in links.sources:
        own = links.records.filter(pc.equal(links.records["source"], source))
        linked = own.num_rows - own["link_id"].null_count
        rows.append((source, own.num_rows, linked, f"{linked / max(own.num_rows, 1):.1%}"))
    measure, cut = next(iter(links.cut.items()))
    told: dict[str, object] = {
        "pairs linked": len(links),
        "people": pc.count_distinct(links.records["link_id"]).as_py(),
        "cut": f"{'similarity' if measure == 'threshold' else measure} {cut:g} or more",
        "run": links.run,
        "pairs above the cut that did not fit": links.conflicts.num_rows,
    }
    if links.quality is not None and links.quality.measure == "probability":  # of others nothing says it
        some = any(word.startswith(ONLY_CANDIDATES) for word in links.quality.words)
        every = "every record with every other: no pair was left out by blocking"
        told["compared"] = "candidates only, see below" if some else every
    if seconds is not None:
        if not 0 <= seconds < float("inf"):
            raise ValueError("seconds: how long it took, from 0")
        told["time"] = clock(seconds)
    schema = links.schema
    agreed: dict[str, object] = {
        "project": schema.project,
        "layout": schema.layout,
        "fields": ", ".join(f"{field.name} ({field.type})" for field in schema.fields) or "those of a clkhash schema",
        "fingerprint": schema.fingerprint(),
        "key check": links.key_check,
    }
    if schema.harden:
        agreed["hardening"] = ", ".join(f"{name} {value}" for name, value in schema.harden.settings().items())
    heads = ("source", "records", "linked", "share")
    return Section(
        "What was linked",
        (table(heads, rows), facts(told, caption="The result"), facts(agreed, caption="The agreement")),
    )


def _known(links: Links, policy: str | Policy) -> Section:
    found = overlap(links, policy=policy)
    symbol = found.policy.symbol
    rows = [(row["known_to"], symbol if row["people"] is None else row["people"]) for row in found.table.to_pylist()]
    base = f", others rounded to the nearest {found.policy.base}" if found.policy.base > 1 else ""
    words = f"People by the sources that know them, and no other. Below {found.policy.threshold} suppressed{base}."
    return Section("Known to whom", (text(words), table(("known to", "people"), rows)))


def _good(links: Links, evaluation: Evaluation | None) -> Section:
    parts = []
    if evaluation is not None:
        shares = {name: getattr(evaluation, name) for name in MEASURES}
        parts.append(facts({_WORDS[name]: share for name, share in shares.items()}, caption="Held against the truth"))
    if links.quality is None:
        parts.append(note("Nothing shows how good links at a threshold that was given, or of several agencies, are."))
    else:
        parts += _expected(links.quality)
    parts.append(_distribution(links))
    return Section("How good it is expected to be", tuple(parts))


def _expected(quality: Quality) -> list[str]:
    rows = [(_WORDS[name], *(f"{part:.3f}" for part in vars(getattr(quality, name)).values())) for name in MEASURES]
    parts = [table(("", "expected", "from", "to"), rows, caption="Without truth, with 95 % intervals")]
    parts += [note(word) for word in quality.words]
    for name, shares in (quality.groups or {}).items():
        parts.append(table((name, "expected recall"), sorted(shares.items()), caption=f"By {name}"))
    ax = quality.plot()
    ax.axvline(quality.at.cut, color="black", linestyle="--", linewidth=1)
    says = f"Expected precision, recall and F1 by cut; the dashed line is the cut that was made, {quality.at.cut:g}."
    return [*parts, figure(ax, says=says, data=arrow_table(quality.to_arrow()))]


def _distribution(links: Links) -> str:
    measure = "match_weight" if "match_weight" in links.pairs.column_names else "similarity"
    values = links.pairs[measure].to_numpy()
    if not len(values):
        return text("No pair was linked.")
    edges = np.histogram_bin_edges(values, bins=_BINS)
    counts = np.histogram(values, edges)[0]
    words = {"match_weight": "match weight (log2)", "similarity": "similarity"}[measure]
    ax = charts.draw_counts(edges, {"linked": counts}, x_label=words, y_label="pairs",
                            cut=links.cut.get("threshold"))  # fmt: skip
    rows = [
        (f"{low:.3g} to {high:.3g}", int(count)) for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return figure(ax, says=f"Linked pairs by {words}.", data=table((words, "pairs"), rows))


def _weights(model: Model) -> Section:
    says = "What each level of agreement is worth: to the right it speaks for one person, to the left for two."
    told: dict[str, object] = {
        "matches expected": round(model.matches),
        "estimation settled": model.converged,
        "matches that have moved": f"{model.moved:.1%}",
    }
    return Section(
        "What speaks for a link", (facts(told), figure(model.plot(), says=says, data=arrow_table(model.to_arrow())))
    )


def _pair(explanation: Explanation, pair: tuple[str, str] | None) -> Section:
    chosen, words = pair, "The pair that was asked for: "
    if chosen is None:
        near = [row for row in explanation.nearest(200).to_arrow().to_pylist() if row["reaches_cut"]]
        if not near:
            return Section("One pair explained", (text("No pair reaches the cut."),))
        chosen, words = (near[0]["left_id"], near[0]["right_id"]), "The linked pair that is nearest the cut: "
    found = explanation.pair(*chosen)
    named = facts({"left record": chosen[0], "right record": chosen[1]}) if pair is not None else ""
    drawn = figure(found.plot(), says="How its weight comes about, step by step.", data=arrow_table(found.to_arrow()))
    why = text(f"{words}{found.why}; probability {found.probability:.3f}.")
    return Section("One pair explained", (why, named, drawn))


def _not_done(links: Links, *, explained: bool) -> Section:
    parts = [text(words) for words in _LIMITS]
    if not explained:
        parts.append(text("Match weights and pairs were not explained: that takes the sets, in the fields layout."))
    if links.conflicts.num_rows:
        parts.append(
            note(f"{links.conflicts.num_rows:,} pairs reach the cut and did not fit; they are listed with the links.")
        )
    return Section("What is not known", tuple(parts))
