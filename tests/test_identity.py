"""Link ids that stay, held against what they promise on any regrouping."""

import collections

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.central.overtime.identity import carried

KEY = b"k" * 32


def numbered(groups):
    """Groups from 0 in order of their first records."""
    first = {}
    return np.array([first.setdefault(group, len(first)) for group in groups], dtype=np.int32)


def ids_of(group, old, step=1):
    ids, events = carried(numbered(group), pa.array(old, pa.string()), release_key=KEY, step=step)
    return ids.to_pylist(), [tuple(row.values()) for row in events.to_pylist()]


regroupings = st.integers(1, 14).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 5), min_size=n, max_size=n),
        st.lists(st.one_of(st.none(), st.sampled_from("abcd")), min_size=n, max_size=n),
    )
)


@settings(deadline=None)
@given(regroupings)
def test_carried__gives_one_id_a_group_and_lists_every_change(problem):
    group, old = problem
    ids, events = ids_of(group, old)
    sizes = collections.Counter(group)
    by_group = collections.defaultdict(set)
    for place, own in enumerate(ids):
        assert (own is None) == (sizes[group[place]] == 1)
        by_group[group[place]].add(own)
    assert all(len(each) == 1 for each in by_group.values())
    linked = [own for each in by_group.values() for own in each if own is not None]
    assert len(linked) == len(set(linked))
    changed = {(before, after) for before, after in zip(old, ids, strict=True) if before not in (None, after)}
    assert {event[1:] for event in events} == changed and len(events) == len(changed)
    for kind, before, after in events:
        assert (kind == "split") is (before in ids)
        assert kind != "end" or after is None


@settings(deadline=None)
@given(regroupings)
def test_carried__of_unchanged_groups_changes_nothing(problem):
    first, _ = ids_of(problem[0], [None] * len(problem[0]), step=0)
    again, events = ids_of(problem[0], first)
    assert again == first and not events


def test_carried__the_id_stays_with_most_of_its_records():
    ids, events = ids_of([0, 0, 0, 1, 1], ["a", "a", "b", "b", "b"])
    assert ids == ["a", "a", "a", "b", "b"]
    assert events == [("split", "b", "a")]
    ids, events = ids_of([0, 0, 0], ["a", "b", "b"])
    assert ids == ["b"] * 3 and events == [("merge", "a", "b")]
    ids, events = ids_of([0, 1, 2], ["a", "a", None])
    assert ids == [None] * 3 and events == [("end", "a", None)]


def test_carried__new_ids_differ_from_step_to_step():
    made = [ids_of([0, 0], [None, None], step=step)[0][0] for step in range(3)]
    assert len(set(made)) == 3 and all(len(each) == 32 for each in made)
