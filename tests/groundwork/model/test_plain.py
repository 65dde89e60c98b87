import pytest
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.model.plain import ModuleBackbone


def test_a_module_is_one_stage_as_wide_as_what_it_gives():
    backbone = ModuleBackbone(nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5)), (3, 8, 8))
    assert (backbone.channels, backbone.spatial, backbone.num_stages) == ((5,), (True,), 1)
    assert set(backbone.parameter_stages()) == set(backbone.state_dict())
    assert int(backbone.module[1].num_batches_tracked) == 0
    inputs = torch.rand(2, 3, 8, 8)
    assert torch.equal(backbone.eval()(inputs)[0], backbone.module(inputs))


def test_a_module_that_reads_other_inputs_is_refused():
    with pytest.raises(UserError, match="but Linear does not"):
        ModuleBackbone(nn.Linear(3, 2), (4,))
