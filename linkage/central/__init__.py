"""The centre's room: sees EncodedSets, never a name or the key. What leaves it are Releases.

`link` calls the steps in order: candidates, compare or score, assign.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from linkage.argumentkinds import kinds
from linkage.arguments import checked, require
from linkage.central.blocking.ways import Candidates
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.limits import Limits
from linkage.central.modelling.model import Model
from linkage.central.overtime.batches import link_over_time
from linkage.central.pairwise import given_threshold, link_by_probability, link_by_threshold
from linkage.central.runs.work import Work, begun, settings_of_link
from linkage.central.sources import all_in_canonical_order, one_partner
from linkage.central.thresholds import Ratio
from linkage.encoded import EncodedSet, require_comparable
from linkage.files import PathLike
from linkage.links import Links
from linkage.oneagreement import in_one_agreement, narrower, under

if TYPE_CHECKING:
    from linkage.central.spark.engine import OnSpark

__all__ = ["link"]


@checked
def link(
    *sets: EncodedSet,
    model: Model | None = None,
    probability: Ratio | None = None,
    precision: Ratio | None = None,
    threshold: Ratio | None = None,
    candidates: Candidates | None = None,
    duplicates: Collection[str] = (),
    standing: Links | None = None,
    known: object = None,
    withdraw: Mapping[str, object] | None = None,
    bridge: Mapping[str, object] | None = None,
    run: PathLike | OnSpark | None = None,
    executor: Executor | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Links:
    """Decide which records of several agencies, or of one, are the same person.

    Parameters
    ----------
    sets
        Sets of different sources, made under one agreement and key; their order changes nothing. One may be of an
        earlier version with some of the fields: the others are missing in it, and a warning says so. Of three or more,
        every two are compared, and one decision is made over all: see `linkage.central.clusters`. Or one set, to find
        the duplicates in it.
    model
        ``fields`` layout: a model from `fit`; without it one is estimated from the sets.
    probability
        ``fields`` layout: link at or above it, in (0, 1]. Without it 0.5, near the best balance of wrong and missed
        links; or higher, up to 0.7, where of the links above 0.5 more than one in two hundred is expected to be wrong.
        ``Links.cut`` says which.
    precision
        ``fields`` layout, two sets or one: in place of a probability the share of the links that shall be right, such
        as 0.99. The cut is the lowest that `Quality.lowest_cut` expects to give so many, chance considered.
    threshold
        ``record`` layout: link at or above this similarity, measured as the agreement's filter is made for. Without it
        one is found from the sets, near the best balance of wrong and missed links (``Links.cut`` says which); within
        one set, of three or more, or with ``duplicates``, it must be given. Hardened filters of strangers agree in
        about half of their bits, so thresholds lie a little above 0.5.
    candidates
        Of sets that are too large to compare all pairs: ``Blocks()`` compares the records of a block of the agreement,
        ``LSH(threshold=0.7)`` those with alike filters, ``Blocks() | LSH(threshold=0.8)`` both. The model is estimated
        on all pairs of some records in any case. Of two sets, or one, ``Links.quality`` counts what the candidates
        miss, by the likely matches of a sample, and says how many that are. A result is carried on by the candidates
        that are given then, not by those of before.
    duplicates
        Sources that may hold several records of a person. All others are one-to-one: a record gets at most one
        partner, by the largest total weight, and of several sources a person at most one record of each.
    standing
        The result that this one carries on. ``sets`` are all that the centre holds, earlier batches and new ones, each
        under its source's name: of a record that comes again the last one given counts, so give batches in order. New
        and changed records meet everybody, others are not compared again; a cut that was given, the ``duplicates`` and
        the models are those of before (a model is estimated again when its two sets have grown by a tenth). A person
        keeps their link id; what changes is listed in ``Links.events``. A result of one set or two without ``known``
        keeps nothing to carry on but the link ids: its first continuation compares all.
    known
        Pairs that somebody has looked at: a table with columns left_source, left_id, right_source, right_id (record
        ids) and ``same``, true or false. They are linked, or not, whatever else speaks for or against it, and stay so
        in all that carries on; said again of the same pair, the last word counts.
    withdraw
        Of a source the record ids to be forgotten, a list or a table with a column record_id. Take the records out of
        all sets first (`EncodedSet.without`). The link id stays with the others of that person if two or more are left.
    bridge
        Of a source a table old_record_id, new_record_id, from `linkage.bridge` at that agency after a change of key:
        link ids and ``known`` go over to the new record ids. All bridged sources are compared again.
    run
        A folder, new or empty, to work in: for two sets, or one, that are larger than memory, or take hours. The sets
        stream from their files to ones that are mapped, ``run/rows``, as large as they are when unpacked, and removed
        at the end; the model and what is found of some rows at a time are kept, so that the same call continues a run
        that was stopped and gives the same links. Those are also written to ``run/pairs``, as Parquet files.
        ``memory`` bounds what meets at a time and the likely pairs; a million a side took 1.6 GB with the default,
        links and all, beside what is mapped. Load sets of more than 8 GiB with ``max_bytes``. The folder stays at the
        centre. Or `linkage.central.spark.OnSpark`: the same on a cluster.
    executor
        Any `concurrent.futures.Executor` whose workers look at the pairs in the place of threads
        (`linkage.central.executors`): processes, or other machines through Dask or MPI, for the model as for the links,
        also with a folder as ``run``. All pairs only. The links are the same.

    Returns
    -------
    Pairs and records; see `Links`. Of two sets, or one, `Links.quality` says how good they are expected to be.

    Raises
    ------
    MismatchError
        The sets were encoded with different agreements, keys or versions; or the ``run`` was begun with other sets or
        settings.
    LimitError
        The likely pairs don't fit ``memory``.
    ValueError
        Records of the standing result are in no set that was given; or what is ``known`` contradicts itself.
    EvidenceError
        A threshold was to be found, and nothing shows where matches begin, or fewer than one record in five seems to
        have a partner; or a model was estimated, and fewer than one in thirty: too few to tell people from their
        siblings. To look at the links all the same, give ``threshold`` or ``model=lk.fit(...)``. Of several sources,
        two that share so few are linked through the others, with a warning; the error is raised where all are such.
        Or no cut is expected to reach the ``precision`` asked for.

    Cost: every pair of records is compared, or each candidate, once for the links and in part for the estimates; and
    4,000 records of either set with all others of it, for the quality. With ``standing``, new records with all, and the
    likely pairs of all again.
    """
    if not sets:
        raise ValueError("link: takes one encoded set or more")
    over_time = standing is not None or known is not None or withdraw is not None or bridge is not None
    if standing is None:
        _require_own_sources(sets)
    sets = in_one_agreement(*sets)
    if model is not None:
        sets = tuple(under(each, model.schema) if narrower(each.schema, model.schema) else each for each in sets)
    require_comparable(*sets, batches=True)
    ordered = all_in_canonical_order(*sets)
    limits: Limits = {"executor": executor, "threads": threads, "memory": memory, "progress": progress}
    by_threshold = sets[0].schema.layout == "record"
    if by_threshold:
        _refuse_options_of("fields", model=model, probability=probability, precision=precision)
    else:
        _refuse_options_of("record", threshold=threshold)
    if probability is not None and precision is not None:
        raise ValueError("link: probability and precision both say where to cut; give one of them")
    if run is not None and (over_time or len(sets) > 2):
        raise ValueError("link: run takes two sets, or one, and nothing to carry on; link several sources without it")
    if executor is not None and (candidates is not None or not (run is None or isinstance(run, str | os.PathLike))):
        raise ValueError("link: an executor compares all pairs; candidates are found on this machine, or on Spark")
    if over_time or len(sets) > 2:
        if precision is not None:
            raise ValueError(
                "link: a precision can be asked of two sets, or of one, without a standing result; give a probability"
            )
        if by_threshold and standing is None:
            threshold = given_threshold(threshold, ordered)
        return link_over_time(
            sets,  # as given: of one source the last one counts
            standing,
            known=known,
            withdraw=withdraw,
            bridge=bridge,
            model=model,
            probability=probability,
            threshold=threshold,
            candidates=candidates,
            duplicates=duplicates,
            limits=limits,
        )
    unique = one_partner(*ordered, duplicates) if len(ordered) == 2 else _in_one_set(ordered[0], duplicates)

    def decided(own: tuple[EncodedSet, ...], work: Work | None) -> Links:
        if by_threshold:
            return link_by_threshold(own, threshold, candidates=candidates, unique=unique, work=work, limits=limits)
        return link_by_probability(
            own,
            model=model,
            probability=probability,
            precision=precision,
            candidates=candidates,
            unique=unique,
            duplicates=duplicates,
            work=work,
            limits=limits,
        )

    if run is None:
        return decided(ordered, None)
    settings = settings_of_link(
        model=model,
        candidates=candidates,
        duplicates=duplicates,
        probability=probability,
        precision=precision,
        threshold=threshold,
    )
    if isinstance(run, str | os.PathLike):
        require(run, kinds("PathLike"), "run")
    begin = functools.partial(begun, run) if isinstance(run, str | os.PathLike) else _on_a_cluster(run)
    with begin(ordered, settings, all_pairs=candidates is None, memory=memory) as work:
        return decided(work.sets, work)


def _on_a_cluster(run: object) -> Any:
    """What begins a run there; ``TypeError`` for what is no cluster either."""
    if not hasattr(run, "begun"):
        raise TypeError(f"run: must be the path of a folder or OnSpark(session, folder), not {type(run).__name__}")
    return run.begun


def _require_own_sources(sets: tuple[EncodedSet, ...]) -> None:
    known: set[str] = set()
    for each in sets:
        if each.source in known:
            raise ValueError(
                f"link: two sets are of the source '{each.source}'; encode each agency under its own name, or all of "
                "one agency's records as one set, and link it alone"
            )
        known.add(each.source)


def _in_one_set(records: EncodedSet, duplicates: Collection[str]) -> tuple[bool, bool]:
    one_partner(records, records, duplicates)  # for its complaints
    return False, False


def _refuse_options_of(layout: str, **options: object) -> None:
    advice = {
        "fields": "these sets are of the record layout, which takes a threshold",
        "record": "these sets are of the fields layout, which takes a probability; for thresholds agree on "
        'layout = "record" and encode again',
    }[layout]
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"link: {name} belongs to the {layout} layout; {advice}")
