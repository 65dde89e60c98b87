"""Shards hold what the folder held, and a run of either is the same."""

import json
from pathlib import Path

import numpy as np
import pytest
from litdata import StreamingDataset
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data.shards import write

NUM = 61


def test_litdata_reads_the_images_as_their_files_held_them(folder: Path, shards: Path) -> None:
    items = [*StreamingDataset(str(shards))]
    assert len(items) == NUM
    assert {name: bytes(image) for image, name, _ in items} == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")
    }
    assert all(name.split("/")[0] == label for _, name, label in items)


def test_a_run_of_shards_knows_what_a_run_of_the_folder_knows(
    folder: Path, shards: Path, tmp_path: Path, of_folder, of_shards
) -> None:
    then, now = of_folder(folder, tmp_path), of_shards(shards, tmp_path)
    known, read = then.prepared, now.prepared
    assert read.split_hash == known.split_hash
    assert now.info["counts"] == then.info["counts"]
    assert now.info["classes"] == ["a", "b", "c"]
    assert now.info["image"].keys() == then.info["image"].keys()
    for key in ("mean", "std"):
        np.testing.assert_allclose(now.info["image"][key], then.info["image"][key], rtol=1e-12)
    digests = [dict(zip(each.samples.sample_id, each.source.digest, strict=True)) for each in (known, read)]
    assert digests[0] == digests[1]


def test_the_metadata_say_what_the_pass_found(
    folder: Path, shards: Path, tmp_path: Path, of_folder, of_shards
) -> None:
    known, module = of_folder(folder, tmp_path).prepared, of_shards(shards, tmp_path)
    samples = module.prepared.samples
    assert samples.shards is not None
    found = samples.shards.found
    assert found["split_hash"] == known.split_hash
    assert found["counts"]["val"] == known.counts("val").tolist()
    assert found["duplicates"] == 1
    assert found["broken"] == {}
    np.testing.assert_allclose(found["mean"], module.info["image"]["mean"], rtol=1e-12)
    assert samples.shards.read(["split"]).split.tolist() == module.prepared.split.tolist()
    facts = samples.shards.read(["width", "height", "mode"]).set_index(samples.sample_id)
    assert facts.loc["b/7.png"].tolist() == [24, 20, "L"]


def test_the_samples_of_a_part_share_chunks(shards: Path, tmp_path: Path, of_shards) -> None:
    prepared = of_shards(shards, tmp_path).prepared
    parts = [{*prepared.split[prepared.source.chunk == each]} for each in np.unique(prepared.source.chunk)]
    assert len(parts) > 6
    assert sum(len(part) > 1 for part in parts) <= 1  # the two that are alike


def test_another_size_says_that_the_statistics_are_of_the_first(
    shards: Path, tmp_path: Path, of_shards
) -> None:
    module = of_shards(shards, tmp_path, image_size=8)
    assert any("measured at [16, 16] pixels" in note for note in module.prepared.notes)
    assert module.prepared.source.batch(np.array([0, 5])).shape == (2, 3, 8, 8)
    assert module.prepared.source.key != of_shards(shards, tmp_path).prepared.source.key  # of cached features
    with pytest.raises(UserError, match=r"data\.max_pixels must allow"):
        _ = of_shards(shards, tmp_path, max_pixels=4).prepared
    with pytest.raises(UserError, match="must read intensities as convert"):
        _ = of_shards(shards, tmp_path, window=[0, 100]).info


def test_what_was_stopped_goes_on_where_it_was(
    folder: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, convert
) -> None:
    written, read = [], write.ChunkWriter._read
    first = write.ChunkWriter._write

    def stop(self: write.ChunkWriter, number: int, items: object):
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(number)
        return first(self, number, items)

    monkeypatch.setattr(write.ChunkWriter, "_write", stop)
    with pytest.raises(KeyboardInterrupt):
        convert(folder, tmp_path / "cache", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()  # never half there
    monkeypatch.setattr(write.ChunkWriter, "_write", first)
    again = []
    monkeypatch.setattr(write.ChunkWriter, "_read", lambda self, row: again.append(row) or read(self, row))
    convert(folder, tmp_path / "cache", str(tmp_path / "out"))
    assert 0 < len(again) <= NUM - len(written)
    for path in shards.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name
    assert [*tmp_path.iterdir()] == [tmp_path / "out"]


def test_broken_files_are_named_or_refused(tmp_path: Path, convert, of_shards) -> None:
    root = tmp_path / "root"
    for row in range(12):
        place = root / "ab"[row % 2] / f"{row}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(row).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(noise).save(place)
    whole = (root / "a" / "0.png").read_bytes()
    (root / "a" / "torn.png").write_bytes(whole[:300])  # its header is whole
    (root / "b" / "text.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"1 of 14 are not: b/text\.png"):
        convert(root, tmp_path / "cache", str(tmp_path / "out"))
    found = convert(root, tmp_path / "cache", str(tmp_path / "out"), unreadable="drop")
    assert sorted(found["broken"]) == ["a/torn.png", "b/text.png"]
    prepared = of_shards(tmp_path / "out", tmp_path / "cache").prepared
    assert len(prepared.samples) == 12
    assert any("2 images could not be read by convert.py" in note for note in prepared.notes)


def test_what_is_no_folder_of_shards_is_refused(
    folder: Path, shards: Path, tmp_path: Path, convert, of_shards
) -> None:
    with pytest.raises(UserError, match=r"has no index\.json"):
        of_shards(folder, tmp_path).reader()
    with pytest.raises(UserError, match="must be a folder that is not there yet"):
        convert(folder, tmp_path, str(shards))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    content = json.loads((shards / "index.json").read_text(encoding="utf-8"))
    del content["groundwork"]
    (foreign / "index.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match="must name shards that convert"):
        of_shards(foreign, tmp_path).reader()
