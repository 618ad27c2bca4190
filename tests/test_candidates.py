"""Candidates of blocks, LSH and both: what is compared, what `link` makes of it, and that it says what was missed."""

import dataclasses
import json
import warnings

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import linkage as lk
from linkage.agency.rejoin import hashed_ids
from linkage.central.blocking.contending import contenders_met
from linkage.central.blocking.keyed import keyed
from linkage.central.modelling.scoring import contenders
from linkage.cli import cli

# of these people a few are in no block
pytestmark = pytest.mark.filterwarnings("ignore:.*are in no block:linkage.LinkageWarning")
KEY = lk.Key(bytes.fromhex("5d1f0a6c93be2748e1c05b7f3a9d8264f0c7e51b2d8a4936607cfeb1d3529a48"))
SOURCES = ("registry", "childrens_centre")
LIMITS = {"executor": None, "threads": 2, "memory": 1 << 30, "progress": False}


def sets_of(population, schema) -> list[lk.EncodedSet]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return [
            lk.encode(
                population[name], schema, KEY, id=population.ids[name], source=name, progress=False,
                columns=population.held(name, schema),
            )
            for name in SOURCES
        ]  # fmt: skip


@pytest.fixture(scope="module")
def population():
    return lk.study.invent(2_500, seed=31, preset="hard")


@pytest.fixture(scope="module")
def fields(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="candidates", blocks=True))


@pytest.fixture(scope="module")
def record(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="candidates", layout="record", blocks=True))


@pytest.fixture(scope="module")
def hardened(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="candidates", profile="guarded", blocks=True))


@pytest.fixture(scope="module")
def model(fields):
    return lk.fit(*fields)


def meet(left, right, rules) -> set[tuple[int, int]]:
    """All pairs with a key in common, one by one."""
    return {
        (row, column)
        for rule in rules
        for row, a in enumerate(left.blocks[rule].tolist())
        for column, b in enumerate(right.blocks[rule].tolist())
        if a == b != 0
    }


def pairs_of(found) -> set[tuple[int, int]]:
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))


@pytest.mark.parametrize("rules", [("born_initial",), ("sound_month", "postcode_initial"), ()])
def test_compare__by_blocks_is_all_pairs_of_those_that_meet(record, rules):
    every = lk.compare(*record, threshold=0.7)
    found = lk.compare(*record, threshold=0.7, candidates=lk.Blocks(rules=rules))
    names = rules or tuple(record[0].blocks)
    assert pairs_of(found) == pairs_of(every) & meet(*record, names)
    assert 0 < len(found) < len(every)
    same = lk.compare(*record, threshold=0.7, candidates=lk.Blocks(rules=rules), threads=1)
    assert np.array_equal(found.similarity, same.similarity)
    assert abs(found.recall - len(found) / len(every)) < 0.15


def test_compare__within_one_set_by_blocks_meets_each_pair_once(record):
    left = record[0]
    every = lk.compare(left, threshold=0.6)
    found = lk.compare(left, threshold=0.6, candidates=lk.Blocks(rules=("sound_month", "born_initial")))
    met = {(a, b) for a, b in meet(left, left, ("sound_month", "born_initial")) if a < b}
    assert pairs_of(found) == pairs_of(every) & met
    assert len(found) == len(pairs_of(found)) > 0


@pytest.mark.parametrize("kind", ["record", "hardened"])
def test_compare__either_way_finds_what_both_find(kind, request):
    sets = request.getfixturevalue(kind)
    threshold = 0.75 if kind == "record" else 0.6
    by_block, by_hash = lk.Blocks(rules=("sound_month",)), lk.LSH(recall=0.6)
    apart = [pairs_of(lk.compare(*sets, threshold=threshold, candidates=way)) for way in (by_block, by_hash)]
    together = pairs_of(lk.compare(*sets, threshold=threshold, candidates=by_block | by_hash))
    assert together == apart[0] | apart[1]
    assert together > apart[0]
    assert together > apart[1]


def test_contenders_met__are_the_contenders_that_meet_with_the_same_weights(fields, model):
    first, second = model_order(fields)
    every = contenders(model, first, second, within=False, **LIMITS)
    tables = keyed(lk.Blocks(), first, second, threshold=None, threads=1)
    found = contenders_met(model, first, second, tables, within=False, limits=LIMITS)
    met = meet(first, second, tuple(first.blocks))
    weight = dict(zip(zip(every.row.tolist(), every.column.tolist(), strict=True), every.weight.tolist(), strict=True))
    own = dict(zip(zip(found.row.tolist(), found.column.tolist(), strict=True), found.weight.tolist(), strict=True))
    assert found.bound == every.bound
    assert own == {pair: value for pair, value in weight.items() if pair in met}
    assert len(own) > 500


def test_contenders_met__drop_the_lightest_where_memory_is_short_and_refuse_at_last(fields, model):
    first, second = model_order(fields)
    tables = keyed(lk.LSH(threshold=0.5), first, second, threshold=None, threads=1)
    every = contenders_met(model, first, second, tables, within=False, limits=LIMITS)
    room = int(0.8 * len(every.row))
    few = contenders_met(model, first, second, tables, within=False, limits=LIMITS | {"memory": 320 * room})
    assert 0 < len(few.row) <= room
    assert few.weight.min() >= few.bound > every.bound
    with pytest.raises(lk.LimitError):
        contenders_met(model, first, second, tables, within=False, limits=LIMITS | {"memory": 320 * 10})


def model_order(sets) -> tuple[lk.EncodedSet, lk.EncodedSet]:
    from linkage.central.sources import in_canonical_order

    return in_canonical_order(*sets)


@pytest.mark.parametrize(
    "way", [lk.Blocks(), lk.Blocks(rules=("born_initial",)), lk.LSH(threshold=0.7), lk.Blocks() | lk.LSH(threshold=0.8)]
)
def test_link__by_candidates_knows_how_many_it_misses(fields, model, population, way):
    every, found = lk.link(*fields, model=model), lk.link(*fields, model=model, candidates=way)
    truth = lk.evaluate(found, population.truth, key=KEY)
    assert truth.precision > 0.98
    assert found.quality.recall.low <= truth.recall <= found.quality.recall.high
    assert abs(found.quality.recall.value - truth.recall) < 0.05
    assert "the share that meets is" in str(found.quality)
    assert "the share that meets" not in str(every.quality)
    alone = sum(map(len, lk.block_sizes(*fields, blocks=way).unblocked.values())) if isinstance(way, lk.Blocks) else 0
    assert (f"{alone:,} records are in no block" in str(found.quality)) == (alone > 0)
    whole = lk.evaluate(every, population.truth, key=KEY)
    assert truth.recall < whole.recall


def test_link__by_candidates_is_the_same_for_any_order_and_threads(fields, model):
    def told(links):
        return links.pairs.to_pydict(), links.quality

    one = lk.link(*fields, model=model, candidates=lk.Blocks(), threads=1)
    assert told(one) == told(lk.link(*fields[::-1], model=model, candidates=lk.Blocks(), threads=3))


def test_link__without_model_estimates_it_on_all_pairs(fields, model):
    by_itself = lk.link(*fields, candidates=lk.Blocks())
    assert by_itself.pairs.to_pydict() == lk.link(*fields, model=model, candidates=lk.Blocks()).pairs.to_pydict()


def test_link__of_one_set_by_candidates(population):
    schema = lk.Schema.preset("uk-person", project="candidates", blocks=True)
    both = sets_of(population, schema)
    ids = [*(f"a{each}" for each in both[0].record_ids.to_pylist()), *both[1].record_ids.to_pylist()]
    one = lk.EncodedSet.from_arrays(
        ids,
        {name: np.concatenate([each.filters[name] for each in both]) for name in both[0].filters},
        schema=schema, source="all", key_check=both[0].key_check,
        blocks={name: np.concatenate([each.blocks[name] for each in both]) for name in both[0].blocks},
    )  # fmt: skip
    every, found = lk.link(one), lk.link(one, candidates=lk.Blocks())
    assert 0.8 * len(every) < len(found) < len(every)


def test_link__of_the_record_layout_by_candidates(record, population):
    every, found = lk.link(*record, threshold=0.75), lk.link(*record, threshold=0.75, candidates=lk.Blocks())
    assert len(found) < len(every)
    by_itself = lk.link(*record, candidates=lk.Blocks())
    assert lk.evaluate(by_itself, population.truth, key=KEY).f1 > 0.85


@pytest.fixture(scope="module")
def three(population):
    """The registry in two halves, as if two agencies had them, and the children's centre."""
    schema = lk.Schema.preset("uk-person", project="candidates", blocks=True)
    first, second = sets_of(population, schema)
    return [named(first, slice(0, 900), "north"), named(first, slice(400, None), "south"), second]


def named(records, rows, source) -> lk.EncodedSet:
    return lk.EncodedSet.from_arrays(
        records.record_ids.to_pylist()[rows],
        {name: words[rows] for name, words in records.filters.items()},
        schema=records.schema,
        source=source,
        blocks={name: keys[rows] for name, keys in records.blocks.items()},
        key_check=records.key_check,
    )


def together(links) -> set[tuple[str, ...]]:
    """The groups, as the ids of their records."""
    groups: dict[str, list[str]] = {}
    for row in links.records.filter(links.records["link_id"].is_valid()).to_pylist():
        groups.setdefault(row["link_id"], []).append(f"{row['source']}/{row['record_id']}")
    return {tuple(sorted(group)) for group in groups.values()}


def test_link__of_three_sources_by_candidates(three, model):
    every, found = lk.link(*three, model=model), lk.link(*three, model=model, candidates=lk.Blocks())
    assert 0.85 * len(every) < len(found) < len(every)
    everybody = lk.link(*three, model=model, candidates=lk.Blocks() | lk.LSH(recall=0.999, threshold=0.3))
    assert len(everybody) > len(found)


@pytest.mark.parametrize("kind", ["fields", "record"])
def test_link__carried_on_by_candidates_is_what_linking_at_once_by_them_is(kind, request, model):
    first, second = request.getfixturevalue(kind)
    how = {"model": model, "probability": 0.5} if kind == "fields" else {"threshold": 0.75}
    how["candidates"] = lk.Blocks()
    early, late = named(second, slice(0, 900), second.source), named(second, slice(900, None), second.source)
    nothing = {"left_source": [], "left_id": [], "right_source": [], "right_id": [], "same": []}
    before = lk.link(first, early, known=nothing, **how)
    after = lk.link(first, early, late, standing=before, **how)
    assert together(after) == together(lk.link(first, second, known=nothing, **how))
    assert len(after) > len(before)


def test_link__refuses_candidates_that_the_sets_do_not_have(fields, population):
    plain = sets_of(population, lk.Schema.preset("uk-person", project="candidates"))
    with pytest.raises(ValueError, match="these sets carry no blocks"):
        lk.link(*plain, candidates=lk.Blocks())
    with pytest.raises(ValueError, match="did you mean 'born_initial'"):
        lk.link(*fields, candidates=lk.Blocks(rules=("born_initials",)))
    with pytest.raises(ValueError, match=r"LSH\(threshold=0.7\)"):
        lk.link(*fields, candidates=lk.LSH())
    with pytest.raises(ValueError, match="leave it out for all pairs"):
        lk.link(*fields, candidates="blocks")


def test_blocks__that_would_flood_are_refused_with_the_worst_named(fields, model):
    total = lk.block_sizes(*fields).pairs
    with pytest.raises(lk.LimitError, match=rf"about {total:,} candidates.*whose largest block") as refused:
        lk.link(*fields, model=model, candidates=lk.Blocks(most=total - 1))
    assert refused.value.needed == total
    assert len(lk.link(*fields, model=model, candidates=lk.Blocks(most=total)))


def test_block_sizes__counts_candidates_and_lists_who_is_in_none(fields):
    found = lk.block_sizes(*fields, blocks=lk.Blocks(rules=("postcode_initial", "sector_day")))
    for size in found.rules:
        left, right = (each.blocks[size.rule] for each in fields)
        assert size.pairs == len(meet(*fields, (size.rule,)))
        assert size.without == int((left == 0).sum() + (right == 0).sum())
    for each in fields:
        alone = [
            name
            for row, name in enumerate(each.record_ids.to_pylist())
            if not each.blocks["postcode_initial"][row] and not each.blocks["sector_day"][row]
        ]
        assert found.unblocked[each.source].to_pylist() == alone
    assert sum(map(len, found.unblocked.values())) > 0
    assert str(found).count("\n") == 3
    within = lk.block_sizes(fields[0], blocks=lk.Blocks(rules="sector_day"))
    assert within.pairs == sum(a < b for a, b in meet(fields[0], fields[0], ("sector_day",)))


def test_plan__prices_blocks_and_lsh_for_linking_too(fields, record):
    found = lk.plan(*fields, candidates=lk.Blocks() | lk.LSH(threshold=0.7))
    assert [price.way for price in found.by_candidates] == ["Blocks", "LSH", "Blocks | LSH"]
    assert found.by_candidates[0].candidates == lk.block_sizes(*fields).pairs
    assert found.by_candidates[0].recall is None
    compared = lk.plan(*record, threshold=0.7, candidates=lk.Blocks())
    assert 0.9 < compared.by_candidates[0].recall <= 1


def test_plan__recommends_no_way_that_finds_too_little_or_will_be_refused(record):
    """Blocks that no record was in were the quickest, and recommended; blocks that flood ended the plan."""
    few = lk.plan(*record, threshold=0.7, candidates=lk.Blocks(rules="postcode_initial"))
    assert 0 < few.by_candidates[0].recall < 0.95
    assert (few.by_candidates[0].against, few.recommended) == ("fewer than 0.95", "all pairs")
    ways = lk.Blocks(most=10) | lk.Blocks(rules="sound_month") | lk.LSH(recall=0.5, most=20)
    found = lk.plan(*record, threshold=0.7, candidates=ways)
    assert [price.way for price in found.by_candidates] == [
        "Blocks", "Blocks(sound_month)", "LSH", "Blocks | Blocks(sound_month) | LSH",
    ]  # fmt: skip
    refused = "will be refused, allowed are"
    assert [price.against for price in found.by_candidates] == [f"{refused} 10", "", f"{refused} 20", f"{refused} 10"]
    assert dataclasses.replace(found, seconds=100.0).recommended == "Blocks(sound_month)"
    nobody = [without_blocks(each) for each in record]
    assert lk.plan(*nobody, threshold=0.7, candidates=lk.Blocks()).recommended == "all pairs"


def without_blocks(records):
    blocks = {name: np.zeros_like(keys) for name, keys in records.blocks.items()}
    return lk.EncodedSet.from_arrays(
        records.record_ids.to_pylist(), records.filters, schema=records.schema, source=records.source, blocks=blocks,
        key_check=records.key_check,
    )  # fmt: skip


def test_records_in_no_block_are_told_wherever_they_meet_nobody(record, fields, model, three, tmp_path):
    """Only `link` of two sets under a model told; by a threshold, of three sets and by two ``Blocks`` it was silent."""
    alone = without_blocks(record[1])
    told = f"{alone.source}: {len(alone):,} records are in no block"
    ways = {"one": lk.Blocks(), "two": lk.Blocks(rules="sound_month") | lk.Blocks(rules="same_names")}
    for name, way in ways.items():
        how = {"threshold": 0.8, "candidates": way}
        for call in (
            lambda how: lk.compare(record[0], alone, **how),
            lambda how: lk.link(record[0], alone, **how),
            lambda how, name=name: lk.link(record[0], alone, run=tmp_path / f"link-{name}", **how),
            lambda how, name=name: lk.compare_to_folder(record[0], alone, folder=tmp_path / name, **how),
        ):
            with pytest.warns(lk.LinkageWarning, match=told):
                call(how)
    with pytest.warns(lk.LinkageWarning, match=f"{three[2].source}: {len(three[2]):,} records are in no block"):
        lk.link(*three[:2], without_blocks(three[2]), model=model, candidates=lk.Blocks())
    either = lk.Blocks(rules="by_nhs_number") | lk.Blocks(rules="sector_day")
    assert "records are in no block" in str(lk.link(*fields, model=model, candidates=either).quality)


def test_commands__by_blocks(fields, record, population, tmp_path):
    paths = {}
    for kind, sets in (("fields", fields), ("record", record)):
        paths[kind] = [str(tmp_path / f"{kind}-{each.source}.parquet") for each in sets]
        for each, path in zip(sets, paths[kind], strict=True):
            each.save(path)

    def run(*arguments):
        done = CliRunner().invoke(cli, [*arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    out = str(tmp_path / "pairs.parquet")
    run("compare", *paths["record"], "--threshold", "0.8", "--blocks", "-o", out)
    assert pq.read_metadata(out).num_rows == len(lk.compare(*record, threshold=0.8, candidates=lk.Blocks()))
    told = json.loads(run("link", *paths["fields"], "--block", "born_initial", "-o", str(tmp_path / "l"), "--json"))
    assert told["pairs"] == len(lk.link(*fields, candidates=lk.Blocks(rules="born_initial")))
    few = CliRunner().invoke(
        cli, ["compare", *paths["record"], "--threshold", "0.8", "--blocks", "--most", "9", "-o", out + "9"]
    )
    assert "pairs would come out; allowed are 9" in str(few.exception)
    alone = str(tmp_path / "alone.csv")
    sizes = json.loads(run("blocks", *paths["fields"], "--unblocked", alone, "--json"))
    assert sizes["candidates"] == lk.block_sizes(*fields).pairs
    assert (tmp_path / "alone.csv").read_text().startswith('"source","record_id"')
    assert "by Blocks: about" in run("plan", *paths["fields"], "--blocks")
    toml = str(tmp_path / "agreement.toml")
    run("schema", "uk-person", "--project", "p", "--blocks", "-o", toml)
    assert "block born_initial: dob, given_name:initial" in run("schema", toml)


def test_commands__refuse_a_threshold_for_hashing_that_was_not_asked_for():
    done = CliRunner().invoke(cli, ["plan", "a", "b", "--lsh-threshold", "0.7"])
    assert done.exit_code == 2
    assert "--lsh-threshold goes with --lsh-recall" in done.output


@pytest.mark.parametrize(("preset", "least"), [("typical", 0.99), ("hard", 0.94)])
def test_standard_blocks__take_in_nearly_all_pairs_of_one_person(preset, least):
    people = lk.study.invent(3_000, seed=77, preset=preset)
    sets = sets_of(people, lk.Schema.preset("uk-person", project="candidates", blocks=True))
    rows = []
    for name, each in zip(SOURCES, sets, strict=True):
        ids = people.pairs(*SOURCES)["left_id" if name == SOURCES[0] else "right_id"]
        hashed = hashed_ids(ids, KEY, project="candidates", source=name, column="id")
        rows.append(pc.index_in(hashed, value_set=each.record_ids).to_numpy(zero_copy_only=False))
    tables = keyed(lk.Blocks(), *sets, threshold=None, threads=1)
    met = tables.met(*rows)
    assert least < met.mean() < 1
    assert len(met) > 500
