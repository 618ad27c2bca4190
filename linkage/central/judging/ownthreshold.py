"""The threshold of the record layout when nobody gives one: found from similarities and one-to-one structure.

A sample of all pairs says above which floor there are ten pairs or so a record; the pairs above it are compared, and
`linkage.central.judging.calibrate` says how likely each link among them is a match. The threshold is where the expected
F1 is highest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from linkage.central import compare, kernels
from linkage.central.blocking import ways
from linkage.central.job import Job, prepared
from linkage.central.judging.calibrate import Calibration, calibrate
from linkage.central.judging.rivals import Candidates
from linkage.central.limits import Limits
from linkage.central.modelling.competition import Floats
from linkage.central.thresholds import similarity
from linkage.central.tiles import BYTES_PER_PAIR
from linkage.encoded import EncodedSet
from linkage.errors import EvidenceError, warn
from linkage.pairs import Pairs

_PAIRS_A_RECORD = 10
_SAMPLE_PAIRS = 1 << 22
_FEWEST_MATCHES = 10
# of the smaller side: with fewer, siblings may be taken for matches (F1 was up to 0.5 below the best, and not told)
_FEW, _FEW_SURE = 0.2, 0.15
_FEW_TO_CUT_BY = 0.3
_LEAST_RIGHT = 0.9  # of the links: with fewer expected to be right the threshold is worth a warning
_WAY_OUT = "Give threshold= if you know one, or link sets that share more people"


def found(
    left: EncodedSet,
    right: EncodedSet,
    candidates: ways.Candidates | None = None,
    comparing: Callable[..., Pairs] = compare.compare,
    **limits: Unpack[Limits],
) -> tuple[Pairs, float, Calibration]:
    """The pairs at or above a threshold, that threshold, and all links by similarity with their probabilities.

    For two sets whose records have one partner each; of ``candidates`` where not all pairs are to be compared, and by
    what does the ``comparing`` as `compare` does.

    Raises `EvidenceError` where similarities and structure don't say where matches begin.
    """
    pairs = alike(left, right, candidates, comparing, **limits)
    if not len(pairs):
        raise EvidenceError(f"no two records are alike, so no threshold can be found. {_WAY_OUT}")
    assert pairs.similarity is not None
    rivals = Candidates.of(pairs.left, pairs.right, pairs.similarity, len(left), len(right))
    # exclusive ors crowd all that is not very alike at a half, matches as well
    links = calibrate(rivals, thinning=left.schema.filters[0].similarity != "hamming")
    cut = _cut(links, min(len(left), len(right)))
    return pairs.take(pairs.similarity >= cut), cut, links


def alike(
    left: EncodedSet,
    right: EncodedSet,
    candidates: ways.Candidates | None = None,
    comparing: Callable[..., Pairs] = compare.compare,
    **limits: Unpack[Limits],
) -> Pairs:
    """The ten pairs or so a record that are most alike: those above a floor that a sample of all pairs gives."""
    if not len(left) or not len(right):
        raise EvidenceError("a set has no records, so no threshold can be found")
    job = prepared(left, right, threshold="1/1000000", measure=None, filters=None, threads=limits["threads"])
    room = min(_PAIRS_A_RECORD * (len(left) + len(right)), limits["memory"] // (4 * BYTES_PER_PAIR))
    floor = _floor(job, room)
    return comparing(left, right, threshold=floor, candidates=candidates, **limits)


def _cut(links: Calibration, n_records: int) -> float:
    """The lowest similarity of the links whose expected F1 is highest."""
    if not links.settled or (links.matches >= _FEWEST_MATCHES and links.doubtful > links.matches):
        raise EvidenceError(
            "there is no valley in the similarities between pairs of one person and pairs of two, so no threshold can "
            f"be found. {_WAY_OUT}"
        )
    if links.matches < max(_FEW * n_records, _FEWEST_MATCHES) or links.sure < _FEW_SURE * n_records:
        raise EvidenceError(
            f"only about {links.matches:,.0f} of {n_records:,} records seem to have a partner, {links.sure:,} surely: "
            f"too few to find a threshold by. {_WAY_OUT}"
        )
    if links.matches < _FEW_TO_CUT_BY * n_records:
        warn(
            f"about {links.matches:,.0f} of {n_records:,} records seem to have a partner: so few show only roughly "
            "where to cut, and the threshold may be well off. Look at links near it, or give threshold="
        )
    expected = 2 * np.cumsum(links.probability) / (np.arange(1, len(links.value) + 1) + links.matches)
    best = int(expected.argmax())
    right = float(links.probability[: best + 1].sum())
    if right < _LEAST_RIGHT * (best + 1):
        warn(
            f"of {best + 1:,} links about {best + 1 - right:,.0f} are expected to be wrong, as similarities of people "
            "and of strangers run into one another. Look at links near the threshold, or give a higher threshold="
        )
    # in ten-thousandths, so that a threshold can be read and given again
    return float(np.floor(1e4 * links.value[best]) / 1e4)


def _floor(job: Job, room: int) -> str:
    """The similarity that about so many pairs reach, from a sample: some rows against one span of columns."""
    span = len(job.spans) // 2
    n_rows, n_columns = len(job.rows), job.spans[span].n
    wanted = min(n_rows, max(1, _SAMPLE_PAIRS // max(n_columns, 1)))
    # rows lie in the order of their random ids, so even steps are a random sample
    rows = np.linspace(0, n_rows - 1, wanted).astype(np.int32)
    alike = np.sort(_similarities(job, rows, span))[::-1]
    reached = int(room / (job.grid.n_left * job.grid.n_right) * wanted * n_columns)
    lowest = alike[min(reached, len(alike) - 1)] if len(alike) else 1.0
    return f"{min(max(float(lowest), 0.01), 1.0):.6f}"


def _similarities(job: Job, rows: NDArray[np.int32], span: int) -> Floats:
    first = job.grid.spans()[span][0]
    chosen = job.rows.take(rows)
    met = kernels.overlaps(chosen, job.spans[span], job.need, room=len(rows) * job.spans[span].n)
    assert met is not None  # room for every pair
    row, column, overlap = met
    together = chosen.counts[row].astype(np.int64) + job.columns.counts[column + first]
    return similarity(overlap, together, n_bits=job.n_bits, measure=job.measure)
