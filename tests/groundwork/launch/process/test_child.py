"""A child ends with the process that started it, and has its share of the cores."""

import os
import sys
import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from groundwork.launch.process.child import Child
from groundwork.launch.process.gpu import slot_of_gpus, visible_gpus

CHILD = """
import time
from groundwork.core.signals import Stopped, signals_caught
from groundwork.launch.process.child import watch_parent
watch_parent()
try:
    with signals_caught():
        print("waiting", flush=True)
        time.sleep(60)
except Stopped as stopped:
    print(stopped, flush=True)
"""


@pytest.mark.parametrize(("name", "told"), [(None, "SIGINT"), ("SIGTERM", "SIGTERM")])
def test_a_child_stops_by_the_signal_that_its_parent_was_asked_by(
    tmp_path: Path, name: str | None, told: str
):
    (tmp_path / "waiting_child.py").write_text(CHILD, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    log = tmp_path / "log"
    child = Child("waiting_child", [], log, {"PYTHONPATH": path})
    while "waiting" not in log.read_text(encoding="utf-8"):
        assert child.poll() is None
        time.sleep(0.05)
    child.stop(name)
    assert child.process.wait(timeout=30) == 0
    assert child.poll() == 0
    assert log.read_text(encoding="utf-8").split() == ["waiting", told]
    assert child.process.args[0] == sys.executable


def test_trials_side_by_side_take_gpus_of_their_own(monkeypatch: pytest.MonkeyPatch):
    trainer = OmegaConf.create({"accelerator": "auto", "devices": 2})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    assert visible_gpus() == ["4", "5", "6", "7"]
    assert slot_of_gpus(0, 2, trainer) == {"CUDA_VISIBLE_DEVICES": "4,5"}
    assert slot_of_gpus(1, 2, trainer) == {"CUDA_VISIBLE_DEVICES": "6,7"}
    assert slot_of_gpus(2, 3, trainer) == {"CUDA_VISIBLE_DEVICES": "4,5"}  # three places, two pairs: shared
    assert slot_of_gpus(0, 1, trainer) == {}
    assert slot_of_gpus(0, 2, OmegaConf.create({"accelerator": "cpu", "devices": 2})) == {}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert slot_of_gpus(0, 2, trainer) == {}
