"""Words of a multirun become combinations, wherever `-m` stands."""

import sys
from pathlib import Path

import pytest

from groundwork.launch import commands as launch
from groundwork.launch.config.explain import options
from groundwork.launch.sweep import drive


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
    monkeypatch.setattr(drive, "drive", lambda combinations: driven.extend(combinations) or 7)
    assert launch.train([*words, "transfer=glob(s*)"]) == 7
    transfers = [name for name in options("transfer") if name.startswith("s")]
    varied = {
        tuple(sorted(word for word in one if word.startswith(("seed", "optim", "transfer"))))
        for one in driven
    }
    assert len(driven) == len(varied) == 2 * 2 * len(transfers)
    assert ("optim.lr=2", "seed=1", "transfer=scratch") in varied
    assert list(tmp_path.iterdir()) == []  # Hydra leaves nothing where the user stands
