"""A multirun of Hydra -> what became of its combinations, in a few lines and an exit status."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from groundwork.core.console import Console
from groundwork.core.errors import DONE, FAILED, UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.sweep.launch import Entries, conceal, open_sweeps
from groundwork.launch.sweep.sweep import TrialError, compare_command


def swept(runs: Path, sweep: Callable[[], None]) -> int:
    """Let Hydra sweep, say what became of it and return the exit status.

    Args:
        runs: Where the runs lie.
        sweep: Calls Hydra.

    Returns:
        0 all done; 1 some failed, which is said.

    Raises:
        UserError: If a key or value is wrong, every combination was wrong input, or none was run.
    """
    before = _records(runs)
    try:
        with suppress(TrialError):  # which the sweeper stumbled over; the others have had their turn
            sweep()
        return _conclude(runs, before)
    except UserError:
        _withdraw(runs / ".sweeps")
        raise
    finally:
        conceal(runs / ".sweeps")
        while open_sweeps:
            open_sweeps.pop().close()


def _withdraw(folder: Path) -> None:
    """Leave nothing of a sweep in which nothing has run."""
    (folder / "multirun.yaml").unlink(missing_ok=True)
    with suppress(OSError):  # where there is something else
        folder.rmdir()
        folder.parent.rmdir()


def _records(runs: Path) -> dict[Path, int]:
    """List the records of sweeps with the time of their last change."""
    return {path: path.stat().st_mtime_ns for path in (runs / ".sweeps").glob("*.json")}


def _conclude(runs: Path, before: Mapping[Path, int]) -> int:
    """Tell what became of every combination; other launchers than ours leave a record for each."""
    console = Console()
    if open_sweeps and (entries := open_sweeps[0].entries()):
        return _tell(entries, console, open_sweeps[0].records())
    changed = sorted(path for path, time in _records(runs).items() if before.get(path) != time)
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in changed]
    entries = [entry for content in contents for entry in content["trials"].values()]
    if not entries:
        raise UserError(
            "a sweep must run its combinations, but Hydra's launcher ended without one. Its own files are in "
            f"{runs / '.sweeps'}; without hydra/launcher= the launcher of groundwork runs them."
        )
    for entry in entries:
        console.say(f"{entry['status']:7} {entry['folder']}")
    return _tell(entries, console, changed)


def _tell(entries: Entries, console: Console, records: Sequence[Path]) -> int:
    failed = [entry for entry in entries if entry["status"] == "failed"]
    for entry in failed:
        console.say(f"failed: {entry['label']}: {entry['error']}", style="red")
    if len(failed) == len(entries) and all(entry.get("is_wrong") for entry in failed):
        for entry in failed:  # a sweep that was refused as a whole leaves nothing
            RunFolder(Path(entry["folder"])).remove_start()
        for record in records:
            record.unlink(missing_ok=True)
            record.with_suffix(".lock").unlink(missing_ok=True)
        raise UserError(str(failed[0]["error"]).removeprefix("error: "))
    if failed:
        console.say(
            f"{len(failed)} of {len(entries)} trials failed; the same command again tries them once more"
        )
    console.say(compare_command([Path(entry["folder"]) for entry in entries]))
    return DONE if all(entry["status"] == "done" for entry in entries) else FAILED
