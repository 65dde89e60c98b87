"""A composed configuration -> a run whose data is read and in which every `auto` is decided."""

import time
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from groundwork.train.custom import is_own, own_data
from groundwork.train.job import current_job
from groundwork.train.samples import read_samples

if TYPE_CHECKING:
    from groundwork.train.context import Context
    from groundwork.train.own.run import OwnRun


def settle(cfg: DictConfig) -> "Context | OwnRun":
    """Read and split the data of a run, and decide what is `auto`: the first rank decides for all.

    Args:
        cfg: As composed; what is settled is printed and written into the run's config.yaml.
    """
    job, began = current_job(), time.perf_counter()
    if is_own(cfg):
        known = None if own_data(cfg) else read_samples(cfg)
        config = job.complete(cfg, *(known or (None, None)))
        from groundwork.train.own.run import settle_own

        return settle_own(job, config, known, began)
    samples, target = read_samples(cfg)
    config = job.complete(cfg, samples, target)
    from groundwork.train.ready import make_ready  # torch: not before the data is known to be right

    return make_ready(job, config, samples, target, began)
