"""Words on the command line -> one complete configuration, by Hydra's compose, with errors in one line."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from groundwork.core.errors import UserError
from groundwork.core.older import hint
from groundwork.core.patches import known_choices
from groundwork.core.paths import CONF, PATH_KEYS, local_overrides, make_paths_absolute
from groundwork.launch.config.own_hydra import own_hydra
from groundwork.launch.config.pretrained import settle_pretrained
from groundwork.launch.config.quote import COLUMN_CHOICES, quote_override
from groundwork.launch.config.replaced import drop_replaced
from groundwork.launch.config.searchpath import SEARCHPATH
from groundwork.launch.config.trainer import refused
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
        if not chosen:
            return self
        kept = [override for override in self.overrides if override.partition("=")[0] not in chosen]
        return compose_run([f"{group}={option}" for group, option in chosen.items()] + kept)


def complete(overrides: Sequence[str]) -> list[str]:
    """Add what goes without saying: this machine's `conf/local.yaml`, and the default experiment.

    The experiment is added where the overrides choose neither an experiment nor data.
    """
    named = {override.partition("=")[0] for override in overrides}
    default = [] if named & {"experiment", "data"} else [f"experiment={DEFAULT_EXPERIMENT}"]
    return [*default, *local_overrides(), *overrides]


def compose_run(overrides: Sequence[str]) -> Composition:
    """Compose the configuration of one run.

    Raises:
        UserError: If an override is not in Hydra's grammar, or names a group, option or key that does not exist.
    """
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
    absolute = tuple(_absolute_override(override, config) for override in (*overrides, *named))
    return Composition(config, _named(choices), absolute)


def _named(choices: Mapping[str, Any]) -> dict[str, str]:
    return {str(group): str(option) for group, option in choices.items() if option is not None}


@contextmanager
def explained() -> Iterator[None]:
    """Tell in one line what Hydra or OmegaConf refuses inside a block.

    Raises:
        UserError: Instead of theirs.
    """
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(explain(error)) from error


def explain(error: Exception) -> str:
    """Tell in one line what is wrong with a configuration and what to do about it."""
    if isinstance(error, OverrideParseException):
        if error.override.lstrip("+").startswith(COLUMN_CHOICES):
            return (
                f"{error.override.lstrip('+')} holds a name that Hydra's grammar has no key for. Write it into an "
                "experiment of conf/: missing: {columns: {'NAME': mean}}."
            )
        return (
            f"{error.override} is not in Hydra's grammar. Quote what is special in it, as in 'key=\"value\"'."
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines)
    if match := re.search(r"Could not find '([^']+)'", text):
        group, _, option = match[1].rpartition("/")
        return f"{group}={option} is not an option of {group}. Choose one of: {', '.join(options(group))}."
    if match := re.search(r"[Kk]ey '([^']+)' (?:is not in struct|not in)|Could not override '([^']+)'", text):
        wrong = match[2] or _full_key(text) or match[1]
        wrong = wrong.partition("@")[0]
        if said := hint(wrong) or refused(wrong):
            return said
        if wrong == "search.space":
            return "search.space has no such key yet. Add it by +search.space={KEY: ...}, or in conf/search/NAME.yaml."
        known = list(known_keys())
        if wrong in known:
            group, _, key = wrong.partition(".")
            having = [
                option for option in options(group) if key in OmegaConf.load(CONF / group / f"{option}.yaml")
            ]
            return f"{wrong} is not a key of what is chosen here. Choose {group}= first: {', '.join(having)}."
        near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
        remedy = (
            f"Did you mean {near[0]}?" if near else "See --help for the groups and --cfg job for the keys."
        )
        return f"{wrong} is not a key. {remedy}"
    if match := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{match[1]} must be given. Add {match[1]}=VALUE."
    return re.sub(r"\s*See https?://\S+.*", "", text)


def options(group: str) -> list[str]:
    """Name the options of a group, as files of `conf/` without a leading underscore."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml") if not path.stem.startswith("_"))


def known_keys() -> Iterator[str]:
    """Name every group and every key of every shipped option, such as `data.root`."""
    for path in sorted(CONF.glob("*/*.yaml")):
        yield path.parent.name
        content = OmegaConf.to_container(OmegaConf.load(path))
        if isinstance(content, dict) and path.parent.name not in ("experiment", "search", "debug"):
            yield from (f"{path.parent.name}.{key!s}" for key in content if key != "defaults")
    yield from ("seed", "monitor", "name", "tags", "like", "experiment")


def _full_key(text: str) -> str | None:
    match = re.search(r"full_key: (\S+)", text)
    return match[1] if match else None


def _absolute_override(override: str, config: DictConfig) -> str:
    key = override.partition("=")[0]
    value = OmegaConf.select(config, key, throw_on_missing=False) if key in PATH_KEYS else None
    return (
        quote_override(f"{key}={value}")
        if value
        else quote_override(override)
        if key == SEARCHPATH
        else override
    )
