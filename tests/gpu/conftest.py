"""Runs on a GPU: `pytest -m gpu -n 4`."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start

Train = Callable[..., RunFolder]


@pytest.fixture(scope="session")
def gpu() -> torch.device:
    """The GPU; these tests are asked for by name, so a machine without one fails them."""
    assert torch.cuda.is_available(), "pytest -m gpu needs a CUDA device"
    return torch.device("cuda", 0)


@pytest.fixture
def image_folder(tmp_path: Path, draw_photographs: Callable[..., Path]) -> Path:
    """Sixty photographs of three classes that differ in color and noise, 40 x 40."""
    colors = {"red": (170, 70, 70), "green": (70, 170, 70), "blue": (70, 70, 170)}
    return draw_photographs(tmp_path / "images", colors, 40, 60)


@pytest.fixture
def train(tmp_path: Path, image_folder: Path, gpu: torch.device) -> Train:
    """Train a small network on these photographs, as some words change it, and give the run's folder."""
    words = [
        "data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=8",
        "task=classification", "model=timm", "model.name=test_resnet", "model.pretrained=false", "transfer=scratch",
        "trainer=gpu", "trainer.max_epochs=3", "callbacks.early_stopping.patience=null", "metrics.resamples=20",
        "report.write=false",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip

    def run(*changes: str) -> RunFolder:
        assert start(compose_run([*words, *changes])) == 0
        return RunFolder.find("latest", tmp_path / "runs")

    return run
