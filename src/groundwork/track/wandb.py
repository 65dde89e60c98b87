"""A run -> a W&B run that is logged offline into its folder and uploaded by a process beside it."""

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

from lightning.fabric.loggers.logger import (
    _DummyExperiment as DummyExperiment,
)  # Lightning gives it no other name
from lightning.pytorch.loggers import WandbLogger
from numpy.typing import NDArray

from groundwork.core.console import Console
from groundwork.core.patches import drop_wandb
from groundwork.core.ranks import is_first
from groundwork.core.redact import redact, without_places
from groundwork.core.run_folder import RunFolder, plain
from groundwork.core.variables import SWEEP
from groundwork.track.careful import Beside, Careful
from groundwork.track.journal import Journal
from groundwork.track.result import numbers
from groundwork.track.upload import Upload
from groundwork.track.wandb_agent import OF_RUN, PROJECT, private_settings, run_of_environment, without_agent
from groundwork.track.wandb_files import described, log_files
from groundwork.track.wandb_mode import find_key

HANGS = 30.0  # seconds without an answer of W&B's local process, which writes to the disk alone
STEP = "trainer/global_step"  # Lightning's own name


class Wandb(WandbLogger):
    """Log into one W&B run; the run folder remembers which, so that a resumed run and the sealed test go on there.

    Calls of Lightning are made on a thread of their own. `experiment` is W&B's own run.

    Args:
        save_dir: The run folder.
        project: On the server; None takes WANDB_PROJECT.
        entity: User or team; None takes that of the key.
        mode: auto, online, offline or disabled.
        upload: What may leave the machine.
        name: Of the run; None takes WANDB_NAME, else the name of its folder.
        tags: Beside those of the configuration and of WANDB_TAGS.
        group: None takes the sweep.
        job_type: None: train, or trial in a sweep.
        wait: Seconds that a finished run waits for the upload, which then goes on alone.
    """

    def __init__(
        self,
        save_dir: str,
        project: str | None,
        entity: str | None,
        mode: str,
        upload: Sequence[str],
        name: str | None,
        tags: Sequence[str],
        group: str | None,
        job_type: str | None,
        wait: float,
    ):
        super().__init__(
            name=name, save_dir=save_dir, project=project or os.environ.get("WANDB_PROJECT") or PROJECT
        )
        self.typed = {
            "project": project,
            "entity": entity,
            "name": name,
            "group": group,
            "job_type": job_type,
        }
        self.mode, self.upload, self.tags = mode, set(upload), [str(tag) for tag in tags]
        self.wait = wait
        self.careful = Careful("W&B", print)
        self.beside = Beside(self.careful)
        self.folder, self.config = RunFolder(Path(save_dir)), dict[str, Any]()
        self.memory: dict[str, Any] = {}
        self._lock, self._first = RLock(), True
        self._run: Any = None
        self._upload: Upload | None = None

    def attach(self, folder: RunFolder, config: dict[str, Any], console: Console) -> None:
        """Take the configuration of the run and speak through its console."""
        self.folder, self.config, self.careful.say = folder, config, console.say
        self.tags = [*(str(tag) for tag in config.get("tags") or ()), *self.tags]

    @property
    def journal(self) -> Journal:
        """What was logged since W&B last closed its file of the run."""
        return Journal(self.folder.path / "wandb" / "journal.jsonl")

    @property
    def experiment(self) -> Any:
        """The W&B run, begun at first use; one that does nothing on other ranks, and where W&B cannot begin."""
        if not is_first():
            return DummyExperiment()
        with self._lock:
            if self._run is None:
                self._run = self.careful(self._begin) or DummyExperiment()
                self._experiment = self._run
        return self._run

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers that no earlier process of the run has logged for this step or a later one."""
        if is_first() and "metrics" in self.upload:
            self.beside.put(self._log, dict(metrics), step)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Log those of a module, without secrets and places."""
        if is_first() and "config" in self.upload:
            content = without_places(redact(plain(vars(params) if isinstance(params, Namespace) else params)))
            self.beside.put(lambda: self.experiment.config.update(content, allow_val_change=True))

    def log_histograms(self, histograms: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], step: int) -> None:
        """Log histograms: name -> counts (B,), edges (B + 1,)."""
        if is_first() and "metrics" in self.upload:
            self.beside.put(self._log_histograms, dict(histograms), step)

    def finalize(self, status: str) -> None:
        """Do nothing: a later phase goes on, and `conclude` ends the run."""

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Leave checkpoints where they are; `upload` says whether the best one is sent."""

    def conclude(self, config: dict[str, Any], result: dict[str, Any], sealed: bool) -> None:
        """Log how the run ended, or its sealed test, and end the W&B run; an upload that takes longer goes on alone."""
        _ = self.experiment  # begins here at the latest: that may take longer than a call to what runs
        self.beside.put(self._conclude, config, result, sealed)
        if not self.beside.end(HANGS):
            self.careful.failed = True
            self.careful.say(f"note: W&B did not answer for {HANGS:g} s; the run's own files are complete")
        if self.careful.failed:
            drop_wandb()
        if self._upload is not None:
            self._upload.end(not self.careful.failed, self.wait)

    def _begin(self) -> Any:
        # Artifacts of an offline run wait here for the upload, not in the user's home.
        os.environ.setdefault("WANDB_DATA_DIR", str(self.folder.path / "wandb"))
        os.environ["WANDB_SILENT"] = "true"
        import wandb  # half a second

        wish = os.environ.get("WANDB_MODE", "auto") if self.mode == "auto" else self.mode
        is_trial, known = SWEEP in os.environ, self.folder.read_json("wandb")
        typed = {key: value for key, value in self.typed.items() if value is not None}
        # What an earlier process of the run found in its environment counts, not what stands there today.
        self.memory = run_of_environment(self.folder, is_trial) | known | typed
        self.memory["tags"] = list(dict.fromkeys([*self.tags, *self.memory["tags"]]))
        self._earlier = dict(self.memory["reached"])
        own = os.environ.get("WANDB_RUN_ID")
        with without_agent(is_trial or known.get("id", own) != own):
            config = described(self.folder, self.config) if "config" in self.upload else {}
            settings = wandb.Settings(**private_settings(self.folder, self.memory["sweep"]))
            run = wandb.init(
                mode="disabled" if wish == "disabled" else "offline",
                resume="allow",
                config=config,
                settings=settings,
                **{key: self.memory[key] for key in OF_RUN},
            )
        run.define_metric(STEP)
        run.define_metric("*", step_metric=STEP, step_sync=True)
        for metrics, step in self.journal.rows():  # of a process that was killed: its file may lack them
            self._send(run, metrics, step)
        self._id = self.memory["id"] = run.id  # that of an agent, where one has started this process
        self._project = self.memory["project"]
        self.memory["mode"] = wish
        self.folder.write_json("wandb", self.memory)
        self._start_upload(wish, Path(run.dir).parent, run.settings.base_url)
        return run

    def _start_upload(self, wish: str, place: Path, server: str) -> None:
        why = f"asked for mode={wish}" if wish in ("offline", "disabled") else ""
        if wish == "auto" and find_key(server) is None:
            why = "no key was found (WANDB_API_KEY, or `wandb login`)"
        if not why:
            self._upload = Upload(place, wish, server, self.careful.say)
        else:
            later = "" if wish == "disabled" else f"; upload it later: wandb sync {place.parent}"
            self.careful.say(f"W&B: {'disabled' if wish == 'disabled' else 'offline'}, because {why}{later}")

    def _log(self, metrics: dict[str, Any], step: int | None) -> None:
        run, earlier = self.experiment, self._earlier
        if step is not None:
            metrics = {name: value for name, value in metrics.items() if step > earlier.get(name, -1)}
        if not set(metrics) - {"epoch"}:
            return
        self.journal.add(metrics, step)
        self._send(run, metrics, step)
        if step is not None:
            self.memory["reached"] |= dict.fromkeys(set(metrics) - {"epoch"}, step)
        self._remember()

    def _send(self, run: Any, metrics: Mapping[str, Any], step: int | None) -> None:
        # Steps of W&B go on where an earlier process of the same run stopped, also offline.
        start = {"step": self.memory["step"], "commit": True} if self._first and self.memory["step"] else {}
        self._first = False
        run.log(dict(metrics) if step is None else {**metrics, STEP: step}, **start)

    def _log_histograms(self, histograms: dict[str, tuple[Any, Any]], step: int) -> None:
        import wandb

        self._log({name: wandb.Histogram(np_histogram=one) for name, one in histograms.items()}, step)

    def _conclude(self, config: dict[str, Any], result: dict[str, Any], sealed: bool) -> None:
        run, status = self.experiment, result.get("status")
        if "config" in self.upload:
            run.config.update(described(self.folder, config), allow_val_change=True)
        if status == "done" and "metrics" in self.upload:
            run.summary.update(numbers(result, sealed, ""))
        if status == "done":
            log_files(run, self.folder, self.upload, "test" if sealed else "val")
        elif status in ("interrupted", None):
            run.mark_preempting()
        self._remember()
        run.finish(exit_code=0 if status in ("done", "pruned") else 1)
        self.journal.clear()

    def _remember(self) -> None:
        self.memory["step"] = int(self.experiment.step)
        self.folder.write_json("wandb", self.memory)
