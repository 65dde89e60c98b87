"""The doors: command line -> one call -> exit status. Nothing heavy is imported before a command is understood."""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from groundwork.core.admitted import admit_arguments
from groundwork.core.cores import settle_threads
from groundwork.core.errors import INTERRUPTED, WRONG_INPUT, system_error, user_error
from groundwork.core.own import own_packages
from groundwork.core.patches import settle_command
from groundwork.core.paths import check_clone, check_conf, started_script
from groundwork.core.variables import ONE_LINE
from groundwork.launch.face import SCRIPT, script_module


class OwnLog(logging.Handler):
    """Print what modules of the user's log, unless they set up logging themselves."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line as Hydra does."""
        if not logging.getLogger().handlers:
            print(self.format(record), file=sys.stderr)


def enter(command: Callable[[list[str]], int]) -> int:
    """Run a command on the arguments typed after its name and return its exit status.

    Returns:
        0 done; 1 an error of ours; 2 wrong input, told in one line; 75 stopped by a signal after saving.
    """
    before = {name: os.environ.get(name) for name in ("HYDRA_FULL_ERROR", ONE_LINE)}
    full = before["HYDRA_FULL_ERROR"] == "1" and before[ONE_LINE] is None
    # Hydra hides the exception behind exit status 1 unless this is set; the line below is ours to print.
    os.environ |= {"HYDRA_FULL_ERROR": "1"} | ({} if full else {ONE_LINE: "1"})
    settle_command()
    settle_threads()
    _show_own_log()
    try:
        check_clone(started_script())
        check_conf()
        return command(admit_arguments(sys.argv[1:]))
    except KeyboardInterrupt as stop:
        print(f"stopped; {stop}" if str(stop) else "stopped", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        wrong: Exception | str | None = user_error(error) or system_error(error)
        if wrong is None:
            raise
        if full:
            traceback.print_exc()
        print(f"error: {wrong}", file=sys.stderr)
        return WRONG_INPUT
    finally:  # processes that are started later in this one print what was asked for
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _show_own_log() -> None:
    """Show `logging.getLogger(__name__).info(...)` of the user's packages and script, and nobody else's."""
    handler = OwnLog()
    handler.setFormatter(logging.Formatter("[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"))
    script = script_module(Path(os.environ.get(SCRIPT, "train")))
    for name in ("__main__", script, *sorted(own_packages())):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(handler)
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.INFO)
