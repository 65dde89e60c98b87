"""Where this project lies, and where this machine keeps data, caches and runs."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"
PATH_KEYS = ("data.root", "data.table", "data.image_root", "paths.data", "paths.cache", "paths.runs", "like")


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
        if isinstance(value, str) and value:
            base = Path.cwd() if key in typed else ROOT
            OmegaConf.update(config, key, absolute(value, base))


def quote_path(override: str) -> str:
    """Quote the value of a path key, whose spaces, brackets and equal signs are grammar to Hydra."""
    key, equals, value = override.partition("=")
    if key not in PATH_KEYS or not equals or value[:1] in ("'", '"') or re.fullmatch(r"[\w./-]*|null", value):
        return override
    # A backslash is itself to Hydra, except before a quote: `C:\\data` stays, `it's` becomes `it\\'s`.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), value)
    return f"{key}='{escaped}'"


def absolute(value: str, base: Path) -> str:
    """Make a path or the path inside a `sqlite:///` address absolute."""
    scheme = "sqlite:///"
    if value.startswith(scheme):
        file, question, query = value.removeprefix(scheme).partition("?")
        return f"{scheme}{absolute(file, base)}{question}{query}"
    return str((base / Path(value).expanduser()).resolve())


def _leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(content, dict):
        yield prefix, content
        return
    for key, value in content.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
