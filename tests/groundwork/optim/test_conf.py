"""Every optimizer with every schedule of `conf/` lowers a loss."""

from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import nn

from groundwork.core.paths import CONF
from groundwork.launch.config.own_hydra import HABITS
from groundwork.optim import optimizer_factory, schedule_factory


def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def read(group: str, name: str) -> Any:
    with initialize_config_dir(str(CONF), **HABITS):
        config = compose(
            f"{group}/{name}", [f"{group}.name=lion"] if (group, name) == ("optim", "timm") else []
        )
    return (optimizer_factory if group == "optim" else schedule_factory)(config[group])


class Line(nn.Linear):
    """A network of one layer."""

    def parameter_layers(self) -> dict[str, int]:
        return {"weight": 0, "bias": 0}

    def no_weight_decay(self) -> set[str]:
        return set()


@pytest.mark.parametrize("schedule", names("schedule"))
@pytest.mark.parametrize("optim", names("optim"))
def test_every_pair_learns(optim: str, schedule: str) -> None:
    torch.manual_seed(0)
    network, rows = Line(3, 1), torch.randn(64, 3)
    optimizer = read("optim", optim)(network)
    scheduler = read("schedule", schedule)(optimizer, 50, "loss", "min")["scheduler"]
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = (network(rows) - rows.sum(1, keepdim=True)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        scheduler.step(*([losses[-1]] if schedule == "plateau" else []))
    assert losses[-1] < 0.99 * losses[0]
