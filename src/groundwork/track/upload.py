"""A folder that W&B logs into offline -> the server, by a process of its own that may hang or die without harm."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import IO

from groundwork.track.wandb_mode import decide_mode, find_key

ENDED = "ended"  # what the run says before it closes the pipe, where its file is whole
GRACE = 20.0  # seconds that the live upload gets after a run that was killed
LAST_UPLOAD = 600.0  # seconds after the end of the run


class Upload:
    """Start the process, print what it says, and end it.

    Args:
        folder: Of W&B, `<run>/wandb/offline-run-...`.
        wish: auto or online.
        server: Address.
        say: Prints a line.
    """

    def __init__(self, folder: Path, wish: str, server: str, say: Callable[[str], None]):
        self.say = say
        # A session of its own: Ctrl-C ends the run first, and the upload when the run has said how it ended.
        self.process = subprocess.Popen(
            command(folder, wish, server),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
        )
        self._listener = Thread(target=self._listen, args=(self.process.stdout,), daemon=True)
        self._listener.start()

    def end(self, ended: bool, seconds: float) -> None:
        """Say that the run is over, and wait for the rest of the upload, but not long."""
        assert self.process.stdin is not None
        try:
            if ended:
                self.process.stdin.write(ENDED)
            self.process.stdin.close()
        except OSError:
            pass  # it died before
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.say("note: W&B: the upload goes on without the run")
            return
        self._listener.join(1)
        if self.process.stdout is not None and not self._listener.is_alive():
            self.process.stdout.close()
        if self.process.returncode:
            self.say(
                f"note: W&B: the upload ended with exit status {self.process.returncode}; the run's own files are "
                f"complete"
            )

    def _listen(self, lines: IO[str] | None) -> None:
        for line in lines or ():
            self.say(line.rstrip())


def command(folder: Path, wish: str, server: str) -> list[str]:
    """Give the words that start the process."""
    return [sys.executable, "-P", "-m", "groundwork.track.upload", str(folder), wish, server]


def main(folder: str, wish: str, server: str) -> int:
    """Upload a folder while it grows, until standard input ends, and then the rest.

    Returns:
        The exit status: 1 where something is left to upload by hand.
    """
    path = Path(folder)
    mode, why = decide_mode(wish, server, find_key(server))
    later = f"upload it later: wandb sync {path.parent}"
    if mode != "online":
        print(f"W&B: {mode}, because {why}; {later}", flush=True)
        sys.stdin.read()
        return 0
    print(f"W&B: uploading to {server}", flush=True)
    # What earlier processes of this run left; one that was killed never ends its file, so it is not followed.
    if before := sorted(str(other) for other in path.parent.glob("*run-*") if other != path):
        _sync("--skip-synced", *before).wait(LAST_UPLOAD)
    live = _sync("--live", folder)
    whole = sys.stdin.read() == ENDED
    deadline = monotonic() + LAST_UPLOAD
    done = _ends(live, LAST_UPLOAD if whole else GRACE)
    if not done:
        done = _ends(_sync(folder), max(deadline - monotonic(), GRACE))
    if not done:
        print(f"note: W&B: the upload is not complete; {later}", flush=True)
    return 0 if done else 1


def _sync(*arguments: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "wandb", "beta", "sync", "--yes", *arguments]
    quiet = subprocess.DEVNULL
    # A service of the training process would end with it.
    environment = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
    return subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, env=environment)


def _ends(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Tell whether a process ends well in time; else end it."""
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
