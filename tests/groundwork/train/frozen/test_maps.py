"""The maps of a frozen prefix train what the whole network would, in the same views, and no test sample has one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state
from groundwork.train.frozen.cached import CachedSource, DrawView, places


@pytest.fixture
def words(pretrained: list[str]) -> list[str]:
    return [
        *pretrained, "transfer=large_different", "transfer.frozen=2", "trainer.max_epochs=3", "metrics.resamples=2",
        "optim=sgd", "optim.lr=0.05", "report.write=false",
    ]  # fmt: skip


def trained(tmp_path: Path, words: list[str]) -> tuple[RunFolder, dict[str, torch.Tensor]]:
    assert start(compose_run(words)) == 0
    folder = RunFolder.find("latest", tmp_path / "runs")
    return folder, network_state(load(folder.best))


@pytest.mark.parametrize(("scenario", "views"), [("large_different", 4), ("large_similar", 1)])
def test_cached_maps_train_what_images_train(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, scenario: str, views: int
):
    words = [*words, f"transfer={scenario}", "transfer.frozen=2", f"transfer.views={views}"]
    folder, cached = trained(tmp_path, words)
    assert folder.read_json("result.json")["transfer"]["cached"] == 2
    monkeypatch.setattr("groundwork.train.model.read_maps", lambda *_: None)
    folder, through = trained(tmp_path, words)
    assert set(cached) == set(through)
    for name, value in through.items():
        torch.testing.assert_close(cached[name], value, atol=2e-4, rtol=1e-3)
    before = load_file(tmp_path / "weights.safetensors")
    moved = {name.removeprefix("backbone.model.") for name in cached if name.startswith("backbone")}
    moved = {name for name in moved if not torch.equal(before[name], cached[f"backbone.model.{name}"])}
    assert any(name.startswith("layer4") for name in moved)
    assert not any(name.startswith(("conv1", "bn1", "layer1")) for name in moved)


def test_a_second_run_reads_the_maps_of_the_first(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    trained(tmp_path, words)

    def refuse(*_: object) -> None:
        raise AssertionError("a cached map was computed again")

    monkeypatch.setattr("groundwork.transfer.extract.StageReader.__call__", refuse)
    trained(tmp_path, [*words, "seed=1", "optim.lr=0.01"])


def test_a_run_on_maps_goes_on_where_it_stopped(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    words = [*words, "transfer.views=2", "callbacks.early_stopping.patience=null"]
    _, whole = trained(tmp_path, words)

    from groundwork.train.callbacks.history import ProgressBar

    def stop(_: object, trainer: object, *__: object) -> None:
        if trainer.global_step == 7:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            start(compose_run(words))
    folder = RunFolder.find("latest", tmp_path / "runs")
    assert resume(str(folder.path), []) == 0
    resumed = network_state(load(folder.best))
    assert set(resumed) == set(whole)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["augment=light"], "augment shows every image anew"),
        (["paths.cache_gb=1e-6"], "more than paths.cache_gb"),
        (
            ["model.name=test_vit", "model.pretrained=false", "data.image_size=160"],
            "can't go on from the map",
        ),
    ],
)
def test_what_cannot_be_cached_runs_at_every_step_and_is_said(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str], more: list[str], reason: str
):
    folder, _ = trained(tmp_path, [*words, "trainer.max_epochs=1", *more])
    assert folder.read_json("result.json")["transfer"]["cached"] == 0
    assert reason in " ".join(capsys.readouterr().out.split())


def test_rows_of_test_have_no_maps():
    place = places(5, np.array([3, 0]), np.array([1]))
    assert place.tolist() == [1, 2, -1, 0, -1]
    source = CachedSource([np.arange(6.0, dtype=np.float32).reshape(3, 2)], place, seed=0)
    assert source.batch(np.array([0, 3])).tolist() == [[2, 3], [0, 1]]
    for read in (source.batch, source.drawn(1).batch):
        with pytest.raises(IndexError, match="train or val"):
            read(np.array([2]))


def test_epochs_and_samples_draw_views_of_their_own_and_evenly():
    views = [np.full((1000, 1), number, dtype=np.float32) for number in range(4)]
    source = CachedSource(views, places(1000, np.arange(1000), np.array([], dtype=np.int64)), seed=3)
    first, again, second = (source.drawn(epoch).batch(np.arange(1000)).flatten() for epoch in (0, 0, 1))
    assert torch.equal(first, again)
    assert 0.6 < (first != second).float().mean() < 0.9
    counts = torch.bincount(first.long(), minlength=4)
    assert counts.min() > 200
    part = source.drawn(0).batch(np.array([7, 500])).flatten()
    assert torch.equal(part, first[[7, 500]])


def test_images_are_turned_by_the_same_draw():
    image = torch.arange(64, dtype=torch.uint8).reshape(4, 1, 4, 4)
    turned = DrawView(8)(image, torch.arange(4) + (5 << 32))
    assert all(sorted(new.flatten()) == sorted(old.flatten()) for new, old in zip(turned, image, strict=True))
    assert not torch.equal(turned, image)


def test_images_of_sixteen_bits_are_turned_as_those_of_eight():
    image = torch.randint(0, 256, (16, 1, 5, 5), dtype=torch.uint8)
    key = torch.arange(16) * 7919
    turned = DrawView(8)(image, key)
    deep = DrawView(8)(image.to(torch.uint16), key)
    assert deep.dtype == torch.uint16
    assert torch.equal(deep.int(), turned.int())
