"""Target -> the arguments that it takes: from a committed list, without any import, else from its signature."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from groundwork.core.atomic import write_text
from groundwork.core.errors import UserError, innermost
from groundwork.core.own import own_packages
from groundwork.core.trust import named_in_conf
from groundwork.launch.config.schema_types import COMPUTED, Schema, any_of, parameters

FILE = Path(__file__).with_name("signatures.json")
PACKAGE = __name__.partition(".")[0]


def signature(target: str) -> Mapping[str, Schema]:
    """Describe the arguments of a target by name; `**` stands for any other.

    Raises:
        UserError: If the target is not in the list and cannot be imported.
    """
    known = _committed().targets.get(target)
    return imported(target) if known is None else known


def imported(target: str) -> Mapping[str, Schema]:
    """Describe the arguments that a target has in the packages that are installed.

    Raises:
        UserError: If it cannot be imported, or takes no arguments.
    """
    try:
        return parameters(target)
    except Exception as error:  # a module of the user's may raise anything when it is imported
        raise UserError(
            f"_target_={target} must name a class or a function that can be imported, but {innermost(error)}. "
            "Correct the name, or install the package."
        ) from error


def may_differ(target: str) -> bool:
    """Tell whether a target that is in the list belongs to another version of its library than the list."""
    package = target.partition(".")[0]
    is_foreign = package != PACKAGE and target in _committed().targets
    return is_foreign and _committed().packages.get(package) != version(package)


def write_signatures() -> Path:
    """Write down the signature of every target of `conf/`, one line each."""
    signatures, packages = signatures_of_conf()
    lines = (f"  {json.dumps(name)}: {json.dumps(known)}" for name, known in sorted(signatures.items()))
    text = ",\n".join(lines)
    write_text(FILE, f'{{\n "packages": {json.dumps(packages)},\n "targets": {{\n{text}\n }}\n}}\n')
    _committed.cache_clear()
    return FILE


def signatures_of_conf() -> tuple[dict[str, dict[str, Schema]], dict[str, str]]:
    """Describe every target of `conf/`, and give the versions of the libraries among them.

    Targets of the clone's own package are not listed: it changes more often than the list would be written.
    """
    targets = {target for target in named_in_conf() if target.partition(".")[0] not in own_packages()}
    libraries = {target.partition(".")[0] for target in targets} - {PACKAGE}
    signatures = {
        target: {name: _without_text(schema) for name, schema in parameters(target).items()}
        for target in targets
    }
    return signatures, {library: version(library) for library in sorted(libraries)}


def _without_text(schema: Schema) -> Schema:
    """Leave out what only editors show or ask."""
    alternatives = [one for one in schema.get("anyOf", [schema]) if one != COMPUTED]
    return any_of(alternatives)


class _Committed(NamedTuple):
    packages: dict[str, str]
    targets: dict[str, dict[str, Schema]]


@cache
def _committed() -> _Committed:
    return _Committed(**json.loads(FILE.read_text(encoding="utf-8")))
