"""The store: what it holds, when it is found again, and that nothing half-built is ever seen."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from pandas import DataFrame, Series
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data.samples import Samples
from groundwork.data.store import origin
from groundwork.data.store.store import Store, build_store
from groundwork.data.store.stream import Stream

NUM_IMAGES = 12


def draw(folder: Path, number: int = NUM_IMAGES, size: tuple[int, int] = (40, 30)) -> list[Path]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    paths = [folder / f"{row}.png" for row in range(number)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
    return paths


def samples(paths: Sequence[Path], pixels: np.ndarray | None = None) -> Samples:
    number = len(paths) if pixels is None else len(pixels)
    names = Series([path.name for path in paths] if pixels is None else [str(row) for row in range(number)])
    return Samples(
        kind="image",
        sample_id=names,
        target=DataFrame({"label": np.zeros(number, dtype=int)}),
        inputs=DataFrame(index=range(number)),
        categorical=(),
        root=Path("nowhere"),
        path=Series([str(path) for path in paths]) if pixels is None else None,
        pixels=pixels,
    )


def build(paths: Sequence[Path], cache: Path, **change: object) -> Store:
    options: dict[str, object] = {
        "image_size": 16,
        "resize": "crop",
        "workers": 2,
        "window": None,
        "max_bytes": 2**30,
        "progress": None,
    }
    store = build_store(samples(paths), cache=cache, **{**options, **change})  # type: ignore[arg-type]
    assert isinstance(store, Store)
    return store


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return draw(tmp_path / "images")


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, least: int) -> None:
        raise AssertionError(f"{path} was decoded again")

    monkeypatch.setattr(origin, "decode", refuse)


def test_a_store_holds_each_image_as_pillow_resizes_it(paths: list[Path], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    store = build(paths, tmp_path / "cache", progress=lambda done, number: seen.append((done, number)))
    assert store.images.shape == (NUM_IMAGES, 16, 16, 3)
    assert store.shape == (3, 16, 16)
    assert store.dtype == np.uint8
    assert not store.images.flags.writeable
    assert seen == [(8, NUM_IMAGES), (NUM_IMAGES, NUM_IMAGES)]
    for path, image in zip(paths, store.images, strict=True):
        with Image.open(path) as opened:
            expected = opened.crop((0, 5, 30, 35)).resize((16, 16), Image.Resampling.BICUBIC)
        # torch and Pillow round the same filter's weights differently, by a level or two.
        assert np.abs(image.astype(int) - np.asarray(expected)).max() <= 2


def test_a_batch_is_channels_last_and_its_own_copy(paths: list[Path], tmp_path: Path) -> None:
    store = build(paths, tmp_path / "cache")
    rows = np.array([5, 0, 5])
    batch = store.batch(rows)
    assert batch.shape == (3, 3, 16, 16)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(batch.permute(0, 2, 3, 1).numpy(), store.images[rows])
    batch.zero_()
    assert store.images[5].any()


def test_a_second_run_decodes_nothing(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(paths, tmp_path / "cache")
    forbid_decoding(monkeypatch)
    second = build(paths, tmp_path / "cache")
    assert second.key == first.key
    np.testing.assert_array_equal(second.images, first.images)


def test_files_that_moved_or_were_touched_are_recognized_by_content(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = build(paths, tmp_path / "cache").key
    moved = (tmp_path / "images").rename(tmp_path / "moved")
    for path in moved.iterdir():
        os.utime(path, (1, 1))
    forbid_decoding(monkeypatch)
    assert build([moved / path.name for path in paths], tmp_path / "cache").key == key


def test_a_changed_file_or_another_form_is_decoded_anew(paths: list[Path], tmp_path: Path) -> None:
    keys = [build(paths, tmp_path / "cache").key]
    keys.append(build(paths, tmp_path / "cache", image_size=[16, 20]).key)
    keys.append(build(paths, tmp_path / "cache", resize="squash").key)
    Image.new("RGB", (30, 40), "red").save(paths[3])
    keys.append(build(paths, tmp_path / "cache").key)
    assert len(set(keys)) == 4


def test_the_key_depends_on_content_alone(paths: list[Path], tmp_path: Path) -> None:
    again = draw(tmp_path / "again")
    assert build(paths, tmp_path / "a").key == build(again, tmp_path / "b", workers=1).key
    # Recorded with torch 2.15 on Linux: PNG and whole numbers leave no room for another result.
    assert build(paths, tmp_path / "a").key == "957637f2d00e740679afd98a9d79c4b1"


def test_equal_pixels_have_equal_digests_in_whatever_file(tmp_path: Path) -> None:
    paths = draw(tmp_path / "images", 3)
    with Image.open(paths[0]) as image:
        image.save(tmp_path / "copy.bmp")
    digest = build([*paths, tmp_path / "copy.bmp"], tmp_path / "cache").digest
    assert digest[3] == digest[0]
    assert len(set(digest)) == 3


def test_bad_files_are_named_and_never_skipped(paths: list[Path], tmp_path: Path) -> None:
    content = paths[4].read_bytes()
    paths[4].write_bytes(content[: len(content) // 2])
    paths[7].unlink()
    for _ in range(2):
        store = build(paths, tmp_path / "cache")
        assert len(store) == NUM_IMAGES
        assert [name for name, _ in store.bad] == ["4.png", "7.png"]
        assert "truncated" in store.bad[0][1]  # its header is whole, so that decoding finds it
        assert store.bad[1][1] == "does not exist"
        assert not store.images[[4, 7]].any()
        assert len(set(store.digest)) == NUM_IMAGES


def test_a_data_set_without_a_readable_image_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="2 of 2 could not be read"):
        build([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "cache")


def test_notes_say_what_was_left_out(paths: list[Path], tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 40), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    store = build([*paths, tmp_path / "a.gif"], tmp_path / "cache")
    assert store.note == [("a.gif", "first of several frames")]


def test_images_in_memory_need_no_file(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 8, 8, 1), dtype=np.uint8)
    for size, expected in ((None, (1, 8, 8)), (16, (1, 16, 16))):
        store = build_store(samples([], pixels), size, "crop", tmp_path, 2, None, 2**30, None)
        assert isinstance(store, Store)
        assert store.shape == expected
        if size is None:
            np.testing.assert_array_equal(store.images, pixels)


def test_a_data_set_above_the_limit_is_streamed(paths: list[Path], tmp_path: Path) -> None:
    store = build(paths, tmp_path / "cache")
    rows = np.array([3, 1])
    for _ in range(2):
        stream = build_store(samples(paths), 16, "crop", tmp_path / "cache", 1, None, 100, None)
        assert isinstance(stream, Stream)
        assert (stream.key, stream.shape, stream.dtype) == (store.key, store.shape, store.dtype)
        assert torch.equal(stream.batch(rows), store.batch(rows))
    assert not list((tmp_path / "cache").glob("store/*/images.npy"))
