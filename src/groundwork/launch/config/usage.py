"""conf/ -> what `--help` prints, without Hydra: it would list the parts that options share as well."""

import sys
from pathlib import Path
from string import Template

from omegaconf import OmegaConf

from groundwork.core.paths import CONF
from groundwork.launch.config.explain import options


def usage() -> str:
    """Say what the command is for, every group with its options, the default first, and the keys people use most."""
    train = OmegaConf.load(CONF / "train.yaml")
    first = {
        group: option
        for entry in train.defaults
        if OmegaConf.is_dict(entry)
        for group, option in entry.items()
    }
    lines = [_line(group.name, first.get(group.name)) for group in _in_order(list(first))]
    template = Template(OmegaConf.to_container(train.hydra.help)["template"])  # type: ignore[call-overload, index]
    said = (sys.modules["__main__"].__doc__ or "").strip()
    return template.safe_substitute(APP_CONFIG_GROUPS="\n".join(lines), COMMAND=said).strip()


def _in_order(groups: list[str]) -> list[Path]:
    """List the folders of conf/ in the order of train.yaml, in which the data flows."""
    folders = [path for path in CONF.iterdir() if path.is_dir() and options(path.name)]
    return sorted(folders, key=lambda path: groups.index(path.name) if path.name in groups else len(groups))


def _line(group: str, default: str | None) -> str:
    names = options(group)
    ordered = [name for name in names if name == default] + [name for name in names if name != default]
    return f"{group:<11} {', '.join(ordered)}"
