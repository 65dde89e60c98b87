"""What features and predictions are computed in: chosen once, written down, and the same ever after."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

from groundwork.core.run_folder import RunFolder
from groundwork.launch.commands import evaluate, predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.model import (
    ClassificationHead,
    ImageNormalize,
    Network,
    StagePool,
    TimmBackbone,
    predict_batch,
)
from groundwork.train.checkpoint import load_model
from groundwork.train.machine import precision
from groundwork.train.machine.execution import Execution
from groundwork.train.machine.precision import evaluation_precision, faster_precision

CPU = torch.device("cpu")
IMAGES = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)


@pytest.fixture
def words(tmp_path: Path, image_folder: Path) -> list[str]:
    return [
        "data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=8",
        "model=timm", "model.name=test_resnet", "model.pretrained=false", "transfer=small_similar",
        "task=classification", "trainer.max_epochs=2", "metrics.resamples=20", "report.write=false",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> set[torch.dtype]:
    """Collect what predictions are computed in."""
    seen = set()

    def spy(network: Network, inputs: Tensor, dtype: torch.dtype) -> Tensor:
        seen.add(dtype)
        return predict_batch(network, inputs, dtype)

    monkeypatch.setattr("groundwork.train.predict.predict_batch", spy)
    return seen


def trained(tmp_path: Path, words: list[str]) -> RunFolder:
    assert start(compose_run(words)) == 0
    return RunFolder.find("latest", tmp_path / "runs")


def stored(folder: RunFolder) -> set[str]:
    """Give what the two places that describe a run say."""
    return {folder.config.trainer.precision, load_model(folder.best)["config"]["trainer"]["precision"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16), ("16-mixed", torch.float16),
     ("auto", torch.float32)],
)  # fmt: skip
def test_only_what_is_written_down_lowers_the_precision(name: str, expected: torch.dtype):
    assert evaluation_precision(OmegaConf.create({"trainer": {"precision": name}})) is expected


@pytest.mark.parametrize(
    ("seconds", "value", "expected"),
    [(0.5, 1.02, "bf16-mixed"), (0.99, 1.0, "32-true"), (2.0, 1.0, "32-true"), (0.5, 1.1, "32-true"),
     (0.5, np.inf, "32-true"), (0.5, np.nan, "32-true")],
)  # fmt: skip
def test_the_lower_one_is_taken_where_it_is_faster_and_close(
    seconds: float, value: float, expected: str, monkeypatch: pytest.MonkeyPatch
):
    def read(network: Network, inputs: Tensor, device: torch.device, dtype: torch.dtype):
        exact = np.array([[1.0], [-1.0]])
        return [
            exact if dtype is torch.float32 else value * exact
        ], 1.0 if dtype is torch.float32 else seconds

    monkeypatch.setattr(precision, "_read", read)
    chosen = faster_precision(Network.__new__(Network), IMAGES, CPU)
    assert chosen.precision == expected
    assert chosen.gain == (1 / seconds if expected == "bf16-mixed" else 1)


def test_measuring_leaves_the_network_as_it_is():
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", False, 3, 32, 0.0, "default")
    pool, head = StagePool((0,), ("mean",)), ClassificationHead(backbone.channels[0], 2, 0.0)
    network = Network(ImageNormalize([0.5], [0.5], 3), backbone, pool, head).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert faster_precision(network, IMAGES, CPU).gain >= 1
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize("name", ["32-true", "bf16-mixed"])
def test_test_and_new_files_are_predicted_in_the_precision_of_the_run(
    name: str, tmp_path: Path, words: list[str], image_folder: Path, used: set[torch.dtype]
):
    folder = trained(tmp_path, [*words, "trainer=cpu", "execution=plain", f"trainer.precision={name}"])
    assert stored(folder) == {name}
    assert not used  # train and val come from cached features
    output = tmp_path / "out.parquet"
    assert predict([f"run={folder.path}", f"input={image_folder}", f"output={output}"]) == 0
    assert evaluate([f"run={folder.path}", "split=test"]) == 0
    assert used == {torch.bfloat16 if name == "bf16-mixed" else torch.float32}
    found = pd.read_parquet(output).set_index("sample_id")
    val = pd.read_parquet(folder.predictions("val")).set_index("sample_id")
    test = pd.read_parquet(folder.predictions("test")).set_index("sample_id")
    known = pd.concat([val, test])
    apart = (found.loc[known.index, "prob/dark"] - known["prob/dark"]).abs().max()
    assert apart < (1e-5 if name == "32-true" else 0.02)


def test_auto_is_measured_before_features_and_written_down(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked = []

    def measure(*_: object) -> Execution:
        asked.append(1)
        return Execution("channels_last", "bf16-mixed", 1, 1.7)

    monkeypatch.setattr(precision, "faster_precision", measure)
    monkeypatch.setattr(
        "groundwork.train.machine.choosing.is_crowded", lambda _: False
    )  # whatever else runs here
    folder = trained(tmp_path, [*words, "trainer=auto"])
    assert stored(folder) == {"bf16-mixed"}
    assert (
        "features and predictions in bf16-mixed, 1.70 times as fast as in 32-true" in capsys.readouterr().out
    )
    assert len(list((tmp_path / "cache" / "features").iterdir())) == 1
    exact = trained(tmp_path, [*words, "trainer=auto", "trainer.precision=32-true"])
    assert stored(exact) == {"32-true"}
    assert len(list((tmp_path / "cache" / "features").iterdir())) == 2  # one of each precision
    trained(tmp_path, [*words, "trainer=auto", "seed=1"])
    assert len(asked) == 1


def test_what_steps_were_measured_for_is_in_the_checkpoint(tmp_path: Path, words: list[str]):
    folder = trained(tmp_path, [*words, "trainer=auto", "transfer=scratch", "trainer.max_epochs=1"])
    assert len(stored(folder)) == 1
    assert "auto" not in stored(folder)
