import subprocess
import sys

import pytest

import groundwork.data


def test_importing_the_room_imports_neither_torch_nor_pandas():
    code = "import sys, groundwork.data; sys.exit(any(name in sys.modules for name in ('torch', 'pandas', 'PIL')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", groundwork.data.__all__)
def test_every_public_name_is_there(name: str):
    assert callable(getattr(groundwork.data, name))


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(groundwork.data, "nothing_of_the_kind")
