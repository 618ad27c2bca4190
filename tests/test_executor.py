"""executor=: pairs, models and links as of threads, by whatever has a submit(); errors come out and end the rest."""

import multiprocessing
import os
import pickle
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

import linkage as lk
from linkage.central import candidates, executors, passes
from linkage.central.modelling.modelfile import to_text
from tests.test_candidates import sets_of
from tests.test_compare import encoded, some, triples
from tests.test_runs import as_one


class Faraway:
    """As one of another machine: all that goes there and comes back is pickled, and it says nothing of its workers."""

    def __init__(self):
        self.bytes = self.tasks = 0

    def submit(self, work, /, *arguments, **options):
        sent = pickle.dumps((work, arguments, options))
        self.bytes += len(sent)
        self.tasks += 1
        future = Future()
        again, arguments, options = pickle.loads(sent)
        try:
            future.set_result(pickle.loads(pickle.dumps(again(*arguments, **options))))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def two_sets():
    bits = some(1_500, seed=5)
    return encoded(bits), encoded(some(2_000, seed=6, of=bits), source="right")


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(executors, "_ROWS", 512)
    monkeypatch.setattr(executors, "_COLUMNS", 1_024)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("memory", [1 << 30, 1])
def test_compare__on_an_executor_gives_the_same_pairs(two_sets, within, memory):
    sets, executor = two_sets[1:] if within else two_sets, Faraway()
    every = triples(lk.compare(*sets, threshold=0.6))
    parts = list(lk.compare_in_parts(*sets, threshold=0.6, memory=memory, executor=executor))
    assert [triple for part in parts for triple in triples(part)] == every
    assert len(every) > 300
    assert executor.tasks >= (6 if not within else 10)
    if memory > 1:
        assert triples(lk.compare(*sets, threshold=0.6, executor=executor)) == every
        with ThreadPoolExecutor(3) as pool:
            assert triples(lk.compare(*sets, threshold=0.6, executor=pool)) == every


@pytest.mark.usefixtures("small_tiles")
def test_compare__in_processes_started_anew(two_sets):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = lk.compare(*two_sets, threshold=0.7, executor=pool)
    assert triples(found) == triples(lk.compare(*two_sets, threshold=0.7))


def test_executor__what_travels_is_small_beside_the_work():
    bits = np.zeros((3_000, 128))
    executor = Faraway()
    lk.compare(encoded(bits), encoded(bits, source="right"), threshold=0.9, executor=executor)
    assert executor.tasks == 1
    assert executor.bytes < 3_000 * 2 * (16 + 4) + 10_000


class Lost(Faraway):
    """Whose third worker is gone."""

    def submit(self, work, /, *arguments, **options):
        self.tasks += 1
        if self.tasks == 3:
            future = Future()
            future.cancel()
            return future
        return super().submit(work, *arguments, **options)


class Failing(Faraway):
    def submit(self, work, /, *arguments, **options):
        return super().submit(fail)


def fail():
    raise OSError("the disk of the worker is full")


@pytest.mark.usefixtures("small_tiles")
def test_executor__errors_of_workers_come_out(two_sets):
    with pytest.raises(OSError, match="the disk of the worker is full"):
        lk.compare(*two_sets, threshold=0.7, executor=Failing())
    with pytest.raises(RuntimeError, match="a worker was lost") as lost:
        lk.compare(*two_sets, threshold=0.7, executor=Lost())
    assert not isinstance(lost.value.__cause__, CancelledError)


def leave(*arguments, **options):
    os._exit(3)


@pytest.mark.usefixtures("small_tiles")
def test_executor__a_worker_that_dies_is_an_error(two_sets, monkeypatch):
    monkeypatch.setattr(executors, "met", leave)
    anew = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=anew) as pool, pytest.raises(BrokenProcessPool):
        lk.compare(*two_sets, threshold=0.7, executor=pool)


@pytest.mark.usefixtures("small_tiles")
def test_executor__what_is_waiting_is_called_off_after_an_error(two_sets):
    class Slow:
        def __init__(self):
            self.futures = []

        def submit(self, work, /, *arguments, **options):
            self.futures.append(Future())
            if len(self.futures) == 1:
                self.futures[0].set_exception(OSError("at once"))
            return self.futures[-1]

    executor = Slow()
    with pytest.raises(OSError, match="at once"):
        lk.compare(*two_sets, threshold=0.7, executor=executor)
    assert len(executor.futures) > 2
    assert all(future.cancelled() for future in executor.futures[1:])


def test_compare__refuses_what_is_no_executor_and_candidates_on_one(two_sets):
    with pytest.raises(TypeError, match=r"an Executor of concurrent\.futures"):
        lk.compare(*two_sets, threshold=0.7, executor=4)
    with pytest.raises(ValueError, match="compares all pairs"):
        lk.compare(*two_sets, threshold=0.7, executor=Faraway(), candidates=lk.LSH())


# ---- the model's passes -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def population():
    return lk.study.invent(1_200, seed=77, preset="hard")


@pytest.fixture(scope="module")
def fields(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="elsewhere"))


@pytest.fixture(scope="module")
def record(population):
    return sets_of(population, lk.Schema.preset("uk-person", project="elsewhere", layout="record"))


@pytest.fixture
def small_passes(monkeypatch):
    """So that chunks have several spans, and these travel in twos, with one that is over."""
    monkeypatch.setattr(candidates, "_LEVEL_ROWS", 512)
    monkeypatch.setattr(candidates, "_FEWEST_LEVEL_ROWS", 512)
    monkeypatch.setattr(candidates, "_LEVEL_COLUMNS", 256)
    monkeypatch.setattr(passes, "_TOGETHER", 2)


def told(links):
    return links.pairs, links.records["record_id"], links.cut, links.quality


@pytest.mark.usefixtures("small_passes")
@pytest.mark.parametrize("within", [False, True])
def test_fit__on_an_executor_gives_the_same_model(fields, within):
    sets, executor = (as_one(fields),) if within else fields, Faraway()
    model = lk.fit(*sets, executor=executor)
    assert to_text(model) == to_text(lk.fit(*sets))
    assert executor.tasks >= 8
    assert model.predict(*sets, executor=executor).to_arrow() == model.predict(*sets).to_arrow()


@pytest.mark.usefixtures("small_passes")
@pytest.mark.parametrize("of", ["two", "one", "three"])
def test_link__on_an_executor_gives_the_same_links(fields, of):
    executor = Faraway()
    both = as_one(fields)
    sets, duplicates = {"two": (fields, ()), "one": ([both], ()), "three": ([*fields, both], ["both"])}[of]
    links = lk.link(*sets, duplicates=duplicates, executor=executor)
    assert executor.tasks >= 8
    assert told(links) == told(lk.link(*sets, duplicates=duplicates))
    assert len(links) > 150


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("threshold", [None, 0.75])
def test_link__of_single_filters_on_an_executor(record, threshold):
    executor = Faraway()
    links = lk.link(*record, threshold=threshold, executor=executor)
    assert executor.tasks > 0
    assert told(links) == told(lk.link(*record, threshold=threshold))


@pytest.mark.usefixtures("small_passes", "small_tiles")
def test_link__in_a_folder_on_an_executor(fields, record, tmp_path):
    for sets, name in ((fields, "fields"), (record, "record")):
        executor = Faraway()
        links = lk.link(*sets, run=tmp_path / name, executor=executor)
        assert executor.tasks > 1
        assert told(links) == told(lk.link(*sets))
    found = lk.compare_to_folder(*record, folder=tmp_path / "pairs", threshold=0.7, executor=executor)
    assert len(found) == len(lk.compare(*record, threshold=0.7)) > 200


@pytest.mark.usefixtures("small_passes")
def test_link__in_processes_started_anew(fields):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        links = lk.link(*fields, executor=pool)
    assert told(links) == told(lk.link(*fields))


@pytest.mark.usefixtures("small_passes")
def test_link__lets_errors_of_workers_out(fields):
    with pytest.raises(OSError, match="the disk of the worker is full"):
        lk.link(*fields, executor=Failing())
    with pytest.raises(RuntimeError, match="a worker was lost"):
        lk.fit(*fields, executor=Lost())


def test_link__refuses_what_is_no_executor_and_candidates_on_one(fields, tmp_path):
    with pytest.raises(TypeError, match=r"an Executor of concurrent\.futures"):
        lk.link(*fields, executor=4)
    with pytest.raises(ValueError, match="compares all pairs"):
        lk.link(*fields, executor=Faraway(), candidates=lk.LSH(threshold=0.8))
    with pytest.raises(ValueError, match="compares all pairs"):
        lk.compare_to_folder(*fields, folder=tmp_path / "run", threshold=0.7, executor=Faraway(), candidates=lk.LSH())
