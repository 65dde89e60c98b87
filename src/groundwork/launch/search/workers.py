"""Several workers of a search on this machine, each a fresh process; one that is killed is replaced."""

import time
from collections.abc import Sequence

from groundwork.core.console import Console
from groundwork.core.errors import DONE
from groundwork.launch.process.child import Child, share_cores, stop_on_signal
from groundwork.launch.search.study import Study

MODULE = "groundwork.launch.search.worker"
SECONDS_BETWEEN_LOOKS = 0.5


def run_workers(overrides: Sequence[str], number: int, study: Study, console: Console) -> None:
    """Run workers until every trial has ended.

    Args:
        overrides: Words of the search.
        number: Of workers.
        study: Whose trials they share.
        console: Where to speak.

    Raises:
        KeyboardInterrupt: If a signal stops the search.
        RuntimeError: If more workers died than were started at first.
    """
    given = share_cores(number)
    with stop_on_signal() as stop:
        children = [Child(MODULE, overrides, None, given) for _ in range(number)]
        spare, asked = number, 0
        while children:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            if stop.asked > asked:
                asked = stop.asked
                for child in children:
                    child.stop(stop.name) if asked == 1 else child.kill()
            for child in list(children):
                status = child.poll()
                if status is None:
                    continue
                children.remove(child)
                if status != DONE and not asked and spare and not study.is_over():
                    console.note(f"a worker ended with exit status {status}; another one takes its place")
                    spare -= 1
                    children.append(Child(MODULE, overrides, None, given))
    if asked:
        raise KeyboardInterrupt("the same command again goes on")
    if not study.is_over():
        raise RuntimeError("every worker of the search died; the lines above say why")
