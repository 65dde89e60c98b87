import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.launch.config.own_hydra import HABITS
from groundwork.metrics import ClassificationMetrics, RegressionMetrics, classification_metrics

PROB = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
TARGET = np.array([0, 0, 1, 1])


def classification(**changes):
    keys = {"monitor": "f1", "resamples": 50, "extra": {}, "top_k": [5], "positive": None, "threshold": None}
    return ClassificationMetrics(**keys | changes)


def composed(name):
    with initialize_config_dir(str(CONF), **HABITS):
        return compose(f"metrics/{name}").metrics


def test_the_number_of_resamples_stands_in_one_place_but_where_each_is_slow():
    assert [composed(name).resamples for name in ("auto", "classification", "regression")] == [1000] * 3
    assert composed("own").resamples == 300


@pytest.mark.parametrize("name", ["classification", "regression"])
def test_every_shipped_choice_builds_and_its_monitor_is_one_of_its_metrics(name):
    metrics = instantiate(OmegaConf.create({"data": {}, "metrics": composed(name)}).metrics)
    target = TARGET if name == "classification" else TARGET[:, None].astype(float)
    prediction = PROB if name == "classification" else PROB[:, 1:]
    names = ("a", "b") if name == "classification" else ("y",)
    found = metrics(prediction, target, names)
    assert metrics.monitor in found
    assert all(metrics.direction(f"val/{metric}") in ("max", "min") for metric in found)
    assert {
        key: value["value"]
        for key, value in metrics.intervals(prediction, target, names, group=None, seed=0).items()
    } == pytest.approx(found, nan_ok=True)


def test_auto_holds_every_key_of_both_tasks():
    auto, *tasks = (set(composed(name)) for name in ("auto", "classification", "regression"))
    assert auto == set.union(*tasks) - {"_target_"} | {"name"}


@pytest.mark.parametrize("metric", ["balanced_accuracy", "auroc", "f1/b", "average_precision", "ece"])
def test_one_metric_alone_is_what_it_is_among_all(metric):
    metrics = classification(positive="b")
    assert metrics.one(metric, PROB, TARGET, ("a", "b")) == metrics(PROB, TARGET, ("a", "b"))[metric]


def test_a_number_from_a_yaml_names_a_class_too():
    found = classification(positive=1)(PROB, TARGET, ("0", "1"))
    assert found == classification_metrics(PROB, TARGET, ("0", "1"), positive="1")


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val/f1_weighted", "max"),
        ("rmse/price", "min"),
        ("fpr_macro", "min"),
        ("top_3_accuracy", "max"),
        ("val/loss", "min"),
    ],
)
def test_the_direction_of_a_metric(metric, direction):
    metrics = RegressionMetrics(monitor="rmse", resamples=1, extra={})
    assert metrics.direction(metric) == direction


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"monitor must be a metric, but got 'acuracy'.*balanced_accuracy"):
        classification().direction("acuracy")
