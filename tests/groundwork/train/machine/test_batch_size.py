from pathlib import Path

import pytest
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.train.machine.batch_size import batch_of_one


def words(place: Path, folder: Path, *more: str) -> list[str]:
    tiny = [
        "model=timm",
        "model.name=test_resnet",
        "model.pretrained=false",
        "data.image_size=32",
        "transfer=none",
    ]
    own = [
        f"paths.runs={place / 'runs'}",
        f"paths.cache={place / 'cache'}",
        "trainer=cpu",
        "execution=plain",
        "trainer.max_epochs=1",
    ]
    return [
        "data=image_folder",
        f"data.root={folder}",
        *tiny,
        *own,
        "metrics.resamples=20",
        "report.write=false",
        *more,
    ]


def test_a_batch_of_one_is_refused_in_one_line_where_batch_norm_cannot_train(
    tmp_path: Path, image_folder: Path
):
    with pytest.raises(
        UserError, match=r"data\.batch_size must be 2 or more .* Set data\.batch_size=2"
    ) as caught:
        start(compose_run(words(tmp_path, image_folder, "data.batch_size=1")))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("more", [["model.name=test_vit"], ["transfer.batch_norm=frozen"]])
def test_a_batch_of_one_trains_a_network_that_can(tmp_path: Path, image_folder: Path, more: list[str]):
    assert start(compose_run(words(tmp_path, image_folder, "data.batch_size=1", *more))) == 0


@pytest.mark.parametrize("size", [27, 9, 13])  # 28 images to train: 27 + 1, 3 * 9 + 1, 2 * 13 + 2
def test_a_last_batch_of_one_joins_the_one_before(tmp_path: Path, image_folder: Path, size: int):
    assert start(compose_run(words(tmp_path, image_folder, f"data.batch_size={size}"))) == 0


def test_the_error_is_the_one_of_torch():
    with pytest.raises(ValueError, match="value") as caught:
        nn.BatchNorm1d(3)(torch.zeros(1, 3))
    assert "Set data.batch_size=2" in str(batch_of_one(caught.value, 1, 9))
    assert "Bring more data" in str(batch_of_one(caught.value, 4, 1))
    assert batch_of_one(ValueError("another"), 1, 1) is None
