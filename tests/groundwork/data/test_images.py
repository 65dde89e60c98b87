from pathlib import Path

import numpy as np
import pytest

from groundwork.core.console import Console
from groundwork.core.errors import UserError, user_error
from groundwork.data.images import Decoding
from groundwork.launch.config.compose import compose_run
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples


def decoded(tmp_path: Path, image_folder: Path, *words: str):
    (image_folder / "dark" / "broken.png").write_bytes(b"not an image")
    config = compose_run(
        [
            "data=image_folder",
            f"data.root={image_folder}",
            "data.image_size=16",
            f"paths.cache={tmp_path / 'cache'}",
            *words,
        ]
    ).config
    samples, _ = read_samples(config)
    return samples, *Decoding.from_config(config).decode(samples, Console())


def test_an_unreadable_image_stops_the_run_by_name(tmp_path: Path, image_folder: Path):
    with pytest.raises(UserError, match=r"1 of 41 are not: dark/broken.png \(.*data.unreadable=drop"):
        decoded(tmp_path, image_folder)


def test_an_unreadable_image_is_left_out_by_choice_and_named(tmp_path: Path, image_folder: Path):
    read, samples, images, notes = decoded(tmp_path, image_folder, "data.unreadable=drop")
    assert list(samples.sample_id) == [name for name in read.sample_id if name != "dark/broken.png"]
    assert len(notes) == 1
    assert notes[0].startswith("1 of 41 images cannot be read and are left out: dark/broken")
    # The images still belong to their samples: dark ones come before light ones, in rows and in pixels.
    brightness = images.batch(np.arange(40)).float().mean((1, 2, 3)).numpy()
    assert [name.startswith("light") for name in samples.sample_id] == (brightness > 120).tolist()


def test_another_policy_is_refused(tmp_path: Path, image_folder: Path):
    with pytest.raises(Exception, match="must be one of error, drop, but got skip") as caught:
        decoded(tmp_path, image_folder, "data.unreadable=skip")
    assert user_error(caught.value) is not None


def test_a_class_that_loses_all_its_images_is_named(tmp_path: Path, image_folder: Path):
    (image_folder / "grey").mkdir()
    for number in range(3):
        (image_folder / "grey" / f"{number}.png").write_bytes(b"no image")
    config = compose_run(
        [
            "data=image_folder",
            f"data.root={image_folder}",
            f"paths.cache={tmp_path / 'cache'}",
            "data.unreadable=drop",
        ]
    ).config
    samples, target = read_samples(config)
    with pytest.raises(UserError, match="every class must keep a sample, but 'grey' has none"):
        prepare(config, samples, target, Console(quiet=True))
