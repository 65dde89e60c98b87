"""The work of a run -> what its folder says of how it ended, whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from omegaconf import DictConfig

from groundwork.core.atomic import write_bytes
from groundwork.core.console import Console
from groundwork.core.errors import WRONG_INPUT, UserError, user_error
from groundwork.core.patches import kept_determinism
from groundwork.core.ranks import in_team, is_echo, is_first, world_size
from groundwork.core.run_folder import RunFolder
from groundwork.core.signals import Stopped, signals_caught
from groundwork.track.loggers import logged
from groundwork.train.pruning import Pruned


@contextmanager
def recorded(folder: RunFolder, config: DictConfig, console: Console) -> Iterator[Console]:
    """Do the work of a run in a block, with log, loggers and signals, and write down how it ended, whatever happens.

    Args:
        console: Of the first rank; the others are quiet.

    Yields:
        The console to speak to.
    """
    if is_first():
        console.log_to(folder.log)
    else:
        console = Console(quiet=True)
    with logged(folder, config, console):
        try:
            with signals_caught(), kept_determinism():
                yield console
        except BaseException as error:
            # Lightning turns the first Ctrl-C into SystemExit; one that a plugged-in part raises is a failure.
            stopped = isinstance(error, Stopped | KeyboardInterrupt) or (
                isinstance(error, SystemExit) and isinstance(error.__context__, Stopped | KeyboardInterrupt)
            )
            _write_end(
                folder,
                error,
                "interrupted" if stopped else "pruned" if isinstance(error, Pruned) else "failed",
            )
            if stopped:
                raise KeyboardInterrupt(f"go on with: train.py run={folder.path}") from error
            raise


@contextmanager
def removed_if_refused(folder: RunFolder) -> Iterator[None]:
    """Take the folder of a new run away where a block ends by wrong input before anything but its start is in it."""
    try:
        yield
    except (Exception, SystemExit) as error:
        if _is_refusal(error) and is_first():
            folder.remove_start()
        raise


@contextmanager
def unless_refused(folder: RunFolder) -> Iterator[None]:
    """Leave what a folder says of its run as it was where a block ends by wrong input before it has trained a step."""
    files = [folder.config_file, folder.json_file("result"), folder.json_file("environment")]
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    reached = _reached(folder)
    try:
        yield
    except (Exception, SystemExit) as error:
        if _is_refusal(error) and is_first() and _reached(folder) == reached:
            for path, content in before.items():
                if content is None:
                    path.unlink(missing_ok=True)
                else:
                    write_bytes(path, content)
        raise


def _is_refusal(error: BaseException) -> bool:
    return error.code == WRONG_INPUT if isinstance(error, SystemExit) else bool(user_error(error))


def _reached(folder: RunFolder) -> tuple[int, int] | None:
    with suppress(OSError):
        found = folder.last.stat()
        return found.st_mtime_ns, found.st_ino
    return None


def _write_end(folder: RunFolder, error: BaseException, status: str) -> None:
    with suppress(OSError, UserError):  # a full disk is told by the error that is on its way
        result = folder.read_json("result")
        result.pop("is_wrong", None)
        said = f"{user_error(error) or error}"
        if status == "failed" and isinstance(error, SystemExit):
            said = f"SystemExit: {said}"  # its status alone tells nobody what ended the run
        if status == "failed" and world_size() > 1 and not in_team() and is_echo(said):
            logs = folder.path.parents[1] / ".slurm" / folder.path.parent.name
            where = f"in {logs}" if logs.is_dir() else "where its output goes"
            said = f"another rank died first, killed or by an error that it printed {where} ({said})"
        result |= {"status": status, "error": said}
        if status == "failed" and user_error(error):
            result["is_wrong"] = True  # the sweep of a job asks
        folder.write_json("result", result)
