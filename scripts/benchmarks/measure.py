"""Two sides of a claim, taking turns on one machine, because machines drift: medians, ranges and their ratio."""

import os
import platform
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter

import torch


def machine() -> str:
    """Describe where the numbers come from."""
    where = platform.processor() or platform.machine()
    if torch.cuda.is_available():
        where += f", {torch.cuda.get_device_name()}"
    return f"{platform.system()}, {where}, {os.cpu_count()} processors, torch {torch.__version__}"


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    began = perf_counter()
    work()
    return perf_counter() - began


def alternate(sides: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """Let every side measure itself once per round; a first round, which warms up, does not count."""
    found: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + 1):
        for values, side in zip(found, sides, strict=True):
            value = side()
            if number:
                values.append(value)
    return found


def report(claim: str, ours: Sequence[float], theirs: Sequence[float], unit: str, wanted: str) -> None:
    """Print both sides and the median of the ratios ours / theirs of the rounds."""
    ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
    sides = "   ".join(
        f"{name} {median(values):.4g} {unit} ({min(values):.4g} to {max(values):.4g})"
        for name, values in (("ours", ours), ("theirs", theirs))
    )
    print(f"{claim}: {sides}   ratio {ratio:.3f} ({wanted}), {len(ours)} rounds", flush=True)
