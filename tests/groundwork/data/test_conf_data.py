"""Every choice of conf/data: it composes, and each of its keys does something."""

import inspect
import re

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_method
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.data import Target
from groundwork.launch.config.own_hydra import HABITS

# A data module of one's own, whose file begins with its class, reads by itself.
FILES = (CONF / "data").glob("[!_]*.yaml")
CHOICES = sorted(path.stem for path in FILES if "\n_target_:" not in path.read_text(encoding="utf-8"))
# Read by the run and handed to Target.fit, build_store and the data module.
ELSEWHERE = {
    "kind",
    "task",
    "positive_class",
    "positive_above",
    "classes",
    "batch_size",
    "shrink_batch",
    "drop_samples",
    "label_separator",
    "reader",
}
OF_TABLES = {"table": {"rare_below"}, "california_housing": {"rare_below"}}
OF_IMAGES = {"image_size", "num_workers", "resize", "window", "unreadable", "max_pixels", "group"}


def choose(name: str, *words: str):
    with initialize_config_dir(str(CONF), **HABITS):
        return compose(overrides=["+paths=default", f"+data={name}", *words]).data


@pytest.mark.parametrize("name", CHOICES)
def test_each_key_reaches_the_reader_or_the_run(name: str):
    data = choose(name)
    reader = OmegaConf.to_container(data, resolve=False)["reader"]
    handed = {key for key in reader if not key.startswith("_")}
    assert handed == set(inspect.signature(get_method(reader["_target_"])).parameters)
    assert all(reader[key] == f"${{data.{key}}}" for key in handed)
    assert set(data) == ELSEWHERE | handed | (
        OF_IMAGES if data.kind == "image" else OF_TABLES.get(name, set())
    )


@pytest.mark.parametrize("name", CHOICES)
def test_each_file_opens_with_what_it_is_for_and_a_command(name: str):
    comment = re.match(r"(#.*\n)+", (CONF / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert comment is not None
    assert f"data={name}" in comment[0]


@pytest.mark.parametrize("name", ["digits", "diabetes"])
def test_what_needs_no_file_is_read_as_it_stands(name: str):
    data = choose(name)
    samples = instantiate(data.reader)
    assert samples.kind == data.kind
    target = Target.fit(samples.target, data.task, data.positive_class, data.positive_above, data.classes)
    assert len(target.encode(samples.target)) == len(samples)


@pytest.mark.parametrize("name", ["image_folder", "image_table", "table", "groceries", "california_housing"])
def test_what_needs_a_place_asks_for_it(name: str):
    with pytest.raises(Exception, match=r"Add data\.|data\.root") as caught:
        instantiate(choose(name).reader)
    assert isinstance(caught.value.__cause__, UserError)
