"""What a wrong value leads to, whoever wrapped it -> one `UserError` in one line, for callers in Python."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import OmegaConfBaseException

from groundwork.core.errors import UserError, innermost, system_error, user_error
from groundwork.launch.config.explain import explain

P = ParamSpec("P")
T = TypeVar("T")


def told(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function raise `UserError` alone where the caller's values are wrong; an error of ours passes as it is."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except UserError:
            raise
        except Exception as error:
            said = said_of(error)
            if said is None:
                raise
            raise UserError(said) from error

    return call


def said_of(error: Exception) -> str | None:
    """Tell in one line what the user got wrong, or the machine is short of; None where it is neither."""
    if (found := user_error(error)) is not None:
        return str(found)
    if isinstance(error, InstantiationException):
        key = next((line for line in str(error).splitlines() if line.startswith("full_key: ")), "")
        where = key.removeprefix("full_key: ") or "a part of the configuration"
        return f"{where} must be built from what is configured, but {innermost(error)}. Check its keys."
    if isinstance(error, HydraException | OmegaConfBaseException):
        return explain(error)
    return system_error(error)
