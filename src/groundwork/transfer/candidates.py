"""What a linear head may read: stages of a frozen network, and how each is pooled."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.errors import UserError
from groundwork.model.pool import KINDS, Pooling
from groundwork.transfer.extract import take_pool

Stages = Sequence[NDArray[np.float32]]


class Candidate(NamedTuple):
    """Name what a head reads: stages counted from 0, and how each map is pooled."""

    stages: tuple[int, ...]
    pool: str

    @property
    def kinds(self) -> tuple[Pooling, ...]:
        """Give the statistics that a StagePool joins."""
        return KINDS[self.pool]


def candidates(pool: str, cut: str | int | Sequence[int], spatial: Sequence[bool]) -> list[Candidate]:
    """List what a head could read.

    Args:
        pool: "mean", "max", "mean_max", or "auto" for mean and mean_max.
        cut: "last", a stage, a list of stages, or "auto": each stage, neighbors in pairs, the last three.
        spatial: For each stage of the backbone, whether it is a map that can be pooled.
    """
    num_stages = len(spatial)
    if cut == "auto":
        chosen: list[tuple[int, ...]] = [(stage,) for stage in range(num_stages)]
        chosen += [(stage, stage + 1) for stage in range(num_stages - 1)]
        chosen += [tuple(range(num_stages - 3, num_stages))] if num_stages > 3 else []
    elif cut == "last":
        chosen = [(num_stages - 1,)]
    else:
        listed = [int(cut)] if isinstance(cut, int | str) else list(cut)
        if not listed or not all(-num_stages <= stage < num_stages for stage in listed):
            raise UserError(
                f"transfer.cut must name stages below {num_stages}, but got {cut}. Change it, or use auto."
            )
        chosen = [tuple(sorted({stage % num_stages for stage in listed}))]
    pools = ["mean", "mean_max"] if pool == "auto" else [pool]
    return [
        Candidate(stages, each)
        for stages in chosen
        for each in (pools if any(spatial[stage] for stage in stages) else pools[:1])
    ]


def gather(stages: Stages, candidate: Candidate, spatial: Sequence[bool]) -> Tensor:
    """Join the columns that a candidate reads into (N, D); what stands behind the stages is read by all."""
    parts = [take_pool(stages[stage], candidate.pool, spatial[stage]) for stage in candidate.stages]
    parts += stages[len(spatial) :]
    return torch.from_numpy(np.ascontiguousarray(np.concatenate(parts, axis=1)))
