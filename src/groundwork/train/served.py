"""The group `predict` of a configuration -> what is done to a fitted network's outputs before they are served."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.batch import VIEWS
from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice, check_range
from groundwork.train.custom import custom_parts, is_custom_task

CALIBRATE = ("none", "temperature")
SCORES = {True: ("aps", "raps"), False: ("absolute", "normalized")}  # of classes, and of values


@dataclass(frozen=True)
class Served:
    """Hold the keys of `predict`, see conf/predict/default.yaml; runs from before it have none of them."""

    calibrate: str = "none"
    views: int = 1
    conformal: float | None = None
    score: str = "auto"
    randomized: bool = False
    per: str | None = None

    def __post_init__(self) -> None:
        check_choice("predict.calibrate", self.calibrate, CALIBRATE)
        check_choice("predict.views", self.views, VIEWS)
        if self.conformal is not None:
            check_range("predict.conformal", self.conformal, "[0.5, 1)")
        check_choice("predict.score", self.score, ("auto", *SCORES[True], *SCORES[False]))
        if not isinstance(self.randomized, bool):
            raise UserError(
                f"predict.randomized must be true or false, but got {self.randomized}. Choose one."
            )

    @property
    def learns(self) -> bool:
        """Tell whether anything is fitted on predictions by heads that did not see their rows."""
        return self.calibrate != "none" or self.conformal is not None

    def kind(self, classes: bool) -> Any:
        """Name the score of classes, or of values."""
        return SCORES[classes][0] if self.score == "auto" else self.score


def served(config: DictConfig) -> Served:
    """Read the keys of a run."""
    return Served(**(OmegaConf.to_container(config.get("predict") or OmegaConf.create({}))))  # type: ignore[arg-type]


def check_served(config: DictConfig, num_classes: int, categorical: Sequence[str] | None) -> None:
    """Refuse what the data and the parts of a run cannot be served with, once the target is known.

    Args:
        categorical: Columns of the table that hold categories; None where the samples are not read here.

    Raises:
        UserError: In one line.
    """
    asked, parts = served(config), custom_parts(config)
    if asked.calibrate != "none" and (not num_classes or parts):
        found = f"{parts[0]} is one of your own" if parts else "the data has no classes"
        raise UserError(
            f"predict.calibrate={asked.calibrate} must go with classes and a head of groundwork, but {found}. "
            f"Use predict.calibrate=none."
        )
    if asked.views > 1:
        _check_views(config, asked, parts)
    if asked.conformal is not None:
        _check_promise(config, asked, num_classes > 0, categorical)


def _check_views(config: DictConfig, asked: Served, parts: list[str]) -> None:
    found = f"{parts[0]} is one of your own" if parts else ""
    if config.data.kind != "image":
        found = "the data is a table"
    elif asked.views == 8 and config.data.get("image_size") is None:
        found = "data.image_size is null, and views that are turned need squares"
    elif asked.learns and config.transfer.refit and config.transfer.views < asked.views:
        found = f"out-of-fold predictions have transfer.views={config.transfer.views} alone"
    if found:
        raise UserError(
            f"predict.views={asked.views} must go with images that have such views and a head of groundwork, but "
            f"{found}. Use predict.views=1{', or more transfer.views' * found.startswith('out')}."
        )


def _check_promise(
    config: DictConfig, asked: Served, classes: bool, categorical: Sequence[str] | None
) -> None:
    if is_custom_task(config):
        raise UserError(
            f"predict.conformal must go with task=classification or regression, but got {config.task.name}. "
            f"Use predict.conformal=null."
        )
    if config.loss.name == "quantile" and asked.score != "auto":
        raise UserError(
            f"predict.score must be auto with loss=quantile, whose outer quantiles are moved, but got {asked.score}. "
            "Use predict.score=auto."
        )
    kind = asked.kind(classes)
    if kind not in SCORES[classes]:
        of = "classes" if classes else "values"
        raise UserError(
            f"predict.score must be {' or '.join(SCORES[classes])} for {of}, but got {kind}. Choose one."
        )
    if kind == "normalized" and config.transfer.refit:
        raise UserError(
            "predict.score=normalized must go with transfer.refit=false, since the served head learned from every row. "
            "Use predict.score=absolute."
        )
    groups = [*(["class"] if classes else []), *(categorical or ())]
    if asked.per is not None and categorical is not None and asked.per not in groups:
        known = ", ".join(groups) or "nothing: use null"
        raise UserError(
            f"predict.per must be null, class (of classes) or a categorical column, but got {asked.per}. "
            f"Known: {known}."
        )
