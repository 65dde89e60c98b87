from collections.abc import Callable

import pytest
import torch
from lightning import Trainer
from torch import nn

from groundwork.metrics import classification_metrics
from groundwork.task import ClassificationTask

from .conftest import CLASSES, Batches, classifier, options


def test_logits_are_fitted_and_probabilities_predicted(trainer: Callable[..., Trainer]) -> None:
    def metrics(prediction, target):
        return classification_metrics(prediction, target, ("a", "b", "c"))

    judge = ClassificationTask(**options(classifier(), metrics=metrics, monitor="accuracy"))
    fit = trainer(40)
    loader = Batches(CLASSES, 8, list(range(40)))
    fit.fit(judge, loader, loader)
    prob = judge.last_outputs.prediction
    assert prob.sum(axis=1) == pytest.approx(1)
    accuracy = (prob.argmax(axis=1) == CLASSES.numpy()).mean()
    assert float(fit.callback_metrics["val/accuracy"]) == pytest.approx(accuracy)
    assert accuracy > 0.8  # 1/3 by chance


def test_mixing_trains_on_shares_of_classes() -> None:
    class Halves(nn.Module):
        """Mix each sample with its neighbour by half."""

        def forward(self, inputs, share, key):
            return (inputs + inputs.roll(1, 0)) / 2, (share + share.roll(1, 0)) / 2

    net = classifier().eval()
    nn.init.normal_(net.head.linear.weight)
    batch = next(iter(Batches(CLASSES, 40, list(range(40)))))
    loss = ClassificationTask(**options(net, mix=Halves())).training_step(batch, 0)
    log_prob = net((batch.inputs + batch.inputs.roll(1, 0)) / 2).log_softmax(1)
    own = log_prob.gather(1, CLASSES[:, None]) / 2 + log_prob.gather(1, CLASSES.roll(1)[:, None]) / 2
    torch.testing.assert_close(loss, -own.mean())
