"""Data, split, audit and many runs from Python: the same as the scripts say."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import hydra
import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobRuntime

import groundwork
from groundwork.core.instantiate import instantiate
from groundwork.launch.config.own_hydra import HABITS
from groundwork.launch.told import told


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
    run = groundwork.fit([*words, "report.write=false"], quiet=True)
    assert list(table.columns) == ["sample_id", "split", "dear"]
    pd.testing.assert_frame_equal(table[["sample_id", "split"]], run.splits, check_dtype=False)


def test_the_audit_comes_as_a_mapping_and_a_page(words: list[str], capsys: pytest.CaptureFixture[str]):
    found = groundwork.audit(words, quiet=True)
    assert sum(found["n"].values()) == 200
    assert (Path(found["folder"]) / "audit.html").is_file()
    assert capsys.readouterr().out == ""


def test_runs_are_compared_by_object_and_by_glob(tmp_path: Path, words: list[str]):
    bare = [*words, "report.write=false"]
    runs = [groundwork.fit([*bare, f"optim.lr={lr}"], quiet=True) for lr in ("1e-2", "1e-6")]
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


WRONG = [
    "nokey=1", "data.nokey=1", "model=nomodel", "data.table=/nowhere.csv", "data.target=zzz", "missing.numeric=foo",
    "normalize.method=nonsense", "split.fractions=[0.5,0.2,0.2]", "split.fractions=abc", "loss=huber", "seed=abc",
    "data.batch_size=0", "data.drop=[zz]", "data.group=zz", "task=regression", "x=[1", "+missing.foo=1",
    "missing.columns.weight=foo", "data.categorical=[zz]", "split.seed=abc", "trainer.max_epochs=abc",
    "callbacks.early_stopping.patience=abc", "metrics.resamples=abc", "trainer.gradient_clip_val=abc",
    "trainer.max_epochs=0",
    "optim.lr=abc", "model=mlp model.hidden=abc", "model=mlp model.pretrained=latest", "monitor=foo", "like=/nowhere",
]  # fmt: skip
OF_TRAINING = WRONG[20:]  # what reading and looking need not know


def refused(call: Any, words: list[str]) -> str:
    """Give the line that a call is refused by; "" where it is not."""
    try:
        call(words, **({} if call is groundwork.read else {"quiet": True}))
    except groundwork.UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_values_are_told_in_one_line_to_whoever_calls(words: list[str], wrong: str):
    typed = [*words, *wrong.split()]
    lines = [refused(groundwork.fit, typed), refused(groundwork.read, typed)]
    assert lines[0].strip(), "a run must refuse it"
    # What composing or reading refuses, all of them refuse: they begin by it.
    if wrong not in OF_TRAINING and not lines[1]:
        lines += [refused(call, typed) for call in (groundwork.split, groundwork.audit)]
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize("runs", ["/nowhere/*", "", "[", ["/nowhere"], [3], None, 3])
def test_runs_that_are_none_are_told_in_one_line(runs: Any):
    with pytest.raises(groundwork.UserError) as told_so:
        groundwork.compare(runs)
    assert "\n" not in str(told_so.value)
    with pytest.raises(groundwork.UserError):
        groundwork.Run("/nowhere")


@pytest.mark.parametrize(
    "wrong", ["nokey=1", "model=mlp", "transfer=nope", "seed=abc", "model.name=no_such_model"]
)
def test_wrong_advice_is_told_in_one_line(tmp_path: Path, wrong: str):
    own = ["data=digits", "model=timm", "model.name=test_resnet", "trainer=cpu", f"paths.runs={tmp_path}"]
    with pytest.raises(groundwork.UserError) as told_so:
        groundwork.advise([*own, wrong], quiet=True)
    assert "\n" not in str(told_so.value)


def test_what_hydra_wraps_is_unwrapped_and_errors_of_ours_pass():
    @told
    def build(target: str) -> Any:
        return instantiate({"_target_": target, "foo": 1})

    with pytest.raises(
        groundwork.UserError, match="must be built from what is configured, but TypeError"
    ) as told_so:
        build("collections.OrderedDict.fromkeys")
    assert "\n" not in str(told_so.value)
    with pytest.raises(ZeroDivisionError):
        told(lambda: 1 / 0)()


def test_hydra_of_the_caller_stays_as_it_was(tmp_path: Path, words: list[str]):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "own.yaml").write_text("z: 3\n")
    older = {"version_base": "1.2"} if HABITS else {}
    with hydra.initialize_config_dir(str(tmp_path / "conf"), job_name="own", **older):
        before = GlobalHydra.instance().hydra, hydra.version.getbase(), JobRuntime.instance().get("name")
        assert len(groundwork.read(words)) == 200
        with pytest.raises(groundwork.UserError, match="nokey is not a key"):
            groundwork.fit([*words, "nokey=1"])
        assert (
            GlobalHydra.instance().hydra,
            hydra.version.getbase(),
            JobRuntime.instance().get("name"),
        ) == before
        assert hydra.compose("own").z == 3
    was = GlobalHydra.instance().is_initialized()
    groundwork.read(words)
    assert GlobalHydra.instance().is_initialized() is was
