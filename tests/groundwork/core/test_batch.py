"""Batches as Lightning's strategies and precisions handle them."""

import torch
from lightning.pytorch.plugins.precision import FSDPPrecision, HalfPrecision

from groundwork.core.batch import Batch


def test_strategies_that_shard_and_whole_bfloat16_convert_a_batch() -> None:
    batch = Batch(torch.rand(3, 2), torch.arange(3), torch.arange(3), mask=torch.ones(3, dtype=torch.bool))
    for precision, dtype in (
        (FSDPPrecision("32-true"), torch.float32),
        (HalfPrecision("bf16-true"), torch.bfloat16),
    ):
        found = precision.convert_input(batch)
        assert found.inputs.dtype == dtype
        assert found.target.dtype == torch.int64
        assert found.weight is None
        assert batch.inputs.dtype == torch.float32  # a copy was converted
