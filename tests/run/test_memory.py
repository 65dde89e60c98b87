"""Running out of memory says which batch size did it and what to take."""

import pytest
import torch
from omegaconf import OmegaConf

from groundwork.batch import UserError
from groundwork.run.memory import memory_explained

CONFIG = OmegaConf.create({"data": {"batch_size": 32}, "trainer": {"accumulate": 2}})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB\nmore"),
            r"batch_size=16 trainer\.accumulate=4",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "batch_size=32 must fit"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("unable to allocate shared memory(shm) for file"), "--shm-size"),
    ],
)
def test_it_is_one_line(error: Exception, said: str):
    with pytest.raises(UserError, match=said) as raised, memory_explained(CONFIG):
        raise error
    assert "\n" not in str(raised.value)


def test_a_single_sample_that_does_not_fit_needs_a_smaller_model():
    config = OmegaConf.create({"data": {"batch_size": 1}, "trainer": {"accumulate": 1}})
    with pytest.raises(UserError, match="smaller model"), memory_explained(config):
        raise torch.OutOfMemoryError("no")


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), memory_explained(CONFIG):
        raise RuntimeError("shapes differ")
