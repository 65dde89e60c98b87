"""Hydra's flags work wherever they stand, and what groundwork decides is refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT
from groundwork.launch.cli import enter
from groundwork.launch.commands import train
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.flags import REFUSED, part


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    try:
        return enter(train)
    except SystemExit as stop:  # how Hydra ends after its own help
        return int(stop.code or 0)


def test_flags_and_overrides_are_parted_whatever_their_order():
    found = part(["seed=0,1", "-m", "--cfg", "job", "data=digits", "-p", "optim", "--info", "defaults", "~x"])
    assert found.flags == ("--cfg", "job", "-p", "optim", "--info", "defaults")
    assert found.overrides == ("seed=0,1", "data=digits", "~x")
    assert found.multirun
    assert part(["--config-dir", "a", "hydra.searchpath=[b]", "x=1"]).overrides == (
        "hydra.searchpath=[a,b]",
        "x=1",
    )
    assert part(["--config-dir=a", "-i", "x=1"]).flags == ("-i", "all")


def test_info_alone_shows_all_and_takes_no_override_for_what_to_show():
    assert part(["--info", "data=digits"]).flags == ("--info", "all")
    assert part(["-i"]).flags == ("-i", "all")


def test_keys_as_an_agent_of_wandb_writes_them_are_overrides():
    found = part(["experiment=diabetes", "--optim.lr=0.01", "--seed=1", "--transfer=none", "--cfg=job"])
    assert found.overrides == ("experiment=diabetes", "optim.lr=0.01", "seed=1", "transfer=none")
    assert found.flags == ("--cfg", "job")
    with pytest.raises(UserError, match="--sed=1 is not a flag"):
        part(["--sed=1"])


def test_the_recipe_of_a_wandb_sweep_composes_as_its_agent_would_call_it():
    recipe = yaml.safe_load((ROOT / "conf" / "wandb_sweep.yaml").read_text(encoding="utf-8"))
    proposed = [
        f"--{key}={space.get('min', space.get('values', [0])[-1])}"
        for key, space in recipe["parameters"].items()
    ]
    place = recipe["command"].index("${args}")
    words = [*recipe["command"][3:place], *proposed, *recipe["command"][place + 1 :]]
    composition = compose_run(part(words).overrides)
    check_keys(composition)
    assert (composition.config.optim.lr, composition.config.model.dropout) == (1e-4, 0.3)
    assert [*composition.config.logger] == ["wandb"]
    assert (ROOT / recipe["program"]).is_file()


@pytest.mark.parametrize("name", REFUSED)
def test_what_groundwork_decides_is_refused(name: str):
    words = [name, "x"] if name.startswith("--") else [f"{name}=x"]
    with pytest.raises(UserError, match=f"{name} cannot be changed here"):
        part(words)


@pytest.mark.parametrize("words", [["--bogus"], ["--cfg"], ["-z", "seed=1"]])
def test_a_flag_that_does_not_exist_or_lacks_its_value_is_refused(words: list[str]):
    with pytest.raises(UserError, match=r"is not a flag|must be followed by a value"):
        part(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--package", "optim"], "--package must go with --cfg"),
        (["-p", "optim", "--info"], "--package must go with --cfg"),
        (["--resolve"], "--resolve must go with --cfg or --info"),
        (["--info", "nope"], "nope is not what --info shows"),
        (["--cfg", "job", "--package", "nope"], "package 'nope' not found"),
    ],
)
def test_a_flag_without_what_it_belongs_to_is_refused(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert call(monkeypatch, *words) == 2
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hydra-help"], "--multirun"),
        (["--cfg", "job", "-p", "optim", "optim.lr=0.5"], "lr: 0.5"),
        (["optim.lr=0.5", "--cfg", "job", "--package", "optim"], "lr: 0.5"),
        (["--info", "plugins"], "basic_sweeper"),
        (["-sc", "install=bash"], "hydra_bash_completion"),
    ],
)
def test_hydra_answers_its_flags(
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
):
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, *words) == 0
    assert said in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_ones_own_is_used_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    mine = tmp_path / "experiment" / "owls.yaml"
    mine.parent.mkdir()
    mine.write_text("# @package _global_\ndefaults: [{override /data: digits}]\nseed: 77\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    started: list[object] = []
    monkeypatch.setattr(
        "groundwork.launch.dispatch.start", lambda composition: started.append(composition) or 0
    )
    assert call(monkeypatch, "--config-dir", ".", "experiment=owls") == 0
    (composition,) = started
    assert (composition.config.seed, composition.choices["data"]) == (77, "digits")  # type: ignore[attr-defined]
    searched = f"hydra.searchpath=['file://{tmp_path.as_posix()}']"
    assert composition.overrides[0] == searched  # type: ignore[attr-defined]  # so that resuming finds it
    assert call(monkeypatch, "--config-dir", "nowhere", "experiment=owls") == 2
    assert "must name folders of YAML files" in capsys.readouterr().err


def test_completion_lists_options_without_torch(tmp_path: Path):
    code = (
        "import sys; from groundwork.launch.cli import enter; from groundwork.launch.commands import train\n"
        "enter(train); print(sorted({'torch', 'pandas', 'lightning'} & set(sys.modules)))"
    )
    line = {"COMP_LINE": "train.py data=di", "COMP_POINT": "16", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code, "-sc", "query=bash"],
        cwd=tmp_path, env={**os.environ, **line}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.split() == ["data=diabetes", "data=diamonds", "data=digit_labels", "data=digits", "[]"]
