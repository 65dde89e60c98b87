"""Targets of the clone's own package are found under the name that it has today."""

import pytest

from groundwork.core import own
from groundwork.core.own import is_there, own_target, own_targets


@pytest.fixture
def _renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "own_packages", lambda: frozenset({"birds"}))


@pytest.mark.usefixtures("_renamed")
def test_a_target_from_before_the_renaming_gets_the_new_name():
    assert own_target("project.loss.Mine") == "birds.loss.Mine"
    assert own_target("birds.loss.Mine") == "birds.loss.Mine"
    assert own_target("projects.loss.Mine") == "projects.loss.Mine"
    override = "+callbacks.x={_target_: project.callback.Log, project: project}"
    assert own_targets(override) == "+callbacks.x={_target_: birds.callback.Log, project: project}"
    assert own_targets("loss.function._target_=project.loss.Mine") == "loss.function._target_=birds.loss.Mine"


@pytest.mark.parametrize("packages", [{"project"}, {"project", "birds"}, {"birds", "nests"}, set()])
def test_where_the_package_is_not_renamed_or_not_alone_nothing_changes(
    packages: set[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(own, "own_packages", lambda: frozenset(packages))
    assert own_target("project.loss.Mine") == "project.loss.Mine"


def test_a_target_is_there_if_it_can_be_imported():
    assert is_there("groundwork.loss.Focal")
    assert not is_there("groundwork.loss.Vocal")
    assert not is_there("nowhere.Focal")
