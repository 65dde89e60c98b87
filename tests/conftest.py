"""What holds for all tests."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import IO

import omegaconf.base
import pytest
from hydra._internal import defaults_list
from hydra.core.default_element import InputDefault
from omegaconf import DictConfig, ListConfig, OmegaConf

# Tests are small, and several run at once: threads that wait for one another would cost more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# As the commands do: where no bytecode is written, every process of the tests would compile torch anew.
sys.dont_write_bytecode = False

# A quarter of a small run's time, were it done for each of the thousand that are composed and trained here: parse the
# same interpolations, read the same files of conf/, and wait for a disk that no test unplugs.
omegaconf.base.parse = cache(omegaconf.base.parse)
os.fsync = lambda _: None
_load = OmegaConf.load


@cache
def _loaded(path: Path, written: int, size: int) -> DictConfig | ListConfig:
    return _load(path)


def _load_once(file_: str | Path | IO[str]) -> DictConfig | ListConfig:
    path = Path(file_ if isinstance(file_, str | Path) else file_.name).absolute()
    found = path.stat()
    return deepcopy(_loaded(path, found.st_mtime_ns, found.st_size))


OmegaConf.load = _load_once  # type: ignore[method-assign]

# Hydra 1.3 prepares to fill in `${...}` for each file of a defaults list, whether one is written there or not.
if hasattr(defaults_list, "_create_interpolation_map"):
    _map_choices, _fill_in = defaults_list._create_interpolation_map, InputDefault._resolve_interpolation_impl
    _NOTHING = OmegaConf.create()

    def _map_choices_that_are_asked_for(
        overrides: defaults_list.Overrides, defaults: list[InputDefault], self_added: bool
    ) -> DictConfig:
        written = [*overrides.override_choices.values(), *map(vars, defaults)]
        return _map_choices(overrides, defaults, self_added) if "${" in str(written) else _NOTHING

    def _fill_in_what_is_written(self: InputDefault, known_choices: DictConfig, val: str) -> str:
        return _fill_in(self, known_choices, val) if "${" in str(val) else val

    defaults_list._create_interpolation_map = _map_choices_that_are_asked_for
    InputDefault._resolve_interpolation_impl = _fill_in_what_is_written  # type: ignore[method-assign]


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Give a function that writes a package whose so many files conf/README.md shows, where it can be imported."""
    text = (Path(__file__).parents[1] / "conf" / "README.md").read_text(encoding="utf-8")

    def write(package: str, number: int) -> None:
        from groundwork.core import admitted  # not where no package is asked for

        block = rf"^`({package}/[\w/.]+)`\n```\w+\n(.*?)^```$"
        files = re.findall(block, text, flags=re.MULTILINE | re.DOTALL)
        assert len(files) == number
        for name, content in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(admitted, "_admitted", set())

    return write


@pytest.fixture
def draw_photographs() -> Callable[[Path, Mapping[str, float | Sequence[float]], int, float], Path]:
    """Give a function that writes twenty noisy color photographs of one mean color for each class."""

    import numpy as np  # only now: it asks how many threads to take when it is imported
    from PIL import Image

    def draw(folder: Path, colors: Mapping[str, float | Sequence[float]], size: int, noise: float) -> Path:
        rng = np.random.default_rng(0)
        for name, color in colors.items():
            (folder / name).mkdir(parents=True)
            for number in range(20):
                pixels = np.clip(rng.normal(color, noise, (size, size, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{number}.png")
        return folder

    return draw
