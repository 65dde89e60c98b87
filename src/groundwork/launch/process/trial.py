"""`python -m groundwork.launch.process.trial DIR`: one run in a process of its own, from what its folder holds."""

from pathlib import Path

from groundwork.core.run_folder import RunFolder
from groundwork.launch.cli import enter
from groundwork.launch.process.child import watch_parent


def run_trial(arguments: list[str]) -> int:
    """Begin or go on with the run in a folder, and stop when the process that asked for it ends.

    Args:
        arguments: The folder.
    """
    watch_parent()
    folder = RunFolder(Path(arguments[0]))
    with folder.held(wait=True):
        pass  # an orphan of a killed sweep is still saving
    from groundwork.launch.start import resume  # pandas: not while waiting

    return resume(str(folder.path), [])


if __name__ == "__main__":
    raise SystemExit(enter(run_trial))
