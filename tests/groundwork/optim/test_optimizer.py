import copy
from typing import Any

import pytest
import torch
from torch import nn

from groundwork.optim import SGD, AdamW, parameter_groups


class Net(nn.Module):
    """Three layers of depth 0, 1, 2: two stages and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
        self.second = nn.Linear(2, 2)
        self.head = nn.Linear(2, 1)

    def parameter_layers(self) -> dict[str, int]:
        numbers = {"first": 0, "second": 1, "head": 2}
        return {name: numbers[name.split(".")[0]] for name, _ in self.named_parameters()}

    def no_weight_decay(self) -> set[str]:
        return set()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.head(self.second(self.first(rows)))


def by_name(network: nn.Module, groups: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


def test_biases_and_norms_do_not_decay() -> None:
    network = Net()
    settings = by_name(network, parameter_groups(network, 0.1, 0.5, 1.0))
    assert {name for name, (_, decay) in settings.items() if decay} == {
        "first.0.weight", "second.weight", "head.weight",
    }  # fmt: skip
    assert {rate for rate, _ in settings.values()} == {0.1}
    assert len(settings) == len(list(network.parameters()))


def test_what_the_network_names_does_not_decay() -> None:
    network = Net()
    network.no_weight_decay = lambda: {"second.weight"}
    settings = by_name(network, parameter_groups(network, 0.1, 0.5, 1.0))
    assert settings["second.weight"][1] == 0
    assert settings["head.weight"][1] == 0.5


def test_rates_fall_by_layer_from_the_head() -> None:
    network = Net()
    settings = by_name(network, parameter_groups(network, 0.1, 0.5, 0.5))
    assert settings["head.weight"][0] == pytest.approx(0.1)
    assert settings["second.bias"][0] == pytest.approx(0.05)
    assert settings["first.1.weight"][0] == pytest.approx(0.025)


def test_frozen_parameters_are_left_out() -> None:
    network = Net()
    network.first.requires_grad_(False)
    settings = by_name(network, parameter_groups(network, 0.1, 0.5, 0.5))
    assert set(settings) == {"second.weight", "second.bias", "head.weight", "head.bias"}
    assert settings["second.weight"][0] == pytest.approx(0.05)


FACTORIES = [
    (AdamW(0.01, 0.1, (0.9, 0.95), 1e-8, 1.0), torch.optim.AdamW, {"betas": (0.9, 0.95)}),
    (SGD(0.01, 0.1, 0.9, True, 1.0), torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
]


@pytest.mark.parametrize(("factory", "reference", "options"), FACTORIES)
def test_steps_are_those_of_torch(factory: Any, reference: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    ours = Net()
    theirs = copy.deepcopy(ours)
    matrices = [parameter for parameter in theirs.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in theirs.parameters() if parameter.ndim == 1]
    optimizers = [
        factory(ours),
        reference(
            [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
            lr=0.01,
            **options,
        ),
    ]
    rows = torch.randn(16, 2)
    for _ in range(5):
        for network, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            (network(rows) - rows.sum(1, keepdim=True)).square().mean().backward()
            optimizer.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_decoupled_decay_shrinks_by_rate_times_decay() -> None:
    network = Net()
    before = network.head.weight.detach().clone()
    bias = network.head.bias.detach().clone()
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    AdamW(0.1, 0.5, (0.9, 0.999), 1e-8, 1.0)(network).step()
    torch.testing.assert_close(network.head.weight, before * (1 - 0.1 * 0.5))
    assert torch.equal(network.head.bias, bias)


def test_state_fits_the_same_network_again() -> None:
    network = Net()
    factory = AdamW(0.1, 0.5, (0.9, 0.999), 1e-8, 0.7)
    first, again = factory(network), factory(network)
    network(torch.ones(1, 2)).sum().backward()
    first.step()
    again.load_state_dict(first.state_dict())
    assert again.state_dict()["param_groups"] == first.state_dict()["param_groups"]


def test_nesterov_without_momentum_is_plain_descent() -> None:
    network = Net()
    assert SGD(0.1, 0.0, 0.0, True, 1.0)(network).param_groups[0]["nesterov"] is False
