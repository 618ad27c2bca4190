"""Figures: what was measured is what is drawn, and matplotlib is loaded only then."""

import builtins
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest

import linkage as lk
from linkage import charts, study
from linkage.study.curves import Curve
from linkage.study.evaluate import Evaluation
from linkage.study.groups import GroupEvaluation

matplotlib.use("Agg")

CURVE = Curve("match_weight", np.array([1.0, 2.0, 3.0]), np.array([8, 6, 0]), np.array([8, 2, 0]), possible=10)
GROUPS = GroupEvaluation(
    "origin",
    {"Polish": Evaluation(40, 5, 60), None: Evaluation(95, 2, 5)},
    {"Polish": Evaluation(95, 2, 5), None: Evaluation(40, 5, 60)},
    Evaluation(135, 7, 65),
)


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_curve__draws_its_measures_over_the_threshold():
    ax = CURVE.plot()
    assert [line.get_label() for line in ax.lines] == ["precision", "recall", "F1"]
    assert ax.lines[1].get_xdata().tolist() == [1, 2, 3]
    assert ax.lines[1].get_ydata().tolist() == [0.8, 0.6, 0.0]
    assert ax.get_xlabel() == "match weight"
    assert len({line.get_linestyle() for line in ax.lines}) == 3


def test_curve__draws_precision_over_recall_on_the_axes_it_is_given():
    from matplotlib import pyplot

    given = pyplot.subplots()[1]
    ax = CURVE.plot(given, kind="precision-recall")
    assert ax is given
    assert ax.lines[0].get_xdata().tolist() == [0.8, 0.6, 0.0]
    assert ax.lines[0].get_ydata()[:2].tolist() == [0.5, 0.75]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_legend()) == ("recall", "precision", None)
    with pytest.raises(ValueError, match="kind: 'thresholds' or 'precision-recall', not 'roc'"):
        CURVE.plot(kind="roc")


def test_curve__of_one_threshold_or_none_can_be_drawn():
    one, none = (Curve("similarity", *(np.arange(n) for _ in range(3)), possible=1) for n in (1, 0))
    assert one.plot().lines[0].get_marker() == "o"
    none.plot().figure.canvas.draw()


def test_groups__draw_the_first_on_top_with_its_interval():
    ax = GROUPS.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Polish", "not known"]
    assert ax.yaxis_inverted()
    span = ax.collections[0].get_segments()[0]
    own = GROUPS.groups["Polish"]
    assert span[:, 0].tolist() == [own.recall_interval.low, own.recall_interval.high]
    assert ax.lines[0].get_xdata().tolist() == [0.4, 0.95]
    ax.figure.canvas.draw()


def test_charts__say_what_to_install(monkeypatch):
    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return builtins.__import__(name, *args, **kwargs)

    monkeypatch.setattr(charts.importlib, "import_module", without)
    with pytest.raises(ImportError, match=r"pip install matplotlib"):
        CURVE.plot()


def test_measures__load_no_matplotlib():
    code = (
        "import sys; from linkage.study import groups, curves, runs, clusters, candidates; "
        "print([name for name in ('matplotlib', 'scipy', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- weights, waterfalls, counts ---------------------------------------------------------------------------------


def bars(ax):
    return [(round(bar.get_x(), 6), round(bar.get_x() + bar.get_width(), 6)) for bar in ax.patches]


def test_weights__are_drawn_field_after_field_the_first_on_top():
    ax = charts.draw_weights({"surname": {"differs": -5.0, "equal": 9.5}, "sex": {"equal": 1.0}})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["surname: differs", "surname: equal", "sex: equal"]
    assert ax.yaxis_inverted() and sorted(bars(ax)[0]) == [-5.0, 0.0] and bars(ax)[1:] == [(0.0, 9.5), (0.0, 1.0)]
    ax.figure.canvas.draw()


def test_waterfall__begins_each_step_where_the_last_one_ended():
    ax = charts.draw_waterfall([("prior", -10.0), ("surname: equal", 9.0), ("sex: differs", -2.0)], cut=1.0)
    assert [sorted(bar) for bar in bars(ax)] == [[-10, 0], [-10, -1], [-3, -1], [-3, 0]]
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "total"
    assert [text.get_text() for text in ax.texts] == ["-10.0", "+9.0", "-2.0", "-3.0"]
    low, high = ax.get_xlim()
    assert low < -10 and high > 0
    ax.figure.canvas.draw()


def test_counts__show_the_cut_and_every_bin():
    ax = charts.draw_counts(
        np.array([0.0, 1.0, 2.0]),
        {"linked": np.array([0, 100]), "not linked": np.array([1000, 2])},
        x_label="match weight",
        y_label="pairs",
        cut=1.0,
    )
    assert [patch.get_data().values.tolist() for patch in ax.patches] == [[0, 100], [1000, 2]]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"linked", "not linked", "cut"}
    ax.figure.canvas.draw()


def test_model__draws_its_weights_but_not_of_a_field_that_nobody_holds():
    people = study.invent(300, seed=5, agencies=["registry", "childrens_centre"])
    schema = lk.Schema.preset("uk-person", project="charts")
    key = lk.Key.generate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = [
            lk.encode(people[name], schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
            for name in people.ids
        ]
        model = lk.fit(*sets)
    drawn = [label.get_text() for label in model.plot().get_yticklabels()]
    rows = [row for row in model.to_arrow().to_pylist() if row["field"] != "nhs_number"]  # the registry has none
    assert drawn == [f"{row['field']}: {row['level']}" for row in rows]
