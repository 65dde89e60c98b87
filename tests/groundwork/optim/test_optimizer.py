import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from timm.optim import list_optimizers
from torch import nn

from groundwork.core.errors import UserError
from groundwork.optim import OptimizerFactory, parameter_groups, timm_optimizer


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
    (torch.optim.AdamW, {"betas": (0.9, 0.95)}),
    (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (torch.optim.Adam, {}),
    (torch.optim.RMSprop, {"alpha": 0.9}),
]


@pytest.mark.parametrize(("reference", "options"), FACTORIES)
def test_steps_are_those_of_torch(reference: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    ours = Net()
    theirs = copy.deepcopy(ours)
    matrices = [parameter for parameter in theirs.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in theirs.parameters() if parameter.ndim == 1]
    optimizers = [
        OptimizerFactory(reference, 0.01, 0.1, 1.0, options)(ours),
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
    OptimizerFactory(torch.optim.AdamW, 0.1, 0.5, 1.0)(network).step()
    torch.testing.assert_close(network.head.weight, before * (1 - 0.1 * 0.5))
    assert torch.equal(network.head.bias, bias)


def test_state_fits_the_same_network_again() -> None:
    network = Net()
    factory = OptimizerFactory(torch.optim.AdamW, 0.1, 0.5, 0.7)
    first, again = factory(network), factory(network)
    network(torch.ones(1, 2)).sum().backward()
    first.step()
    again.load_state_dict(first.state_dict())
    assert again.state_dict()["param_groups"] == first.state_dict()["param_groups"]


def test_keys_that_a_class_does_not_take_are_refused() -> None:
    with pytest.raises(UserError, match=r"optim.betas must be an argument of RMSprop, but is not"):
        OptimizerFactory(torch.optim.RMSprop, 0.1, options={"betas": (0.9, 0.99)})
    with pytest.raises(UserError, match=r"optim.foo must be an argument of Lion"):
        timm_optimizer(Net().parameters(), "lion", 0.1, foo=1)
    with pytest.raises(UserError, match=r"Rprop has no weight decay"):
        OptimizerFactory(torch.optim.Rprop, 0.1, 0.01)
    assert OptimizerFactory(torch.optim.Rprop, 0.1)(Net()).param_groups[0]["lr"] == 0.1


def test_a_name_that_timm_does_not_know_is_refused() -> None:
    with pytest.raises(UserError, match=r"must be an optimizer of timm, but got lyon. Did you mean"):
        timm_optimizer(Net().parameters(), "lyon", 0.1)


class Convolutions(nn.Module):
    """A convolution and a linear layer, as a parameter of each number of axes needs its own rule."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.head = nn.Conv2d(1, 2, 3), nn.Linear(2 * 16, 3)

    def parameter_layers(self) -> dict[str, int]:
        return {name: int(name.startswith("head")) for name, _ in self.named_parameters()}

    def no_weight_decay(self) -> set[str]:
        return set()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.first(images).relu().flatten(1))


def step(network: nn.Module, optimizer: torch.optim.Optimizer, count: int) -> None:
    for number in range(count):
        images = torch.linspace(-1, 1, 4 * 36).view(4, 1, 6, 6) * (number + 1)
        optimizer.zero_grad()
        (network(images) - 1).square().mean().backward()
        optimizer.step()


# CUDA or a library of its own (bnb..., fused...); second derivatives; a compiler at the first step, and its own dice.
REFUSED = ("bnb", "fused", "adahessian", "kron")
NAMES = [name for name in list_optimizers() if not name.startswith(REFUSED)]


@pytest.mark.parametrize("names", [NAMES[start::8] for start in range(8)])
def test_every_optimizer_of_timm_steps_and_goes_on_from_a_checkpoint_to_the_last_bit(
    names: list[str], tmp_path: Path
) -> None:
    for name in [*names, *(["lookahead_adamw"] if "muon" in names else [])]:
        factory = OptimizerFactory(timm_optimizer, 1e-2, 0.1, 0.5, {"name": name})
        network = Convolutions()
        optimizer = factory(network)
        rates = sorted({group["lr"] for group in optimizer.param_groups})
        assert rates == pytest.approx([0.005, 0.01]), name
        step(network, optimizer, 2)
        torch.save((network.state_dict(), optimizer.state_dict()), tmp_path / "last.ckpt")
        step(network, optimizer, 2)
        again = Convolutions()
        weights, state = torch.load(tmp_path / "last.ckpt", weights_only=True)
        again.load_state_dict(weights)
        resumed = factory(again)
        resumed.load_state_dict(state)
        step(again, resumed, 2)
        for one, other in zip(network.parameters(), again.parameters(), strict=True):
            assert one.isfinite().all(), name
            assert torch.equal(one, other), name
