import pytest
import torch
from torch import nn

from groundwork.loss import Penalty


def network() -> nn.Module:
    """backbone 2 -> 3 with a norm, head 3 -> 1, numbers by hand."""
    parts = nn.ModuleDict(
        {"backbone": nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3)), "head": nn.Linear(3, 1)}
    )
    for number, parameter in enumerate(parts.parameters(), start=1):
        nn.init.constant_(parameter, -number)
    return parts  # weights: backbone 6 x -1; bias 3 x -2; norm 3 x -3, 3 x -4; head 3 x -5; bias -6


def penalty(
    net: nn.Module, l1: float = 0.0, l2: float = 0.0, l2_sp: float = 0.0, on: str = "weights"
) -> float:
    return number(Penalty(l1, l2, l2_sp, on, net)(net))  # type: ignore[arg-type]


def number(value: torch.Tensor | float) -> float:
    return float(torch.as_tensor(value).detach())


@pytest.mark.parametrize(
    ("on", "l1", "l2"),
    [
        ("weights", 6 * 1 + 3 * 5, (6 * 1 + 3 * 25) / 2),
        ("all", 6 + 6 + 9 + 12 + 15 + 6, (6 + 12 + 27 + 48 + 75 + 36) / 2),
        ("head", 15, 75 / 2),
    ],
)
def test_penalties_have_their_exact_value(on: str, l1: float, l2: float) -> None:
    assert penalty(network(), l1=0.1, on=on) == pytest.approx(0.1 * l1)
    assert penalty(network(), l2=0.1, on=on) == pytest.approx(0.1 * l2)
    assert penalty(network(), l1=0.1, l2=0.1, on=on) == pytest.approx(0.1 * (l1 + l2))


def test_without_strength_nothing_is_computed() -> None:
    assert Penalty(0.0, 0.0, 0.0, "weights", network())(network()) == 0.0


def test_frozen_weights_are_not_penalized() -> None:
    net = network()
    net["backbone"].requires_grad_(False)
    assert penalty(net, l1=1.0) == 15
    assert penalty(net, l2_sp=1.0) == 0


def test_l2_has_the_gradient_of_weight_decay() -> None:
    in_loss, decoupled = network(), network()
    for net, strength, decay in ((in_loss, 0.3, 0.0), (decoupled, 0.0, 0.3)):
        matrices = [parameter for parameter in net.parameters() if parameter.ndim > 1]
        optimizer = torch.optim.SGD(matrices, lr=0.1, weight_decay=decay)
        loss = sum(parameter.sum() for parameter in matrices) + Penalty(0.0, strength, 0.0, "weights", net)(
            net
        )
        loss.backward()
        optimizer.step()
    for one, other in zip(in_loss.parameters(), decoupled.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_l1_drives_useless_weights_to_zero_and_l2_does_not() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(200, 10)
    target = inputs[:, :1]
    small = {}
    for name, l1, l2 in (("l1", 0.1, 0.0), ("l2", 0.0, 0.1), ("none", 0.0, 0.0)):
        net = nn.ModuleDict({"backbone": nn.Identity(), "head": nn.Linear(10, 1)})
        term = Penalty(l1, l2, 0.0, "weights", net)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        for _ in range(800):
            optimizer.zero_grad()
            ((net["head"](inputs) - target) ** 2).mean().add(term(net)).backward()
            optimizer.step()
        weight = net["head"].weight.detach().abs().flatten()
        small[name] = (weight[0].item(), weight[1:].max().item())
    assert small["l1"][1] < 2e-3
    assert 0.9 < small["l1"][0] < 0.98  # the lasso's own shrinkage, l1 / 2 for unit variance
    assert small["l2"][0] < 0.98 < small["none"][0]


def test_l2_sp_measures_the_distance_from_the_start() -> None:
    net = network()
    term = Penalty(0.0, 0.0, 0.5, "weights", net)
    assert number(term(net)) == 0
    with torch.no_grad():
        net["backbone"][0].weight += 2.0
        net["backbone"][1].bias -= 1.0
        net["head"].weight += 9.0  # a new head has no start to stay near
    assert number(term(net)) == pytest.approx(0.5 / 2 * (6 * 4 + 3 * 1))


def test_the_start_travels_with_the_state() -> None:
    net = network()
    term = Penalty(0.0, 0.0, 1.0, "weights", net)
    with torch.no_grad():
        net["backbone"][0].weight += 2.0
    resumed = Penalty(0.0, 0.0, 1.0, "weights", net)
    resumed.load_state_dict(term.state_dict())
    assert number(resumed(net)) == number(term(net)) == pytest.approx(12.0)
    assert not Penalty(1.0, 1.0, 0.0, "weights", net).state_dict()


def test_a_network_that_has_moved_is_held_to_where_it_once_began() -> None:
    net = network()
    start = {name: value.detach().clone() for name, value in net.named_parameters()}
    with torch.no_grad():
        net["backbone"][0].weight += 2.0
    later = Penalty(0.0, 0.0, 1.0, "weights", net, start)
    assert number(later(net)) == pytest.approx(12.0)
