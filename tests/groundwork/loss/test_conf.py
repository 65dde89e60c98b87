"""Every loss of `conf/` under the contract: one finite value per sample, weights multiply, zero at the truth."""

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import nn

from groundwork.core.paths import CONF

NAMES = sorted(path.stem for path in (CONF / "loss").glob("[!_]*.yaml") if path.stem != "auto")
PAIRS = {
    "classes": (torch.tensor([[30.0, 0.0], [0.0, 30.0], [0.0, 0.0]]), torch.tensor([0, 1, 1])),
    "values": (torch.tensor([[0.3], [-2.0], [5.0]]), torch.tensor([[0.3], [-2.0], [1.0]])),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_gives_one_value_per_sample(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(f"loss/{name}").loss
    kind = "classes" if name in ("cross_entropy", "focal") else "values"
    output, target = PAIRS[kind]
    loss = instantiate(config.function)
    values = loss(output, target, None)
    assert values.shape == (3,)
    assert values[:2].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert values[2] > 0
    weight = torch.tensor([1.0, 1.0, 3.0])
    torch.testing.assert_close(loss(output, target, weight), weight * values)
    net = nn.ModuleDict({"backbone": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    assert instantiate(config.penalty, network=net)(net) == 0.0
