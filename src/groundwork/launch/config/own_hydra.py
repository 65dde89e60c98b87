"""Hydra of this process -> one of our own for a moment, whatever the caller has initialized, and back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobRuntime
from hydra.version import VersionBase


@contextmanager
def own_hydra(conf: Path) -> Iterator[None]:
    """Let Hydra compose from a folder, also inside of another application of Hydra, whose state comes back."""
    known, version, runtime = GlobalHydra.instance(), VersionBase.instance(), JobRuntime.instance()
    hydra, base, job = known.hydra, version.version_base, runtime.conf.copy()
    known.clear()
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            yield
    finally:
        known.hydra, version.version_base, runtime.conf = hydra, base, job
        GlobalHydra.set_instance(known)  # initialize_config_dir leaves a copy
