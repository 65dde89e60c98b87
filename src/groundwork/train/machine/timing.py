"""Ways to compute a step -> the fastest, by a few steps forward and back on a copy of the network."""

import time
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor

from groundwork.model import Network
from groundwork.train.machine.execution import AUTOCAST, Execution, compile_in_place

# Images of a measured step on a processor; a GPU is measured on the whole batch, which it needs to be busy.
NUM_IMAGES = 8
SECONDS = 2.0  # for all measurements together, the first step of each left out
LIMIT = 10.0  # after which no further choice is tried, first steps included; the plainest is the first
STEPS = 5  # of each at most
WORTH = 1.05  # gain below which the plainer choice stays


def fastest(
    candidates: list[Execution],
    network: Network,
    inputs: Tensor,
    device: torch.device,
    worth: float = WORTH,
) -> Execution:
    """Give the fastest of some ways, the first of which is the plainest, unless it gains less than `worth`."""
    some = inputs if device.type == "cuda" else inputs[:NUM_IMAGES]
    before, began = torch.get_num_threads(), time.monotonic()
    seconds: dict[Execution, float] = {}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            for each in candidates:
                if device.type == "cpu" and seconds and time.monotonic() - began > LIMIT:
                    break
                seconds[each] = step_time(each, network, some, device, len(candidates))
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


def step_time(
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
