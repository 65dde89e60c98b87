"""What Hydra or OmegaConf refuses -> one line that says what is wrong and what to write instead."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from groundwork.core.bounded import PlainLoader
from groundwork.core.errors import UserError, one_line
from groundwork.core.older import hint as older_hint
from groundwork.core.paths import CONF
from groundwork.core.quote import FUNCTION
from groundwork.launch.config.files import not_yaml, wrong_in_file
from groundwork.launch.config.hints import HINTS, further_hint, hint_of, option_hint, plain
from groundwork.launch.config.quote import COLUMN_CHOICES
from groundwork.launch.config.trainer import refused

PLUGINS = {
    "joblib": "hydra-joblib-launcher",
    "submitit_slurm": "hydra-submitit-launcher",
    "submitit_local": "hydra-submitit-launcher",
    "ray": "hydra-ray-launcher",
    "ray_aws": "hydra-ray-launcher",
    "rq": "hydra-rq-launcher",
    "optuna": "hydra-optuna-sweeper",
    "ax": "hydra-ax-sweeper",
    "nevergrad": "hydra-nevergrad-sweeper",
    "colorlog": "hydra-colorlog",
}


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
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(not_yaml(error)) from error
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        if said := wrong_in_file(str(error)):
            raise UserError(said) from error
        if (override := _stumbled_over(error)) is None or isinstance(error, UserError):
            raise
        raise UserError(_unfit(override, error)) from error


def _stumbled_over(error: BaseException | None) -> str | None:
    """Find the override on which Hydra was at work when it failed; None where it failed at something else."""
    place = error.__traceback__ if error else None
    while place is not None:
        override = place.tb_frame.f_locals.get("override")
        if isinstance(override, Override) and place.tb_frame.f_globals["__name__"].startswith("hydra."):
            return override.input_line
        place = place.tb_next
    return None


def _unfit(override: str, error: BaseException) -> str:
    if "Config group override must be" in str(error):
        return f"{override} names no option. Write GROUP=OPTION, or leave it out."
    if "Unexpected type for root" in str(error):
        key = override.partition("=")[0].lstrip("+").rpartition(".")[0]
        return f"{override} stands inside of {key}, which is null. Write the mapping whole: {key}={{KEY: VALUE}}."
    said = one_line(error, 160).partition(" full_key: ")[0].rstrip(".")
    return f"{override} does not fit what it changes: {said}. Correct it, or leave it out."


def explain(error: Exception) -> str:
    """Tell in one line what is wrong with a configuration and what to do about it."""
    if isinstance(error, OverrideParseException):
        return _grammar(error.override)
    text = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
    if match := re.search(r"Ambiguous value for argument '([^=]+)=(.*?)' 1\. To use", text):
        return _comma(match[1], match[2])
    if match := re.search(r"Sweep parameters '([^=]+)=(.*)' requires --multirun", text):
        return _comma(match[1], match[2])
    if text.startswith("Error merging override ") and error.__cause__ is not None:
        return _unfit(text.removeprefix("Error merging override "), error.__cause__)
    if match := re.search(
        r"(?:Key|Environment)Error raised while resolving interpolation: (.*?) full_key: (\S+)", text
    ):
        return f"{match[2]} must have a value, but: {match[1].strip(chr(34))}. Correct it."
    if match := re.search(r"Unsupported interpolation type (\S+) full_key: (\S+)", text):
        return f"{match[2]} must not hold ${{{match[1]}:...}}, which nothing here computes. Write the value itself."
    if match := re.search(r"Could not append to config\. An item is already at '([^']+)'", text):
        return f"{match[1]} is there already. Leave out the +: {match[1]}=VALUE."
    if said := wrong_in_file(text):
        return said
    if match := re.search(r"Could not (?:find|load) '([^']+)'", text):
        return unknown_option(match[1])
    if match := re.search(r"[Kk]ey '([^']+)' (?:is not in struct|not in)|Could not override '([^']+)'", text):
        full = re.search(r"full_key: (\S+)", text)
        wrong = match[2] or (full and full[1]) or match[1]
        return unknown_key(wrong.partition("@")[0])
    if match := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{match[1]} must be given. Add {match[1]}=VALUE."
    if match := re.search(r"HydraConfig was not set full_key: (\S+)", text):
        return f"{match[1]} must not hold ${{hydra:...}}, which a run does not keep. Write the value itself."
    if match := re.search(r"Interpolation key '([^']+)' not found.*?full_key: (\S+)", text):
        return f"{match[2]} must name a key that exists, but ${{{match[1]}}} does not. Correct it."
    return re.sub(r"\s*See https?://\S+.*", "", text)


def unknown_option(named: str) -> str:
    """Say what a group offers.

    Args:
        named: Group and option, as Hydra joins them: `data/birds`, `hydra/launcher/ray`, `data//tmp/birds`.
    """
    groups = sorted((path.name for path in CONF.iterdir() if path.is_dir()), key=len, reverse=True)
    group = next((one for one in groups if named.startswith(f"{one}/")), named.rpartition("/")[0])
    option = named.removeprefix(f"{group}/")
    if group.startswith("hydra/"):
        package = PLUGINS.get(option)
        remedy = (
            f"Run: uv pip install {package}" if package else "--info plugins lists those that are installed"
        )
        return f"{group}={option} is not installed. {remedy}."
    said = f"{group}={option} is not an option of {group}."
    if hint := option_hint(group, option):
        return f"{said} {hint}."
    near = difflib.get_close_matches(option.lower(), options(group), n=1)
    if not near and (hint := further_hint(group, option)):
        return f"{said} {hint}."
    return f"{said} {f'Did you mean {group}={near[0]}? ' if near else ''}Choose one of: {', '.join(options(group))}."


def unknown_key(key: str, siblings: Sequence[str] = ()) -> str:
    """Say what to write instead of a key that does not exist.

    Args:
        key: Dotted.
        siblings: Dotted keys that stand beside it.
    """
    if said := older_hint(key) or refused(key):
        return said
    if key in {path.name for path in CONF.iterdir() if path.is_dir()}:
        return f"{key} is a group and stands in its own place. Write {key}=OPTION, without @, or {key}.KEY=VALUE."
    if key.startswith("hydra.launcher"):
        return (
            f"{key} is not a key of this launcher. Use cluster.jobs=N for runs at a time, or choose another: "
            "hydra/launcher=joblib."
        )
    if key == "search.space":
        return "search.space has no such key yet. Add it by +search.space={KEY: ...}, or in conf/search/NAME.yaml."
    known = list(known_keys())
    if key in known and key not in siblings:
        group, _, inner = key.partition(".")
        having = [option for option in options(group) if inner in _content(CONF / group / f"{option}.yaml")]
        if having:
            return f"{key} is not a key of what is chosen here. Choose {group}= first: {', '.join(having)}."
    known = [one for one in known if one != key]  # it is one of another kind of data
    beside = [one for one in (*siblings, *known) if one.rpartition(".")[0] == key.rpartition(".")[0]]
    near = [] if plain(key) in HINTS else _nearest(key.rpartition(".")[2], beside, 0.85)
    if not near and (hint := hint_of(key)):
        return f"{key} is not a key. {hint}."
    near = (
        near
        or _nearest(key.rpartition(".")[2], beside, 0.6)
        or difflib.get_close_matches(key, [one for one in known if not key.startswith(one)], 1, 0.8)
    )
    remedy = f"Did you mean {near[0]}?" if near else "See --help for the groups and --cfg job for the keys."
    return f"{key} is not a key. {remedy}"


def _nearest(last: str, keys: Iterable[str], cutoff: float) -> list[str]:
    """Find the key of a group whose last part is most alike."""
    named = {key.rpartition(".")[2]: key for key in keys}
    return [named[name] for name in difflib.get_close_matches(plain(last), named, 1, cutoff)]


def options(group: str) -> list[str]:
    """Name the options of a group, as files of `conf/` without a leading underscore."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml") if not path.stem.startswith("_"))


def known_keys() -> Iterator[str]:
    """Name every group and every key of every shipped option, such as `data.root`."""
    for path in sorted(CONF.glob("*/*.yaml")):
        yield path.parent.name
        content = _content(path)
        if isinstance(content, dict) and path.parent.name not in ("experiment", "search", "debug"):
            yield from (f"{path.parent.name}.{key!s}" for key in content if key != "defaults")
    yield from ("seed", "monitor", "name", "tags", "like", "experiment")


def _content(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), PlainLoader) or {}  # ten times as fast as by OmegaConf


def refuse_null_groups(overrides: Sequence[str], required: Iterable[str]) -> None:
    """Refuse to leave out a group that every run needs.

    Raises:
        UserError: With the options of the group.
    """
    needed = set(required)
    for override in overrides:
        key, equals, value = override.lstrip("+").partition("=")
        group = key.removeprefix("~")
        if group in needed and (key != group or (equals and value.strip() in ("", "null"))):
            raise UserError(
                f"{group} must be one of its options, but got {value or 'none'}. "
                f"Choose one of: {', '.join(options(group))}."
            )


def _grammar(override: str) -> str:
    if override.lstrip("+").startswith(COLUMN_CHOICES):
        return (
            f"{override.lstrip('+')} holds a name that Hydra's grammar has no key for. Write it into an "
            "experiment of conf/: missing: {columns: {'NAME': mean}}."
        )
    if "=" not in override:
        return f"{override} must be written as KEY=VALUE. --help lists the groups, --cfg job the keys."
    return f"{override} is not in Hydra's grammar. Quote what is special in it, as in 'key=\"value\"'."


def _comma(key: str, value: str) -> str:
    if FUNCTION.fullmatch(value):
        return f"{key} must be one value, but got {value}. Add -m to run each of them."
    decimal = ", or write a decimal point: " + f"{key}={value.replace(',', '.')}"
    is_number = re.fullmatch(r"-?\d+,\d+(e-?\d+)?", value) is not None
    return (
        f"{key} must be one value, but got {value}. Add -m to run each of them, write a list as {key}=[{value}]"
        f"{decimal if is_number else ''}."
    )
