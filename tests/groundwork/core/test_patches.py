"""What is changed in other libraries is changed by commands and runs alone, and private names are still there."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from groundwork.core import patches
from groundwork.core.patches import (
    count_not_finite,
    has_forward_pre_hook,
    hidden,
    in_backward,
    optuna_id,
    optuna_storage,
    with_children,
)

STATE = """
import argparse, gc, logging, os, signal, sys, warnings
def state():
    names = ("lightning.pytorch", "lightning.fabric", "optuna", "torch.utils.cpp_extension")
    return (gc.get_threshold(), argparse.ArgumentParser.error.__module__, sys.dont_write_bytecode, dict(os.environ),
            [logging.getLogger(name).level for name in names], signal.getsignal(signal.SIGINT),
            [w[1] and w[1].pattern for w in warnings.filters])
import hydra, lightning, matplotlib.pyplot, optuna, pandas, sklearn.ensemble, timm, torch
import torchmetrics, torchvision, wandb
before = state()
import pkgutil, groundwork
from importlib import import_module
for module in pkgutil.walk_packages(groundwork.__path__, "groundwork."):
    import_module(module.name)
after = state()
print([pair for pair in zip(before, after) if pair[0] != pair[1]])
"""


def test_importing_every_module_changes_nothing_global():
    done = subprocess.run([sys.executable, "-c", STATE], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_a_hidden_module_is_absent_inside_the_block_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patches, "_in_command", True)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with hidden("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    with hidden("colorsys"):  # imported already: it stays
        import colorsys as again
    assert again is colorsys


def test_nothing_is_hidden_outside_of_a_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patches, "_in_command", False)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with hidden("colorsys"):
        import colorsys
    assert colorsys.__name__ == "colorsys"


@pytest.mark.parametrize(("bad", "count"), [(0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_one_number_that_is_not_finite_is_found_and_nothing_is_scaled(bad: float, count: float):
    gradients = [torch.ones(3), torch.tensor([2.0, bad])]
    assert count_not_finite(gradients).tolist() == [count]
    assert gradients[0].tolist() == [1.0] * 3
    assert gradients[1][0] == 2


def test_backward_is_known_from_forward():
    seen = []

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            seen.append(in_backward())
            return x

        @staticmethod
        def backward(ctx, gradient):
            seen.append(in_backward())
            return gradient

    Look.apply(torch.ones(1, requires_grad=True)).sum().backward()
    assert seen == [False, True]


def test_a_module_takes_other_children_and_the_original_keeps_its_own():
    original = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    changed = with_children(original, {"0": nn.Identity(), "1": original[1]})
    assert isinstance(changed[0], nn.Identity)
    assert isinstance(original[0], nn.Linear)
    assert changed[1] is original[1]


def test_a_hook_is_found_on_its_module_alone():
    def hook(*_: object) -> None: ...

    module = nn.Linear(1, 1)
    assert not has_forward_pre_hook(module, hook)
    module.register_forward_pre_hook(hook)
    assert has_forward_pre_hook(module, hook)


def test_a_trial_of_optuna_is_written_through_its_storage():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    trial = study.ask()
    optuna_storage(study).set_trial_user_attr(optuna_id(trial), "reason", "killed")
    assert study.get_trials()[0].user_attrs == {"reason": "killed"}
