"""One run in a process of its own, started from what its folder holds: `python -m groundwork.run.process.trial DIR`."""

from pathlib import Path

from groundwork.run.door import enter
from groundwork.run.folder import RunFolder
from groundwork.run.process.child import watch_parent


def run_trial(words: list[str]) -> int:
    """Begin or go on with the run in a folder, and stop when the process that asked for it ends.

    Args:
        words: The folder, and `key=value` words that a resumed run may change.
    """
    watch_parent()
    folder = RunFolder(Path(words[0]))
    with folder.held(wait=True):
        pass  # an orphan of a killed sweep is still saving
    from groundwork.run.start import resume  # pandas: not while waiting

    return resume(str(folder.path), words[1:])


if __name__ == "__main__":
    raise SystemExit(enter(run_trial))
