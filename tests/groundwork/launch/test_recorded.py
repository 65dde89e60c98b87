"""However the work of a run ends, its folder says how."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.core.signals import Stopped
from groundwork.launch.recorded import recorded
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
    folder, config = RunFolder(tmp_path), OmegaConf.create({"logger": {}})
    ends = pytest.raises(KeyboardInterrupt if status == "interrupted" else type(error))
    with ends, recorded(folder, config, Console(quiet=True)):
        raise error
    assert folder.read_json("result.json") == {"status": status, "error": said}
