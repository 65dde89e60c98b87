"""A profiled training ends in a table and a trace."""

import json
from pathlib import Path

import pytest

import groundwork


@pytest.fixture
def words(tmp_path: Path, image_folder: Path) -> list[str]:
    return ["data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=4", "model=timm",
            "model.name=test_resnet", "model.pretrained=false", "transfer=scratch", "trainer=cpu", "execution=plain",
            "metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]  # fmt: skip


def test_the_dearest_operations_are_told_and_traced(words: list[str], capsys: pytest.CaptureFixture[str]):
    run = groundwork.fit([*words, "debug=profile"], quiet=True)
    said = capsys.readouterr().out
    assert "ms per step" in said
    assert "conv" in said
    assert json.loads((run.path / "profile.json").read_text(encoding="utf-8"))["traceEvents"]
    assert run.path.parent.name == "debug"


def test_a_fast_run_takes_one_epoch(words: list[str]):
    assert len(groundwork.fit([*words, "debug=fast"], quiet=True).history) == 1
