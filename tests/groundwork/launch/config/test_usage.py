"""`--help` shows what one may choose, the default first, and nothing that options only share."""

import sys
from types import ModuleType

import pytest

from groundwork.core.paths import CONF
from groundwork.launch.config.usage import usage


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("audit", "Look at the data: `audit.py`."))
    return usage().splitlines()


def test_it_opens_with_the_command_that_was_asked(lines: list[str]):
    assert lines[0] == "Look at the data: `audit.py`."


def test_every_option_stands_in_its_group_and_the_default_comes_first(lines: list[str]):
    listed = {
        line.split()[0]: line.split(maxsplit=1)[1].split(", ")
        for line in lines
        if ", " in line or "auto" in line
    }
    assert listed["split"][0] == "stratified"
    assert listed["schedule"][0] == "cosine"
    assert sorted(listed["data"]) == sorted(
        path.stem for path in (CONF / "data").glob("*.yaml") if path.stem[0] != "_"
    )


def test_parts_that_options_share_are_left_out(lines: list[str]):
    assert not [line for line in lines if " _" in line]


def test_the_twelve_keys_that_people_use_most_are_named(lines: list[str]):
    text = "\n".join(lines)
    keys = ("data.root", "data.target", "data.group", "data.image_size", "data.batch_size", "seed", "optim.lr",
            "trainer.max_epochs", "trainer.val_every_n_steps", "model.name", "monitor", "name")  # fmt: skip
    assert [key for key in keys if f"{key}=" not in text] == []
