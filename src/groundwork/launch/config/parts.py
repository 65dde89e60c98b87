"""Callbacks and metrics of other libraries in a configuration -> what cannot take part, before any data is read."""

from inspect import Parameter, signature

from omegaconf import DictConfig

from groundwork.core.errors import UserError, innermost, user_error
from groundwork.core.instantiate import instantiate
from groundwork.core.lazy import find_object
from groundwork.core.trust import named_in_conf

PACKAGE = __name__.partition(".")[0]
OF_RUN = {"monitor", "mode"}  # what a callback that takes both is given


def check_callback(key: str, node: DictConfig) -> None:
    """Refuse a target that is no callback of Lightning, or lacks an argument.

    Raises:
        UserError: With the key and what to write.
    """
    target = str(node._target_)
    if target.partition(".")[0] == PACKAGE or target in named_in_conf():
        return
    from lightning.pytorch import Callback  # torch: not for the callbacks of conf/

    kind = find_object(target)
    if not (isinstance(kind, type) and issubclass(kind, Callback)):
        raise _no_kind(key, target, "lightning.pytorch.Callback")
    known = signature(kind).parameters
    if "_args_" in node:
        return
    given = {*map(str, node), *(OF_RUN if known.keys() >= OF_RUN else ())}
    needed = [name for name, one in known.items() if one.default is Parameter.empty and one.kind in (
        Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]  # fmt: skip
    if absent := [name for name in needed if name not in given]:
        raise UserError(f"{key}.{absent[0]} must be given: {target} needs it. Add +{key}.{absent[0]}=VALUE.")


def check_metrics(config: DictConfig) -> None:
    """Build the metrics of torchmetrics that join ours, and drop them.

    Raises:
        UserError: With the key, if one is none or cannot be built.
    """
    for name, node in (config.metrics.get("extra") or {}).items():
        key = f"metrics.extra.{name}"
        if not (isinstance(node, DictConfig) and node.get("_target_")):
            raise UserError(f"{key} must be {{_target_: ...}}, but got {node}. Name a class of torchmetrics.")
        from torchmetrics import Metric  # torch: not where no metric joins

        try:
            built = instantiate(node, _convert_="all")
        except Exception as error:  # whatever a class of another library raises
            raise user_error(error) or UserError(
                f"{key}._target_={node._target_} cannot be built: {innermost(error)}. Change its arguments."
            ) from error
        if not isinstance(built, Metric):
            raise _no_kind(key, str(node._target_), "torchmetrics.Metric")


def _no_kind(key: str, target: str, kind: str) -> UserError:
    return UserError(
        f"{key}._target_ must name a subclass of {kind}, but {target} is not one. Name another class."
    )
