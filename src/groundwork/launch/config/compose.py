"""Words on the command line -> one complete configuration, by Hydra's compose, with errors in one line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict

from groundwork.core.patches import known_choices
from groundwork.core.paths import CONF, PATH_KEYS, check_conf, local_overrides, make_paths_absolute
from groundwork.launch.config.documented import required_groups
from groundwork.launch.config.explain import explained, refuse_null_groups
from groundwork.launch.config.own import own_overrides
from groundwork.launch.config.own_hydra import own_hydra
from groundwork.launch.config.pretrained import settle_pretrained
from groundwork.launch.config.quote import quote_override
from groundwork.launch.config.replaced import drop_replaced
from groundwork.launch.config.searchpath import SEARCHPATH
from groundwork.train.machine.batch_size import settle_batch_size

DEFAULT_EXPERIMENT = "solar_cells"


@dataclass(frozen=True)
class Composition:
    """Hold a configuration with the choices and overrides that led to it.

    Attributes:
        config: Every key of a run, interpolations resolved on access.
        choices: Group -> chosen option, such as {"model": "mlp"}.
        overrides: The overrides, in Hydra's grammar; their paths are absolute, so that they mean the same elsewhere.
    """

    config: DictConfig
    choices: dict[str, str]
    overrides: tuple[str, ...]

    def choose(self, **options: str | None) -> "Composition":
        """Replace what is still `auto` by an option; a choice made by hand stays."""
        chosen = {
            group: option
            for group, option in options.items()
            if option is not None and self.choices.get(group) == "auto"
        }
        return self.replace(**chosen) if chosen else self

    def derive(self, task: str) -> "Composition":
        """Choose what `auto` means once the kind of data and the task are known."""
        return self.choose(**derived_choices(self.config, task))

    def replace(self, **options: str) -> "Composition":
        """Put an option of a group in the place of whichever was chosen."""
        if all(self.choices.get(group) == option for group, option in options.items()):
            return self
        kept = [override for override in self.overrides if override.partition("=")[0] not in options]
        return compose_run([*(f"{group}={option}" for group, option in options.items()), *kept])


def complete(overrides: Sequence[str]) -> list[str]:
    """Add what goes without saying: this machine's `conf/local.yaml`, and the default experiment.

    The experiment is added where the overrides choose neither an experiment nor data.
    """
    overrides = own_overrides(overrides)
    named = {override.partition("=")[0] for override in overrides}
    default = [] if named & {"experiment", "data"} else [f"experiment={DEFAULT_EXPERIMENT}"]
    return [*default, *local_overrides(), *overrides]


def compose_run(overrides: Sequence[str]) -> Composition:
    """Compose the configuration of one run.

    Raises:
        UserError: If an override is not in Hydra's grammar, or names a group, option or key that does not exist.
    """
    check_conf()
    refuse_null_groups(overrides, required_groups())
    with explained(), own_hydra(CONF):
        quoted = [quote_override(override) for override in overrides]
        config = compose("train", quoted, return_hydra_config=True)
    choices = config.hydra.runtime.choices
    with open_dict(config):
        del config["hydra"]
    return composed(config, choices, overrides)


def compose_choices(overrides: Sequence[str]) -> dict[str, str]:
    """Find the option of each group that overrides lead to, without composing the configuration, which takes longer."""
    with explained(), own_hydra(CONF):
        loader = GlobalHydra.instance().config_loader()
        quoted = [quote_override(override) for override in overrides]
        return _named(known_choices(loader, quoted))


def composed(config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[str]) -> Composition:
    """Make what Hydra composed of overrides the configuration of one run.

    Args:
        config: Without Hydra's own part; changed in place.
        choices: Group -> option, as Hydra noted them.
        overrides: As typed.
    """
    with explained():
        drop_replaced(config, _named(choices), overrides)
        make_paths_absolute(config, overrides)
        named = settle_pretrained(config, overrides)
        settle_batch_size(config, CONF / "data" / "_common.yaml")
    absolute = tuple(absolute_override(override, config) for override in (*overrides, *named))
    return Composition(config, _named(choices), absolute)


def _named(choices: Mapping[str, Any]) -> dict[str, str]:
    return {str(group): str(option) for group, option in choices.items() if option is not None}


def absolute_override(override: str, config: DictConfig) -> str:
    """Give an override whose path means the same elsewhere, by the configuration that it led to."""
    typed = override.partition("=")[0]
    key = typed.lstrip("+")
    value = OmegaConf.select(config, key, throw_on_missing=False) if key in PATH_KEYS else None
    return (
        quote_override(f"{typed}={value}")
        if value
        else quote_override(override)
        if key == SEARCHPATH
        else override
    )


def derived_choices(config: DictConfig, task: str) -> dict[str, str | None]:
    """Say what `auto` means once the kind of data and the task are known; None leaves it open."""
    is_image = config.data.kind == "image"
    named = config.model.get("pretrained")
    reuses = is_image if named is None else named
    return {
        "task": task,
        "model": "efficientnet_lite0" if is_image else "tabm",
        "transfer": (None if reuses else "scratch") if is_image else ("large_similar" if reuses else "none"),
    }
