"""Building from a configuration."""

import re
import warnings
from pathlib import Path

import pytest
from hydra.errors import InstantiationException
from omegaconf import OmegaConf

from groundwork.core import instantiate as module
from groundwork.core.instantiate import instantiate


def test_nodes_are_built_with_what_is_given_and_without_a_warning():
    node = OmegaConf.create(
        {"_target_": "builtins.dict", "a": {"_target_": "fractions.Fraction", "numerator": 3}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built = instantiate(node, _convert_="all", b=2)
    assert built == {"a": 3, "b": 2}


def test_an_error_inside_is_wrapped_whatever_hydra_does():
    with pytest.raises(InstantiationException) as told:
        instantiate(OmegaConf.create({"_target_": "fractions.Fraction", "numerator": 1, "denominator": 0}))
    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_nothing_is_built_anywhere_else():
    own = Path(module.__file__)
    for path in own.parents[1].rglob("*.py"):
        if path != own:
            assert not re.search(
                r"hydra\.utils import .*instantiate|utils\.instantiate", path.read_text(encoding="utf-8")
            ), path
