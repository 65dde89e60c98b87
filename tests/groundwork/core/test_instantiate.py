"""Building from a configuration."""

import warnings

import pytest
from hydra.errors import InstantiationException
from omegaconf import OmegaConf

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
