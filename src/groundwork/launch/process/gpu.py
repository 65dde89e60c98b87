"""Which GPUs a process sees, found without importing torch."""

import os
import shutil
import subprocess

from omegaconf import DictConfig


def slot_of_gpus(slot: int, slots: int, trainer: DictConfig) -> dict[str, str]:
    """Give the trial in one of several places GPUs of its own; where they do not suffice, places share them.

    Args:
        slot: Number of the place, from 0.
        slots: Number of places.
        trainer: `devices` says how many GPUs a trial takes.
    """
    gpus = visible_gpus()
    if slots == 1 or not gpus or trainer.accelerator == "cpu":
        return {}
    size = trainer.devices if isinstance(trainer.devices, int) else 1
    first = slot * size
    return {
        "CUDA_VISIBLE_DEVICES": ",".join(gpus[(first + k) % len(gpus)] for k in range(min(size, len(gpus))))
    }


def visible_gpus() -> list[str]:
    """Name the GPUs that CUDA would show this process."""
    if (chosen := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in chosen.split(",") if name.strip() not in ("", "-1")]
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(number) for number, line in enumerate(answer.stdout.splitlines()) if line.startswith("GPU ")]
