"""A network, a batch and this machine -> the memory format, precision, threads and compilation that train fastest."""

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, replace
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
from groundwork.train.machine.execution import FORMATS, Execution
from groundwork.train.machine.timing import fastest

# Compiling takes half a minute to a few minutes, once for each size of a batch: it is tried where steps as they are
# would take this many seconds, and must then be worth it.
LONG = 1800.0
WORTH_COMPILING = 1.1


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
            config, network, inputs, device, candidates, lambda: fastest(candidates, network, inputs, device)
        )
    if config.execution.compile is True:
        return replace(chosen, compiled=True)
    if config.execution.compile == "auto" and _has_layout(network):
        return _compiled_if_long(config, network, read(), device, chosen, num_images)
    return chosen


def step_seconds(config: DictConfig, network: Network, inputs: Tensor, device: torch.device) -> float:
    """Time a training step in the plainest way that the configuration leaves, for each of its images."""
    measured = fastest(_candidates(config, network, device)[:1], network, inputs, device)
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
        plain = fastest([plain], network, inputs, device)
    if plain.seconds is None or plain.seconds * num_images < LONG:
        return plain

    asked = ("compiled", plain.memory_format, plain.precision, plain.threads)

    def choose() -> Execution:
        try:
            compiled = fastest(
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


def _key(config: DictConfig, network: Network, inputs: Tensor, device: torch.device, asked: object) -> str:
    machine = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.node()} {_processor()}"
    )
    shapes = [(tuple(each.shape), each.requires_grad) for each in network.parameters()]
    known = (machine, torch.__version__, config.model.name, shapes, tuple(inputs.shape), asked)
    return sha256(repr(known).encode()).hexdigest()[:32]


def _processor() -> str:
    return f"{platform.machine()} {platform.processor()} {torch.backends.cpu.get_cpu_capability()}"
