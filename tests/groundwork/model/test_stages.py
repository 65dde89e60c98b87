import torch
from torch import nn

from groundwork.model.stages import module_stages, modules_by_stage, tensor_stages, without


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(nn.Linear(1, 1).weight.detach())
        self.stem = nn.Linear(2, 2)
        self.relu = nn.ReLU()
        self.blocks = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
        self.norm = nn.LayerNorm(2)


ENDS = ["relu", "blocks.1"]


def test_a_stage_reaches_up_to_its_end() -> None:
    stages = module_stages(Tiny(), ENDS)
    assert stages["stem"] == stages["relu"] == stages[""] == 0
    assert stages["blocks.0"] == stages["blocks.1"] == 1
    assert stages["blocks.2"] == stages["norm"] == 2


def test_tensors_belong_to_their_modules_stage() -> None:
    model = Tiny()
    stages = tensor_stages(model, module_stages(model, ENDS))
    assert stages["token"] == 0
    assert stages["blocks.1.running_mean"] == 1
    assert stages["norm.weight"] == 2


def test_a_container_of_several_stages_belongs_to_none() -> None:
    model = Tiny()
    first, second, third = model.blocks
    modules = modules_by_stage(model, module_stages(model, ENDS), 3)
    assert modules == [[model.stem, model.relu], [first, second], [third, model.norm]]


def test_without_ends_all_is_one_stage() -> None:
    assert set(module_stages(Tiny(), []).values()) == {0}


def test_an_end_is_no_prefix_of_a_longer_name() -> None:
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(12)))
    assert module_stages(model, ["1"])["10"] == 1
    assert module_stages(model, ["1"])["1"] == 0


def test_modules_after_a_cut_are_left_out() -> None:
    model = Tiny()
    owner = module_stages(model, ENDS)
    assert modules_by_stage(model, owner, 2) == modules_by_stage(model, owner, 3)[:2]


def test_a_model_of_one_stage_gives_its_children() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU()))
    assert modules_by_stage(model, module_stages(model, []), 1) == [[model[0], model[1]]]


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
