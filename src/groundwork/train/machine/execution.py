"""A network, a batch and this machine -> the memory format, precision, threads and compilation that train fastest."""

import json
import platform
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import product
from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor

from groundwork.core.atomic import write_text
from groundwork.core.cores import is_crowded, moment, own_cores
from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.model import ImageNormalize, MapInput, Network

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}  # by Lightning's names
# Images of a measured step on a processor; a GPU is measured on the whole batch, which it needs to be busy.
NUM_IMAGES = 8
SECONDS = 2.0  # for all measurements together, the first step of each left out
LIMIT = 10.0  # after which no further choice is tried, first steps included; the plainest is the first
STEPS = 5  # of each at most
WORTH = 1.05  # gain below which the plainer choice stays
# Compiling takes half a minute to a few minutes, once for each size of a batch: it is tried where steps as they are
# would take this many seconds, and must then be worth it.
LONG = 1800.0
WORTH_COMPILING = 1.1


@dataclass(frozen=True)
class Execution:
    """Say how steps are computed; nothing here changes what is computed, save the precision.

    Attributes:
        memory_format: "contiguous" or "channels_last", of images and of the weights that meet them.
        precision: Lightning's name.
        threads: Of the processor.
        gain: Speed over `plainest`; 1 where nothing was measured.
        seconds: Of a step, for each of its images; None where nothing was measured.
        compiled: Whether torch.compile translates the network.
        plainest: Of the choices that were left.
        distrusted: Whether the measurement means nothing, so that it is not remembered: the machine was too busy, or
            the batch did not fit into its memory.
    """

    memory_format: str
    precision: str
    threads: int
    gain: float
    seconds: float | None = None
    compiled: bool = False
    plainest: str = ""
    distrusted: bool = False

    def apply(self, network: Network) -> None:
        """Lay out the network and set the threads of this process."""
        network.arrange(FORMATS[self.memory_format])
        torch.set_num_threads(self.threads)


def compile_in_place(network: Network) -> None:
    """Let torch.compile translate a network; no name in a checkpoint changes.

    It does so for each size of a batch anew: there are two, full and last, and the code of torch 2.11 for batches of
    any size failed on a GPU at the first short one. Random numbers stay those of the plain network.
    """
    torch.compiler.reset()  # what an earlier phase or run left counts toward the number of versions that are kept
    network.compile(dynamic=False, options={"fallback_random": True})


def memory_format(config: DictConfig) -> torch.memory_format:
    """Give the layout in which a finished run predicts; like features, channels last unless the run says more."""
    return FORMATS.get(config.execution.memory_format, torch.channels_last)


def choose_execution(
    config: DictConfig, network: Network, read: Callable[[], Tensor], device: torch.device, num_images: int
) -> Execution:
    """Measure what `execution` and `trainer.precision` leave to `auto`, once per machine, network and shape of a batch.

    Args:
        config: Of the run; `execution.memory_format`, `trainer.precision`, `execution.threads`, `execution.compile` and
            `paths.cache` are read.
        network: Frozen as it will train; it is left as it is.
        read: Gives a batch as stored; called only where something must be measured.
        device: Where training takes place.
        num_images: That the run will see, each as often as there are epochs.
    """
    candidates = _candidates(config, network, device)
    if len(candidates) == 1:
        chosen = candidates[0]
    else:
        inputs = read()
        chosen = remembered(
            config, network, inputs, device, candidates, lambda: _fastest(candidates, network, inputs, device)
        )
    if config.execution.compile is True:
        return replace(chosen, compiled=True)
    if config.execution.compile == "auto" and _has_layout(network):
        return _compiled_if_long(config, network, read(), device, chosen, num_images)
    return chosen


def step_seconds(config: DictConfig, network: Network, inputs: Tensor, device: torch.device) -> float:
    """Time a training step in the plainest way that the configuration leaves, for each of its images."""
    measured = _fastest(_candidates(config, network, device)[:1], network, inputs, device)
    return measured.seconds or 0.0


def _compiled_if_long(
    config: DictConfig,
    network: Network,
    inputs: Tensor,
    device: torch.device,
    plain: Execution,
    num_images: int,
) -> Execution:
    """Try to compile, in a run that is long enough for it to pay."""
    if plain.seconds is None:
        plain = _fastest([plain], network, inputs, device)
    if plain.seconds is None or plain.seconds * num_images < LONG:
        return plain

    asked = ("compiled", plain.memory_format, plain.precision, plain.threads)

    def choose() -> Execution:
        try:
            compiled = _fastest(
                [plain, replace(plain, compiled=True)], network, inputs, device, WORTH_COMPILING
            )
        except Exception:  # whatever a network or a machine without a compiler makes of it
            return plain
        return replace(compiled, gain=plain.gain * compiled.gain)

    return remembered(config, network, inputs, device, asked, choose)


def remembered(
    config: DictConfig,
    network: Network,
    inputs: Tensor,
    device: torch.device,
    asked: object,
    choose: Callable[[], Execution],
) -> Execution:
    """Choose once for each machine, network and shape of a batch; `asked` tells one question from another."""
    known = Path(config.paths.cache) / "execution" / f"{_key(config, network, inputs, device, asked)}.json"
    known.parent.mkdir(parents=True, exist_ok=True)
    # Trials at once would measure each other, and choose differently.
    with locked(known.with_suffix(".lock")):
        if known.is_file():
            return Execution(**json.loads(known.read_text(encoding="utf-8")))
        began = moment()
        chosen = choose()
        busy = device.type == "cpu" and is_crowded(began)
        # What others took from it while it was measured says nothing of another day.
        if not busy and not chosen.distrusted:
            write_text(known, json.dumps(asdict(chosen)))
        return replace(chosen, distrusted=busy or chosen.distrusted)


def _candidates(config: DictConfig, network: Network, device: torch.device) -> list[Execution]:
    """List what may be chosen, the plainest first; rows and cached features have no layout to choose."""
    wanted, images = config.execution, _has_layout(network)
    if wanted.memory_format not in ("auto", *FORMATS):
        raise UserError(
            f"execution.memory_format must be auto, {' or '.join(FORMATS)}, but got {wanted.memory_format}. Choose one."
        )
    formats, precisions = [*FORMATS], ["32-true", "bf16-mixed"]
    if not images or not knows_bf16(device):
        precisions = precisions[:1]
    formats = [wanted.memory_format] if wanted.memory_format != "auto" else formats if images else formats[:1]
    precisions = [config.trainer.precision] if config.trainer.precision != "auto" else precisions
    most = _all_threads()
    if wanted.threads != "auto":
        threads = [wanted.threads or most]
    else:
        threads = [most, most // 2] if images and device.type == "cpu" and most > 1 else [most]
    return [
        Execution(layout, precision, number, 1.0)
        for layout, precision, number in product(formats, precisions, threads)
    ]


def _has_layout(network: Network) -> bool:
    return isinstance(network.normalize, ImageNormalize | MapInput)


def knows_bf16(device: torch.device) -> bool:
    """Tell whether bfloat16 is worth a try; a processor without it emulates it, which measuring shows."""
    return device.type != "cuda" or torch.cuda.is_bf16_supported()


@cache
def _all_threads() -> int:
    """Say how many threads this process began with: an earlier run in it may have chosen fewer for itself."""
    return min(torch.get_num_threads(), own_cores())


def _fastest(
    candidates: list[Execution],
    network: Network,
    inputs: Tensor,
    device: torch.device,
    worth: float = WORTH,
) -> Execution:
    some = inputs if device.type == "cuda" else inputs[:NUM_IMAGES]
    before, began = torch.get_num_threads(), time.monotonic()
    seconds: dict[Execution, float] = {}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            for each in candidates:
                if device.type == "cpu" and seconds and time.monotonic() - began > LIMIT:
                    break
                seconds[each] = _step_seconds(each, network, some, device, len(candidates))
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()  # the first step tells what to change, or takes a smaller batch
        finally:
            torch.set_num_threads(before)
    plain = candidates[0]
    if plain not in seconds:
        return replace(plain, distrusted=True)
    best = min(seconds, key=lambda each: seconds[each])
    if seconds[plain] / seconds[best] < worth:
        best = plain
    plainest = plain.plainest or f"{plain.memory_format}, {plain.precision}, {plain.threads} threads"
    return replace(
        best, gain=seconds[plain] / seconds[best], seconds=seconds[best] / len(some), plainest=plainest
    )


def _step_seconds(
    candidate: Execution, network: Network, inputs: Tensor, device: torch.device, num_candidates: int
) -> float:
    """Time the shortest of a few steps forward and back, on a copy."""
    copy = deepcopy(network).to(device).train()
    candidate.apply(copy)
    if candidate.compiled:
        compile_in_place(copy)
    moved, lower = inputs.to(device), AUTOCAST.get(candidate.precision)
    best, began = float("inf"), 0.0
    for step in range(STEPS + 1):
        started = time.perf_counter()
        with torch.autocast(device.type, dtype=lower, enabled=lower is not None):
            output = copy(moved)
        output.float().square().mean().backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        ended = time.perf_counter()
        if step:  # the first one also allocates, chooses kernels and compiles
            best = min(best, ended - started)
            if ended - began > SECONDS / num_candidates:
                break
        else:
            began = ended
    return best


def _key(config: DictConfig, network: Network, inputs: Tensor, device: torch.device, asked: object) -> str:
    machine = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.node()} {_processor()}"
    )
    shapes = [(tuple(each.shape), each.requires_grad) for each in network.parameters()]
    known = (machine, torch.__version__, config.model.name, shapes, tuple(inputs.shape), asked)
    return sha256(repr(known).encode()).hexdigest()[:32]


def _processor() -> str:
    return f"{platform.machine()} {platform.processor()} {torch.backends.cpu.get_cpu_capability()}"
