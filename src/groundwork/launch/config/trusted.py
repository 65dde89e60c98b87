"""Overrides that arrive as data, in a run folder -> checked before anything is built from what they compose."""

import re
from typing import Any

from omegaconf import OmegaConf

from groundwork.core.admitted import targets_of, trusted_names
from groundwork.core.errors import UserError
from groundwork.core.older import translated_override
from groundwork.core.older_logger import logger_overrides_of_today
from groundwork.core.own import own_targets
from groundwork.core.trust import checked_target
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.searchpath import searched_packages


def checked_overrides(overrides: Any, where: object) -> list[str]:
    """Check the overrides of a run folder: what they compose may not call what nobody knows, nor compute values.

    Returns:
        The overrides under today's names.

    Raises:
        UserError: If they are no list of overrides, or compose something of the kind.
    """
    if not isinstance(overrides, list) or not all(isinstance(override, str) for override in overrides):
        raise UserError(f"{where} must hold a list of overrides, but does not. Restore it.")
    known = [own_targets(translated_override(override)) for override in logger_overrides_of_today(overrides)]
    for package in searched_packages(known):
        checked_target(f"{package}.conf", where)
    config = compose_run(known).config
    text = OmegaConf.to_yaml(config)  # with a colon it is a resolver; shipped files call but the one
    if computed := re.search(r"\$\{(?!oc\.select:)[\w.]*:[^}]*\}?", text):
        raise UserError(f"{where} must hold values, but {computed[0][:60]!r} is computed. Restore it.")
    for target in targets_of(OmegaConf.to_container(config)):
        checked_target(target, where)
    if OmegaConf.select(config, "data.trust_pickle") and "pickle" not in trusted_names():
        raise UserError(
            f"{where} must not admit a pickle, which can run any code. Add trust=[pickle] if you know it."
        )
    return known
