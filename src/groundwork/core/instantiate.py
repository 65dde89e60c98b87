"""A node of a configuration -> what it names; the one place from which this project builds."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from hydra import utils
from hydra.errors import InstantiationException

# Hydra 1.4 asks the caller what may be built. Here that is settled before: what is typed and what stands in `conf/` is
# the user's own, and the configuration of a run folder is compared with a list by `core/trust.py`.
_CHECKS = getattr(utils, "UNSAFE_DISABLE_EXECUTION_CHECKS", None)
SETTLED: dict[str, Any] = {} if _CHECKS is None else {"_execution_whitelist_": _CHECKS}


def instantiate(node: Any, **given: Any) -> Any:
    """Build what the `_target_` of a node names, and of the nodes in it, with Hydra.

    Raises:
        InstantiationException: If it cannot be found, or raises an error itself.
    """
    try:
        return utils.instantiate(node, **SETTLED, **given)
    except InstantiationException:
        raise
    except Exception as error:  # Hydra 1.4 lets pass what is raised inside; 1.3 wraps it
        raise InstantiationException(f"Error in call to a target: {error!r}") from error


def takes(make: Callable[..., Any], key: str) -> bool:
    """Tell whether a class or function takes an argument of a name."""
    known = signature(make).parameters
    return key in known or any(each.kind is Parameter.VAR_KEYWORD for each in known.values())
