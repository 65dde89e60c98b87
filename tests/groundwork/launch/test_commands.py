"""Words of a multirun become combinations, wherever `-m` stands."""

import os
import sys
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.launch import commands
from groundwork.launch.application import run_or_sweep
from groundwork.launch.config.explain import options
from groundwork.launch.sweep import launch


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "data=diabetes", "seed=0,1", "optim.lr=range(1,3)"],
        ["data=diabetes", "--multirun", "seed=0,1", "optim.lr=range(1,3)"],
        ["data=diabetes", "seed=0,1", "optim.lr=range(1,3)", "-m"],
    ],
)
def test_a_multirun_drives_the_product_of_its_words(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    driven: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launch, "launch", lambda config, combinations: driven.extend(combinations) or [])
    with pytest.raises(UserError, match="launcher ended without one"):
        commands.train([*words, "transfer=glob(s*)", f"paths.runs={tmp_path / 'runs'}"])
    transfers = [name for name in options("transfer") if name.startswith("s")]
    varied = {
        tuple(sorted(word for word in one if word.startswith(("seed", "optim", "transfer"))))
        for one in driven
    }
    assert len(driven) == len(varied) == 2 * 2 * len(transfers)
    assert ("optim.lr=2", "seed=1", "transfer=scratch") in varied
    assert (
        list(tmp_path.iterdir()) == []
    )  # Hydra leaves nothing, neither where the user stands nor beside the runs


def test_a_single_run_has_the_variables_that_hydra_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GROUNDWORK_TEST_NESTS", raising=False)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    assert run_or_sweep(["data=digits", "+hydra.job.env_set.GROUNDWORK_TEST_NESTS=3"])
    assert os.environ.pop("GROUNDWORK_TEST_NESTS") == "3"
