"""What timm imports on the way, and what it need not."""

import subprocess
import sys

import pytest

from groundwork.model.lean import hidden


def test_a_hidden_module_is_absent_inside_the_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with hidden("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    with hidden("colorsys"):  # imported already: it stays
        import colorsys as again
    assert again is colorsys


def test_the_networks_come_without_the_logger_of_timm() -> None:
    code = "import sys, groundwork.model; print('wandb' in sys.modules); import wandb; print(wandb.__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "wandb"]
