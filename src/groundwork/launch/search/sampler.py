"""Samplers whose trial n depends on the seed and what is known, never on how often the search was interrupted."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from groundwork.core.ranges import check_choice
from groundwork.launch.search.dimension import Values
from groundwork.launch.search.space import Space

SAMPLERS = ("tpe", "random", "grid")


def build_sampler(name: str, space: Space, seed: int, startup: int) -> BaseSampler:
    """Build a sampler by its name.

    Args:
        name: tpe, random or grid.
        space: What may vary.
        seed: Draws random and tpe.
        startup: Random trials before tpe learns.
    """
    check_choice("search.sampler", name, SAMPLERS)
    if name == "grid":
        return Grid(space)
    if name == "random":
        return Numbered(seed, RandomSampler)
    # Workers that search at the same time see each other's trials as bad ones, so that they spread.
    return Numbered(seed, lambda seed: TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True))


class Numbered(BaseSampler):
    """Draw each trial by a generator of its own, seeded by the number of the trial.

    A sampler with one seed for all would, after an interruption, draw its first points again.

    Args:
        seed: Of the search.
        build: Seed -> Optuna's sampler.
    """

    def __init__(self, seed: int, build: Callable[[int], BaseSampler]):
        self.seed, self.build = seed, build
        self._number, self._sampler = -1, build(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Say which parameters are drawn together."""
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw parameters together."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter."""
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Let the sampler note how a trial ended."""
        self._of(trial).after_trial(study, trial, state, values)

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if trial.number != self._number:
            seed = int(np.random.SeedSequence([self.seed, trial.number]).generate_state(1)[0])
            self._number, self._sampler = trial.number, self.build(seed)
        return self._sampler


class Grid(BaseSampler):
    """Give trial n the nth combination, whoever asks, so that every combination is tried once."""

    def __init__(self, space: Space):
        self.names = {dimension.name: dimension.key for dimension in space.dimensions}
        self.combinations: list[Values] = space.grid()

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Draw nothing together."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw nothing together."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Look the value up."""
        return self.combinations[trial.number][self.names[param_name]]
