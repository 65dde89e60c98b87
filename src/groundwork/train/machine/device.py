"""Where features are computed and predictions made, chosen as Lightning chooses where to train."""

import os
import shutil
import subprocess

import torch
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.core.ranks import world_size


def best_device() -> torch.device:
    """Find where a finished run predicts, whatever it trained on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_device(config: DictConfig) -> torch.device:
    """Find the device that `trainer.accelerator` means.

    Raises:
        UserError: If a GPU is asked for and there is none.
    """
    accelerator = config.trainer.accelerator
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("gpu", "cuda"):
        found = unusable_gpu() or "there is none"
        raise UserError(f"trainer.accelerator={accelerator} must find a GPU, but {found}. Use trainer=cpu.")
    return torch.device("mps" if choose_accelerator(config) == "mps" else "cpu")


def unusable_gpu() -> str | None:
    """Tell of a GPU that is there but that this build of torch cannot use; None where it can, or there is none."""
    program, hidden = shutil.which("nvidia-smi"), os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if program is None or hidden or torch.cuda.is_available():
        return None
    command = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, driver = next(iter(answer.splitlines()), "").partition(",")
    if not driver.strip():
        return None
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    return (
        f"torch {torch.__version__}, built {built}, cannot use the {name.strip()} here, whose driver is "
        f"{driver.strip()}; a build for this driver: uv pip install --reinstall --torch-backend=auto torch torchvision"
    )


def spare_gpu_checks() -> None:
    """Let torch look for GPUs by the driver alone on a machine that has none.

    Each step of a torch optimizer looks for them. Lightning has it ask NVML, so that a process can still be forked
    afterwards; where there is no driver, that opens a library anew each time, 0.26 ms or a fifth of a small step.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def choose_accelerator(config: DictConfig) -> str:
    """Name Lightning's accelerator; rows of a table stay off Apple's, which knows no float64, and ranks."""
    accelerator: str = config.trainer.accelerator
    if accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return "cpu" if config.data.get("kind") == "table" or world_size() > 1 else "mps"
    return accelerator
