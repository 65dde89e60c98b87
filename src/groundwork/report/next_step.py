"""A run folder -> the command to type next, complete, so that it can be copied: for terminal and page."""

from collections.abc import Mapping
from pathlib import Path
from shlex import join, quote, split
from typing import Any

from groundwork.core.batch import FOLDS
from groundwork.core.paths import machine_paths
from groundwork.report.folder import ReportedRun
from groundwork.report.page import shown_path


def next_step(run: ReportedRun) -> str:
    """Return the command that follows: train after a trial, seal the test after training, then export; else nothing."""
    if run.folder.is_debug:
        words = [str(one) for one in run.environment.get("overrides") or []]
        return command("train.py", *(one for one in words if not one.startswith("debug=")))
    if not run.is_sealed:
        return command("evaluate.py", f"run={shown_path(run.path)}", "split=test", *runs_word(run.path))
    if not run.folder.predictions("val").exists():
        return ""  # of a module of one's own, which is not exported
    return command("export.py", f"run={shown_path(run.path)}", "format=onnx")


def train_command(audit: Mapping[str, Any], *more: str) -> str:
    """Return the command that trains on what an audit looked at, in folds where it found val too small to decide."""
    return command("train.py", *map(str, audit.get("command") or []), *more, *_folds(audit))


def _folds(audit: Mapping[str, Any]) -> list[str]:
    """Return the words of the remedy for a small val, if a warning names them."""
    warned = [one["remedy"] for one in audit.get("findings") or [] if one["level"] == "warning"]
    return split(FOLDS) if any(FOLDS in remedy for remedy in warned) else []


def runs_word(run: Path) -> list[str]:
    """Return the word that names the folder of all runs, where the ledger lies; nothing if it is the usual one."""
    runs = run.resolve().parents[1]
    return [] if str(runs) == machine_paths().runs else [f"paths.runs={shown_path(runs)}"]


def command(script: str, *words: str) -> str:
    """Write a command so that a shell reads it as it is meant."""
    return f"uv run scripts/{script} {join(words)}" if words else f"uv run scripts/{quote(script)}"
