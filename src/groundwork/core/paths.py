"""Where this project lies, and where this machine keeps data, caches and runs."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.quote import quote_values

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"
PATH_KEYS = ("data.root", "data.table", "data.image_root", "model.pretrained", "paths.data", "paths.cache",
             "paths.runs", "like")  # fmt: skip
LATEST = "latest"  # of model.pretrained and like: the newest run, which the launcher finds
PLAIN_PATH = re.compile(r"[\w./-]*")


def local_overrides() -> list[str]:
    """Read the git-ignored `conf/local.yaml` as overrides, such as `paths.runs=/scratch/runs`."""
    local = CONF / "local.yaml"
    if not local.exists():
        return []
    content = OmegaConf.to_container(OmegaConf.load(local))
    return [quote_path(f"{key}={value}") for key, value in _leaves(content)]


def machine_paths(overrides: Sequence[str] = ()) -> DictConfig:
    """Compose the `paths` group alone, for commands that only need to find a run folder."""
    paths = OmegaConf.load(CONF / "paths" / "default.yaml")
    config = OmegaConf.create({"paths": paths})
    chosen = [override for override in (*local_overrides(), *overrides) if override.startswith("paths.")]
    for override in chosen:
        key, _, value = override.partition("=")
        OmegaConf.update(config, key, value.strip("'"), force_add=False)
    make_paths_absolute(config, overrides)
    machine: DictConfig = config.paths
    return machine


def make_paths_absolute(config: DictConfig, overrides: Sequence[str]) -> None:
    """Make every path of a configuration absolute: typed ones from where one stands, others from the repository."""
    typed = {override.partition("=")[0].lstrip("+") for override in overrides}
    for key in PATH_KEYS:
        value = OmegaConf.select(config, key, throw_on_missing=False)
        if isinstance(value, str) and value and not (key == "model.pretrained" and value == LATEST):
            base = Path.cwd() if key in typed else ROOT
            OmegaConf.update(config, key, absolute(value, base))


def quote_path(override: str, *, sweeps: bool = False) -> str:
    """Quote the value of a path key, whose spaces, brackets and equal signs are grammar to Hydra.

    Args:
        override: `key=value`.
        sweeps: Whether commas part the paths of a sweep.
    """
    key, equals, value = override.partition("=")
    if key not in PATH_KEYS or not equals:
        return override
    return f"{key}={quote_values(value, PLAIN_PATH, lists=False, sweeps=sweeps)}"


def absolute(value: str, base: Path) -> str:
    """Make a path or the path inside a `sqlite:///` address absolute."""
    scheme = "sqlite:///"
    if value.startswith(scheme):
        file, question, query = value.removeprefix(scheme).partition("?")
        return f"{scheme}{absolute(file, base)}{question}{query}"
    return str((base / Path(value).expanduser()).resolve())


@contextmanager
def writing_runs(runs: Path) -> Iterator[None]:
    """Tell in one line that runs cannot be written where they are to lie.

    Raises:
        UserError: Instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"paths.runs={runs} must be a folder one can write to: {error}.") from error


def _leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(content, dict):
        yield prefix, content
        return
    for key, value in content.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
