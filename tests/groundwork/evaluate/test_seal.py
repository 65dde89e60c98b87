"""The test stays shut where opening it would tell nothing, or twice the same."""

import json
from pathlib import Path

import pytest

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.network import file_hash
from groundwork.evaluate.seal import seal


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run, of which only what is read before its data is there."""
    folder = RunFolder.furnish(tmp_path / "runs" / "birds" / "1")
    folder.config_file.write_text("name: birds\nseed: 0\n")
    folder.best.write_bytes(b"weights")
    folder.write_json("result", {"status": "done", "monitor": "accuracy", "val": {"accuracy": 0.5}})
    return folder.path


def test_a_debug_run_is_not_sealed(run: Path) -> None:
    (run / "environment.json").write_text(json.dumps({"overrides": ["debug=fast", "seed=1"]}))
    with pytest.raises(UserError, match="must not be a debug run"):
        seal(RunFolder(run), run.parents[1], Console(quiet=True))


def test_a_second_call_says_that_the_test_is_sealed_already(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = RunFolder(run).read_json("result")
    record = {
        "time": "2026-01-02T03:04:05+00:00",
        "checkpoint_hash": file_hash(run / "checkpoints" / "best.ckpt"),
    }
    test = {"accuracy": {"value": 0.4, "low": 0.3, "high": 0.5}}
    RunFolder(run).write_json("result", {**result, "seal": record, "test": test, "test_count": 1})
    before = (run / "result.json").read_bytes()
    seal(RunFolder(run), run.parents[1], Console())
    assert "is sealed already, since 2026-01-02T03:04:05+00:00" in capsys.readouterr().out.replace("\n", " ")
    assert (run / "result.json").read_bytes() == before
