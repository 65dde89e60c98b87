import torch
from torch import nn

from groundwork.model.tail import without


def test_what_is_gone_passes_its_input_and_all_else_is_shared():
    torch.manual_seed(0)
    whole = nn.Sequential(
        nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Sequential(nn.Tanh(), nn.Linear(3, 2))
    )
    rest = without(whole, [whole[0][0], whole[0][1], whole[1][0]])
    inputs = torch.randn(4, 3)
    assert torch.equal(rest(inputs), whole[1][1](inputs))
    assert rest[1][1] is whole[1][1]
    assert [name for name, _ in rest.named_parameters()] == ["1.1.weight", "1.1.bias"]


def test_the_original_keeps_every_part():
    whole = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    names = list(whole.state_dict())
    without(whole, [whole[0]])
    assert list(whole.state_dict()) == names
    assert without(whole, []) is whole
