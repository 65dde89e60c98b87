"""A space and a configuration -> trials, the best of them as an experiment, and a report of what mattered."""

from groundwork.core.console import Console
from groundwork.core.errors import DONE, FAILED, UserError
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.explain import options
from groundwork.launch.search.check import check_installed


def start(composition: Composition) -> int:
    """Search, or go on with a search: here, in processes of this machine, or in Slurm's queue.

    Args:
        composition: Of all words, the search's own included.

    Returns:
        0 where at least one trial is whole; 1 where none is.
    """
    if "search" not in composition.choices:
        raise UserError(f"search= must name a space. Choose one of: {', '.join(options('search'))}.")
    check_installed()
    from groundwork.launch.search.jobs import (  # optuna: not before the words are understood
        check_queue,
        run_jobs,
    )
    from groundwork.launch.search.opened import open_search
    from groundwork.launch.search.result import conclude
    from groundwork.launch.search.worker import work
    from groundwork.launch.search.workers import run_workers

    console = Console()
    # Refused, if at all, before anything is written.
    queue = check_queue(composition.overrides) if composition.config.cluster.kind == "slurm" else None
    opened = open_search(composition, worker=False, console=console)
    study, base = opened.study, opened.base
    if queue is not None:
        run_jobs(composition.overrides, queue, study, base.config.monitor, console)
    elif study.search.workers > 1:
        run_workers(composition.overrides, study.search.workers, study, console)
    else:
        work(study, base, console)
    return DONE if conclude(study, base, composition, console) else FAILED
