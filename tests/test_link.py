"""link(): the whole job at the centre, on invented people whose truth is known."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import linkage as lk
from linkage.study import invent
from tests import naive

PROJECT = "link-tests"
KEY = lk.Key(bytes.fromhex("5d1f0a6c93be2748e1c05b7f3a9d8264f0c7e51b2d8a4936607cfeb1d3529a48"))
SCHEMA = lk.Schema.preset("uk-person", project=PROJECT)
RECORD = lk.Schema.preset("uk-person", project=PROJECT, layout="record")


def encoded(population, agency, *, schema=SCHEMA, source=None, held=None, key=KEY, rows=None) -> lk.EncodedSet:
    """``held``: only these fields, the others are not held."""
    names = [field.name for field in schema.fields]
    columns = {name: population.columns[agency][name] for name in names}
    columns |= {name: None for name in names if held is not None and name not in held}
    table = population[agency] if rows is None else population[agency].take(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)  # values that can't be read are part of the invention
        return lk.encode(
            table, schema, key, id=population.ids[agency], source=source or agency, columns=columns, progress=False
        )


def empty(source: str, schema=SCHEMA) -> lk.EncodedSet:
    filters = {filter.name: np.zeros((0, filter.words), np.uint64) for filter in schema.filters}
    return lk.EncodedSet.from_arrays([], filters, schema=schema, source=source, key_check=KEY.check(PROJECT))


def quality(links, population) -> lk.Evaluation:
    return lk.evaluate(links, population.truth, key=KEY)


def without_link_ids(links):
    """Everything about links but the random ids: the pairs, and which records are together."""
    code = {}
    groups = [
        None if text is None else code.setdefault(text, len(code)) for text in links.records["link_id"].to_pylist()
    ]
    return links.pairs.to_pydict(), links.records.drop_columns(["link_id"]).to_pydict(), groups


@pytest.fixture(scope="module")
def population():
    return invent(700, seed=21)


@pytest.fixture(scope="module")
def registry(population):
    return encoded(population, "registry")


@pytest.fixture(scope="module")
def centre(population):
    return encoded(population, "childrens_centre")


@pytest.fixture(scope="module")
def links(registry, centre):
    return lk.link(registry, centre)


@pytest.fixture(scope="module")
def record_sets(population):
    return encoded(population, "registry", schema=RECORD), encoded(population, "childrens_centre", schema=RECORD)


# ---- quality ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "precision", "recall"), [("clean", 0.995, 0.99), ("typical", 0.98, 0.98), ("hard", 0.95, 0.93)]
)
def test_link__finds_the_people_without_being_told_one(preset, precision, recall):
    population = invent(900, seed=5, preset=preset)
    found = quality(lk.link(encoded(population, "registry"), encoded(population, "childrens_centre")), population)
    assert found.precision >= precision
    assert found.recall >= recall


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_link__sets_with_nobody_in_common_hardly_link(seed):
    left, right = invent(500, seed=seed), invent(500, seed=100 + seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)  # a doubt may be said, it isn't needed
        links = lk.link(encoded(left, "registry"), encoded(right, "childrens_centre"))
    assert len(links) <= 3


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_link__siblings_of_the_missing_are_not_taken_for_them(share):
    # half of the people left out of one set, half out of the other, but their brothers and sisters are there:
    # competition alone linked 145, 213 and 340 where 0, 80 and 240 were true
    population = invent(1_500, seed=1)
    pairs = population.pairs("registry", "childrens_centre")
    rng = np.random.default_rng(0)
    stays = rng.random(len(pairs)) < share
    goes_left = ~stays & (rng.random(len(pairs)) < 0.5)
    rows = {}
    for agency, ids, gone in (
        ("registry", "left_id", goes_left),
        ("childrens_centre", "right_id", ~stays & ~goes_left),
    ):
        missing = pc.is_in(population[agency][population.ids[agency]], pairs[ids].combine_chunks().filter(gone))
        rows[agency] = np.flatnonzero(~missing.to_numpy(zero_copy_only=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        links = lk.link(*(encoded(population, agency, rows=chosen) for agency, chosen in rows.items()))
    found = quality(links, population)
    assert found.true_positives >= 0.8 * stays.sum()
    assert found.false_positives <= 0.1 * stays.sum() + 5


def test_link__of_the_record_layout_finds_most_people(population, record_sets):
    found = quality(lk.link(*record_sets, threshold=0.75), population)
    assert found.precision > 0.95
    assert found.recall > 0.6


@pytest.mark.parametrize("field", [field.name for field in SCHEMA.fields])
def test_link__an_agency_may_lack_any_one_field(population, centre, field):
    held = [other.name for other in SCHEMA.fields if other.name != field]
    model = lk.fit(encoded(population, "registry", held=held), centre)
    (lacking,) = [item for item in model.fields if item.comparison.name == field]
    assert abs(lacking.weights[0]) <= 20  # 1/50 bit: a field that is never there says nothing by not being there
    found = quality(lk.link(encoded(population, "registry", held=held), centre), population)
    assert found.f1 > 0.95


# ---- the outcome ------------------------------------------------------------------------------------------------


def test_link__gives_pairs_and_all_records(links, registry, centre):
    assert links.sources == ("childrens_centre", "registry")
    assert links.pairs.column_names == [
        *("left_source", "left_id", "right_source", "right_id"),
        *("match_weight", "probability"),
    ]
    assert len(links) == links.pairs.num_rows > 300
    assert set(links.pairs["left_source"].to_pylist()) == {"childrens_centre"}
    assert set(links.pairs["right_source"].to_pylist()) == {"registry"}
    assert links.records.num_rows == len(registry) + len(centre)
    records = list(zip(links.records["source"].to_pylist(), links.records["record_id"].to_pylist(), strict=True))
    assert records == sorted(records)
    assert {record_id for source, record_id in records if source == "registry"} == set(registry.record_ids.to_pylist())
    assert min(links.pairs["probability"].to_pylist()) >= 0.5
    assert links.cut == {"probability": 0.5}


def test_link__records_of_a_pair_share_a_link_id_and_nobody_else_has_it(links):
    of = {(row["source"], row["record_id"]): row["link_id"] for row in links.records.to_pylist()}
    together = {}
    for pair in links.pairs.to_pylist():
        left, right = (pair["left_source"], pair["left_id"]), (pair["right_source"], pair["right_id"])
        assert of[left] == of[right] is not None
        assert together.setdefault(of[left], (left, right)) == (left, right)
    paired = {record for pair in together.values() for record in pair}
    assert all(text is None for record, text in of.items() if record not in paired)
    assert all(len(text) == 32 for text in together)


def test_link__a_record_has_one_partner_at_most(links):
    for column in ("left_id", "right_id"):
        ids = links.pairs[column].to_pylist()
        assert len(set(ids)) == len(ids)


def test_link__swapping_the_sets_changes_nothing_but_the_random_ids(links, registry, centre):
    other = lk.link(centre, registry)
    assert without_link_ids(other) == without_link_ids(links)
    assert other.sources == links.sources
    assert other.release_key != links.release_key
    assert not set(other.records["link_id"].drop_null().to_pylist()) & set(links.records["link_id"].to_pylist())


def test_link__again_gives_other_link_ids_and_the_same_people(links, registry, centre):
    again = lk.link(registry, centre)
    assert without_link_ids(again) == without_link_ids(links)
    assert again.release_key != links.release_key


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_link__is_the_same_for_any_number_of_threads(links, registry, centre, threads):
    assert without_link_ids(lk.link(registry, centre, threads=threads)) == without_link_ids(links)


@pytest.mark.parametrize("threads", [1, 3])
def test_link__of_the_record_layout_is_the_same_swapped_and_for_any_number_of_threads(record_sets, threads):
    left, right = record_sets
    links = lk.link(left, right, threshold=0.8)
    assert links.cut == {"threshold": 0.8}
    assert min(links.pairs["similarity"].to_pylist()) >= 0.8
    assert without_link_ids(lk.link(right, left, threshold=0.8, threads=threads)) == without_link_ids(links)


def test_link__of_the_record_layout_has_the_largest_total_of_any_assignment():
    # a-x .9, a-y .8, b-x .8: the two at .8 together are better than the one at .9
    left, right = np.zeros((2, 1024), bool), np.zeros((2, 1024), bool)
    left[0, :100], right[0, 10:110] = True, True  # a-x: 90 of 200
    right[1, :80], right[1, 500:520] = True, True  # a-y: 80
    left[1, 30:110], left[1, 700:720] = True, True  # b-x: 80
    links = lk.link(
        *(
            lk.EncodedSet.from_arrays(ids, {"record": naive.packed(bits)}, schema=RECORD, source=source)
            for ids, bits, source in ((["a", "b"], left, "one"), (["x", "y"], right, "two"))
        ),
        threshold=0.7,
    )
    pairs = list(zip(*(links.pairs[name].to_pylist() for name in ("left_id", "right_id", "similarity")), strict=True))
    assert pairs == [("a", "y", 0.8), ("b", "x", 0.8)]


def test_link__links_at_the_probability_that_is_asked_for(links, registry, centre):
    weak, strong = lk.link(registry, centre, probability=0.05), lk.link(registry, centre, probability="0.999")
    assert len(strong) <= len(links) <= len(weak)
    assert min(strong.pairs["probability"].to_pylist()) >= 0.999
    for chosen in (weak, strong):
        assert len(set(chosen.pairs["left_id"].to_pylist())) == len(chosen)
    assert set(strong.pairs["left_id"].to_pylist()) <= set(links.pairs["left_id"].to_pylist())


# ---- duplicates -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def doubled(population):
    """The children's centre with a second record of each of 60 children."""
    import pyarrow as pa

    table = population["childrens_centre"]
    again = table.slice(0, 60)
    place = again.column_names.index("reg_no")
    again = again.set_column(place, "reg_no", pc.binary_join_element_wise(again["reg_no"], "b", "-"))
    both = pa.concat_tables([table, again]).combine_chunks()
    columns = {field.name: population.columns["childrens_centre"][field.name] for field in SCHEMA.fields}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return lk.encode(both, SCHEMA, KEY, id="reg_no", source="childrens_centre", columns=columns)


def test_link__several_records_of_a_person_link_where_the_source_may_hold_duplicates(population, registry, doubled):
    known = population.pairs("registry", "childrens_centre")
    twice = population["childrens_centre"]["reg_no"].slice(0, 60)
    n_twice = pc.sum(pc.is_in(known["right_id"], twice.combine_chunks())).as_py()
    with pytest.warns(lk.LinkageWarning, match="two or more fit them alike"):
        one = lk.link(registry, doubled)
    many = lk.link(registry, doubled, duplicates=("childrens_centre",))
    assert len(one) <= len(known) * 1.03
    assert len(many) >= len(one) + 0.8 * n_twice
    assert len(set(many.pairs["left_id"].to_pylist())) == len(many)  # a record of the centre is still one child
    assert len(set(many.pairs["right_id"].to_pylist())) <= len(many) - 0.8 * n_twice
    of = {(row["source"], row["record_id"]): row["link_id"] for row in many.records.to_pylist()}
    for pair in many.pairs.to_pylist():
        assert of[pair["left_source"], pair["left_id"]] == of[pair["right_source"], pair["right_id"]]


def test_link__of_the_record_layout_links_several_where_the_source_may_hold_duplicates():
    bits = np.zeros((3, 1024), bool)
    bits[:, :100] = True
    bits[1, 100], bits[2, 100:102] = True, True
    one, two = (
        lk.EncodedSet.from_arrays(ids, {"record": naive.packed(rows)}, schema=RECORD, source=source)
        for ids, rows, source in ((["a"], bits[:1], "one"), (["x", "y", "z"], bits, "two"))
    )
    assert lk.link(one, two, threshold=0.9).pairs["right_id"].to_pylist() == ["x"]
    assert len(lk.link(one, two, threshold=0.9, duplicates=["two"])) == 3
    assert (
        len(lk.link(one, two, threshold=0.9, duplicates=["one"])) == 1
    )  # x, y and z are three people, and a is one of them
    assert len(lk.link(two, one, threshold=0.9, duplicates=["one", "two"])) == 3


@pytest.mark.parametrize("duplicates", [("police",), ["registry", "polic"], {"Registry"}])
def test_link__refuses_duplicates_of_an_unknown_source(registry, centre, duplicates):
    with pytest.raises(ValueError, match=r"^duplicates: '.+' is not a source; .*registry"):
        lk.link(registry, centre, duplicates=duplicates)


def test_link__refuses_one_source_given_as_text(registry, centre):
    """It was once taken letter by letter."""
    with pytest.raises(TypeError, match="a collection, each text, not str; sources, such as"):
        lk.link(registry, centre, duplicates="registry")


# ---- what is refused --------------------------------------------------------------------------------------------


def test_link__refuses_nothing_at_all():
    with pytest.raises(ValueError, match="takes one encoded set or more"):
        lk.link()


def test_link__refuses_two_sets_of_one_source(registry, population):
    with pytest.raises(ValueError, match="two sets are of the source 'registry'"):
        lk.link(registry, registry)
    with pytest.raises(ValueError, match="two sets are of the source 'registry'"):
        lk.link(registry, encoded(population, "childrens_centre", source="registry"))
    with pytest.raises(ValueError, match="two sets are of the source 'registry'"):
        lk.link(registry, encoded(population, "childrens_centre"), registry)


def test_link__refuses_options_of_the_other_layout(registry, centre, record_sets, links):
    with pytest.raises(ValueError, match="threshold belong"):
        lk.link(registry, centre, threshold=0.8)
    with pytest.raises(ValueError, match="probability belong"):
        lk.link(*record_sets, probability=0.5)
    with pytest.raises(ValueError, match="model belongs"):
        lk.link(*record_sets, model=lk.fit(registry, centre), probability=0.5, threshold=0.8)
    with pytest.raises(ValueError, match=r"the record layout needs a threshold, such as threshold=0\.8"):
        lk.link(*record_sets, duplicates=["registry"])


@pytest.mark.parametrize("probability", [0, -0.1, 1.1, float("nan"), True, "half", [0.5]])
def test_link__refuses_a_probability_that_is_none(registry, centre, probability):
    with pytest.raises(ValueError, match=r"^probability: "):
        lk.link(registry, centre, probability=probability)


@pytest.mark.parametrize("threshold", [0, 1.1, float("nan"), False])
def test_link__refuses_a_threshold_that_is_none(record_sets, threshold):
    with pytest.raises(ValueError, match=r"^threshold: "):
        lk.link(*record_sets, threshold=threshold)


def test_link__refuses_sets_of_other_keys_and_other_agreements(population, registry, record_sets):
    with pytest.raises(lk.MismatchError, match="different keys") as caught:
        lk.link(registry, encoded(population, "childrens_centre", key=lk.Key.generate()))
    assert caught.value.what == "key"
    with pytest.raises(lk.MismatchError, match="layout: 'fields' and 'record'") as caught:
        lk.link(registry, record_sets[1])
    assert caught.value.what == "schema"
    other = lk.Schema.preset("uk-person", project="another")
    with pytest.raises(lk.MismatchError, match="project: 'link-tests' and 'another'"):
        lk.link(registry, encoded(population, "childrens_centre", schema=other))


# ---- few records, few fields ------------------------------------------------------------------------------------


def test_link__of_an_empty_set_says_so_in_the_fields_layout(registry):
    with pytest.raises(ValueError, match="has no records"):
        lk.link(registry, empty("police"))


@pytest.mark.parametrize("which", [(0, 1), (1, 0), (0, 0)])
def test_link__of_empty_sets_gives_no_links_under_a_model_and_in_the_record_layout(
    registry, centre, record_sets, which
):
    # the tiles of an empty set are none, and nothing can't be concatenated
    model = lk.fit(registry, centre)
    for schema, filled, options in ((SCHEMA, registry, {"model": model}), (RECORD, record_sets[0], {"threshold": 0.8})):
        first = filled if which[0] else empty("registry", schema)
        second = encoded_as(filled, "school") if which[1] else empty("school", schema)
        links = lk.link(first, second, **options)
        assert len(links) == 0
        assert links.records["link_id"].null_count == links.records.num_rows == len(first) + len(second)
        assert len(links.release("school")) == len(second)


def encoded_as(records: lk.EncodedSet, source: str) -> lk.EncodedSet:
    return lk.EncodedSet.from_arrays(
        records.record_ids.to_pylist(),
        records.filters,
        schema=records.schema,
        source=source,
        key_check=records.key_check,
    )


def test_link__of_one_record_each(population):
    known = population.pairs("registry", "childrens_centre")
    ids = [population[agency][population.ids[agency]].to_pylist() for agency in ("registry", "childrens_centre")]
    left = [ids[0].index(known["left_id"][0].as_py())]
    for number in (0, 1):
        right = [ids[1].index(known["right_id"][number].as_py())]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lk.LinkageWarning)
            links = lk.link(
                encoded(population, "registry", rows=left), encoded(population, "childrens_centre", rows=right)
            )
        assert len(links) <= 1
        assert number == 0 or len(links) == 0


@pytest.mark.parametrize("names", [("sex",), ("given_name",), ("sex", "given_name")])
def test_link__fields_that_tell_nobody_apart_end_soon_and_link_hardly_anyone(names):
    population = invent(300, seed=4)
    schema = lk.Schema(project=PROJECT, fields=tuple(field for field in SCHEMA.fields if field.name in names))
    sets = [encoded(population, agency, schema=schema) for agency in ("registry", "childrens_centre")]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", lk.LinkageWarning)
        try:
            links = lk.link(*sets, memory=64 << 20)
        except lk.LimitError as error:
            assert "tell too few records apart" in str(error)
            assert error.needed > error.allowed
            return
    if len(links):
        found = quality(links, population)
        assert caught or found.precision > 0.7 or len(links) < 20


def test_link__refuses_what_does_not_fit_the_memory(registry, centre, record_sets):
    with pytest.raises(lk.LimitError) as caught:
        lk.link(registry, centre, memory=10_000)
    assert caught.value.allowed == 10_000
    with pytest.raises(lk.LimitError) as caught:
        lk.link(*record_sets, threshold=0.1, memory=100_000)
    assert caught.value.needed > caught.value.allowed == 100_000


# ---- models -----------------------------------------------------------------------------------------------------


def test_fit__gives_the_same_model_for_swapped_sets_and_any_number_of_threads(population, registry, centre):
    model = lk.fit(registry, centre)
    assert lk.fit(centre, registry) == model
    assert lk.fit(registry, centre, threads=1) == model
    assert model.converged
    assert model.matches == pytest.approx(len(population.pairs("registry", "childrens_centre")), rel=0.05)


def test_fit__levels_are_probabilities_and_more_alike_weighs_more(registry, centre):
    model = lk.fit(registry, centre)
    for item in model.fields:
        for shares in (item.m, item.u):
            assert sum(shares) == pytest.approx(1)
            assert min(shares) > 0
        assert item.weights[-1] > item.weights[1]
        assert item.weights[-1] > 0 > item.weights[1]
    assert "surname" in str(model)


def test_fit__refuses_the_record_layout_and_empty_sets(record_sets, registry):
    with pytest.raises(ValueError, match=r"for the record layout use compare\(\) or link"):
        lk.fit(*record_sets)
    with pytest.raises(ValueError, match="has no records"):
        lk.fit(empty("police"), registry)
    with pytest.raises(ValueError, match="has no records"):
        lk.fit(registry, empty("police"))


def test_predict__gives_pairs_in_the_order_of_the_arguments(registry, centre):
    model = lk.fit(registry, centre)
    there, back = model.predict(registry, centre), model.predict(centre, registry)
    assert there.left_set is registry
    assert back.left_set is centre
    assert there.to_arrow().equals(back.swapped().to_arrow())
    order = np.lexsort((there.right, there.left))
    assert order.tolist() == list(range(len(there)))
    assert list(there.measures()) == ["match_weight", "probability"]
    assert (there.probability >= 0.5).all()


def test_predict__at_half_or_more_is_one_to_one_by_itself(registry, centre):
    pairs = lk.fit(registry, centre).predict(registry, centre, probability=0.5)
    assert len(np.unique(pairs.left)) == len(np.unique(pairs.right)) == len(pairs)


def test_link__with_a_model_of_the_same_sets_equals_link_without(registry, centre, links):
    assert without_link_ids(lk.link(registry, centre, model=lk.fit(registry, centre))) == without_link_ids(links)


def test_link__a_model_serves_other_sets_of_the_agreement(registry, centre):
    model = lk.fit(registry, centre)
    other = invent(500, seed=77)
    found = quality(lk.link(encoded(other, "registry"), encoded(other, "childrens_centre"), model=model), other)
    assert found.precision > 0.97
    assert found.recall > 0.97


def test_link__refuses_a_model_of_another_agreement(registry, centre):
    population = invent(300, seed=3)
    wider = lk.Field(name="given_name", type="name", bits=512)  # fewer fields alone would do
    schema = lk.Schema(project=PROJECT, fields=(wider, *SCHEMA.fields[1:4]))
    sets = [encoded(population, agency, schema=schema) for agency in ("registry", "childrens_centre")]
    with pytest.raises(lk.MismatchError, match="the model was made under another agreement") as caught:
        lk.link(*sets, model=lk.fit(registry, centre))
    assert caught.value.what == "schema"


# ---- the package ------------------------------------------------------------------------------------------------


def test_central__no_function_hides_a_module_of_its_name():
    # `linkage.central.compare` was the function, so the module could not be reached by its name
    import types

    import linkage.central.assign
    import linkage.central.compare

    assert isinstance(linkage.central.assign, types.ModuleType)
    assert isinstance(linkage.central.compare, types.ModuleType)


def test_release__confidence_is_right_where_sources_have_equal_record_ids():
    # confidences were looked up by record id alone: sets from arrays may share those
    model_schema = lk.Schema(project=PROJECT, fields=(lk.Field(name="surname", type="name", bits=64),))
    import pyarrow as pa

    ids = ["0", "1", "2"]
    pairs = pa.table(
        {
            "left_source": ["a", "a"],
            "left_id": ["0", "1"],
            "right_source": ["b", "b"],
            "right_id": ["1", "2"],
            "match_weight": [20.0, 5.0],
            "probability": [0.999, 0.6],
        }
    )
    records = pa.table(
        {"source": ["a"] * 3 + ["b"] * 3, "record_id": ids * 2, "link_id": ["p", "q", None, None, "p", "q"]}
    )
    links = lk.Links(pairs, records, ("a", "b"), model_schema, "", {"probability": 0.5}, b"k" * 32)
    assert links.release("a", confidence=True).table["confidence"].to_pylist() == ["certain", "review", None]
    assert links.release("b", confidence=True).table["confidence"].to_pylist() == [None, "certain", "review"]


def test_contenders__are_the_same_for_any_threads_or_executor_when_there_is_no_room_for_all():
    # the bound that rises once depended on tiles, and tiles on threads
    from linkage.central import contenders
    from linkage.central.kernels import ComparisonPlan, Product, Rows
    from linkage.central.thresholds import least_overlap

    rng = np.random.default_rng(5)
    words = [np.bitwise_and(*rng.integers(0, 2**63, (2, 2_500, 4), np.uint64)) for _ in range(2)]
    sides = [(Rows(each, np.bitwise_count(each).sum(axis=1, dtype=np.uint32)),) for each in words]
    needs = np.stack([least_overlap(Fraction(cut, 30), n_bits=256) for cut in range(1, 31)])
    plan = ComparisonPlan.of_products((Product(0, 0, needs),))
    weights = (np.linspace(-25_000, 18_000, 32).astype(np.int32),)
    limits = {"floor_bits": -24.0, "memory": 320 * 600_000, "progress": False}
    with ThreadPoolExecutor(3) as pool:
        found = [
            contenders.collect(*sides, plan, weights, threads=threads, executor=executor, **limits)
            for threads, executor in ((1, None), (2, None), (5, None), (None, pool))
        ]
    assert 0 < len(found[0].row) <= 600_000
    assert found[0].bound > (-24 + 13) * 1024
    for other in found[1:]:
        assert other.bound == found[0].bound
        assert (other.row == found[0].row).all() and (other.column == found[0].column).all()


# ---- within one set ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def police():
    return invent(500, seed=5, agencies=("police",))


def test_link__of_one_set_finds_its_duplicates(police):
    records = encoded(police, "police", held=("given_name", "surname", "dob", "sex", "address", "postcode"))
    links = lk.link(records)
    people = {}
    for name, person in zip(*(police.truth[column].to_pylist() for column in ("id", "person")), strict=True):
        people.setdefault(person, []).append(name)
    true = [(a, b) for group in people.values() for a in sorted(group) for b in sorted(group) if a < b]
    assert len(true) > 100
    done = lk.evaluate(links, pa.table({"left_id": [a for a, _ in true], "right_id": [b for _, b in true]}), key=KEY)
    assert done.precision > 0.95
    assert done.recall > 0.9
    assert links.sources == ("police",)
    assert len(links.records) == len(records)
    together = links.pairs.to_pydict()
    assert all(a < b for a, b in zip(together["left_id"], together["right_id"], strict=True))
    group = dict(zip(*(links.records[column].to_pylist() for column in ("record_id", "link_id")), strict=True))
    assert all(group[a] == group[b] for a, b in zip(together["left_id"], together["right_id"], strict=True))


def test_link__of_one_set_in_the_record_layout_takes_a_threshold(police):
    records = encoded(police, "police", schema=RECORD, held=("given_name", "surname", "dob", "sex"))
    links = lk.link(records, threshold=0.9)
    assert len(links.pairs) == len(lk.compare(records, threshold=0.9))
    with pytest.raises(ValueError, match="needs a threshold"):
        lk.link(records)


def test_fit__of_one_set_does_not_take_a_record_for_its_own_duplicate(registry):
    model = lk.fit(registry)
    assert model.matches < 0.02 * len(registry)
    assert len(model.predict(registry)) < 0.02 * len(registry)


# ---- too few ----------------------------------------------------------------------------------------------------


def test_link__refuses_where_too_few_records_have_a_partner(population, registry, centre):
    pairs = population.pairs("registry", "childrens_centre")["left_id"].to_pylist()
    ids = population["registry"][population.ids["registry"]].to_pylist()
    keep = [row for row, name in enumerate(ids) if name not in set(pairs[6:])]
    thin = encoded(population, "registry", rows=keep)
    with pytest.raises(lk.EvidenceError, match="too few to tell people from their siblings"):
        lk.link(thin, centre)
    with pytest.warns(lk.LinkageWarning, match="seem to have a partner"):
        model = lk.fit(thin, centre)
    links = lk.link(thin, centre, model=model)
    assert 0 < len(links.pairs) < 40


# ---- duplicates that nobody named -------------------------------------------------------------------------------


def test_link__warns_where_partners_are_there_twice_and_nobody_said_so(population, registry):
    # 1,000 records of 1,500 once went unlinked without a word
    rows = [row for row in range(len(population["childrens_centre"])) for _ in range(2)]
    table = population["childrens_centre"].take(rows)
    name = population.ids["childrens_centre"]
    twice = table.set_column(
        table.column_names.index(name),
        name,
        pa.array([f"{text}/{i}" for i, text in enumerate(table[name].to_pylist())]),
    )
    columns = {field.name: population.columns["childrens_centre"][field.name] for field in SCHEMA.fields}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        doubled = lk.encode(twice, SCHEMA, KEY, id=name, source="childrens_centre", columns=columns)
    with pytest.warns(lk.LinkageWarning, match="two or more fit them alike"):
        lk.link(registry, doubled)
    links = lk.link(registry, doubled, duplicates=["childrens_centre"])
    assert len(links.pairs) > 0.9 * len(doubled)
