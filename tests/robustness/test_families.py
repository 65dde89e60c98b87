"""Unusual models of timm work, or end in one line. `tests/robustness/families.py` walks all families."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from groundwork.core.paths import ROOT


@pytest.fixture(scope="module")
def families() -> ModuleType:
    spec = spec_from_file_location("families", ROOT / "tests" / "robustness" / "families.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# All maps at its end, a stem that oneDNN breaks on, no maps, weights by stage, a transformer of one resolution.
@pytest.mark.parametrize(
    "name", ["hrnet_w18_small", "fastvit_t8", "convmixer_768_32", "efficientvim_m1", "test_vit"]
)
def test_an_unusual_model_works_or_ends_in_one_line(families: ModuleType, name: str):
    size = 160 if name == "test_vit" else 64
    assert families.attempt(name, ("small_different", size, 3)) == ""
    assert families.attempt(name, ("large_similar", size, 4)) == ""
    odd = families.attempt(name, ("small_similar", 33, 1))
    assert odd == "" or (odd.startswith("refused: ") and "\n" not in odd)
