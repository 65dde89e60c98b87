"""Small data that real runs are made of."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from safetensors.torch import save_file


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Take away what Hydra's `--info` and its like add to the root logger, for the process that they run in."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def image_folder(tmp_path: Path, draw_photographs: Callable[..., Path]) -> Path:
    """Forty photographs of two classes that differ in brightness, 32 x 32."""
    return draw_photographs(tmp_path / "images", {"dark": 60, "light": 180}, 32, 40)


@pytest.fixture
def pretrained(
    tmp_path: Path, image_folder: Path, write_pretrained: Callable[[Path], list[str]]
) -> list[str]:
    """Words of a run on small photographs with a small network whose weights lie in `weights.safetensors`."""
    return write_pretrained(tmp_path)


@pytest.fixture(scope="session")
def write_pretrained(draw_photographs: Callable[..., Path]) -> Callable[[Path], list[str]]:
    """Give a function that writes photographs and weights into a folder and gives the words of a run on them."""

    def write(place: Path) -> list[str]:
        images, weights = place / "images", place / "weights.safetensors"
        if not images.exists():
            draw_photographs(images, {"dark": 60, "light": 180}, 32, 40)
        torch.manual_seed(0)
        save_file(timm.create_model("test_resnet", pretrained=False).state_dict(), weights)
        return [
            "data=image_folder", f"data.root={images}", "data.image_size=32", "data.batch_size=8",
            "model=timm", "model.name=test_resnet", f"model.pretrained={weights}",
            "task=classification", "trainer=cpu", "execution=plain", f"paths.runs={place / 'runs'}",
            f"paths.cache={place / 'cache'}",
        ]  # fmt: skip

    return write


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two hundred rows: a linear law with noise, a category, gaps, and a class that follows from it."""
    rng = np.random.default_rng(0)
    size, color = rng.normal(50, 10, 200), rng.choice(["red", "blue"], 200)
    price = 3 * size + 20 * (color == "red") + rng.normal(0, 2, 200)
    frame = pd.DataFrame(
        {"size": size, "color": color, "price": price, "weight": size * 2 + rng.normal(0, 1, 200)}
    )
    frame["dear"] = np.where(price > np.median(price), "yes", "no")
    frame.loc[::17, "size"] = np.nan
    path = tmp_path / "houses.csv"
    frame.to_csv(path, index=False)
    return path
