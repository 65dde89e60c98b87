"""Where things are computed, and what looking for it costs."""

import os
from pathlib import Path

import pytest
import torch

from groundwork.train.machine.device import spare_gpu_checks, unusable_gpu

CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"


@pytest.mark.parametrize(("has_gpu", "expected"), [(False, "0"), (True, "1")])
def test_nvml_is_asked_only_where_there_is_a_gpu(
    has_gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(CHECK, "1")  # as Lightning sets it
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    spare_gpu_checks()
    assert os.environ[CHECK] == expected


def test_a_gpu_that_this_torch_cannot_use_is_named_with_driver_and_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert unusable_gpu() is None
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA A100-SXM4-40GB, 535.104.05'\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    said = unusable_gpu() or ""
    assert f"torch {torch.__version__}, built for CUDA 13.0, cannot use the NVIDIA A100-SXM4-40GB" in said
    assert "driver is 535.104.05" in said
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # hidden on purpose
    assert unusable_gpu() is None
