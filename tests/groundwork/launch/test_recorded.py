"""However the work of a run ends, its folder says how."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.core.signals import Stopped
from groundwork.launch.recorded import _recorded
from groundwork.train.pruning import Pruned


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("a bad row"), "failed", "a bad row"),
        (UserError("optim.lr must be positive."), "failed", "optim.lr must be positive."),
        (SystemExit(3), "failed", "SystemExit: 3"),
        (Pruned("pruned at validation 4"), "pruned", "pruned at validation 4"),
        (Stopped("SIGUSR1"), "interrupted", "SIGUSR1"),
    ],
)
def test_the_folder_says_how_a_run_ended(tmp_path: Path, error: BaseException, status: str, said: str):
    def work() -> None:
        raise error

    folder = RunFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt if status == "interrupted" else type(error)):
        _recorded(folder, work)
    assert folder.read_json("result.json") == {"status": status, "error": said}
