"""A group and the name of a choice in `conf/` -> its keys, for Python that composes no whole configuration."""

from collections.abc import Mapping
from typing import Any

from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError, user_error
from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF

GLOBAL = "@package _global_"


def choose(group: str, name: str, changes: Mapping[str, Any] | None = None, **beside: Any) -> DictConfig:
    """Read one choice of a group, as the command line would, so that its defaults stand in `conf/` alone.

    Args:
        group: Such as "optim".
        name: One of its files.
        changes: Keys of the choice -> values in place of its own.
        beside: Other groups that the choice refers to.

    Raises:
        UserError: If the group has no such choice, or the choice has no such key.
    """
    content, is_global = _read(group, name)
    root = OmegaConf.create(content if is_global else {**beside, group: content})
    node: DictConfig = root if is_global else root[group]
    for key, value in (changes or {}).items():
        if key not in node.keys():  # noqa: SIM118  # a key that must be given counts as not in it
            known = ", ".join(str(each) for each in node if each not in ("_target_", "reader"))
            raise UserError(
                f"{group}={name} must be changed by keys that it has, but got {key}. Choose from {known}."
            )
        node[key] = value
    return node


def has_choice(group: str, name: str) -> bool:
    """Tell whether a group has a choice of that name."""
    return (CONF / group / f"{name}.yaml").is_file()


def build(part: Any, **given: Any) -> Any:
    """Build what a node of a configuration names; an object that is built already stays as it is.

    Raises:
        UserError: As what is built raises it, not wrapped.
    """
    if not isinstance(part, DictConfig):
        return part
    try:
        return instantiate(part, _convert_="all", **given)
    except InstantiationException as error:
        if (wrong := user_error(error)) is not None:
            raise wrong from None
        raise


def _read(group: str, name: str) -> tuple[dict[Any, Any], bool]:
    """Read the file of a choice, merged with those of the same group that its defaults name."""
    path = CONF / group / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(
            sorted(file.stem for file in path.parent.glob("*.yaml") if not file.stem.startswith("_"))
        )
        raise UserError(f"{group} must be one of {known}, but got {name}. Choose one.")
    content = OmegaConf.load(path)
    assert isinstance(content, DictConfig)
    bases = [base for base in content.pop("defaults", ()) if isinstance(base, str) and base != "_self_"]
    merged = OmegaConf.merge(*(_read(group, base)[0] for base in bases), content)
    is_global = GLOBAL in path.read_text(encoding="utf-8").partition("\n")[0]
    return OmegaConf.to_container(merged), is_global  # type: ignore[return-value]  # a mapping, as every choice is
