"""The clone's own package, which scripts/rename.py names -> its targets under today's name."""

import re
from functools import cache

from groundwork.core.lazy import find_object
from groundwork.core.paths import ENGINE, ROOT

FIRST_NAME = "project"  # of the package before it is renamed


@cache
def own_packages() -> frozenset[str]:
    """Name the packages of this clone beside the engine."""
    return frozenset(path.parent.name for path in (ROOT / "src").glob("*/__init__.py")) - {ENGINE}


def own_target(target: str) -> str:
    """Give a target of `project` under the name that the package has today; any other target stays as it is."""
    first, _, below = target.partition(".")
    if first != FIRST_NAME or first in own_packages() or len(own_packages()) != 1:
        return target
    return f"{next(iter(own_packages()))}.{below}"


def own_targets(override: str) -> str:
    """Give an override with every target that it names as `own_target` does."""
    return re.sub(
        r"(_target_['\"]?\s*[:=]\s*['\"]?)([\w.]+)", lambda found: found[1] + own_target(found[2]), override
    )


def is_there(target: str) -> bool:
    """Tell whether a target of a trusted package can be imported."""
    try:
        find_object(target)
    except Exception:  # whatever a module raises when it is imported
        return False
    return True
