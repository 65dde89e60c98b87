"""Keys of Hydra that groundwork decides are refused wherever they are written, before Hydra acts on them."""

import re
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.commands import train
from groundwork.launch.config.hydra_keys import hydra_values, refuse_hydra_keys

HEAD = "# @package _global_\ndefaults:\n  - override /data: digits\n"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("hydra: {run: {dir: X}}", "hydra.run.dir"),
        ("hydra: {sweep: {subdir: X}}", "hydra.sweep.subdir"),
        ("hydra: {output_subdir: .hydra}", "hydra.output_subdir"),
        ("hydra: {job: {chdir: true}}", "hydra.job.chdir"),
        ("hydra: {verbose: true}", "hydra.verbose"),
        ("hydra: {job: {name: X}}", "hydra.job.name"),
        ("  - override /hydra/job_logging: default", "hydra/job_logging"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ["experiment=owls"],
        ["-m", "experiment=digits,owls"],
        ["-m", "experiment=choice(digits,owls)"],
        ["-m", "experiment=glob(o*)"],
    ],
)
def test_an_experiment_cannot_change_them(
    content: str, key: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "owls.yaml").write_text(f"{HEAD}{content}\n", encoding="utf-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UserError, match=f"^experiment=owls: {key} cannot be changed here"):
        train([f"hydra.searchpath=[{tmp_path / 'conf'}]", f"paths.runs={tmp_path / 'runs'}", *words])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conf", "here"]
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize(
    "word",
    [
        "--hydra.run.dir=X",
        "hydra.run={dir: X}",
        "hydra={run: {dir: X}}",
        "++hydra.run.dir=X",
        "+hydra.run={dir: X}",
    ],
)
def test_no_way_of_typing_changes_them(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^hydra\.run\.dir cannot be changed here"):
        train(["data=digits", word])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("hydra.job.num=3", "hydra.job.num"),
        ("hydra.job.id=x", "hydra.job.id"),
        ("hydra={job: {num: 3}}", "hydra.job.num"),
        ("+hydra.foo=1", "hydra.foo"),
        ("hydra=null", "hydra"),
        ("~hydra.job", "hydra.job"),
        ("hydra.runtime.cwd=/x", "hydra.runtime.cwd"),
        ("hydra.job.config.override_dirname.item_sep=_", "hydra.job.config.override_dirname.item_sep"),
        ("hydra/env=default", "hydra/env"),
    ],
)
def test_what_nothing_reads_is_refused(word: str, key: str, tmp_path: Path):
    with pytest.raises(UserError, match=f"^{re.escape(key)} has no effect here"):
        train([f"paths.runs={tmp_path / 'runs'}", "data=digits", word])
    assert not list(tmp_path.iterdir())


def test_what_hydra_reads_is_left_to_it():
    refuse_hydra_keys([
        "hydra.mode=MULTIRUN", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.params={seed: '0,1'}",
        "+hydra.callbacks.mine._target_=hears.Hears", "+hydra.job.env_set.A=b", "hydra={job: {env_copy: [HOME]}}",
        "hydra.searchpath=[conf]", "+hydra/callbacks=mine", "hydraulics=3",
    ])  # fmt: skip


def test_what_experiment_and_words_say_comes_together_and_the_words_win(tmp_path: Path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "owls.yaml").write_text(
        "hydra: {mode: MULTIRUN, sweeper: {max_batch_size: 2}}\n", encoding="utf-8"
    )
    words = [f"hydra.searchpath=[{tmp_path}]", "experiment=owls", "hydra.sweeper.max_batch_size=3"]
    found = hydra_values(words)
    assert (found["hydra.mode"], found["hydra.sweeper.max_batch_size"]) == ("MULTIRUN", 3)
