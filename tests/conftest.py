"""What holds for all tests."""

import gc
import os
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import omegaconf.base
import pytest
from hydra._internal import config_loader_impl, defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_store import ConfigStore
from hydra.core.default_element import InputDefault, ResultDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.plugins.config_source import ConfigSource
from omegaconf import DictConfig, ListConfig, OmegaConf

# Tests are small, and several run at once: threads that wait for one another would cost more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# As the commands do: where no bytecode is written, every process of the tests would compile torch anew; and Python
# looks for garbage among a million objects after every 700 new ones.
sys.dont_write_bytecode = False
gc.set_threshold(10_000, *gc.get_threshold()[1:])


def pytest_collection_finish() -> None:
    """Look for no garbage among what was imported and collected: it stays until the end."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


# A third of a small run's time, were it done for each of the thousand that are composed and trained here: parse the
# same words and interpolations, read, list and merge the same files of conf/, and wait for a disk that no test unplugs.
omegaconf.base.parse = cache(omegaconf.base.parse)
_parse = cache(OverridesParser.create().parse_rule)
OverridesParser.parse_rule = lambda _, *asked: copy(_parse(*asked))  # type: ignore[method-assign]
os.fsync = lambda _: None
_load = OmegaConf.load


@cache
def _loaded(path: Path, written: int, size: int) -> bytes:
    return pickle.dumps(_load(path))


def _load_once(file_: str | Path | IO[str]) -> DictConfig | ListConfig:
    path = Path(file_ if isinstance(file_, str | Path) else file_.name).absolute()
    found = path.stat()
    config: DictConfig | ListConfig = pickle.loads(_loaded(path, found.st_mtime_ns, found.st_size))
    return config


OmegaConf.load = _load_once  # type: ignore[method-assign]


def _copied(self: omegaconf.base.Metadata, memo: dict[int, Any]) -> omegaconf.base.Metadata:
    """Copy what OmegaConf notes of each value; the deep copy of a dataclass takes most of a configuration's."""
    new = copy(self)
    new.flags = None if self.flags is None else dict(self.flags)
    new.resolver_cache = deepcopy(self.resolver_cache, memo) if self.resolver_cache else defaultdict(dict)
    return new


omegaconf.base.Metadata.__deepcopy__ = _copied  # type: ignore[attr-defined]

# Hydra copies its sources for each configuration, and with them the store that all of them share and none changes.
ConfigStore.__deepcopy__ = lambda self, _: self  # type: ignore[attr-defined]

# Hydra 1.3 prepares to fill in `${...}` for each file of a defaults list, whether one is written there or not.
if hasattr(defaults_list, "_create_interpolation_map"):
    _map_choices, _fill_in = defaults_list._create_interpolation_map, InputDefault._resolve_interpolation_impl
    _list, _merge = defaults_list.create_defaults_list, ConfigLoaderImpl._compose_config_from_defaults_list
    _NOTHING = OmegaConf.create()
    _lists: dict[str, defaults_list.DefaultsList] = {}
    _merged: dict[str, bytes] = {}

    def _map_choices_that_are_asked_for(
        overrides: defaults_list.Overrides, defaults: list[InputDefault], self_added: bool
    ) -> DictConfig:
        written = [*overrides.override_choices.values(), *map(vars, defaults)]
        return _map_choices(overrides, defaults, self_added) if "${" in str(written) else _NOTHING

    def _fill_in_what_is_written(self: InputDefault, known_choices: DictConfig, val: str) -> str:
        return _fill_in(self, known_choices, val) if "${" in str(val) else val

    def _state(sources: Sequence[ConfigSource]) -> list[tuple[Any, ...]]:
        """List the files that a configuration may be made of, and when each was written."""
        stored = len(ConfigStore.instance().repo["hydra"].get("sweeper", ()))  # by a test, and stays
        found: list[tuple[Any, ...]] = [(source.scheme(), source.path, stored) for source in sources]
        for source in sources:
            if source.scheme() == "file" and Path(source.path).is_dir():
                found.extend(_files(source.path))
        return found

    def _files(folder: str) -> Iterator[tuple[Any, ...]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from _files(entry.path)
                else:
                    file = entry.stat()
                    yield entry.path, file.st_mtime_ns, file.st_size

    def _list_once(
        repo: Any,
        config_name: str | None,
        overrides_list: list[Any],
        prepend_hydra: bool,
        skip_missing: bool,
    ) -> defaults_list.DefaultsList:
        typed = defaults_list.Overrides(repo=repo, overrides_list=overrides_list)
        groups = typed.override_choices, typed.deletions, [vars(one) for one in typed.append_group_defaults]
        asked = repr((config_name, prepend_hydra, skip_missing, groups, _state(repo.get_sources())))
        if asked not in _lists:
            _lists[asked] = _list(repo, config_name, overrides_list, prepend_hydra, skip_missing)
        return replace(_lists[asked], config_overrides=typed.config_overrides)

    def _merge_once(self: ConfigLoaderImpl, defaults: list[ResultDefault], repo: Any) -> DictConfig:
        asked = repr(([vars(one) for one in defaults], _state(repo.get_sources())))
        if asked not in _merged:
            _merged[asked] = pickle.dumps(_merge(self, defaults, repo))
        config: DictConfig = pickle.loads(_merged[asked])
        return config

    defaults_list._create_interpolation_map = _map_choices_that_are_asked_for
    InputDefault._resolve_interpolation_impl = _fill_in_what_is_written  # type: ignore[method-assign]
    config_loader_impl.create_defaults_list = _list_once
    ConfigLoaderImpl._compose_config_from_defaults_list = _merge_once  # type: ignore[method-assign]


@cache
def _blank_page(kind: str) -> bytes:
    from matplotlib.figure import Figure

    page = BytesIO()
    Figure(figsize=(0.1, 0.1)).savefig(page, format=kind)
    return page.getvalue()


@pytest.fixture(autouse=True, scope="module")
def blank_figures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave rendering to the tests of the report, which look at pictures: it is over half of a small run's time."""
    from groundwork.report.drawing import Drawing

    with pytest.MonkeyPatch.context() as patch:
        if "report" not in request.path.parts:
            patch.setattr(Drawing, "_render", lambda _, kind: _blank_page(kind))
        yield


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


@pytest.fixture(scope="session")
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
