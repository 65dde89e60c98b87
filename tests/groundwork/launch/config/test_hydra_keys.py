"""Keys of Hydra that groundwork decides are refused wherever they are written, before Hydra acts on them."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.commands import train

HEAD = "# @package _global_\ndefaults:\n  - override /data: digits\n"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("hydra: {run: {dir: X}}", "hydra.run.dir"),
        ("hydra: {sweep: {subdir: X}}", "hydra.sweep.subdir"),
        ("hydra: {output_subdir: .hydra}", "hydra.output_subdir"),
        ("hydra: {job: {chdir: true}}", "hydra.job.chdir"),
        ("hydra: {verbose: true}", "hydra.verbose"),
        ("  - override /hydra/job_logging: default", "hydra/job_logging"),
    ],
)
@pytest.mark.parametrize("words", [["experiment=owls"], ["-m", "experiment=digits,owls"]])
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
