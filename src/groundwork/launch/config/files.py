"""What is wrong in a file of `conf/` or of a folder of one's own -> one line with the file and what to write there."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import MarkedYAMLError, YAMLError

from groundwork.core.errors import UserError, one_line
from groundwork.core.paths import CONF


def load_mapping(path: Path) -> dict[str, Any]:
    """Read a file of keys, with `${...}` as written.

    Raises:
        UserError: If it is not YAML, or holds no mapping.
    """
    try:
        loaded = OmegaConf.load(path)
    except (YAMLError, UnicodeDecodeError, OmegaConfBaseException, OSError) as error:
        raise UserError(not_yaml(error, path)) from error
    content: Any = OmegaConf.to_container(loaded, resolve=False)
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold KEY: VALUE, line by line, but holds a list. Correct it.")
    return content


def not_yaml(error: BaseException, path: Path | None = None) -> str:
    """Say where a file is no YAML.

    Args:
        error: Of the reader.
        path: Of the file, where it is known; the error or the open file names it else.
    """
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return (
            f"{path or mark.name} must be YAML, but line {mark.line + 1} is not: {error.problem}. Correct it."
        )
    return f"{path or _open_file(error)} must be YAML in UTF-8, but: {one_line(error, 160)}. Correct it."


@contextmanager
def lacking(choices: Mapping[str, str]) -> Iterator[None]:
    """Tell what an option of a folder of one's own lacks, where a configuration is looked at inside a block.

    Args:
        choices: Group -> option.

    Raises:
        UserError: With the key and the file.
    """
    try:
        yield
    except (ConfigAttributeError, ConfigKeyError) as error:
        key = str(error.full_key)
        group = key.partition(".")[0]
        option = choices.get(group)
        if option is None or (CONF / group / f"{option}.yaml").is_file():
            raise  # a mistake of ours
        raise UserError(
            f"{key} must be given, but {option}.yaml does not. Write it as the files of conf/{group} do, or build on "
            "one of them by 'defaults: [NAME, _self_]'."
        ) from error


def wrong_in_file(text: str) -> str | None:
    """Say what Hydra finds wrong in a file; None where its words are of no file.

    Args:
        text: Of Hydra, in one line.
    """
    if match := re.search(r"In '(.+?)': \w+ raised while composing config: (.+?) full_key: (\S*)", text):
        key = "" if "=" in match[3] else match[3]
        place = f"{key} in {match[1]}.yaml" if key else f"{match[1]}.yaml"
        return f"{place} does not fit what it changes: {match[2].rstrip('.')}. Correct it there."
    if match := re.search(r"Invalid defaults list in '(.+?)', (.+?)$", text):
        return f"{match[1]}.yaml has no list of defaults: {match[2]}. Write '- GROUP: OPTION', line by line."
    # Of Hydra 1.3, and of 1.4.
    missed = r"Could not override '(?:\w+/)?([\w/]+?)(?:@.*)?'\. No match"
    missed = f"{missed}|Invalid Defaults List override '/?([\\w/]+?)(?:@.*)?: "
    if match := re.search(f"In '(.+?)': (?:{missed})", text):
        group = match[2] or match[3]
        slash = "/" if (CONF / group).is_dir() else ""
        remedy = (
            f"Write override /{group}: OPTION" if slash else "Name a group of conf/, with a slash before it"
        )
        return f"override {group} in {match[1]}.yaml names no group. {remedy}."
    if match := re.search(r"Multiple values for (\S+?)(@\S*)?\. To override a value", text):
        return (
            f"{match[1]} has a choice already. Leave out the + before {match[1]}=OPTION; in a file write "
            f"'override /{match[1]}: OPTION'."
        )
    return None


def _open_file(error: BaseException) -> str:
    """Name the file that was being read when an error arose."""
    place = error.__traceback__
    found = "a file of conf/"
    while place is not None:
        found = str(getattr(place.tb_frame.f_locals.get("f"), "name", found))
        place = place.tb_next
    return found
