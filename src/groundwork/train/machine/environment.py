"""Where and with what a run was made: enough to make it again."""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import torch

from groundwork.core.cores import own_cores
from groundwork.core.paths import ROOT


def describe_environment(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Collect the code's commit, exact packages, machine and command.

    Args:
        overrides: What composed the configuration, in Hydra's grammar.
    """
    return {
        "command": [sys.executable, *sys.argv],
        "overrides": list(overrides),
        "git": {"commit": _git("rev-parse", "HEAD"), "dirty": bool(_git("status", "--porcelain"))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": own_cores(),
        "threads": torch.get_num_threads(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "packages": dict(_packages()),
    }


def commit() -> str | None:
    """Name the commit that the code stands at; None outside a git checkout."""
    return _git("rev-parse", "HEAD")


@cache
def _packages() -> tuple[tuple[str, str], ...]:
    """List what is installed; the same for all runs of a process, and a second's work."""
    found = {str(package.name): str(package.version) for package in distributions()}
    return tuple(sorted(found.items(), key=lambda one: one[0].lower()))


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
