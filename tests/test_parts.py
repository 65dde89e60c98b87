"""The shortest parts of conf/README.md that the other examples there leave out are taken by one run."""

import re
import sys
from pathlib import Path

import pytest

from groundwork import fit
from groundwork.core import admitted
from groundwork.core.paths import CONF
from groundwork.launch.config.compose import compose_run


@pytest.fixture
def owls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The package that the document shows, and the words of a run that searches in it."""
    text = (CONF / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"^`(owls/[\w/.]+)`\n```\w+\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(files) == 3
    for name, content in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(admitted, "_admitted", set())
    places = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    return [f"hydra.searchpath=[{tmp_path / 'owls' / 'conf'}]", *places]


@pytest.mark.slow
def test_callback_logger_optimizer_and_augmentation_take_part(
    owls: list[str], capsys: pytest.CaptureFixture[str]
):
    small = ["trainer=cpu", "execution=plain", "subset=stratified", "subset.size=100", "metrics.resamples=20"]
    run = fit([*owls, "experiment=owls", *small, "report.write=false"])
    assert "owls: epoch 2 is over" in capsys.readouterr().out
    logged = {name for _, metrics in sys.modules["owls.parts"].Keep.rows for name in metrics}
    assert {"train/loss", "val/balanced_accuracy"} <= logged
    assert run.config.optim._target_ == "owls.parts.Heavy"


def test_the_search_composes(owls: list[str]):
    assert list(compose_run([*owls, "experiment=owls", "search=owls"]).config.search.space) == ["optim.lr"]
