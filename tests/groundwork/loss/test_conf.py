"""Every loss of `conf/` under the contract: one finite value per sample, weights multiply, ours end at zero."""

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from torch import Tensor, nn

from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.launch.config.own_hydra import HABITS
from groundwork.loss import BinaryCrossEntropy, Quantile

# `own` names no loss yet.
NAMES = sorted(path.stem for path in (CONF / "loss").glob("[!_]*.yaml") if path.stem not in ("auto", "own"))
LABELS = torch.tensor([[30.0], [-30.0], [0.0]]), torch.tensor([[1.0], [0.0], [1.0]])
PAIRS = {
    "classes": (torch.tensor([[30.0, 0.0], [0.0, 30.0], [0.0, 0.0]]), torch.tensor([0, 1, 1])),
    "values": (torch.tensor([[0.3], [-2.0], [5.0]]), torch.tensor([[0.3], [-2.0], [1.0]])),
}


def fitting_pair(loss: nn.Module) -> tuple[Tensor, Tensor]:
    """Find out by trying whether a loss compares logits with classes, or numbers with numbers."""
    if isinstance(loss, BinaryCrossEntropy):
        return LABELS
    if isinstance(loss, Quantile):
        output, target = PAIRS["values"]
        return output.repeat(1, 3), target
    for output, target in PAIRS.values():
        try:
            loss(output, target, None)
        except Exception:  # whatever a loss of one's own raises
            continue
        return output, target
    raise AssertionError("the loss takes neither classes nor values")


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_gives_one_value_per_sample(name: str) -> None:
    with initialize_config_dir(str(CONF), **HABITS):
        config = compose(f"loss/{name}").loss
    loss = instantiate(config.function)
    output, target = fitting_pair(loss)
    values = loss(output, target, None)
    assert values.shape == (3,)
    assert values.isfinite().all()
    if OmegaConf.select(config, "function._target_").startswith("groundwork."):
        assert values[:2].tolist() == pytest.approx([0, 0], abs=1e-6)
        assert values[2] > 0
    weight = torch.tensor([1.0, 1.0, 3.0])
    torch.testing.assert_close(loss(output, target, weight), weight * values)
    net = nn.ModuleDict({"backbone": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    assert instantiate(config.penalty, network=net)(net) == 0.0
