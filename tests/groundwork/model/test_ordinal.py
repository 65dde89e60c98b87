"""Cumulative logits: the likelihood by its definition, the order of the thresholds, and the gradient far out."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from groundwork.loss import Ordinal
from groundwork.model.ordinal import OrdinalHead


@pytest.mark.parametrize("num_classes", [2, 3, 6])
def test_the_loss_is_the_likelihood_of_the_definition(num_classes: int):
    generator = torch.Generator().manual_seed(0)
    head, features = OrdinalHead(4, num_classes, 0.0), torch.randn(9, 4, generator=generator)
    target = torch.arange(9) % num_classes
    assert float(Ordinal()(head(features), target).mean().detach()) == pytest.approx(
        np.log(num_classes), abs=1e-6
    )
    with torch.no_grad():
        for parameter in head.parameters():
            parameter += torch.randn(parameter.shape, generator=generator)
    cuts = head.thresholds().detach().double().numpy()
    assert (np.diff(cuts) > 0).all()
    score = head.linear(features).detach().double().numpy()
    at_most = np.hstack([np.zeros((9, 1)), expit(cuts - score), np.ones((9, 1))])
    expected = np.diff(at_most, axis=1)
    np.testing.assert_allclose(head.decode(head(features)).detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    weights = np.arange(1, num_classes + 1)
    losses = Ordinal(weights.tolist())(head(features), target).detach().numpy()
    np.testing.assert_allclose(
        losses, -weights[target] * np.log(expected[np.arange(9), target]), rtol=1e-4, atol=1e-5
    )


def test_a_score_far_out_keeps_a_finite_loss_and_gradient():
    head = OrdinalHead(1, 4, 0.0)
    with torch.no_grad():
        head.linear.weight.fill_(1.0)
    loss = Ordinal()(head(torch.tensor([[300.0], [-300.0]])), torch.tensor([1, 2])).mean()
    loss.backward()
    assert float(loss.detach()) > 100
    assert all(torch.isfinite(each.grad).all() for each in head.parameters() if each.grad is not None)


def test_networks_side_by_side_give_the_mean_of_their_probabilities():
    torch.manual_seed(0)
    head = OrdinalHead(6, 3, 0.0, num_members=2)
    torch.nn.init.normal_(head.linear.weight)
    features = torch.randn(5, 6)
    apart = head.train()(features)
    assert apart.shape == (5, 2, 3)
    torch.testing.assert_close(head.eval().decode(head(features)), apart.exp().mean(dim=1))
