"""`key=value` after a command -> its keys, each known and named once, and those that go together."""

import sys

from groundwork.core.errors import DONE, UserError

ONE_OR_MANY = {
    "run": "a run folder or latest",
    "runs": "or a glob of run folders, which are joined into one model",
    "join": "mean (default with runs=): average what they predict; weights: average their weights",
    "best": "join only so many of them, the best on val",
}


def key_values(arguments: list[str], allowed: dict[str, str]) -> dict[str, str]:
    """Read `key=value` arguments.

    Args:
        arguments: As typed after the command.
        allowed: Key -> what it is; every one is optional here.

    Raises:
        UserError: If an argument is not `key=value`, or its key is unknown or named twice.
        SystemExit: With status 0, after `--help` was answered.
    """
    if {"--help", "-h"} & set(arguments):
        print(f"{sys.modules['__main__'].__doc__ or ''}\n")
        print("\n".join(f"  {key + '=':<15} {meaning}" for key, meaning in allowed.items()))
        raise SystemExit(DONE)
    found: dict[str, str] = {}
    usage = ", ".join(f"{key}= ({meaning})" for key, meaning in allowed.items())
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or key not in allowed:
            raise UserError(f"{argument!r} is not one of the keys of this command: {usage}.")
        if key in found:
            raise UserError(f"{key}= was given twice. Remove one.")
        found[key] = value
    return found


def required_keys(arguments: list[str], needed: dict[str, str], others: dict[str, str]) -> dict[str, str]:
    """Read `key=value` arguments of which some must be there."""
    keys = key_values(arguments, needed | others)
    if absent := [f"{key}= ({needed[key]})" for key in needed if not keys.get(key)]:
        raise UserError(f"{absent[0]} must be given, but is not. Add it.")
    return keys


def names_many(keys: dict[str, str]) -> bool:
    """Tell whether `runs` names several runs, and refuse keys that ask for one and for several."""
    if ("run" in keys) == ("runs" in keys):
        raise UserError("one of run= and runs= must be given. Add run=latest or run=DIR.")
    if keys.get("join", "mean") not in ("mean", "weights"):
        raise UserError(f"join={keys['join']} must be mean or weights. Use join=mean.")
    if "run" in keys and (only := sorted({"join", "best"} & set(keys))):
        raise UserError(f"{only[0]}= must come with runs='GLOB', but got run={keys['run']}. Use runs=.")
    return "runs" in keys


def averaged(keys: dict[str, str]) -> dict[str, str]:
    """Put the run of the mean weights in the place of its members, where these are asked for."""
    if not names_many(keys) or keys.get("join") != "weights":
        return keys
    from groundwork.evaluate.joint.weights import average_runs  # torch: not before the arguments are read

    return average_runs(keys)
