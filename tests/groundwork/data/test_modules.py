"""Data modules for any trainer: the data of a run, normalized floats for foreign modules, test rows out of reach."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lightning import LightningModule, Trainer
from torch import nn
from torch.nn import functional

from groundwork.core.batch import Batch
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.data import ImageDataModule, LossWeights, TableDataModule
from groundwork.launch.config.compose import compose_run
from groundwork.train.build import describe_data
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples


class Foreign(LightningModule):
    """A module that knows nothing of this package, as in Lightning's own tutorials."""

    def __init__(self, num_inputs: int, num_outputs: int):
        super().__init__()
        self.layer = nn.Linear(num_inputs, num_outputs)
        self.seen: list[Any] = []

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        inputs, target = batch
        self.seen.append((inputs, target))
        return functional.cross_entropy(self.layer(inputs.flatten(1)), target)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", self.training_step(batch, batch_idx))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def quiet_trainer(**more: Any) -> Trainer:
    warnings.filterwarnings(
        "ignore", message=r".*LeafSpec|.*val_dataloader.*workers|.*smaller than the logging"
    )
    return Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, **more,
    )  # fmt: skip


def photographs(image_folder: Path, tmp_path: Path, **more: Any) -> ImageDataModule:
    return ImageDataModule.from_folder(image_folder, image_size=8, cache=tmp_path / "cache", **more)


def houses(table: Path, **more: Any) -> TableDataModule:
    return TableDataModule.from_table(table, "dear", drop=["price"], **more)


def test_a_constructor_reads_nothing():
    data = ImageDataModule.from_folder("nowhere", image_size=8)
    with pytest.raises(UserError, match=r"data.root must be a folder"):
        data.setup("fit")
    TableDataModule.from_table("nowhere.csv", "price")


def test_images_are_split_and_stored_as_a_run_does(image_folder: Path, tmp_path: Path):
    words = [
        "data=image_folder",
        f"data.root={image_folder}",
        "data.image_size=8",
        f"paths.cache={tmp_path / 'cache'}",
    ]
    config = compose_run([*words, "model.pretrained=false"]).config
    run = prepare(config, *read_samples(config), Console(quiet=True))
    data = photographs(image_folder, tmp_path)
    assert data.prepared.split_hash == run.split_hash
    assert data.prepared.content_hash == run.content_hash
    told = describe_data(config, run)
    assert {key: data.info[key] for key in told} == told
    assert (data.info["classes"], data.info["counts"]) == (["dark", "light"], [14, 14])


def test_rows_are_split_as_a_run_does(table: Path):
    config = compose_run(
        ["data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]"]
    ).config
    run = prepare(config, *read_samples(config), Console(quiet=True))
    data = houses(table)
    assert data.prepared.split_hash == run.split_hash
    told = describe_data(config, run)
    assert {key: data.info[key] for key in told} == told


def test_the_test_rows_are_out_of_reach_until_they_are_asked_for(
    table: Path, capsys: pytest.CaptureFixture[str]
):
    data = houses(table)
    data.setup("fit")
    assert set(data.rows) == {"train", "val"}
    with pytest.raises(UserError, match="out of reach"):
        data.test_dataloader()
    assert "without sealing" not in capsys.readouterr().out
    data.setup("test")
    assert "without sealing" in capsys.readouterr().out
    tested = torch.cat([batch.index for batch in data.test_dataloader()])
    assert len(tested) == data.info["num_samples"]["test"] == 30
    data.teardown("test")
    assert set(data.rows) == {"train", "val"}


def test_what_is_fitted_sees_train_alone(table: Path, tmp_path: Path):
    split = np.asarray(houses(table).prepared.split)
    frame = pd.read_csv(table)
    frame["name"] = [f"row {place}" for place in range(len(frame))]
    frame["part"] = split
    spoiled = frame.copy()
    spoiled.loc[split != "train", "size"] = 1e9
    spoiled.loc[split != "train", "color"] = "garbage"
    infos = []
    for name, content in (("clean", frame), ("spoiled", spoiled)):
        content.to_csv(tmp_path / f"{name}.csv", index=False)
        data = houses(tmp_path / f"{name}.csv", id_column="name", split_column="part", split="official")
        assert data.prepared.split.tolist() == split.tolist()
        infos.append(data.info["columns"])
    assert infos[0] == infos[1]


def test_balance_is_by_name_or_an_object(table: Path):
    data = houses(table, balance="oversample")
    data.setup("fit")
    counts = np.bincount(np.concatenate([batch.target.numpy() for batch in data.train_dataloader()]))
    assert counts.tolist() == [max(data.info["counts"])] * 2
    weighted = houses(table, balance=LossWeights("inverse", 0.9))
    expected = np.array(weighted.info["counts"]).sum() / (2 * np.array(weighted.info["counts"]))
    np.testing.assert_allclose(weighted.info["class_weights"], expected)


def test_a_foreign_module_gets_normalized_images(image_folder: Path, tmp_path: Path):
    data = photographs(image_folder, tmp_path, batch_size=64)
    module = Foreign(3 * 8 * 8, 2)
    quiet_trainer(limit_val_batches=0).fit(module, datamodule=data)
    inputs, target = module.seen[0]
    raw = next(iter(data.apart()))
    pixels = raw.inputs.numpy().astype(np.float64) / 255
    mean, std = pixels.mean((0, 2, 3), keepdims=True), pixels.std((0, 2, 3), keepdims=True)
    assert len(pixels) == 28
    np.testing.assert_allclose(inputs.numpy(), (pixels - mean) / std, atol=1e-5)
    assert inputs.dtype is torch.float32
    assert torch.equal(target, raw.target)


def test_a_foreign_module_gets_completed_and_scaled_rows(table: Path):
    data = houses(table, batch_size=256)
    module = Foreign(data.info["num_features"], 2)
    quiet_trainer(limit_val_batches=0).fit(module, datamodule=data)
    inputs, _ = module.seen[0]
    raw = next(iter(data.apart()))
    frame = data.prepared.samples.inputs.iloc[raw.index.numpy()]
    size = frame["size"].to_numpy(np.float64)
    filled = np.where(np.isnan(size), np.nanmedian(size), size)
    expected = [(filled - filled.mean()) / filled.std(), np.isnan(size)]
    expected += [(frame["color"] == color).to_numpy() for color in ("blue", "red")]
    columns = inputs.numpy()
    for one in expected:
        assert any(np.allclose(columns[:, place], one, atol=1e-5) for place in range(columns.shape[1]))
    assert columns.shape[1] == 2 + 1 + 4


def test_a_task_of_ours_gets_batches_as_stored(table: Path):
    data = houses(table)

    class Ours(Foreign):
        reads_batches = True

        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            self.seen.append(batch)
            return self.layer.weight.sum()

    module = Ours(1, 1)
    quiet_trainer(limit_val_batches=0).fit(module, datamodule=data)
    assert isinstance(module.seen[0], Batch)


def test_another_process_reads_the_data_again(table: Path):
    data = houses(table)
    data.setup("fit")
    copied = pickle.loads(pickle.dumps(data))
    assert copied.rows == {}
    copied.setup("fit")
    assert copied.prepared.split_hash == data.prepared.split_hash


def test_a_choice_of_other_data_is_refused():
    with pytest.raises(UserError, match="data=digits must hold tables for TableDataModule, but holds images"):
        TableDataModule.from_choice("digits")
    with pytest.raises(
        UserError, match="data=image_folder must be changed by keys that it has, but got colour"
    ):
        ImageDataModule.from_folder("birds", colour=1)
