"""The shortest parts of conf/README.md that the other examples there leave out are taken by one run."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork import fit
from groundwork.launch.config.compose import compose_run


@pytest.fixture
def owls(tmp_path: Path, documented: Callable[[str, int], None]) -> list[str]:
    """The package that the document shows, and the words of a run that searches in it."""
    documented("owls", 3)
    places = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    return [f"hydra.searchpath=[{tmp_path / 'owls' / 'conf'}]", *places]


@pytest.mark.slow
def test_callback_logger_optimizer_and_augmentation_take_part(
    owls: list[str], capsys: pytest.CaptureFixture[str]
):
    small = ["trainer=cpu", "execution=plain", "subset=stratified", "subset.size=100", "metrics.resamples=20"]
    run = fit([*owls, "experiment=owls", *small, "report.write=false"])
    assert "owls: epoch 2 is over" in capsys.readouterr().out
    logged = {name for _, metrics in sys.modules["owls.parts"].Keep.rows for name in metrics}
    assert {"train/loss", "val/balanced_accuracy"} <= logged
    assert run.config.optim._target_ == "owls.parts.Heavy"


def test_the_search_composes(owls: list[str]):
    assert list(compose_run([*owls, "experiment=owls", "search=owls"]).config.search.space) == ["optim.lr"]
