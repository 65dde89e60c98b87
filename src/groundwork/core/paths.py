"""Where this project lies, and where this machine keeps data, caches and runs."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.quote import quote_values

ENGINE = __name__.partition(".")[0]
PACKAGE = Path(__file__).resolve().parents[1]


def find_root(package: Path, script: Path | None, here: Path) -> Path:
    """Find the clone: where the engine lies in one, else from the script, else from where one stands.

    Args:
        package: Folder of the engine; an installed copy has no `conf/` beside it.
        script: That was started.
        here: The current folder, which is given back where there is no clone.
    """
    above = [package.parents[1], *(script.parents if script else ()), here, *here.parents]
    return next((folder for folder in above if (folder / "conf" / "train.yaml").is_file()), here)


def started_script() -> Path | None:
    """Name the file of the command that was typed; None in a notebook and the like."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).resolve() if file else None


ROOT = find_root(PACKAGE, started_script(), Path.cwd())
CONF = ROOT / "conf"
PATH_KEYS = ("data.root", "data.table", "data.url", "data.image_root", "data.drop_samples", "model.pretrained",
             "paths.data", "paths.cache", "paths.runs", "like")  # fmt: skip
LATEST = "latest"  # of model.pretrained and like: the newest run, which the launcher finds
PLAIN_PATH = re.compile(r"[\w./-]*")


def check_clone(script: Path | None, package: Path = PACKAGE) -> None:
    """Refuse to start a script of one clone with the engine of another, which may differ.

    Raises:
        UserError: If the package that was imported is not the one beside the script.
    """
    for folder in script.parents if script else ():
        own = folder.parent / "src" / ENGINE
        if folder.name == "scripts" and own.is_dir() and own.resolve() != package:
            raise UserError(
                f"{ENGINE} must be that of {own.parent}, but {package} was imported. "
                f"Run uv sync, or pip install -e ., in {own.parents[1]}."
            )


def check_conf() -> None:
    """Say where `conf/` is looked for.

    Raises:
        UserError: If it is not there.
    """
    if not (CONF / "train.yaml").is_file():
        raise UserError(
            f"conf/train.yaml must be in the clone, but is neither beside {PACKAGE.parent}, nor above the script or "
            f"{Path.cwd()}. Change to the folder of your clone."
        )


def local_overrides() -> list[str]:
    """Read the git-ignored `conf/local.yaml` as overrides, such as `paths.runs=/scratch/runs`."""
    local = CONF / "local.yaml"
    if not local.exists():
        return []
    content = OmegaConf.to_container(OmegaConf.load(local))
    return [quote_path(f"{key}={value}") for key, value in leaves(content)]


def machine_paths(overrides: Sequence[str] | Mapping[str, str] = ()) -> DictConfig:
    """Compose the `paths` group alone, for commands that only need to find a run folder.

    Args:
        overrides: As typed, or key -> value.
    """
    if isinstance(overrides, Mapping):
        overrides = [f"{key}={value}" for key, value in overrides.items()]
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
    if key.lstrip("+") not in PATH_KEYS or not equals:
        return override
    return f"{key}={quote_values(value, PLAIN_PATH, lists=False, sweeps=sweeps)}"


def absolute(value: str, base: Path) -> str:
    """Make a path or the path inside a `sqlite:///` address absolute."""
    scheme = "sqlite:///"
    if value.startswith(scheme):
        file, question, query = value.removeprefix(scheme).partition("?")
        return f"{scheme}{absolute(file, base)}{question}{query}"
    if "://" in value:
        return value
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


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give every value of mappings inside of mappings with its dotted key; an empty mapping holds none."""
    if not isinstance(content, dict):
        yield prefix, content
        return
    for key, value in content.items():
        yield from leaves(value, f"{prefix}.{key}" if prefix else str(key))
