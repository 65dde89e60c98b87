"""The group `predict` of a configuration -> what is done to a fitted network's outputs before they are served."""

from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.train.custom import custom_parts

CALIBRATE = ("none", "temperature")


@dataclass(frozen=True)
class Served:
    """Hold the keys of `predict`, see conf/predict/default.yaml; runs from before it have none of them."""

    calibrate: str = "none"

    def __post_init__(self) -> None:
        check_choice("predict.calibrate", self.calibrate, CALIBRATE)

    @property
    def learns(self) -> bool:
        """Tell whether anything is fitted on predictions by heads that did not see their rows."""
        return self.calibrate != "none"


def served(config: DictConfig) -> Served:
    """Read the keys of a run."""
    return Served(**(OmegaConf.to_container(config.get("predict") or OmegaConf.create({}))))  # type: ignore[arg-type]


def check_served(config: DictConfig, num_classes: int) -> None:
    """Refuse what the data and the parts of a run cannot be served with, once the target is known.

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
