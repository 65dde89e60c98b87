"""Changed run folders are read, or end in one line. `tests/robustness/fuzz_runs.py` changes many more."""

import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from groundwork.core.paths import ROOT


def test_a_changed_run_folder_never_leads_to_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec = spec_from_file_location("fuzz_runs", ROOT / "tests" / "robustness" / "fuzz_runs.py")
    assert spec is not None
    assert spec.loader is not None
    fuzz_runs = module_from_spec(spec)
    spec.loader.exec_module(fuzz_runs)
    for name in fuzz_runs.AFTER:  # put back at the end what the script replaces
        monkeypatch.setattr(f"groundwork.evaluate.concluding.{name}", lambda *_: {})
    monkeypatch.setattr("groundwork.evaluate.seal.write_report", lambda *_: None)
    counts = fuzz_runs.fuzz(tmp_path, random.Random(1), 25, 4)
    assert counts["uncaught"] == 0
    assert counts["read"] + counts["refused"] >= 7 * counts["cases"] > 0
