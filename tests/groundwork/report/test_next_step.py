import shlex
from collections.abc import Callable
from pathlib import Path

from groundwork.data.audit.findings import findings
from groundwork.report.folder import ReportedRun
from groundwork.report.next_step import command, next_step, train_command


def test_after_training_comes_the_test_and_after_the_test_the_export(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=20)
    words = shlex.split(next_step(ReportedRun(folder)))
    runs = folder.resolve().parents[1].as_posix()  # the ledger lies there
    assert words == [
        "uv", "run", "scripts/evaluate.py", f"run={folder.resolve().as_posix()}", "split=test", f"paths.runs={runs}",
    ]  # fmt: skip
    change_json(folder / "result.json", test={"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}})
    assert "scripts/export.py" in next_step(ReportedRun(folder))
    (folder / "predictions" / "val.parquet").unlink()  # as of a module of one's own, which is not exported
    assert next_step(ReportedRun(folder)) == ""


def test_a_trial_is_followed_by_the_run_itself(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=20)
    change_json(folder / "environment.json", overrides=["debug=fast", "experiment=digits", "seed=1"])
    assert next_step(ReportedRun(folder)) == "uv run scripts/train.py experiment=digits seed=1"


def test_a_shell_reads_a_command_as_it_is_meant() -> None:
    words = ["data.root=my photos", "+callbacks.lr={_target_: a.B}", "split.fold=range(5)"]
    assert shlex.split(command("train.py", *words)) == ["uv", "run", "scripts/train.py", *words]


def test_after_an_audit_of_a_small_val_comes_training_in_folds() -> None:
    audit = {"command": ["data=image_folder", "data.root=my birds"], "n": {"val": 9}}
    found = {**audit, "findings": findings({**audit, "counts": {"val": {"owl": 4, "wren": 5}}})}
    words = shlex.split(train_command(found, "data.drop_samples=suspects.csv"))
    assert words[3:] == [
        *audit["command"], "data.drop_samples=suspects.csv", "-m", "split=folds", "split.k=5", "split.fold=range(5)",
    ]  # fmt: skip
    enough = findings({**audit, "n": {"val": 60}, "counts": {"val": {"owl": 51, "wren": 9}}})
    assert [one["level"] for one in enough] == ["note"]
    assert "folds" not in train_command({**audit, "findings": enough})
