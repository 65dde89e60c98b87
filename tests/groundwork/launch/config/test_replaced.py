"""A class in place of another begins with its own defaults."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import compose_run

DIGITS = ["data=digits", "model=timm", "model.name=test_resnet", "model.pretrained=false"]


def part(group: str, *words: str) -> Any:
    chosen = OmegaConf.select(compose_run([*DIGITS, *words]).config, group)
    return OmegaConf.to_container(chosen, resolve=group == "optim")


def test_keys_of_the_class_that_was_replaced_are_left_behind():
    target = {"_target_": "torch.optim.RMSprop"}
    ours = {"lr": 1e-3, "weight_decay": 0.01, "layer_decay": 1.0}
    assert part("optim", "optim._target_=torch.optim.RMSprop") == target | ours
    typed = part("optim", "optim._target_=torch.optim.RMSprop", "optim.eps=1e-8", "+optim.alpha=0.9")
    assert typed == target | ours | {"eps": 1e-8, "alpha": 0.9}
    assert part("schedule", "schedule._target_=birds.Rate", "schedule.final=0.5") == {
        "_target_": "birds.Rate", "final": 0.5,
    }  # fmt: skip
    assert part("augment", "augment=strong", "augment._target_=birds.Turn") == {"_target_": "birds.Turn"}
    assert part("model.backbone", "model.backbone._target_=birds.Net") == {"_target_": "birds.Net"}


def test_the_keys_of_a_choice_stay():
    assert set(part("optim")) == {"_target_", "lr", "weight_decay", "betas", "eps", "layer_decay"}
    assert part("augment", "augment=light")["scale"] == [0.7, 1.0]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["model=plain"], r"model.backbone._target_ must be given"),
        (["optim=timm"], r"optim.name must be given"),
        (["optim=timm", "optim.name=mun"], r"must be an optimizer of timm, but got mun. Did you mean muon"),
        (["+optim.amsgrat=true"], r"optim.amsgrat must be an argument of AdamW.*amsgrad"),
        (["optim=sgd", "optim.momentum=0"], r"cannot be used: Nesterov momentum requires a momentum"),
        (["optim.betas=[2,3]"], r"cannot be used: Invalid beta"),
        (["optim=timm", "optim.name=adahessian"], r"needs second derivatives"),
        (
            ["optim._target_=torch.optim.LBFGS", "optim.weight_decay=0"],
            r"cannot be used: LBFGS doesn't support",
        ),
        (
            ["optim._target_=torch.optim.SparseAdam", "optim.weight_decay=0"],
            r"does not support dense gradients",
        ),
        (["optim._target_=torch.optim.Adm"], r"optim._target_=torch.optim.Adm cannot be used"),
        (["optim.lr=-1"], r"optim.lr must be in"),
        (["schedule._target_=torch.optim.lr_scheduler.StepLR"], r"cannot be used: .*step_size"),
        (["schedule=timm", "+schedule.foo=1"], r"schedule.foo must be an argument"),
        (
            ["augment._target_=torchvision.transforms.v2.RandAugment", "+augment.foo=1"],
            r"cannot be used: .*foo",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_before_any_data_is_read(words: list[str], reason: str):
    with pytest.raises(UserError, match=reason):
        check_combination(compose_run([*(DIGITS if words != ["model=plain"] else DIGITS[:1]), *words]))


SEQUENCE = (
    "+schedule.schedulers=[{_target_: torch.optim.lr_scheduler.ConstantLR}, "
    "{_target_: torch.optim.lr_scheduler.ExponentialLR, gamma: 0.9}]"
)


@pytest.mark.parametrize(
    "words",
    [
        ["optim._target_=torch.optim.Adam", "+optim.amsgrad=true"],
        ["optim=timm", "optim.name=lookahead_lion", "schedule=timm", "schedule.name=poly"],
        ["schedule._target_=torch.optim.lr_scheduler.SequentialLR", SEQUENCE, "+schedule.milestones=[2]"],
        ["schedule._target_=torch.optim.lr_scheduler.ReduceLROnPlateau", "+schedule.patience=2"],
        ["schedule._target_=timm.scheduler.CosineLRScheduler", "+schedule.t_initial=total_steps"],
        ["augment._target_=torchvision.transforms.v2.RandAugment", "+augment.num_ops=1"],
    ],
)
def test_parts_of_torch_and_timm_are_taken(words: list[str]):
    check_combination(compose_run([*DIGITS, *words]))
