"""The names of the networks of timm, without timm, which takes seconds to import."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HUB, FOLDER = "hf-hub:", "local-dir:"
DEFINED = re.compile(r"^@register_model\ndef (\w+)\(", re.MULTILINE)


def is_hub(name: str) -> bool:
    """Tell whether `model.name` names a repository or a folder, not a model of timm."""
    return name.startswith((HUB, FOLDER))


def is_defined(name: str) -> bool:
    """Tell whether timm's source defines a model; one that others register, or that was renamed, is not found."""
    return name.partition(".")[0] in _defined()


@cache
def _defined() -> frozenset[str]:
    found = find_spec("timm")
    folder = Path(found.origin).parent / "models" if found and found.origin else Path()
    return frozenset(
        name for path in folder.glob("*.py") for name in DEFINED.findall(path.read_text(encoding="utf-8"))
    )
