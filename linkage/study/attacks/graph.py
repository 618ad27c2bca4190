"""Graph matching: who is like whom gives people away, without the key and whatever the bits are.

Similar people have similar encodings: that is what they are for. So the graph of similarities within an encoded set is,
but for chance, the graph within the plain list, and laying one over the other names the records (Vidanage, Christen,
Ranbaduge and Schnell, CIKM 2020; Schäfer, Armknecht and Heng, "R+R: Revisiting Graph Matching Attacks on
Privacy-Preserving Record Linkage", ACSAC 2024, who re-identify 99.9 % of CLKs at 50 % overlap with node2vec embeddings,
Wasserstein-Procrustes and a minimum-weight assignment). Written from these descriptions. It differs in two steps: the
graph is embedded by its eigenvectors rather than by random walks, and the alignment starts from how the clouds lean
(`linkage.study.attacks.moments`), from the directions in which they are least normal
(`linkage.study.attacks.components`) and from each point's surroundings rather than from chance. Each start is carried
on quickly, by nearest points, and where that is not plainly right slowly (`linkage.study.attacks.annealing`).

It needs some hundreds of people in both: of 5,000 it names all or few at an overlap of 10 %, nearly always all at 20 %.
Filters that were XORed (folding, diffusion) need more people or luck with a start: with a list of everybody it names
99 % of 2,000 where three bits are mixed in 2,048, as the published attack does, and without seeing so. A low rate on
such encodings says little; see `linkage.study.attacks.xor_tuples`.

Against it help encodings whose similarities say little of people's: see `linkage.study.attacks.embedding` for what is
read, and measure. A list that overlaps little with few records helps too, but nobody can promise that.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.sealed import sealed
from linkage.study.attacks import alignment, annealing, components, moments
from linkage.study.attacks.adversary import Columns, OwnEncodings
from linkage.study.attacks.alignment import Cloud
from linkage.study.attacks.annealing import Start
from linkage.study.attacks.components import Independent
from linkage.study.attacks.embedding import embedding, similarity, structure
from linkage.study.attacks.moments import Leaning
from linkage.study.attacks.truth import counted, right_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linkage.study.attacks.alignment import Floats
    from linkage.study.attacks.result import Reidentified

STARTS: tuple[Leaning | Independent | Start, ...] = (
    Leaning(20, 1.0),
    Leaning(12, 0.5),
    Leaning(30, 0.7),
    Leaning(20, 0.5),
    Independent(30),
    Independent(40, starts=8, kept=3),
    Independent(60, starts=4, kept=3),
    Start(30, 2_000, 1.0),
    Start(20, 2_000, 3.0),
    Start(40, 2_000, 3.0),
    Start(15, 2_000, 1.0),
    Start(20, 2_000, 0.3),
    Start(30, 2_000, 10.0),
)
"""Ways to begin, the quickest first, tried in turn until one is plainly right; no single one is best on all lists."""

_FEWEST = 10
_TRIED_IN = 40  # dimensions, until a start is chosen
_PLAIN = 0.6  # an ambiguity below it is of a right alignment: wrong ones have 0.68 and more
_HELD = 0.9  # of the pairs that are each other's nearest: a hard fit that loses more loses the alignment
_FURTHER = 2  # times a start is carried on before it is given up
_ROUNDS = 4


@sealed
@checked
def graph_matching(
    encoded: EncodedSet,
    known: object,
    *,
    truth: object,
    truth_key: Key | None = None,
    id: str | None = None,
    columns: Columns = None,
    keys: int = 4,
    dimensions: int = 100,
    starts: Sequence[Leaning | Independent | Start] = STARTS,
    seed: int = 0,
) -> Reidentified:
    """Name encoded records by laying their similarity graph over that of a plain list.

    Parameters
    ----------
    encoded
        The set under attack, of any layout and hardening.
    known
        The adversary's list: a table in any form that `linkage.encode` takes, with its ``id`` column and ``columns``,
        which he encodes under ``keys`` keys of his own; or his own `EncodedSet` of it, under the same agreement.
    truth
        ``left_id``, ``right_id`` of the people in both: a record id of ``encoded``, or with ``truth_key`` the
        agency's own id, and an id of the list. For counting alone.
    truth_key
        The agency's key, to read the truth with. The attack is not shown it.
    dimensions
        Of the embedding. More help where many people are known, and cost time.
    starts
        Ways to begin, until one is plainly right.
    seed
        Equal seeds give equal results.

    Returns
    -------
    A claim for every record that can have one. ``confidence`` is one minus the ratio of the squared distances to the
    nearest and the second nearest person. ``details``: ``ambiguity``, the median of that ratio, which shows the
    adversary himself whether he got through (below 0.6 he did), and ``starts``, how many he tried.

    Cost: 4 * n * n bytes a side, a few at a time. On one core and 5,000 people 20 to 60 seconds, and
    many minutes where no start is plainly right: each is then fitted slowly too.

    >>> import linkage
    >>> from linkage.study import attacks, invent
    >>> people = invent(1_000, seed=3, agencies=["registry"])
    >>> kinds = {"given_name": "name", "surname": "name", "dob": "date"}
    >>> fields = tuple(linkage.Field(name=name, type=kind) for name, kind in kinds.items())
    >>> schema = linkage.Schema(project="docs", layout="record", fields=fields)
    >>> key = linkage.Key(np.random.default_rng(1).bytes(32))
    >>> lists = attacks.two_lists(people["registry"], id="entry_no", overlap=0.8, seed=1)
    >>> columns = people.held("registry", schema)
    >>> encoded = linkage.encode(lists.held, schema, key, id="entry_no", source="registry", columns=columns)
    >>> of = {"truth": lists.truth, "truth_key": key, "id": "entry_no", "columns": columns}
    >>> attacks.graph_matching(encoded, lists.known, **of).rate > 0.9
    True
    """
    own = OwnEncodings.of(known, encoded.schema, id=id, columns=columns, keys=keys, seed=seed)
    right = right_rows(encoded, own.ids, truth, truth_key)
    began = time.perf_counter()
    if min(len(encoded), len(own.ids)) < _FEWEST:
        raise ValueError(f"graph_matching: fewer than {_FEWEST} records or people, whose graph says nothing")
    left_cloud, right_cloud = (_cloud(sets, dimensions) for sets in ((encoded,), own.sets))
    fits, tried = _laid_over(left_cloud, right_cloud, starts, dimensions, np.random.default_rng(seed))
    settled = [_settled(left_cloud.points, right_cloud.points, near, dimensions) for near in fits]
    near, unsure = next((each for each in settled if each[1] < _PLAIN), settled[-1])
    rows, cols = alignment.assigned(near)
    confidence = 1 - alignment.ratios(near, rows, cols)
    return counted(
        "graph matching",
        encoded,
        own.ids,
        right,
        (rows, cols, confidence),
        seconds=time.perf_counter() - began,
        details={"ambiguity": unsure, "starts": tried},
    )


def _cloud(sets: Sequence[EncodedSet], dimensions: int) -> Cloud:
    alike = similarity(sets)
    if not alike.any():
        raise ValueError("graph_matching: all records of a set are alike, and their graph says nothing")
    points = embedding(alike, dimensions)
    counts = [count for encoded in sets for count in encoded.popcounts.values()]
    weight = np.asarray(np.sum(counts, axis=0) / len(sets), dtype=np.float32)
    return Cloud(points, structure(points, weight))


def _laid_over(
    left: Cloud,
    right: Cloud,
    starts: Sequence[Leaning | Independent | Start],
    dimensions: int,
    rng: np.random.Generator,
) -> tuple[list[Floats], int]:
    """The first fit that is plainly right, else the best quick and the best slow one; and how many starts it took."""
    best: list[tuple[float, Floats]] = []
    tried = 0
    for turn, further in _turns(left, right, starts, rng):
        tried += 1
        for way, near in enumerate(_fits(left.points, right.points, turn, further, dimensions)):
            unsure = alignment.ambiguity(near)
            if unsure < _PLAIN:
                return [near], tried
            if tried == 1:
                best.append((unsure, near))
            elif unsure < best[way][0]:
                best[way] = unsure, near
    if not best:
        raise ValueError("starts: at least one")
    return [near for _, near in best], tried


def _fits(left: Floats, right: Floats, turn: Floats, further: int, dimensions: int) -> Iterator[Floats]:
    """From one start: a quick fit, and if it is asked for a slow one."""
    yield _carried(left, right, turn, further)
    yield annealing.annealed(left, right, turn, dimensions)


def _carried(left: Floats, right: Floats, turn: Floats, further: int) -> Floats:
    """A start carried on: where one in ten was laid right no ambiguity shows it, and the others follow further on."""
    near = alignment.refined(left, right, turn, _TRIED_IN)
    for _ in range(further):
        if alignment.ambiguity(near) < _PLAIN:
            break
        near = alignment.again(left, right, near, _TRIED_IN)
    return near


def _turns(
    left: Cloud, right: Cloud, starts: Sequence[Leaning | Independent | Start], rng: np.random.Generator
) -> Iterator[tuple[Floats, int]]:
    """Rotations to try, made as they are asked for, and how often to carry each further."""
    for start in starts:
        if isinstance(start, Leaning):
            yield from ((turn, 0) for turn in moments.rotations(left, right, start, rng))
        elif isinstance(start, Independent):
            yield from ((turn, _FURTHER) for turn in components.rotations(left, right, start, rng))
        elif isinstance(start, Start):
            yield annealing.first_rotation(left, right, start, rng), 0
        else:
            raise TypeError(f"starts: each a Leaning, an Independent or a Start, not {type(start).__name__}")


def _settled(left: Floats, right: Floats, near: Floats, dimensions: int) -> tuple[Floats, float]:
    """The fit in all dimensions by nearest points, gone through again while that makes it less ambiguous.

    Or as it was, where these lose it: of bits that are mixed much nearest points are seldom the right ones.
    """
    begun, least = near, 2.0
    for _ in range(_ROUNDS):
        further = alignment.again(left, right, near, dimensions)
        unsure = alignment.ambiguity(further)
        if unsure >= least - 0.01:
            break
        near, least = further, unsure
    if len(alignment.mutual(near)[0]) < _HELD * len(alignment.mutual(begun)[0]):
        return begun, alignment.ambiguity(begun)
    return near, least
