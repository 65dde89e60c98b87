"""Successive halving: who goes on, at which shares, and when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from groundwork.core.run_folder import RunFolder
from groundwork.train.advice.race import Runner, race
from groundwork.train.checkpoint import save


@dataclass
class Trained:
    """Stand for a run that scores what it is told to at each share."""

    name: str
    scores: tuple[float, ...]
    cost: float = 0.0
    fails: bool = False
    shares: list[float] = field(default_factory=list)

    @property
    def value(self) -> float:
        return self.scores[len(self.shares) - 1]

    @property
    def seconds(self) -> float:
        return self.cost * max(self.shares, default=0.0)

    def advance(self, share: float) -> None:
        if self.fails:
            raise FloatingPointError("the loss is not finite\nin step 3")
        self.shares.append(share)


def _never(*_: object) -> bool:
    return False


def _ignore(_: str) -> None: ...


def test_the_better_half_goes_on_and_the_last_one_trains_in_full():
    slow, quick, poor = (
        Trained("slow", (0.6, 0.8, 0.9, 0.95)),
        Trained("quick", (0.7, 0.75, 0.7, 0.7)),
        Trained("poor", (0.1, 0.1, 0.1, 0.1)),
    )
    assert race([poor, quick, slow], None, _never, _ignore) is slow
    assert slow.shares == [0.125, 0.25, 0.5, 1.0]
    assert quick.shares == [0.125, 0.25]
    assert poor.shares == [0.125]


def test_one_that_fails_is_out_and_said():
    said: list[str] = []
    good = Trained("good", (0.5,) * 4)
    assert race([Trained("bad", (), fails=True), good], None, _never, said.append) is good
    assert said == ["race: bad is out: the loss is not finite"]
    assert race([Trained("bad", (), fails=True)], None, _never, _ignore) is None
    assert race([Trained("nan", (-np.inf,) * 4)], None, _never, _ignore) is None


def test_a_race_that_is_lost_half_way_ends_there():
    said: list[str] = []
    one = Trained("one", (0.5,) * 4)

    def lost(best: Trained, raced: Sequence[Trained]) -> bool:
        return best is one and list(raced) == [one]

    assert race([one], None, lost, said.append) is None
    assert one.shares == [0.125, 0.25, 0.5]
    assert "clearly worse than the frozen head" in said[0]


def test_a_share_is_judged_by_what_was_validated_in_it_though_an_earlier_process_trained_on(tmp_path: Path):
    context: Any = SimpleNamespace(folder=RunFolder(tmp_path))
    runner = Runner(
        context, OmegaConf.create(), "transfer=lora optim.lr=0.003", lambda kept: float(kept.mean())
    )
    folder = RunFolder.furnish(runner.folder.path)
    assert folder.path == tmp_path / "race" / "lora-optim-lr-0-003"
    rows = [{"phase": phase, "epoch": epoch} for phase, epoch in ((1, 1), (2, 2), (2, 3), (2, 4))]
    kept = [torch.full((3, 2), value) for value in (0.0, 0.6, 0.2, 0.4, 0.9)]  # first that of a solved head
    callbacks = {"History": {"rows": rows}, "KeepTried": {"predictions": kept}}
    save({"state_dict": {}, "phase": 2, "callbacks": callbacks}, folder.last)
    for epochs, value, number in ((1, 0.6, 1), (2, 0.2, 2), (3, 0.4, 3), (4, 0.9, 4)):
        runner._look(folder, epochs)
        assert (runner.value, len(runner.predictions)) == (pytest.approx(value), number)
    runner._count(0.125, 3.0)
    runner._count(0.25, 4.0)
    again = Runner(context, OmegaConf.create(), runner.name, runner.score)
    again._count(0.125, 0.1)
    assert again.seconds == 3.0
    again._count(0.25, 0.1)
    again._count(0.5, 5.0)
    assert (again.share, again.seconds) == (0.5, 12.0)


@pytest.mark.parametrize(("minutes", "ends"), [(1.0, True), (4.0, False)])
def test_what_would_go_far_over_the_budget_ends(minutes: float, ends: bool):
    one, said = Trained("one", (0.5,) * 4, cost=200.0), list[str]()
    assert (race([one], minutes, _never, said.append) is None) == ends
    assert bool(said) == ends
