"""Every choice of the groups that this room owns builds, with the keys of its file as arguments."""

import pytest
from omegaconf import OmegaConf

from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF

FILES = [
    path
    for group in ("split", "subset", "balance", "missing", "normalize")
    for path in CONF.joinpath(group).iterdir()
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}={file.stem}")
def test_a_choice_builds_from_its_file_alone(file):
    config = OmegaConf.load(file)
    built = instantiate(config)
    assert {name: getattr(built, name) for name in config if name != "_target_"} == {
        name: tuple(value) if isinstance(value := config[name], type(OmegaConf.create([]))) else value
        for name in config
        if name != "_target_"
    }
    assert file.read_text(encoding="utf-8").startswith("# ")
