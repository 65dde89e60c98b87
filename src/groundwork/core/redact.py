"""What a run writes -> the same without passwords, keys and tokens."""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

HIDDEN = "***"
WORDS = ("password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "credentials", "apikey")
KEYS = {"api", "access", "private", "account", "signing", "encryption", "storage", "master", "license"}
PLACES = {"file", "path", "dir", "sock"}  # where a secret lies is none
NO_SECRETS = {"PWD", "OLDPWD"}
# Tokens that are known by their look: user and password in an address, and keys of common services.
SECRET_LOOK = (
    (re.compile(r"(?<=://)[^/\s@:]*:[^/\s@]+(?=@)"), HIDDEN),
    (re.compile(r"\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|sk-[\w-]{16,}|xox[abps]-[\w-]{10,}|"
                r"(AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|wandb_v1_\w{20,}|ya29\.[\w-]{20,}|"
                r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"), HIDDEN),
    (re.compile(r"(?<=Bearer )[\w.~+/-]{8,}=*"), HIDDEN),
    (re.compile(r"(?<=[?&](?:sig|key)=)[^&\s]+|(?<=[?&](?:token)=)[^&\s]+"), HIDDEN),
)  # fmt: skip
SHORTEST = 6  # characters; a shorter value of an environment variable would be found everywhere
# Column names of the data are keys there, and may be called anything.
NAMES_OF_DATA = {"columns"}


def redact(content: Any) -> Any:
    """Hide what is secret by its key, by its look, or by being the value of a secret environment variable.

    Args:
        content: Plain types, nested.
    """
    return _redact(content, _environment())


def redact_text(text: str) -> str:
    """Hide what is secret in a text by its look, or by being the value of a secret environment variable."""
    return _redact_text(text, _environment())


def without_places(content: Any) -> Any:
    """Keep the last part of every absolute path, whose beginning names people and machines."""
    if isinstance(content, Mapping):
        return {str(key): without_places(item) for key, item in content.items()}
    if isinstance(content, list | tuple):
        return [without_places(item) for item in content]
    if isinstance(content, str):
        file = content.removeprefix("sqlite:///")
        kinds = [kind(file) for kind in (PurePosixPath, PureWindowsPath)]
        return next((kind.name for kind in kinds if kind.is_absolute()), content)
    return content


@lru_cache(maxsize=4096)  # the same keys are asked for at every checkpoint
def is_secret_name(name: str) -> bool:
    """Tell whether a key or an environment variable is named as one that holds a secret."""
    parts = [part.lower() for part in re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", name) if part]
    if not parts or parts[-1] in PLACES:
        return False
    named = any(part.endswith(("password", "passwd", "secret")) or part in WORDS for part in parts)
    return named or ("key" in parts and bool(KEYS & set(parts))) or parts == ["auth"]


def _redact(content: Any, known: list[str]) -> Any:
    if isinstance(content, Mapping):
        return {
            key: item
            if key in NAMES_OF_DATA
            else _hide(item)
            if is_secret_name(str(key))
            else _redact(item, known)
            for key, item in content.items()
        }
    if isinstance(content, list | tuple):
        return [_redact(item, known) for item in content]
    return _redact_text(content, known) if isinstance(content, str) else content


def _redact_text(text: str, known: list[str]) -> str:
    for value in known:
        text = text.replace(value, HIDDEN)
    for look, hidden in SECRET_LOOK:
        text = look.sub(hidden, text)
    return _assignments(text)


def _assignments(text: str) -> str:
    """Hide the value in words such as `+logger.wandb.api_key=VALUE`."""

    def hide(found: re.Match[str]) -> str:
        return f"{found[1]}={HIDDEN}" if is_secret_name(found[1]) else found[0]

    return re.sub(r"([\w.+~-]+)=([^\s=]+)", hide, text)


def _hide(value: Any) -> Any:
    """Hide a text, and each text of a list: what was changed is written as [default, value]."""
    if isinstance(value, list | tuple):
        return [_hide(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _hide(item) for key, item in value.items()}
    return HIDDEN if isinstance(value, str) and value else value


def _environment() -> list[str]:
    """List the values of secret environment variables, the longest first."""
    values = {
        value
        for name, value in os.environ.items()
        if is_secret_name(name) and name not in NO_SECRETS and len(value) >= SHORTEST
    }
    return sorted(values, key=len, reverse=True)
