"""The group `logger` of a configuration -> the Lightning loggers of a run, open while it works in its folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from groundwork.core.bounded import read_yaml
from groundwork.core.console import Console
from groundwork.core.errors import UserError, first_line
from groundwork.core.instantiate import instantiate
from groundwork.core.ranks import is_first
from groundwork.core.redact import redact, without_places
from groundwork.core.run_folder import RunFolder
from groundwork.track.careful import Careful
from groundwork.track.result import numbers

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

# Arguments by which a logger goes on with the run that it began before.
SAME_RUN = ("run_id", "experiment_key")


@dataclass
class Session:
    """Hold the loggers of a run while a process works in its folder; they are built when they are first needed."""

    folder: RunFolder
    config: DictConfig
    console: Console
    loggers: "list[Logger] | None" = None

    def open(self) -> "list[Logger]":
        """Give the loggers; each tells once what its run is, so that a later process finds it again."""
        if self.loggers is None:
            self.loggers = build_loggers(self.config, self.folder, self.console)
            if is_first():
                _describe(self)
        return self.loggers


_sessions: dict[Path, Session] = {}


def build_loggers(config: DictConfig, folder: RunFolder, console: Console) -> "list[Logger]":
    """Build the loggers of a run, in the order of the configuration; the last one writes `steps.csv`.

    All ranks build the same; each logger sees to it that only the first one writes.

    Raises:
        UserError: If one cannot be built.
    """
    from groundwork.track.steps import StepsFile  # lightning: not before the data is known to be right

    known = folder.read_json("loggers")
    content: Any = OmegaConf.to_container(config, resolve=True)
    loggers = []
    for name, node in (config.get("logger") or {}).items():
        logger = _build(str(name), node, folder, known.get(name, {}))
        if hasattr(logger, "attach"):
            logger.attach(folder, content, console)
        loggers.append(logger)
    return [*loggers, StepsFile(folder.steps)]


def loggers_of(folder: RunFolder) -> "list[Logger]":
    """Give the loggers of the run that works in a folder; a training that is only part of an advice has none."""
    session = _sessions.get(folder.path)
    return session.open() if session else build_loggers(DictConfig({}), folder, Console(quiet=True))


@contextmanager
def logged(folder: RunFolder, config: DictConfig, console: Console) -> Iterator[None]:
    """Keep the loggers of a run while a block works, then hand them how it ended, which the folder tells."""
    session = _sessions[folder.path] = Session(folder, config, console)
    try:
        yield
    finally:
        del _sessions[folder.path]
        solved = session.loggers is None and folder.read_json("result").get("status") == "done"
        if is_first() and config.get("logger") and (solved or session.loggers is not None):
            session.open()
            _conclude(session, sealed=False)


def log_sealed(folder: RunFolder, config: DictConfig, console: Console) -> None:
    """Hand the sealed test metrics to the loggers of a finished run, which go on with the runs that they began."""
    if config.get("logger"):
        loggers = build_loggers(config, folder, console)
        _conclude(Session(folder, config, console, loggers), sealed=True)


def _build(name: str, node: DictConfig, folder: RunFolder, known: Mapping[str, Any]) -> "Logger":
    kind = get_class(node["_target_"])
    wanted, runs = signature(kind).parameters, folder.path.parent.parent
    given = {
        "save_dir": str(folder.path),
        "run_name": f"{folder.path.parent.name}/{folder.path.name}",
        "tracking_uri": os.environ.get("MLFLOW_TRACKING_URI")
        or f"sqlite:///{(runs / 'mlflow.db').as_posix()}",
    }
    own = {key: value for key, value in given.items() if key in wanted and node.get(key) is None}
    from lightning.pytorch.loggers import Logger

    try:
        logger: Any = instantiate(node, _convert_="all", **own, **known)
    except Exception as error:
        cause = first_line(error.__cause__ or error)
        raise UserError(
            f"logger.{name} must be a logger that can be built, but: {cause}. Correct its keys."
        ) from error
    if not isinstance(logger, Logger):
        raise UserError(
            f"logger.{name}._target_ must name a Lightning logger, but {kind.__name__} is not one. Name another."
        )
    return logger


def _describe(session: Session) -> None:
    """Give the configuration to the loggers that are not ours, once in the life of a run, and remember their runs."""
    folder = session.folder
    content: Any = without_places(redact(OmegaConf.to_container(session.config, resolve=True)))
    memory = folder.read_json("loggers")
    for name, logger in _named(session):
        if hasattr(logger, "attach") or name in memory:
            continue
        careful = Careful(name, session.console.say)
        careful(logger.log_hyperparams, content)
        same = [key for key in SAME_RUN if key in signature(type(logger)).parameters]
        memory[name] = {same[0]: careful(lambda one=logger: one.version)} if same else {}
    if memory:
        folder.write_json("loggers", memory)


def _conclude(session: Session, sealed: bool) -> None:
    folder = session.folder
    result = folder.read_json("result")
    config = dict(read_yaml(folder.config_file))  # as it was settled; only to be shown
    solved = [] if sealed else _rows_without_steps(folder)
    for name, logger in _named(session):
        careful = getattr(logger, "careful", None) or Careful(name, session.console.say)
        for number, row in enumerate(solved):
            careful(logger.log_metrics, row, number)
        if hasattr(logger, "conclude"):
            logger.conclude(config, result, sealed)
        elif result.get("status") == "done":
            careful(logger.log_metrics, numbers(result, sealed))
            careful(logger.save)
            careful(logger.finalize, "success")


def _named(session: Session) -> "Iterator[tuple[str, Logger]]":
    yield from zip(map(str, session.config.get("logger") or {}), session.loggers or (), strict=False)


def _rows_without_steps(folder: RunFolder) -> list[dict[str, Any]]:
    """Read the rows of a history that no training wrote, such as the scores by which an exact head was chosen."""
    if not folder.history.exists():
        return []
    table = pd.read_csv(folder.history, encoding="utf-8")
    if "step" in table:
        table = table[table.step.isna()]
    rows = table.select_dtypes("number").to_dict("records")
    return [{str(name): value for name, value in row.items() if pd.notna(value)} for row in rows]
