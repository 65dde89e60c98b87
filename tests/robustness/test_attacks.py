"""Files that others send run no code, leave no folder and fill no memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes that have names")
def test_every_attack_is_refused_in_one_line_and_without_side_effect():
    script = ROOT / "tests" / "robustness" / "attacks.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=280
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(
        "31 pickles, checkpoints and configurations and 34 paths and sizes: 65 of 65"
    )


def test_an_error_keeps_to_one_line_whatever_a_file_is_called(tmp_path: Path):
    assert str(UserError(f"{tmp_path}/a\nb.csv must be there")).splitlines() == [
        f"{tmp_path}/a b.csv must be there"
    ]
