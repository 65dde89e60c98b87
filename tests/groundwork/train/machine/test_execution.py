from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.model import (
    ClassificationHead,
    FeatureBackbone,
    ImageNormalize,
    Network,
    StagePool,
    TimmBackbone,
)
from groundwork.train.machine import choosing, timing
from groundwork.train.machine.choosing import choose_execution
from groundwork.train.machine.execution import Execution

IMAGES = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)

CPU = torch.device("cpu")


def images() -> torch.Tensor:
    return IMAGES


@pytest.fixture(autouse=True)
def _at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "is_crowded", lambda _: False)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", False, 3, 32, 0.0, "default")
    last = backbone.num_stages - 1
    head = ClassificationHead(backbone.channels[-1], 2, dropout=0.5)
    return Network(ImageNormalize([0.5], [0.5], 3), backbone, StagePool((last,), ("mean",)), head)


def config(tmp_path: Path, precision: str = "auto", **execution: object) -> DictConfig:
    auto = {"memory_format": "auto", "threads": "auto", "compile": False}
    return OmegaConf.create(
        {
            "trainer": {"precision": precision},
            "execution": auto | execution,
            "model": {"name": "test_resnet"},
            "paths": {"cache": str(tmp_path)},
        }
    )


def pretend(monkeypatch: pytest.MonkeyPatch, seconds: dict[tuple[str, ...], float]) -> list[Execution]:
    asked = []

    def measure(candidate: Execution, *_: object) -> float:
        asked.append(candidate)
        known = (candidate.memory_format, candidate.precision)
        return seconds.get((*known, "compiled") if candidate.compiled else known, 1.0)

    monkeypatch.setattr(timing, "step_time", measure)
    return asked


def test_the_fastest_is_taken_and_known_the_next_time(tmp_path, network, monkeypatch):
    asked = pretend(monkeypatch, {("channels_last", "bf16-mixed"): 0.4})
    first = choose_execution(config(tmp_path), network, images, CPU, 100)
    assert (first.memory_format, first.precision, first.gain) == ("channels_last", "bf16-mixed", 2.5)
    number = len(asked)
    assert choose_execution(config(tmp_path), network, images, CPU, 100) == first
    assert len(asked) == number
    network.train_stages([4], "adapt")  # other gradients, other times
    choose_execution(config(tmp_path), network, images, CPU, 100)
    assert len(asked) == 2 * number


def test_what_a_busy_machine_says_is_not_remembered_and_takes_no_longer(tmp_path, network, monkeypatch):
    asked = pretend(monkeypatch, {("channels_last", "bf16-mixed"): 0.4})
    monkeypatch.setattr(choosing, "is_crowded", lambda _: True)
    assert choose_execution(config(tmp_path), network, images, CPU, 100).distrusted
    assert not list(tmp_path.rglob("*.json"))
    number = len(asked)
    monkeypatch.setattr(choosing, "is_crowded", lambda _: False)
    assert not choose_execution(config(tmp_path), network, images, CPU, 100).distrusted
    assert len(asked) == 2 * number
    assert len(list(tmp_path.rglob("*.json"))) == 1
    monkeypatch.setattr(timing, "LIMIT", -1.0)  # the time was up after the first, the plainest
    chosen = choose_execution(config(tmp_path / "other"), network, images, CPU, 100)
    assert (chosen.memory_format, chosen.precision, chosen.gain) == ("contiguous", "32-true", 1.0)
    assert len(asked) == 2 * number + 1


def test_a_batch_that_does_not_fit_is_left_to_the_first_step(tmp_path, network, monkeypatch):
    def measure(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(timing, "step_time", measure)
    chosen = choose_execution(config(tmp_path), network, images, CPU, 10**9)
    assert (chosen.memory_format, chosen.precision, chosen.seconds) == ("contiguous", "32-true", None)
    assert not list(tmp_path.rglob("*.json"))


def test_a_gain_of_a_few_percent_leaves_the_plain_choice(tmp_path, network, monkeypatch):
    pretend(monkeypatch, {("channels_last", "bf16-mixed"): 0.98})
    chosen = choose_execution(config(tmp_path), network, images, CPU, 100)
    assert (chosen.memory_format, chosen.precision, chosen.gain) == ("contiguous", "32-true", 1.0)


def test_what_was_chosen_by_hand_is_not_measured(tmp_path, network, monkeypatch):
    asked = pretend(monkeypatch, {})
    own = config(tmp_path, memory_format="channels_last", precision="16-mixed", threads=1)
    assert choose_execution(own, network, images, CPU, 100) == Execution("channels_last", "16-mixed", 1, 1.0)
    assert asked == []
    choose_execution(config(tmp_path, precision="32-true", threads=1), network, images, CPU, 100)
    assert {each.precision for each in asked} == {"32-true"}


def test_rows_of_a_table_need_no_measurement(tmp_path, monkeypatch):
    asked = pretend(monkeypatch, {})
    head = ClassificationHead(5, 2, dropout=0.0)
    rows = Network(torch.nn.Identity(), FeatureBackbone(5), StagePool((0,), ("mean",)), head)
    chosen = choose_execution(config(tmp_path), rows, lambda: torch.zeros(4, 5), CPU, 100)
    assert (chosen.memory_format, chosen.precision) == ("contiguous", "32-true")
    assert asked == []


def test_measuring_leaves_network_threads_and_random_numbers_as_they_are(tmp_path, network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    chosen = choose_execution(config(tmp_path), network, images, CPU, 100)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert chosen.gain >= 1
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_memory_format_does_not_change_what_is_computed(network):
    network.eval()
    with torch.inference_mode():
        plain = network.arrange(torch.contiguous_format)(IMAGES)
        other = network.arrange(torch.channels_last)(IMAGES)
    torch.testing.assert_close(plain, other, atol=1e-5, rtol=1e-5)
    assert network.normalize(IMAGES).is_contiguous(memory_format=torch.channels_last)


def test_an_unknown_format_is_refused(tmp_path, network):
    with pytest.raises(UserError, match="must be auto, contiguous or channels_last, but got nhwc"):
        choose_execution(config(tmp_path, memory_format="nhwc"), network, images, CPU, 100)


@pytest.mark.parametrize(("compiled", "taken"), [(0.8, True), (0.95, False)])
def test_a_long_run_is_compiled_where_that_is_a_tenth_faster(
    tmp_path, network, monkeypatch, compiled: float, taken: bool
):
    asked = pretend(
        monkeypatch,
        {("channels_last", "32-true"): 0.5, ("channels_last", "32-true", "compiled"): 0.5 * compiled},
    )
    own = config(tmp_path, precision="32-true", threads=1, compile="auto")
    long = round(1800 / 0.125) + 1  # images, four of which take half a second
    short = choose_execution(own, network, images, CPU, long - 2)
    assert (short.compiled, short.gain, short.seconds) == (False, 2.0, 0.125)
    assert not any(each.compiled for each in asked)
    chosen = choose_execution(own, network, images, CPU, long)
    assert (chosen.compiled, chosen.gain) == (taken, pytest.approx(2 / compiled if taken else 2))
    number = len(asked)
    assert choose_execution(own, network, images, CPU, long) == chosen
    assert len(asked) == number


def test_compiling_is_measured_where_all_else_was_chosen_by_hand(tmp_path, network, monkeypatch):
    asked = pretend(monkeypatch, {("contiguous", "32-true", "compiled"): 0.5})
    own = config(tmp_path, memory_format="contiguous", precision="32-true", threads=1, compile="auto")
    assert choose_execution(own, network, images, CPU, 10**6).compiled
    assert not choose_execution(own, network, images, CPU, 10).compiled
    assert {each.memory_format for each in asked} == {"contiguous"}


def test_what_compiling_brings_is_known_the_next_time_whatever_the_clock_said(tmp_path, network, monkeypatch):
    tried = []

    def measure(candidate: Execution, *_: object) -> float:
        tried.append(candidate.compiled)
        return 0.5 + 0.01 * len(tried)  # no two measurements are alike

    monkeypatch.setattr(timing, "step_time", measure)
    own = config(tmp_path, memory_format="contiguous", precision="32-true", threads=1, compile="auto")
    for _ in range(3):
        choose_execution(own, network, images, CPU, 10**6)
    assert sum(tried) == 1


def test_what_cannot_be_compiled_trains_as_it_is(tmp_path, network, monkeypatch):
    def measure(candidate: Execution, *_: object) -> float:
        if candidate.compiled:
            raise RuntimeError("no compiler")
        return 1.0

    monkeypatch.setattr(timing, "step_time", measure)
    assert not choose_execution(config(tmp_path, compile="auto"), network, images, CPU, 10**6).compiled


def test_rows_of_a_table_are_not_compiled_unless_asked(tmp_path, monkeypatch):
    pretend(monkeypatch, {})
    head = ClassificationHead(5, 2, dropout=0.0)
    rows = Network(torch.nn.Identity(), FeatureBackbone(5), StagePool((0,), ("mean",)), head)
    for asked, compiled in (("auto", False), (True, True), (False, False)):
        own = config(tmp_path, compile=asked)
        assert choose_execution(own, rows, lambda: torch.zeros(4, 5), CPU, 10**9).compiled is compiled
