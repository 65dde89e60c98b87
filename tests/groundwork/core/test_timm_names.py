"""Names are read from timm's source as timm registers them, and without timm."""

import subprocess
import sys

import timm

from groundwork.core.timm_names import is_defined, is_hub


def test_what_is_defined_is_what_timm_lists():
    listed = timm.list_models()
    assert all(map(is_defined, listed))
    assert is_defined("resnet18.a1_in1k")
    assert not is_defined("resnet81")
    assert (is_hub("hf-hub:timm/resnet18"), is_hub("local-dir:/x"), is_hub("resnet18")) == (True, True, False)


def test_timm_is_not_imported_for_it():
    code = (
        "import sys; from groundwork.core.timm_names import is_defined; assert is_defined('resnet18'); "
        "print({'timm', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "set()\n"
