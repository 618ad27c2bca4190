"""Links carried on: batches, reviewers' decisions, withdrawals and changes of key, as three agencies send them."""

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import linkage as lk
from linkage.central.overtime.heldsets import chosen
from linkage.study import invent
from tests.test_link import KEY, RECORD, encoded
from tests.test_link_several import AGENCIES, population, sets

__all__ = ["population", "sets"]  # its fixtures


@pytest.fixture(scope="module")
def at_once(sets):
    return lk.link(*sets)


def batches(sets, n):
    """Batch by batch, some records of each set."""
    drawn = [np.random.default_rng(7).integers(0, n, len(each)) for each in sets]
    return [[chosen(each, own == batch) for each, own in zip(sets, drawn, strict=True)] for batch in range(n)]


def carried_on(parts, **options):
    results, held = [], []
    for part in parts:
        held += part
        results.append(lk.link(*held, standing=results[-1] if results else None, **options))
    return results


@pytest.fixture(scope="module")
def results(sets):
    return carried_on(batches(sets, 3))


def people(links):
    """Record -> link id."""
    return {(row["source"], row["record_id"]): row["link_id"] for row in links.records.to_pylist()}


def pairs(links):
    return {
        (row["left_source"], row["left_id"], row["right_source"], row["right_id"]) for row in links.pairs.to_pylist()
    }


def rows(links):
    return [
        {name: value for name, value in row.items() if name not in ("match_weight", "probability")}
        for row in links.pairs.to_pylist()
    ]


def told(*pairs_said):
    names = ("left_source", "left_id", "right_source", "right_id", "same")
    return pa.table({name: [each[place] for each in pairs_said] for place, name in enumerate(names)})


def test_link__batch_after_batch_gives_the_links_of_all_at_once(results, at_once):
    one_by_one, together = pairs(results[-1]), pairs(at_once)
    assert len(one_by_one ^ together) < 0.01 * len(together)
    assert results[-1].records.num_rows == at_once.records.num_rows


def test_link__under_one_model_batches_are_all_at_once_to_the_last_pair(sets):
    model = lk.fit(*sets[:2])
    last = carried_on(batches(sets, 3), model=model, probability=0.6)[-1]
    whole = lk.link(*sets, model=model, probability=0.6)
    assert rows(last) == rows(whole)
    assert np.allclose(last.pairs["probability"].to_numpy(), whole.pairs["probability"].to_numpy(), atol=2e-3)


def test_link__of_the_record_layout_batches_are_all_at_once(population):
    sets = [encoded(population, agency, schema=RECORD) for agency in AGENCIES]
    last = carried_on(batches(sets, 2), threshold=0.75)[-1]
    whole = lk.link(*sets, threshold=0.75)
    assert last.pairs.equals(whole.pairs) and last.conflicts.equals(whole.conflicts)


def test_link__ids_never_change_but_by_listed_events(results):
    for before, after in itertools.pairwise(results):
        new, events = people(after), {(row["old_link_id"], row["new_link_id"]) for row in after.events.to_pylist()}
        for record, link in people(before).items():
            assert link is None or new[record] == link or (link, new[record]) in events
        kept = [new[record] == link for record, link in people(before).items() if link is not None]
        assert np.mean(kept) > 0.95


def test_link__an_event_says_what_became_of_a_link_id(results):
    for before, after in itertools.pairwise(results):
        still = set(after.records["link_id"].drop_null().to_pylist())
        for event in after.events.to_pylist():
            assert event["old_link_id"] in before.records["link_id"].to_pylist()
            assert (event["old_link_id"] in still) is (event["kind"] == "split")
            assert (event["new_link_id"] is None) or event["kind"] != "end"


def test_link__meets_old_records_no_more(results, sets, monkeypatch):
    from linkage.central.overtime import newpairs

    met = []
    among = newpairs.contenders_among

    def counted(model, lefts, rights, *rest, **options):
        met.append(len(lefts[0]) * len(rights[0]))
        return among(model, lefts, rights, *rest, **options)

    monkeypatch.setattr(newpairs, "contenders_among", counted)
    again = lk.link(*sets, standing=results[-1])
    assert sum(met) == 0
    assert again.records.equals(results[-1].records) and not again.events.num_rows
    more = chosen(sets[0], np.arange(3))
    changed = lk.EncodedSet.from_arrays(
        [f"{place:032x}" for place in range(3)], more.filters, schema=more.schema, source="registry",
        key_check=more.key_check,
    )  # fmt: skip
    lk.link(*sets, changed, standing=results[-1])
    assert sum(met) == 3 * (len(sets[0]) + len(sets[1]))


def test_link__a_changed_record_is_met_anew_and_the_last_word_counts(results, sets):
    first = results[-1].pairs.slice(0, 1).to_pylist()[0]
    place = [each.source for each in sets].index(first["left_source"])
    row = sets[place].record_ids.to_pylist().index(first["left_id"])
    other = (row + 1) % len(sets[place])
    changed = lk.EncodedSet.from_arrays(
        [first["left_id"]], {name: filter[[other]] for name, filter in sets[place].filters.items()},
        schema=sets[place].schema, source=sets[place].source, key_check=sets[place].key_check,
    )  # fmt: skip
    after = lk.link(*sets, changed, standing=results[-1])
    assert tuple(first.values())[:4] not in pairs(after)
    assert pairs(lk.link(changed, *sets, standing=results[-1])) == pairs(results[-1])


def test_link__refuses_where_old_records_are_not_given(results, sets):
    with pytest.raises(ValueError, match=r"records of 'registry' in the standing result are in no set"):
        lk.link(*sets[:2], standing=results[-1])


def test_link__refuses_a_standing_result_that_is_a_path(sets):
    with pytest.raises(TypeError, match="standing: must be of the type Links or None, not str; read it"):
        lk.link(*sets, standing="links.parquet")


def test_link__at_another_threshold_is_what_linking_at_once_gives(population):
    sets = [encoded(population, agency, schema=RECORD) for agency in AGENCIES]
    high, low = (lk.link(*sets, threshold=threshold) for threshold in (0.8, 0.7))
    for standing, wanted in ((high, low), (low, high)):
        threshold = wanted.cut["threshold"]
        assert lk.link(*sets, standing=standing, threshold=threshold).pairs.equals(wanted.pairs)


def test_link__of_a_source_that_withdraws_all_its_records_forgets_it(at_once, sets):
    gone = sets[2].record_ids.to_pylist()
    left = lk.link(*sets[:2], standing=at_once, withdraw={"registry": gone})
    assert left.sources == AGENCIES[:2]
    none = lk.link(*sets[:2], sets[2].without(gone), standing=at_once, withdraw={"registry": gone})
    assert pairs(none) == pairs(left)


def test_link__known_pairs_are_honoured_and_stay_so(at_once, sets):
    one, other = at_once.pairs.to_pylist()[0], at_once.pairs.to_pylist()[5]
    apart = (one["left_source"], one["left_id"], one["right_source"], one["right_id"], False)
    joined = (one["left_source"], one["left_id"], other["left_source"], other["left_id"], True)
    made = lk.link(*sets, standing=at_once, known=told(apart, joined))
    for links in (made, lk.link(*sets, standing=made)):
        who = people(links)
        assert who[apart[0], apart[1]] is None or who[apart[0], apart[1]] != who[apart[2], apart[3]]
        assert who[joined[0], joined[1]] == who[joined[2], joined[3]] is not None
    # the last word on a pair counts, whichever way round it is told
    back = lk.link(*sets, standing=made, known=told((*apart[2:4], *apart[:2], True), (*joined[:4], False)))
    assert people(back)[apart[0], apart[1]] == people(back)[apart[2], apart[3]]


def test_link__refuses_known_pairs_that_contradict_themselves(at_once, sets):
    one = at_once.pairs.to_pylist()[0]
    ends = (one["left_source"], one["left_id"], one["right_source"], one["right_id"])
    with pytest.raises(ValueError, match="1 pairs name a record that is in no set"):
        lk.link(*sets, known=told((*ends[:3], "0" * 32, True)))
    third = ("registry", next(text for text in sets[2].record_ids.to_pylist() if text not in ends))
    said = told((*ends, False), (*ends[:2], *third, True), (*ends[2:], *third, True))
    with pytest.raises(ValueError, match="1 pairs are said to be two people, and by way of others one"):
        lk.link(*sets, known=said)
    with pytest.raises(ValueError, match="lacks the column same"):
        lk.link(*sets, known=told().drop_columns(["same"]))


def test_link__a_withdrawn_record_leaves_no_trace(at_once, sets, tmp_path):
    times = at_once.records.group_by("link_id").aggregate([([], "count_all")])
    three = times.filter(pc.equal(times["count_all"], 3))["link_id"].drop_null().to_pylist()[0]
    of = [record for record, link in people(at_once).items() if link == three]
    (source, gone), others = of[0], of[1:]
    marked = lk.link(*sets, standing=at_once, known=told((*of[0], *of[1], True), (*of[1], *of[2], True)))
    with pytest.raises(ValueError, match="1 of the records are in the sets of"):
        lk.link(*sets, standing=marked, withdraw={source: [gone]})
    cleaned = [each.without([gone]) if each.source == source else each for each in sets]
    with pytest.raises(ValueError, match="are in no set"):
        lk.link(*cleaned, standing=marked)
    after = lk.link(*cleaned, standing=marked, withdraw={source: [gone]})
    assert [people(after)[record] for record in others] == [three, three]
    assert not after.events.num_rows
    after.save(tmp_path / "links.parquet")
    from pyarrow import parquet

    whole = parquet.read_table(tmp_path / "links.parquet")
    assert all(gone not in column.to_pylist() for column in whole.columns)
    assert after.kept.known.num_rows == 1


@pytest.mark.parametrize("ids", [[1, 2], [None, "x"], [["x"], ["y"]]], ids=["numbers", "gap", "lists"])
def test_link__ids_that_are_no_text_are_refused(at_once, sets, ids):
    """A gap was the record 'None', and lists were "unhashable"."""
    with pytest.raises(ValueError, match="withdraw, row 1: record_id must be text"):
        lk.link(*sets, standing=at_once, withdraw={"registry": {"record_id": ids}})
    bridge = {"registry": {"old_record_id": ids, "new_record_id": ["a", "b"]}}
    with pytest.raises(ValueError, match="bridge, row 1: old_record_id must be text"):
        lk.link(*sets, standing=at_once, bridge=bridge)


def test_link__a_withdrawal_of_what_was_never_there_is_refused(at_once, sets):
    with pytest.raises(ValueError, match="1 record ids of 'registry' are not in the standing result"):
        lk.link(*sets, standing=at_once, withdraw={"registry": ["0" * 32]})
    with pytest.raises(ValueError, match="withdraw and bridge belong to a standing result"):
        lk.link(*sets, withdraw={"registry": ["0" * 32]})


def test_link__carries_on_from_a_file(results, sets, tmp_path):
    results[1].save(tmp_path / "links.parquet")
    loaded = lk.Links.load(tmp_path / "links.parquet")
    for name in ("pairs", "conflicts", "records", "events"):
        assert getattr(loaded, name).to_pydict() == getattr(results[1], name).to_pydict(), name
    assert loaded.kept.footer() == results[1].kept.footer()
    for name in ("pairs", "contents", "known"):
        columns = [sorted(getattr(links.kept, name).to_pylist(), key=str) for links in (loaded, results[1])]
        assert columns[0] == columns[1], name
    one, other = (lk.link(*sets, standing=links) for links in (loaded, results[1]))
    assert one.records.equals(other.records) and one.pairs.equals(other.pairs)


def test_link__two_sets_are_carried_on_from_a_result_that_kept_nothing(sets):
    two = lk.link(*sets[:2])
    assert two.kept is None
    more = lk.link(*sets, standing=two)
    same = [people(more)[record] == link for record, link in people(two).items() if link is not None]
    assert np.mean(same) > 0.98 and more.kept is not None


def test_link__a_new_key_keeps_link_ids_over_a_bridge(at_once, sets, population):
    other = lk.Key(np.random.default_rng(1).bytes(32))
    renewed = [encoded(population, agency, key=other) for agency in AGENCIES]
    with pytest.raises(lk.MismatchError, match="made with another key"):
        lk.link(*renewed, standing=at_once)
    bridges = {
        agency: lk.bridge(population[agency], KEY, other, id=population.ids[agency], source=agency,
                          project=sets[0].schema.project)
        for agency in AGENCIES
    }  # fmt: skip
    after = lk.link(*renewed, standing=at_once, bridge=bridges)
    new = {
        (agency, old): fresh
        for agency in AGENCIES
        for old, fresh in zip(*bridges[agency].to_pydict().values(), strict=True)
    }
    moved = people(after)
    same = [moved[record[0], new[record]] == link for record, link in people(at_once).items() if link is not None]
    assert np.mean(same) > 0.98
    with pytest.raises(ValueError, match="1 records of the standing result have no new id"):
        lk.link(*renewed, standing=at_once, bridge={**bridges, "registry": bridges["registry"].slice(1)})


def test_links__say_where_a_state_came_from(at_once):
    kept = at_once.kept
    assert kept.step == 0 and kept.duplicates == ()
    assert dataclasses.replace(kept, step=4).footer() != kept.footer()
    assert kept.contents.num_rows == at_once.records.num_rows


def test_link__duplicates_within_one_set_are_carried_on(population):
    police = encoded(invent(1500, seed=4, agencies=["police"]), "police")
    half = np.random.default_rng(0).random(len(police)) < 0.5
    first = lk.link(chosen(police, half))
    after = lk.link(chosen(police, half), chosen(police, ~half), standing=first)
    whole = lk.link(police)
    assert len(pairs(after) ^ pairs(whole)) < 0.03 * len(whole)


def test_release__of_whom_a_reviewer_linked_is_certain(at_once, sets):
    alone = [row for row in at_once.records.to_pylist() if row["link_id"] is None]
    one, other = alone[0], alone[-1]
    said = told((one["source"], one["record_id"], other["source"], other["record_id"], True))
    made = lk.link(*sets, standing=at_once, known=said)
    own = made.release(one["source"], confidence=True).table.filter(pc.field("record_id") == one["record_id"])
    assert own["confidence"].to_pylist() == ["certain"]
