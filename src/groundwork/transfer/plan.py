"""One description for every way to reuse a network: what is kept, what is frozen, what trains when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from groundwork.core.batch import VIEWS
from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice, check_range
from groundwork.model.adapters import adapt
from groundwork.model.network import Network

Scenario = Literal[
    "auto", "small_similar", "large_similar", "small_different", "large_different", "lora", "scratch", "none"
]
Pool = Literal["mean", "max", "mean_max", "auto"]
Solver = Literal["auto", "exact", "sgd"]
BatchNorm = Literal["frozen", "adapt"]
Budget = Literal["auto"] | float | None


@dataclass(frozen=True)
class Phase:
    """Say which part trains for a share of the run.

    Args:
        train: "head"; "adapters" of the plan; "all"; the first stage that trains, with all later ones; or a list of
            exactly the stages that train. Stages count from 0, or from the end as -1, -2. The head always
            trains, stages that the plan freezes never do.
        share: Part of the run's epochs, in (0, 1].
        lr: Factor on `optim.lr`.
        layer_decay: Factor on the rate from each stage to the one before it, in (0, 1].
    """

    train: Literal["head", "adapters", "all"] | int | Sequence[int]
    share: float
    lr: float
    layer_decay: float

    def __post_init__(self) -> None:
        if isinstance(self.train, str) and self.train not in ("head", "adapters", "all"):
            raise UserError(
                f"transfer.phases.train must be head, adapters, all, a stage or a list of stages, but got {self.train}."
                " Choose one of them."
            )
        check_range("transfer.phases.share", self.share, "(0, 1]")
        check_range("transfer.phases.lr", self.lr, "(0, inf)")
        check_range("transfer.phases.layer_decay", self.layer_decay, "(0, 1]")

    def stages(self, num_stages: int, frozen: int = 0) -> tuple[int, ...]:
        """Name the backbone stages that train, counted from 0, of a network of `num_stages`."""
        if self.train in ("head", "adapters"):
            chosen: Sequence[int] = ()
        elif self.train == "all":
            chosen = range(num_stages)
        elif isinstance(self.train, int):
            chosen = range(_position(self.train, num_stages), num_stages)
        else:
            chosen = sorted(_position(int(stage), num_stages) for stage in self.train)
        return tuple(stage for stage in chosen if stage >= frozen)


@dataclass(frozen=True)
class Plan:
    """Say how much of a pretrained network is kept, frozen and trained.

    Args:
        scenario: Name of the choice.
        pretrained: Whether the backbone starts from its pretrained weights.
        cut: "last"; "auto": chosen on val, or by folds; a stage, whose features the head reads and after which the
            network ends; or several stages that the head reads together.
        pool: What the head reads of each feature map: "mean", "max", "mean_max" or "auto".
        frozen: How many of the first stages never train; "all" freezes the backbone.
        batch_norm: "frozen" keeps the stored statistics of every BatchNorm, "adapt" lets those of the
            stages that train follow the data.
        solver: "exact" solves a head on cached features, "sgd" trains it, "auto" takes exact where
            loss and augmentation allow it.
        strengths: Penalties of the exact head; val, or folds, choose one.
        views: How many fixed symmetries of an image training sees: 1, 2, 4 or 8; see `view`. An exact head learns
            from all at once, descent draws one for each sample and epoch.
        folds: Where the head alone trains, this many folds of train and val together choose cut and strength; with 1
            val chooses. The head itself learns from train in both cases.
        refit: Whether an exact head is solved again on train and val together when val has measured it.
        phases: In order; their shares sum to 1.
        budget: Minutes in which scenarios that train the backbone may race against the best frozen head, where the
            scenario is "auto"; "auto" follows from what the frozen head took, None sets no limit.
        rank: Of the adapters that train in place of the backbone, see `LowRank`; 0 for none.
        alpha: Of the adapters.
    """

    scenario: Scenario
    pretrained: bool
    cut: Literal["last", "auto"] | int | Sequence[int]
    pool: Pool
    frozen: int | Literal["all"]
    batch_norm: BatchNorm
    solver: Solver
    strengths: Sequence[float]
    views: int
    folds: int
    refit: bool
    phases: Sequence[Phase]
    budget: Budget = "auto"  # configurations of earlier runs have none
    rank: int = 0
    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_choice("transfer.scenario", self.scenario, get_args(Scenario))
        check_choice("transfer.pool", self.pool, get_args(Pool))
        check_choice("transfer.solver", self.solver, get_args(Solver))
        check_choice("transfer.batch_norm", self.batch_norm, get_args(BatchNorm))
        check_choice("transfer.views", self.views, VIEWS)
        check_range("transfer.folds", self.folds, "[1, inf)", whole=True)
        check_budget(self.budget)
        if isinstance(self.cut, str) and self.cut not in ("last", "auto"):
            raise UserError(
                f"transfer.cut must be last, auto, a stage or a list of stages, but got {self.cut}."
                " Choose one."
            )
        if self.frozen != "all" and (type(self.frozen) is not int or self.frozen < 0):
            raise UserError(
                f"transfer.frozen must be all or a number of stages, but got {self.frozen}. Change it."
            )
        if not self.strengths:
            raise UserError("transfer.strengths must hold one number or more, but got none. Add one.")
        for strength in self.strengths:
            check_range("transfer.strengths", strength, "(0, inf)")
        if not self.phases:
            raise UserError("transfer.phases must hold one phase or more, but got none. Add one.")
        if abs(sum(phase.share for phase in self.phases) - 1) > 1e-6:
            shares = [phase.share for phase in self.phases]
            raise UserError(f"transfer.phases must have shares that sum to 1, but got {shares}. Change one.")
        self._check_adapters()
        if self.frozen == "all" and not self.head_only:
            raise UserError(
                "transfer.frozen=all must come with phases that train the head alone, but got"
                f" {[phase.train for phase in self.phases]}. Set transfer.frozen to a number of stages."
            )

    def _check_adapters(self) -> None:
        check_range("transfer.rank", self.rank, "[0, inf)", whole=True)
        check_range("transfer.alpha", self.alpha, "(0, inf)")
        trains = [phase.train for phase in self.phases if phase.train != "head"]
        if bool(self.rank) != ("adapters" in trains) or (self.rank and set(trains) != {"adapters"}):
            raise UserError(
                f"transfer.rank must be above 0 where phases train adapters, beside the head alone, and 0 elsewhere, "
                f"but got {self.rank} and phases that train {trains}. Change one of them."
            )

    @property
    def head_only(self) -> bool:
        """Tell whether every phase trains nothing but the head."""
        return all(phase.train == "head" for phase in self.phases)

    @property
    def refits(self) -> bool:
        """Tell whether the head of the run, where it is exact, learns from val in the end."""
        return self.refit and self.head_only

    @property
    def crosses(self) -> bool:
        """Tell whether folds of train and val choose the head."""
        return self.folds > 1 and self.head_only

    def frozen_stages(self, num_stages: int) -> int:
        """Count the first stages that never train."""
        if self.frozen == "all":
            return num_stages
        return max(0, min(self.frozen, num_stages))

    def prefix(self, num_stages: int) -> int:
        """Count the first stages that no phase trains: their outputs may be cached for the whole run."""
        frozen = self.frozen_stages(num_stages)
        trained = [stage for phase in self.phases for stage in phase.stages(num_stages, frozen)]
        return min([frozen, *trained] if self.rank else trained, default=num_stages)

    def adapt(self, network: Network, seed: int = 0) -> Network:
        """Put the adapters on a network that holds its pretrained weights, if the plan has any."""
        if self.rank:
            adapt(network, self.rank, self.alpha, self.frozen_stages(network.num_stages), seed)
        return network

    def enter(self, network: Network, phase: Phase) -> Network:
        """Let train what a phase trains, and freeze the rest."""
        stages = phase.stages(network.num_stages, self.frozen_stages(network.num_stages))
        return network.train_stages(stages, self.batch_norm, adapters=phase.train == "adapters")


def check_budget(budget: object) -> None:
    """Require auto, null or a number of minutes above 0."""
    number = isinstance(budget, int | float) and not isinstance(budget, bool)
    if budget not in ("auto", None) and not (number and 0 < budget < math.inf):  # type: ignore[operator]
        raise UserError(
            f"transfer.budget must be auto, null or a number of minutes above 0, but got {budget}. Change it."
        )


def _position(stage: int, num_stages: int) -> int:
    if not -num_stages <= stage < num_stages:
        raise UserError(
            f"transfer.phases.train must name stages below {num_stages}, but got {stage}. Change it."
        )
    return stage % num_stages
