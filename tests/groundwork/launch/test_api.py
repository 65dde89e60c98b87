"""Data, split, audit and many runs from Python: the same as the scripts say."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import groundwork


@pytest.fixture
def words(tmp_path: Path, table: Path) -> list[str]:
    return ["data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "trainer=cpu",
            "trainer.max_epochs=1", "metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}"]  # fmt: skip


def test_samples_are_read_as_a_run_reads_them(words: list[str]):
    samples = groundwork.read(words)
    assert len(samples) == 200
    assert list(samples.target.columns) == ["dear"]
    assert "price" not in samples.inputs


def test_the_split_is_that_of_a_run(words: list[str]):
    table = groundwork.split(words)
    run = groundwork.fit(words, quiet=True)
    assert list(table.columns) == ["sample_id", "split", "dear"]
    pd.testing.assert_frame_equal(table[["sample_id", "split"]], run.splits, check_dtype=False)


def test_the_audit_comes_as_a_mapping_and_a_page(words: list[str], capsys: pytest.CaptureFixture[str]):
    found = groundwork.audit(words, quiet=True)
    assert sum(found["n"].values()) == 200
    assert (Path(found["folder"]) / "audit.html").is_file()
    assert capsys.readouterr().out == ""


def test_runs_are_compared_by_object_and_by_glob(tmp_path: Path, words: list[str]):
    runs = [groundwork.fit([*words, f"optim.lr={lr}"], quiet=True) for lr in ("1e-2", "1e-6")]
    rows = groundwork.compare(runs)
    assert rows.group.nunique() == 2
    assert rows[rows.metric == "balanced_accuracy"].runs.tolist() == [1, 1]
    pd.testing.assert_frame_equal(rows, groundwork.compare(str(tmp_path / "runs" / "*" / "*")))
    with pytest.raises(groundwork.UserError, match="sealed"):
        groundwork.compare(runs, split="test")


def test_tables_are_read_without_torch():
    code = "import sys, groundwork; groundwork.read, groundwork.Run; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
