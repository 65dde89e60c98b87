"""The loggers of a run, from the configuration to what their own tools read back."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import groundwork
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.track.loggers import build_loggers, log_sealed, logged, loggers_of
from groundwork.track.steps import StepsFile

CSV = {"_target_": "lightning.pytorch.loggers.CSVLogger"}
TENSORBOARD = {"_target_": "groundwork.track.TensorBoard"}
RESULT = {"status": "done", "train": {"accuracy": 0.9}, "val": {"accuracy": 0.75},
          "test": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}}}  # fmt: skip


def configured(folder: RunFolder, **loggers: Any) -> DictConfig:
    config = OmegaConf.create({"seed": 0, "data": {"root": "/home/jane/birds"}, "logger": loggers})
    folder.write_config(config)
    return config


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "run")


def test_loggers_are_built_in_order_and_know_the_folder(folder: RunFolder):
    config = configured(folder, csv=CSV, tensorboard=TENSORBOARD)
    loggers = build_loggers(config, folder, Console(quiet=True))
    assert isinstance(loggers[0], CSVLogger)
    assert isinstance(loggers[1], TensorBoardLogger)
    assert {loggers[0].save_dir, loggers[1].save_dir} == {str(folder.path)}
    assert isinstance(loggers[-1], StepsFile)


def test_a_wrong_key_is_one_line(folder: RunFolder):
    with pytest.raises(UserError, match=r"logger\.csv must be a logger that can be built.*\bflash\b"):
        build_loggers(configured(folder, csv=CSV | {"flash": 1}), folder, Console(quiet=True))


def test_a_run_hands_its_configuration_steps_and_result_to_lightnings_csv_logger(folder: RunFolder):
    config = configured(folder, csv=CSV)
    with logged(folder, config, Console(quiet=True)):
        first = loggers_of(folder)
        assert loggers_of(folder) is first  # the phases of a run share them
        first[0].log_metrics({"loss": 1.0}, 3)
        folder.write_json("result", RESULT)
    written = folder.path / "lightning_logs" / "version_0"
    rows = pd.read_csv(written / "metrics.csv")
    assert rows.loss.dropna().tolist() == [1.0]
    assert rows["result/val/accuracy"].dropna().tolist() == [0.75]
    hparams = (written / "hparams.yaml").read_text()
    assert "birds" in hparams
    assert "jane" not in hparams
    log_sealed(folder, config, Console(quiet=True))
    sealed = pd.read_csv(folder.path / "lightning_logs" / "version_1" / "metrics.csv")
    assert sealed["test/accuracy"].tolist() == [0.7]


def test_tensorboard_holds_curves_resumed_without_doubles_histograms_and_the_sealed_test(folder: RunFolder):
    config = configured(folder, tensorboard=TENSORBOARD)
    for resumed in (False, True):  # killed after step 4, resumed from step 2
        with logged(folder, config, Console(quiet=True)):
            board: Any = loggers_of(folder)[0]
            assert isinstance(board, Logger)
            board.begin(2 if resumed else 0)
            for step in range(2 if resumed else 0, 6 if resumed else 4):
                board.log_metrics({"train/loss_step": float(10 * resumed + step)}, step)
            board.log_histograms({"gradients/head": (np.array([1, 3]), np.array([-1.0, 0.0, 1.0]))}, 3)
            if resumed:
                folder.write_json("result", RESULT)
    log_sealed(folder, config, Console(quiet=True))
    events = EventAccumulator(str(folder.path / "tensorboard")).Reload()
    curve = [(scalar.step, scalar.value) for scalar in events.Scalars("train/loss_step")]
    assert curve == [(0, 0), (1, 1), (2, 12), (3, 13), (4, 14), (5, 15)]
    assert events.Histograms("gradients/head")[-1].histogram_value.num == 4
    assert events.Scalars("result/val/accuracy")[0].value == 0.75
    assert events.Scalars("test/accuracy")[0].value == pytest.approx(0.7)


def test_an_exact_head_without_a_training_hands_over_its_scores(folder: RunFolder):
    config = configured(folder, csv=CSV)
    pd.DataFrame({"cut": ["3", "4"], "strength": [0.1, 1.0], "val/accuracy": [0.5, 0.75]}).to_csv(
        folder.history
    )
    with logged(folder, config, Console(quiet=True)):
        folder.write_json("result", RESULT)
    rows = pd.read_csv(folder.path / "lightning_logs" / "version_0" / "metrics.csv")
    assert rows["val/accuracy"].dropna().tolist() == [0.5, 0.75]


def test_a_run_that_fails_before_it_trains_begins_no_logger(folder: RunFolder):
    with pytest.raises(KeyboardInterrupt), logged(folder, configured(folder, csv=CSV), Console(quiet=True)):
        raise KeyboardInterrupt
    assert not (folder.path / "lightning_logs").exists()


def test_a_training_inside_of_an_advice_is_no_run(folder: RunFolder):
    assert [type(one) for one in loggers_of(folder)] == [StepsFile]


def test_configurations_of_older_runs_know_no_logger(folder: RunFolder):
    with logged(folder, OmegaConf.create({"seed": 0}), Console(quiet=True)):
        assert [type(one) for one in loggers_of(folder)] == [StepsFile]


MLFLOW = """
from pathlib import Path
from omegaconf import OmegaConf
from mlflow.tracking import MlflowClient
from groundwork.core.console import Console
from groundwork.core.run_folder import RunFolder
from groundwork.track.loggers import log_sealed, logged, loggers_of
import sys
runs = Path(sys.argv[1])
folder = RunFolder.create(runs, "run")
node = OmegaConf.load(sys.argv[2])
config = OmegaConf.create({"seed": 5, "paths": {"runs": str(runs)}, "logger": node})
folder.write_config(config)
for part in range(2):  # stopped, and resumed
    with logged(folder, config, Console(quiet=True)):
        loggers_of(folder)[0].log_metrics({"train/loss_step": 1.0 - part}, part)
        if part:
            test = {"accuracy": {"value": 0.7}}
            folder.write_json("result", {"status": "done", "val": {"accuracy": 0.75}, "test": test})
log_sealed(folder, config, Console(quiet=True))
client = MlflowClient(f"sqlite:///{runs}/mlflow.db")
[run] = client.search_runs([client.get_experiment_by_name("groundwork").experiment_id])
assert run.info.run_name == f"run/{folder.path.name}", run.info.run_name
history = client.get_metric_history(run.info.run_id, "train/loss_step")
assert [(one.step, one.value) for one in history] == [(0, 1), (1, 0)]
assert run.data.metrics["result/val/accuracy"] == 0.75
assert run.data.metrics["test/accuracy"] == 0.7
assert run.data.params["seed"] == "5"
print("read back")
"""


def test_mlflow_holds_one_run_through_resume_and_sealed_test(tmp_path: Path):
    pytest.importorskip("mlflow")
    conf = Path(groundwork.__file__).parents[2] / "conf" / "logger" / "mlflow.yaml"
    command = [sys.executable, "-c", MLFLOW, str(tmp_path), str(conf)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=dict(os.environ), check=False)
    assert "read back" in done.stdout, done.stderr[-2000:]
