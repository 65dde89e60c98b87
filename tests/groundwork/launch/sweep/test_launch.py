"""Multiruns go through Hydra's own sweeper and launcher, ours or another, and every combination is an ordinary run."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT
from groundwork.launch import commands
from groundwork.launch.cli import enter
from groundwork.launch.config import sweeping
from groundwork.launch.config.own_hydra import HABITS
from groundwork.launch.sweep import drive
from groundwork.launch.sweep.launch import conceal, run_combination

HERE = Path(__file__).parent


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Call the command with trials that take no time."""
    monkeypatch.setattr(drive, "TRIAL_MODULE", "fake_trial")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def call(*words: str) -> int:
        monkeypatch.setattr(
            sys, "argv", ["train.py", "data=diabetes", f"paths.runs={tmp_path / 'runs'}", *words]
        )
        status = enter(commands.train)
        assert list((tmp_path / "here").iterdir()) == []
        return status

    return call


def seeds(tmp_path: Path) -> list[list[Any]]:
    """Give seed and status of every run."""
    results = [json.loads(path.read_text("utf-8")) for path in tmp_path.glob("runs/diabetes/*/result.json")]
    return sorted([result["val"]["rmse"] * 2, result["status"]] for result in results if "val" in result)


def test_batches_share_one_record_and_a_failed_one_does_not_end_the_others(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert train("-m", "seed=0,91,1", "hydra.sweeper.max_batch_size=1") == 1
    assert seeds(tmp_path) == [[0, "done"], [1, "done"]]
    (record,) = (tmp_path / "runs" / ".sweeps").glob("*.json")
    assert [entry["status"] for entry in json.loads(record.read_text("utf-8"))["trials"].values()] == [
        "done", "failed", "done",
    ]  # fmt: skip
    told = capsys.readouterr()
    assert "1 of 3 trials failed" in told.out
    assert "ValueError: optim.lr is negative" in told.out
    assert "Error executing job" not in told.err
    assert (tmp_path / "runs" / ".sweeps" / "multirun.yaml").is_file()


def test_a_sweep_of_wrong_input_alone_is_wrong_input(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert train("-m", "seed=96,97") == 2
    assert capsys.readouterr().err == "error: seed=96 must be another. Change it.\n"
    assert not (tmp_path / "runs" / ".sweeps").exists()
    assert train("-m", "seed=96,0") == 1
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        train("-m", "seed=95,1")
    assert stopped.value.code == 75
    assert "same command again" in capsys.readouterr().err


def test_a_wrong_key_starts_nothing_and_leaves_nothing(train: Callable[..., int], tmp_path: Path):
    assert train("-m", "seed=0,1", "+trainer.max_epoch=3") == 2
    assert not (tmp_path / "runs").exists()


def test_an_experiment_says_what_is_swept_over_and_joblib_runs_it(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    mode = "mode: MULTIRUN, " if HABITS else ""  # Hydra 1.4 hears of it on the command line alone
    (tmp_path / "conf" / "experiment" / "owls.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /hydra/launcher: joblib\n"
        f"hydra: {{{mode}launcher: {{n_jobs: 1}}, sweeper: {{params: {{seed: '0,1'}}}}}}\nname: diabetes\n",
        encoding="utf-8",
    )
    flags = [] if HABITS else ["-m"]
    mine = [*flags, f"hydra.searchpath=[{tmp_path / 'conf'}]", "experiment=owls"]
    assert train(*mine) == 0
    assert seeds(tmp_path) == [[0, "done"], [1, "done"]]
    assert capsys.readouterr().out.count("done    ") == 2
    assert train("-m", "seed=0,1,2") == 0  # what another launcher ran is not run again
    assert "3 trials, 2 done before" in capsys.readouterr().out
    assert train(*mine, "seed=91") == 1
    assert "failed: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "drawn"),
    [
        ("seed=choice(1,0)", [0, 1]),
        ("seed=range(3)", [0, 1, 2]),
        ("seed=range(0,4,2)", [0, 2]),
        ("seed=sort(2,0)", [0, 2]),
        ("seed=shuffle(range(2))", [0, 1]),
    ],
)
def test_extended_sweeps_run_every_value(
    word: str, drawn: list[int], train: Callable[..., int], tmp_path: Path
):
    assert train("-m", "cluster.jobs=3", word) == 0
    assert seeds(tmp_path) == [[seed, "done"] for seed in drawn]


@pytest.mark.parametrize(
    ("params", "status"), [("seed: range(2)", 0), ("seed: 'choice(0,1)'", 0), ("seed: [0, 1]", 2)]
)
def test_an_experiment_sweeps_as_words_do(
    params: str, status: int, train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "owls.yaml").write_text(
        f"# @package _global_\nhydra: {{sweeper: {{params: {{{params}}}}}}}\nname: diabetes\n",
        encoding="utf-8",
    )
    assert train("-m", f"hydra.searchpath=[{tmp_path / 'conf'}]", "experiment=owls") == status
    if status == 0:
        assert seeds(tmp_path) == [[0, "done"], [1, "done"]]
    else:
        assert "hydra.sweeper.params.seed must name its values as text" in capsys.readouterr().err


class Greedy(Sweeper):
    """Ask for one combination after the other."""

    heard: ClassVar[list[JobReturn]] = []

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        self.launcher = Plugins.instance().instantiate_launcher(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> None:
        for seed in (4, 2, 91):
            self.heard.extend(self.launcher.launch([[*arguments, f"seed={seed}"]], len(self.heard)))


def test_a_sweeper_learns_from_the_values_of_its_batches(
    train: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Greedy, "__module__", "hydra_plugins.greedy")
    monkeypatch.setitem(sys.modules, "hydra_plugins.greedy", SimpleNamespace(Greedy=Greedy))
    Plugins.instance().register(Greedy)
    node = {"_target_": "hydra_plugins.greedy.Greedy"}
    ConfigStore.instance().store(group="hydra/sweeper", name="greedy", node=node, provider="test")
    heard = Greedy.heard
    assert train("-m", "hydra/sweeper=greedy") == 1
    assert [one.return_value for one in heard[:2]] == [2.0, 1.0]
    assert [Path(str(one.working_dir)).parent.name for one in heard] == ["diabetes"] * 3
    failed = pickle.loads(pickle.dumps(heard[2]))
    assert failed.status == JobStatus.FAILED
    with pytest.raises(Exception, match="seed=91: ValueError: "):
        _ = failed.return_value


class Hears(Callback):
    """A callback of Hydra's that notes what it is told."""

    said: ClassVar[list[Any]] = []

    def on_job_start(self, config: Any, **_: Any) -> None:
        self.said.append(("start", config.hydra.job.num, config.seed))

    def on_job_end(self, config: Any, job_return: JobReturn, **_: Any) -> None:
        self.said.append(
            ("end", config.seed, job_return.status.name, Path(str(job_return.working_dir)).parent.name)
        )

    def on_multirun_end(self, config: Any, **_: Any) -> None:
        self.said.append(("all",))


# Hydra 1.4 warns of each callback that it builds.
@pytest.mark.filterwarnings(r"ignore:hydra.utils.instantiate\(\) resolved _target_:UserWarning")
def test_callbacks_of_hydra_hear_of_every_combination(
    train: Callable[..., int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "hears", SimpleNamespace(Hears=Hears))
    Hears.said.clear()
    assert (
        train(
            "-m", "seed=4,91", "hydra.sweeper.max_batch_size=1", "+hydra.callbacks.mine._target_=hears.Hears"
        )
        == 1
    )
    assert Hears.said == [
        ("start", 0, 4), ("end", 4, "COMPLETED", "diabetes"),
        ("start", 1, 91), ("end", 91, "FAILED", "diabetes"), ("all",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cluster.jobs=1,2"], "Leave cluster.jobs out"),
        (["data=digits", "model=timm", "model.name=test_efficientnet", "transfer=small_similar",
          "transfer.solver=exact", "task=classification", "optim.lr=0.1,0.2"], "optim.lr must have an effect"),
        (["seed=0,1", "hydra/launcher=basic", "cluster=slurm"], "cluster=slurm must submit by itself"),
        (["seed=0,1", "hydra.sweeper.max_batch_size=0"], "hydra.sweeper.max_batch_size must be a whole number in"),
        (["optim.lr=interval(0.1,1)"], "optim.lr must have values that can be counted"),
        (["+hydra.sweeper.params.seed='0,1'"], "hydra.sweeper.params.seed must stand in an experiment"),
        (["seed=range(0)"], "-m data=diabetes"),
        (["seed=glob(*)"], "leads to no combination"),
        (["trainer.devices=1,0"], "trainer.devices must be auto or a whole number in [1, inf), but got 0"),
        (["split=folds", "split.k=5", "split.fold=0,7"], "split.fold"),
        (["missing=median", "+missing.columns.bmi=mean,zero"], "missing.columns.bmi must be one of"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused(
    words: list[str], said: str, train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert train("-m", *words) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/**/*.*"))


def test_several_tasks_for_one_run_are_refused():
    hydra = OmegaConf.create(
        {"launcher": {"tasks_per_node": 2}, "runtime": {"choices": {"hydra/launcher": "mine"}}}
    )
    with pytest.raises(UserError, match=r"hydra/launcher=mine must start one task for each run"):
        run_combination(OmegaConf.create(), hydra, [])


def test_what_hydra_writes_of_a_sweep_holds_no_secrets(tmp_path: Path):
    (tmp_path / "multirun.yaml").write_text("extra: {api_key: planted, lr: 0.1, runs: '${paths.runs}'}\n")
    conceal(tmp_path)
    kept = OmegaConf.to_container(OmegaConf.load(tmp_path / "multirun.yaml"))
    assert kept == {"extra": {"api_key": "***", "lr": 0.1, "runs": "${paths.runs}"}}


def test_a_sweeper_beside_an_optuna_that_it_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch):
    installed = {"hydra-optuna-sweeper": "1.1.2", "optuna": "4.5.0"}
    monkeypatch.setattr(sweeping, "version", installed.__getitem__)
    with pytest.raises(UserError, match=r"hydra-optuna-sweeper 1\.1\.2 knows only those before 3"):
        sweeping.check_sweeper(["hydra/sweeper=optuna"])
    for fitting in ({"hydra-optuna-sweeper": "1.4.0"}, {"optuna": "2.10.1"}):
        monkeypatch.setattr(sweeping, "version", (installed | fitting).__getitem__)
        sweeping.check_sweeper(["hydra/sweeper=optuna"])


def test_other_commands_have_no_launcher(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match=r"hydra/launcher=joblib is for multiruns of train\.py"):
        commands.audit(["-m", "data=digits,diabetes", "hydra/launcher=joblib"])


def test_the_plugin_imports_nothing_heavy():
    heavy = "{'torch', 'lightning', 'pandas', 'groundwork'} & set(sys.modules)"
    code = f"import sys, hydra_plugins.process_launcher; raise SystemExit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_another_launcher_runs_in_processes_of_its_own(launcher: str, tmp_path: Path):
    words = ["data=diabetes", "model=mlp", "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=20",
             "report.write=false", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]  # fmt: skip
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "train.py"), *words, "-m", "seed=0,1", f"hydra/launcher={launcher}"],
        cwd=tmp_path / "here", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = [json.loads(path.read_text("utf-8")) for path in tmp_path.glob("runs/diabetes/*/result.json")]
    assert [result["status"] for result in results] == ["done", "done"]
    assert len({result["val"][result["monitor"]] for result in results}) == 2
    assert list((tmp_path / "here").iterdir()) == []
    assert (tmp_path / "runs" / ".sweeps" / ".submitit").is_dir() == (launcher == "submitit_local")
