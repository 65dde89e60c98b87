"""A composition -> every key exists and every value is what its key may be, before anything is read or imported.

What a key may be follows from the chosen files of `conf/`, and from the signature of what `_target_` names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.data.split.shares import check_fractions
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.documented import Documented, document, read_root, required_groups
from groundwork.launch.config.explain import explain, options, unknown_key
from groundwork.launch.config.labels import check_label
from groundwork.launch.config.monitors import check_monitors
from groundwork.launch.config.schema_types import (
    HYDRA_KEYS,
    Schema,
    any_of,
    commented,
    interpolated,
    of_value,
)
from groundwork.launch.config.signatures import PACKAGE, imported, may_differ, signature
from groundwork.launch.config.values import check_value
from groundwork.train.custom import is_own

GLOBAL_GROUPS = ("experiment", "debug")  # whose files set keys of other groups
NAMED_PARTS = ("callbacks", "logger")  # name -> what is built: any further name may join
MISSING = "???"


def check_keys(composition: Composition) -> None:
    """Refuse keys that nobody reads, and values of another type or out of range.

    Raises:
        UserError: In one line, with the key and what to write.
    """
    config, choices = composition.config, composition.choices
    content: Any = OmegaConf.to_container(config, resolve=False)
    root = read_root()
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    own = {group.replace("@", "/").partition("/")[0] for group in choices} - groups
    for key in content:
        if key not in groups | own | root.example.keys():
            raise UserError(unknown_key(key, [*root.example]))
    for group in required_groups():
        if not isinstance(content.get(group), dict):
            raise UserError(
                f"{group} must be one of its options. Choose one of: {', '.join(options(group))}."
            )
    _check_root(content)
    plain = {key: value for key, value in content.items() if key in root.example}
    _Tree(config, root).check("", plain, root.example)
    for group in GLOBAL_GROUPS:
        if content.get(group):
            raise UserError(
                f"{group} must not hold keys, but holds {', '.join(content[group])}. Begin the file of "
                f"{group}={choices.get(group)} with the line '# @package _global_', so that they are keys of the run."
            )
    for group in sorted(groups & content.keys()):
        found = (
            document(group, choices[group], composition.overrides)
            if group in choices
            else Documented(is_closed=False)
        )
        _check_complete(group, content[group], found)
        _Tree(config, found).check(group, content[group], found.example)
        check_label(group, choices.get(group, ""), content, found.example)
    for group in sorted(own & content.keys()):
        if isinstance(content[group], dict):
            _Tree(config, Documented(is_closed=False)).check(group, content[group], {})
    if "fractions" in content["split"]:
        check_fractions(config.split.fractions)
    if not is_own(config):
        check_monitors(config)


def _check_root(content: Mapping[str, Any]) -> None:
    """Refuse lists and mappings where a key of no group is one word, and the other way round."""
    for key in ("name", "monitor", "like"):
        value = content.get(key)
        if isinstance(value, list | dict | bool) or (key == "monitor" and not isinstance(value, str)):
            raise UserError(f"{key} must be a word, but got {'null' if value is None else value}. Change it.")
    tags = content.get("tags")
    if any(isinstance(one, list | dict) for one in (tags if isinstance(tags, list) else ())):
        raise UserError(
            f"tags must be a list of words, but got {content['tags']}. Write tags=[first,second]."
        )


def check_group(group: str, config: DictConfig, choice: str) -> None:
    """Check the keys of one group alone, as of a run that goes on.

    Args:
        group: Such as `trainer`.
        config: Of the run.
        choice: Its option; "" where it is not known, which leaves it open what other keys there are.

    Raises:
        UserError: In one line, with the key and what to write.
    """
    found = document(group, choice, ()) if choice else Documented(is_closed=False)
    content: Any = OmegaConf.to_container(config[group])
    _Tree(config, found).check(group, content, found.example)


def _check_complete(group: str, node: Mapping[str, Any], found: Documented) -> None:
    if group in NAMED_PARTS or node.get("_target_") != found.example.get("_target_"):
        return
    if absent := [key for key in found.example if key not in node]:
        raise UserError(
            f"{group}.{absent[0]} must be there, but was removed. Give it a value instead of ~{group}.{absent[0]}."
        )


class _Tree:
    """Walk a group of a configuration beside what is documented of it."""

    def __init__(self, config: DictConfig, found: Documented):
        self.config, self.found, self.is_closed = config, found, found.is_closed
        self.may_lack = "search" in config  # a space may give what is still to be given

    def check(self, path: str, node: Mapping[str, Any], example: Mapping[str, Any]) -> None:
        """Check a mapping, plain values first: what they are handed to comes after them."""
        target = node.get("_target_")
        if target is not None and not isinstance(target, str):
            raise UserError(
                f"{path}._target_ must name a class or a function, but got {target}. Write it as text."
            )
        if target == MISSING and "." in path and not self.may_lack:
            raise UserError(f"{path}._target_ must be given. Add {path}._target_=PACKAGE.CLASS.")
        known = dict(self._signature(path, target)) if target else {}
        given = interpolated([example], path, signature)
        # Mappings deep inside without a target, such as search.space, are free in what they hold.
        documented = self._documented if target or "." not in path else lambda key, example: {}
        self._check_names(path, node, example, known)
        for key in sorted(node, key=lambda key: isinstance(node[key], dict | list)):
            if key in HYDRA_KEYS:
                continue
            inner = f"{path}.{key}" if path else str(key)
            if (value := self._value(inner, node[key])) != MISSING:
                schema = known.get(str(key)) or given.get(str(key)) or documented(str(key), example)
                check_value(inner, value, commented(schema, self.found.comments.get(str(key), "")))
            for place, mapping in _mappings(inner, node[key]):
                beside = example.get(str(key))
                self.check(place, mapping, beside if isinstance(beside, dict) and place == inner else {})

    def _documented(self, key: str, example: Mapping[str, Any]) -> Schema:
        """Take the type of the values that the files give a key; a word may look like a number."""
        of_group = self.found.values.get(key) if example is self.found.example else None
        schema = any_of([of_value(value) for value in of_group or [example.get(key)]])
        is_word = {"type": "string"} in schema.get("anyOf", [schema])
        return any_of([schema, {"type": "number"}]) if is_word else schema

    def _signature(self, path: str, target: str) -> Mapping[str, Schema]:
        try:
            return signature(target)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error

    def _check_names(
        self, path: str, node: Mapping[str, Any], example: Mapping[str, Any], known: Mapping[str, Schema]
    ) -> None:
        target, was = node.get("_target_"), example.get("_target_")
        if "**" in known or not (target or (self.is_closed and example and "." not in path)):
            return
        # Arguments of what stood here before are not those of what stands here now.
        gone = signature(was).keys() - known.keys() if was and target != was else set()
        allowed = {*known, *example, *HYDRA_KEYS} - gone
        for key in map(str, node.keys() - allowed):
            is_part = isinstance(node[key], dict) and "_target_" in node[key]
            is_newer = target and may_differ(target) and {key, "**"} & imported(target).keys()
            if not (path in NAMED_PARTS and is_part) and not is_newer:
                self._refuse(f"{path}.{key}" if path else key, key in gone, target, sorted(known), allowed)

    def _refuse(
        self, key: str, is_left: bool, target: str | None, arguments: Sequence[str], allowed: Iterable[str]
    ) -> None:
        takes = f"{target} takes: {', '.join(arguments) or 'no arguments'}." if target else ""
        if is_left:
            raise UserError(
                f"{key} is no argument of what _target_ names now. Remove it with ~{key}, or choose another target. "
                f"{takes}"
            )
        above = key.rpartition(".")[0]
        said = unknown_key(key, sorted(f"{above}.{one}" if above else one for one in allowed))
        own = target is not None and target.partition(".")[0] != PACKAGE
        raise UserError(f"{said} {takes}" if own else said)

    def _value(self, path: str, written: Any) -> Any:
        """Compute a value that is written as `${...}`; MISSING where it follows from what must yet be given."""
        if written == MISSING and not self.may_lack:
            raise UserError(f"{path} must be given. Add {path}=VALUE.")
        if not (isinstance(written, str) and "${" in written):
            return written
        if "${hydra:" in written:  # which may still resolve in this process, but in no later one
            raise UserError(
                f"{path} must not hold ${{hydra:...}}, which a run does not keep. Write the value itself."
            )
        try:
            value = OmegaConf.select(self.config, path)
        except InterpolationToMissingValueError:
            return MISSING
        except OmegaConfBaseException as error:
            raise UserError(explain(error)) from error
        return OmegaConf.to_container(value, resolve=False) if OmegaConf.is_config(value) else value


def _mappings(path: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _mappings(f"{path}[{number}]", one)
