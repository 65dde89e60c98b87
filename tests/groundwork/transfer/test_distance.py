from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from groundwork.model import Network
from groundwork.transfer.distance import activation_distance, gaussian_divergence

Build = Callable[..., Network]


def test_the_divergence_is_that_of_torch():
    mean, std = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, 2.0, 0.3])
    stored_mean, stored_std = torch.tensor([0.5, 1.0, 0.0]), torch.tensor([1.0, 1.0, 2.0])
    expected = kl_divergence(Normal(mean, std), Normal(stored_mean, stored_std)).mean()
    measured = gaussian_divergence(mean, std**2, stored_mean, stored_std**2)
    assert measured == pytest.approx(float(expected), rel=1e-5)


def test_data_that_the_statistics_were_taken_from_is_nearest(images: Tensor, tiny_network: Build):
    whole = tiny_network((0,), ("mean",))
    for module in whole.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    whole.train()
    with torch.no_grad():
        whole(images)
    own = activation_distance(whole, [images])
    other = activation_distance(whole, [images // 4])
    assert len(own) == whole.num_stages
    assert whole.training
    for near, far in zip(own, other, strict=True):
        assert near is not None
        assert far is not None
        assert near < far


def test_a_network_without_batch_norm_has_no_distance(images: Tensor, tiny_network: Build):
    whole = tiny_network((0,), ("mean",), "test_vit")
    assert set(activation_distance(whole, [images])) == {None}
