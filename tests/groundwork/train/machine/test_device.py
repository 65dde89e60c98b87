"""Where things are computed, and what looking for it costs."""

import os

import pytest
import torch

from groundwork.train.machine.device import spare_gpu_checks

CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"


@pytest.mark.parametrize(("has_gpu", "expected"), [(False, "0"), (True, "1")])
def test_nvml_is_asked_only_where_there_is_a_gpu(
    has_gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(CHECK, "1")  # as Lightning sets it
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    spare_gpu_checks()
    assert os.environ[CHECK] == expected
