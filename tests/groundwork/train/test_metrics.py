import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.train.metrics import build_metrics, check_defined, check_measured


def test_a_monitor_that_val_leaves_undefined_is_refused_with_the_reason():
    with pytest.raises(
        UserError, match=r"monitor=r2 must have a target that varies in val.*Use monitor=rmse"
    ):
        check_defined("r2", np.full((5, 1), 3.0))
    with pytest.raises(UserError, match="monitor=auroc must have two classes in val"):
        check_defined("val/auroc", np.zeros(5, int))
    check_defined("r2", np.array([[1.0], [2.0]]))
    check_defined("rmse", np.full((5, 1), 3.0))
    check_defined("auroc", np.array([0, 1]))


def test_monitors_of_labels_need_a_label_that_varies_in_val():
    target = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, np.nan]])
    check_defined("f1", target, ("owl", "wren"))
    check_defined("average_precision/owl", target, ("owl", "wren"))
    for monitor in ("f1/wren", "average_precision/wren"):
        with pytest.raises(UserError, match="must have a label in val"):
            check_defined(monitor, target, ("owl", "wren"))
    with pytest.raises(UserError, match="must have a label in val"):
        check_defined("recall_micro", target[:, 1:], ("wren",))


@pytest.mark.parametrize(
    ("words", "target", "names", "measured", "refused"),
    [
        (["experiment=diabetes"], np.ones((3, 1)), ["y"], ["loss", "r2"], ["accuracy", "rmse/y"]),
        (["experiment=diabetes"], np.ones((3, 2)), ["a", "b"], ["rmse/b"], ["rmse/c"]),
        (
            ["experiment=diabetes", "loss=quantile"],
            np.ones((3, 1)),
            ["y"],
            ["pinball_loss", "rmse"],
            ["auroc"],
        ),
        (
            ["experiment=digits"],
            np.arange(3),
            ["0", "1", "2"],
            ["recall/1", "log_loss"],
            ["recall/owl", "rmse", "top_9_accuracy"],
        ),
        (["experiment=digit_labels"], np.eye(2), ["a", "b"], ["f1/a", "hamming_loss"], ["f1/c"]),
    ],
)
def test_a_monitor_must_be_measured_by_the_task(
    words: list[str], target: np.ndarray, names: list[str], measured: list[str], refused: list[str]
):
    metrics = build_metrics(compose_run(words).config)
    for monitor in measured:
        check_measured(monitor, metrics, target, names)
    for monitor in refused:
        with pytest.raises(UserError, match=f"^monitor={monitor} is not measured here.*Choose one of: "):
            check_measured(monitor, metrics, target, names)
