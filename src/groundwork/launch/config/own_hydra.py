"""Hydra of this process -> one of our own for a moment, whatever the caller has initialized, and back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobRuntime
from hydra.version import VersionBase

# Hydra 1.3 asks which version's habits are wanted; 1.4 has one set of them and warns where it is told.
HABITS: dict[str, Any] = {"version_base": "1.3"} if version("hydra-core").startswith("1.3.") else {}


@contextmanager
def own_hydra(conf: Path) -> Iterator[None]:
    """Let Hydra compose from a folder, also inside of another application of Hydra, whose state comes back."""
    known, base_of, runtime = GlobalHydra.instance(), VersionBase.instance(), JobRuntime.instance()
    hydra, base, job = known.hydra, base_of.version_base, runtime.conf.copy()
    known.clear()
    try:
        with initialize_config_dir(str(conf), **HABITS):
            yield
    finally:
        known.hydra, base_of.version_base, runtime.conf = hydra, base, job
        GlobalHydra.set_instance(known)  # initialize_config_dir leaves a copy
