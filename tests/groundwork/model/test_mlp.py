import pytest
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.model import MLP


def build(hidden: list[int], **options: object) -> MLP:
    given: dict[str, object] = {
        "num_numeric": 3, "cardinalities": (4, 1000), "numbers": None, "hidden": hidden,
        "activation": "relu", "norm": "none", "dropout": 0.0, "embedding_width": 64, "init": "default",
    }  # fmt: skip
    return MLP(**(given | options))  # type: ignore[arg-type]


ROWS = torch.tensor([[0.5, -1.0, 2.0, 3.0, 999.0], [0.0, 0.0, 1.0, 0.0, 1.0]])


def test_without_hidden_layers_the_features_are_the_row() -> None:
    model = build([])
    (features,) = model(ROWS)
    assert model.num_stages == 1
    assert features.shape == (2, 3 + 3 + 64)
    assert torch.equal(features[:, :3], ROWS[:, :3])
    assert torch.equal(features[0, 3:6], model.layers[0].tables[0].weight[3])


def test_hidden_layers_compute_activation_of_a_linear_map() -> None:
    model = build([8, 5], cardinalities=(), activation="tanh")
    _, first, second = model(ROWS[:, :3])
    one, two = (module for module in model.modules() if isinstance(module, nn.Linear))
    torch.testing.assert_close(first, torch.tanh(ROWS[:, :3] @ one.weight.T + one.bias))
    torch.testing.assert_close(second, torch.tanh(first @ two.weight.T + two.bias))
    assert model.channels == (3, 8, 5)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_every_tensor_belongs_to_one_stage(norm: str) -> None:
    model = build([8, 5], norm=norm)
    stages = model.parameter_stages()
    assert set(stages) == set(model.state_dict())
    assert set(stages.values()) == {0, 1, 2}
    assert len(model.stage_modules()) == model.num_stages == 3


def test_a_cut_drops_later_layers() -> None:
    model = build([8, 5])
    expected = model(ROWS)[1]
    model.prune(1)
    assert model.num_stages == 2
    assert model.channels == (70, 8)
    assert torch.equal(model(ROWS)[-1], expected)


def test_dropout_acts_between_hidden_layers() -> None:
    rates = [module.p for module in build([8, 8, 8], dropout=0.3).modules() if isinstance(module, nn.Dropout)]
    assert rates == [0.0, 0.3, 0.3]


@pytest.mark.parametrize("options", [{"activation": "sin"}, {"norm": "group"}, {"init": "zeros"}])
def test_a_wrong_choice_names_the_right_ones(options: dict[str, str]) -> None:
    ((key, value),) = options.items()
    with pytest.raises(UserError, match=f"model.{key} must be one of .*, but got {value}"):
        build([8], **options)


def test_all_inputs_reach_the_features() -> None:
    model = build([16])
    rows = ROWS.clone().requires_grad_()
    model(rows)[-1].sum().backward()
    assert rows.grad is not None
    assert rows.grad[:, :3].abs().sum(0).ne(0).all()
    assert all(parameter.grad is not None for parameter in model.parameters())
