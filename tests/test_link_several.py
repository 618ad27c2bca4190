"""link() of three agencies: births, the children's centre and the primary school, whose truth is known."""

import itertools

import numpy as np
import pyarrow.compute as pc
import pytest

import linkage as lk
from linkage.central.assign import groups
from linkage.cli import cli
from linkage.commands.exitcodes import run
from linkage.study import evaluate_clusters, invent
from tests.test_link import KEY, RECORD, SCHEMA, empty, encoded, without_link_ids

AGENCIES = ("childrens_centre", "primary_school", "registry")


@pytest.fixture(scope="module")
def population():
    return invent(900, seed=5, agencies=AGENCIES)


@pytest.fixture(scope="module")
def sets(population):
    return [encoded(population, agency) for agency in AGENCIES]


@pytest.fixture(scope="module")
def record_sets(population):
    return [encoded(population, agency, schema=RECORD) for agency in AGENCIES]


@pytest.fixture(scope="module")
def links(sets):
    return lk.link(*sets)


def test_link__of_three_agencies_finds_who_is_known_to_which(links, population):
    found = evaluate_clusters(links, population.truth, key=KEY)
    assert found.pairwise.precision > 0.99 and found.pairwise.recall > 0.98
    assert links.sources == AGENCIES


def test_link__of_three_agencies_has_one_record_of_each_in_a_person(links, record_sets):
    for made in (links, lk.link(*record_sets, threshold=0.7)):
        linked = made.records.filter(pc.is_valid(made.records["link_id"]))
        times = linked.group_by(["source", "link_id"]).aggregate([([], "count_all")])
        assert pc.max(times["count_all"]).as_py() == 1


def test_link__of_three_agencies_does_better_than_following_links(record_sets, population):
    """Of a plain filter over the record, where one threshold lets in many that are only alike."""
    made = lk.link(*record_sets, threshold=0.75)
    found = evaluate_clusters(made, population.truth, key=KEY)
    offset = np.cumsum([0, *map(len, record_sets)])
    ends = []
    for one, other in itertools.combinations(range(3), 2):
        pairs = lk.compare(record_sets[one], record_sets[other], threshold=0.75)
        ends.append((pairs.left + offset[one], pairs.right + offset[other]))
    followed = groups(*(np.concatenate(side) for side in zip(*ends, strict=True)), int(offset[-1]))
    people = {group: set(np.flatnonzero(followed == group)) for group in set(followed.tolist())}
    largest = max(len(each) for each in people.values())
    assert largest > 3
    assert found.pairwise.precision > 0.97
    assert len(made.conflicts) > 0


def test_link__of_three_agencies_does_not_depend_on_their_order_or_threads(links, sets):
    for order in itertools.permutations(sets):
        assert without_link_ids(lk.link(*order, threads=1)) == without_link_ids(links)


def test_link__of_three_agencies_lists_pairs_whose_records_share_a_link_id(links):
    of = {
        (source, record): link
        for source, record, link in zip(
            *(links.records[name].to_pylist() for name in links.records.column_names), strict=True
        )
    }
    for table, together in ((links.pairs, True), (links.conflicts, False)):
        assert table.column_names == links.pairs.column_names
        for row in table.to_pylist():
            one, other = of[row["left_source"], row["left_id"]], of[row["right_source"], row["right_id"]]
            assert (one is not None and one == other) is together
            assert row["probability"] >= links.cut["probability"]
    listed = {(row["left_source"], row["left_id"]) for row in links.pairs.to_pylist()} | {
        (row["right_source"], row["right_id"]) for row in links.pairs.to_pylist()
    }
    assert listed == {record for record, link in of.items() if link is not None}


def test_link__of_three_agencies_is_saved_with_its_conflicts(record_sets, tmp_path):
    made = lk.link(*record_sets, threshold=0.7)
    assert made.conflicts.num_rows
    made.save(tmp_path / "links.parquet")
    loaded = lk.Links.load(tmp_path / "links.parquet")
    for name in ("pairs", "conflicts", "records"):
        assert getattr(loaded, name).to_pydict() == getattr(made, name).to_pydict(), name
    release = loaded.release("registry")
    assert set(release.table["link_id"].drop_null().to_pylist()) <= set(made.records["link_id"].to_pylist())


def test_link__of_several_agencies_warns_of_two_that_share_too_few(sets, population):
    stranger = encoded(invent(900, seed=77, agencies=["police"]), "police")
    with pytest.warns(lk.LinkageWarning, match="only about"):
        made = lk.link(*sets, stranger)
    known = made.records.filter(pc.equal(made.records["source"], "police"))
    assert known["link_id"].null_count == len(known)


def test_link__of_several_agencies_refuses_where_all_share_too_few():
    strangers = [
        encoded(invent(400, seed=seed, agencies=["registry"]), "registry", source=name)
        for seed, name in enumerate("abc", start=300)
    ]
    with pytest.warns(lk.LinkageWarning, match="too few"), pytest.raises(lk.EvidenceError, match="in no two sets"):
        lk.link(*strangers)


def test_link__of_several_agencies_dedupes_while_it_links(sets, population):
    """The school holds each of its children twice, under two numbers."""
    school = sets[1]
    twice = lk.EncodedSet.from_arrays(
        [
            *school.record_ids.to_pylist(),
            *(f"{id[:-1]}{'0' if id[-1] != '0' else '1'}" for id in school.record_ids.to_pylist()),
        ],
        {name: np.concatenate([rows, rows]) for name, rows in school.filters.items()},
        schema=SCHEMA,
        source=school.source,
        key_check=school.key_check,
    )
    made = lk.link(sets[0], twice, sets[2], duplicates=["primary_school"])
    own = made.records.filter(pc.equal(made.records["source"], "primary_school"))
    assert own["link_id"].null_count < 0.02 * len(own)
    times = own.group_by(["link_id"]).aggregate([([], "count_all")])["count_all"].to_pylist()
    assert sum(time == 2 for time in times) > 0.9 * len(times)


def test_link__of_three_agencies_takes_an_empty_one(record_sets):
    made = lk.link(record_sets[0], record_sets[1], empty("youth_work", RECORD), threshold=0.8)
    two = lk.link(record_sets[0], record_sets[1], threshold=0.8)
    assert made.sources == ("childrens_centre", "primary_school", "youth_work")
    assert abs(len(made) - len(two)) <= 2


def test_link__of_three_agencies_refuses_what_two_would(record_sets, sets):
    with pytest.raises(ValueError, match="needs a threshold"):
        lk.link(*record_sets)
    with pytest.raises(ValueError, match="threshold belongs to"):
        lk.link(*sets, threshold=0.8)
    with pytest.raises(ValueError, match="'police' is not a source"):
        lk.link(*record_sets, threshold=0.8, duplicates=["police"])


def test_command__links_three_files(record_sets, tmp_path, capsys):
    paths = []
    for each in record_sets:
        paths.append(str(tmp_path / f"{each.source}.parquet"))
        each.save(paths[-1])
    out = str(tmp_path / "links.parquet")
    assert run(cli, ["link", *paths, "--threshold", "0.8", "-o", out]) == 0
    assert "pairs of childrens_centre and primary_school and registry" in capsys.readouterr().out
    assert lk.Links.load(out).sources == AGENCIES
    assert run(cli, ["link", *paths, "--weights", "-o", str(tmp_path / "other.parquet")]) == 2
    assert "every two have a model of their own" in capsys.readouterr().err


def test_link__of_a_set_whose_records_were_all_withdrawn_says_that_it_is_empty():
    """It said that too few seem to have a partner: how an agency that leaves is forgotten was not to be found."""
    with pytest.raises(lk.EvidenceError, match="leave out the set of 'x', which has no records"):
        lk.link(encoded(invent(60, seed=1), "registry"), empty("x"), empty("y"), progress=False)
