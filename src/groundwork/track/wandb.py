"""A run folder -> a W&B run, of which only what `logger.upload` names leaves the machine."""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from groundwork.core.atomic import write_text
from groundwork.core.paths import ROOT
from groundwork.core.predictions import read_predictions
from groundwork.core.redact import redact, redact_text, without_places
from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP
from groundwork.track.wandb_mode import decide_mode, find_key

# Figures made of numbers alone; a figure that is not named here may show photographs.
CURVES = ("baselines", "class_balance", "confusion_", "largest_confusions_", "learning_curve", "partial_dependence",
          "ranking_", "recall_", "regression_", "reliability_", "strengths", "transfer_plan")  # fmt: skip
MACHINE = ("python", "platform", "processor", "cores", "gpus")
STARTING = 30  # seconds
FINISHING = 300


class Wandb:
    """Copy one run folder into one W&B run; the folder remembers which, so that a resumed run goes on there.

    Args:
        project: On the server.
        entity: User or team; None takes that of the key.
        mode: auto, online, offline or disabled.
    """

    def __init__(self, project: str, entity: str | None, mode: str):
        self.project, self.entity, self.mode = project, entity, mode

    def start(self, folder: RunFolder, config: dict[str, Any], say: Callable[[str], None], pid: int) -> None:
        """Decide whether to be online, then begin or go on."""
        self.folder, self.upload = folder, set(config["logger"]["upload"])
        # Artifacts of an offline run wait here for `wandb sync`, not in the user's home.
        os.environ.setdefault("WANDB_DATA_DIR", str(folder.path / "wandb"))
        os.environ["WANDB_SILENT"] = "true"
        import wandb  # half a second, beside the run

        self.wandb = wandb
        server = wandb.Settings().base_url
        wish = os.environ.get("WANDB_MODE", "auto") if self.mode == "auto" else self.mode
        mode, why = decide_mode(wish, server, find_key(server))
        # The group is kept, also where a trial of a sweep goes on alone.
        group = config["logger"]["group"] or os.environ.get(SWEEP)
        new = {"id": secrets.token_hex(4), "group": group, "rows": 0, "gradients": 0, "step": 0}
        new["job_type"] = config["logger"]["job_type"] or ("trial" if SWEEP in os.environ else "train")
        self.memory: dict[str, Any] = new | folder.read_json("wandb")
        self.run = self._begin(config, mode, pid)
        self.memory |= {"project": self.project, "mode": mode, "url": self.run.url}
        self._remember()
        later = "" if mode != "offline" else f"; upload it later: wandb sync {Path(self.run.dir).parent}"
        say(f"W&B: {self.run.url}" if mode == "online" else f"W&B: {mode}, because {why}{later}")

    def row(self, number: int, values: dict[str, Any]) -> None:
        """Log a row of the history that no earlier process has logged."""
        if number >= self.memory["rows"]:
            if "metrics" in self.upload:
                self._log(values)
            self.memory["rows"] = number + 1
            self._remember()

    def gradients(self, number: int, entry: dict[str, Any]) -> None:
        """Log histograms of the gradients that no earlier process has logged."""
        if number < self.memory["gradients"] or "metrics" not in self.upload:
            return
        histograms = {
            f"gradients/{name}": self.wandb.Histogram(
                np_histogram=(np.array(one["counts"]), np.array(one["edges"]))
            )
            for name, one in entry["layers"].items()
        }
        self._log({"step": entry["step"], **histograms})
        self.memory["gradients"] = number + 1
        self._remember()

    def finish(self, config: dict[str, Any], result: dict[str, Any]) -> None:
        """Log what a finished run holds, and end."""
        done = result.get("status") == "done"
        if "config" in self.upload:
            self.run.config.update(self._described(config), allow_val_change=True)
        if done:
            self._log_result(result)
            self._log_files()
        elif result.get("status") in ("interrupted", None):
            self.run.mark_preempting()
        self.run.finish(exit_code=0 if done or result.get("status") == "pruned" else 1)

    def _begin(self, config: dict[str, Any], mode: str, pid: int) -> Any:
        path = self.folder.path
        settings = self.wandb.Settings(
            root_dir=str(path),
            console="off",  # what a run prints names its folders
            disable_code=True,
            disable_git=True,  # the address of a repository may hold a token
            save_code=False,
            symlink=False,
            host="",
            program="train.py",
            x_disable_meta=True,  # user, host, command and folders
            x_disable_machine_info=True,
            x_save_requirements=False,
            x_stats_pid=pid,
            init_timeout=STARTING,
            finish_timeout=FINISHING,
        )
        return self.wandb.init(
            project=self.project,
            entity=self.entity,
            mode=mode,  # type: ignore[arg-type]  # one of W&B's four, as check_logger says
            id=self.memory["id"],
            resume="allow",
            name=f"{path.parent.name}/{path.name}",
            group=self.memory["group"],
            job_type=self.memory["job_type"],
            tags=[str(tag) for tag in config.get("tags") or ()],
            config=self._described(config) if "config" in self.upload else {},
            settings=settings,
        )

    def _described(self, config: dict[str, Any]) -> dict[str, Any]:
        environment = self.folder.read_json("environment")
        described: dict[str, Any] = without_places(redact(config))
        described["machine"] = {name: environment[name] for name in MACHINE if name in environment}
        described["commit"] = environment.get("git", {}).get("commit")
        return described

    def _log(self, values: dict[str, Any]) -> None:
        # Steps go on where an earlier process of the same run stopped, also offline.
        self.run.log(values, step=self.memory["step"])
        self.memory["step"] += 1

    def _log_result(self, result: dict[str, Any]) -> None:
        if "metrics" not in self.upload:
            return
        values = {
            f"{split}/{name}": value for split in ("train", "val") for name, value in result[split].items()
        }
        values |= {
            f"corrected/{name}{end}": one[key]
            for name, one in (result.get("corrected") or {}).items()
            for key, end in (("value", ""), ("low", "/low"), ("high", "/high"))
        }
        values |= {"best_epoch": result["best_epoch"], "seconds": result["seconds"]["total"]}
        self.run.summary.update({name: value for name, value in values.items() if value is not None})

    def _log_files(self) -> None:
        upload = self.upload
        if "curves" in upload and (matrix := self._confusion()) is not None:
            self._log({"confusion/val": matrix})
        shown = [
            file
            for file in sorted(self.folder.figures.glob("*.png"))
            if ("curves" if file.stem.startswith(CURVES) else "photographs") in upload
        ]
        if shown:
            self._log({f"figures/{file.stem}": self.wandb.Image(str(file)) for file in shown})
        for word, kind, files in self._artifacts():
            if word in upload and files:
                artifact = self.wandb.Artifact(f"{word}-{self.memory['id']}", kind)
                for file in files:
                    artifact.add_file(str(file))
                self.run.log_artifact(artifact)

    def _confusion(self) -> Any:
        classes = self.folder.read_json("data").get("classes")
        if not classes or not self.folder.predictions("val").exists():
            return None
        val = read_predictions(self.folder.predictions("val"), classes, [])
        if val is None:
            return None
        truth, decided = val.target.tolist(), val.prediction.tolist()
        return self.wandb.plot.confusion_matrix(y_true=truth, preds=decided, class_names=classes, title="val")

    def _artifacts(self) -> Iterator[tuple[str, str, list[Path]]]:
        folder = self.folder
        yield "splits", "dataset", [folder.splits]
        yield "predictions", "predictions", [folder.predictions("val")]
        yield "checkpoints", "model", [folder.best]
        yield "code", "code", self._difference()

    def _difference(self) -> list[Path]:
        """Write how the code differs from its commit."""
        if "code" not in self.upload:
            return []
        told = subprocess.run(
            ["git", "diff", "HEAD"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
        )
        target = self.folder.path / "code.diff"
        write_text(target, redact_text(told.stdout))
        return [target]

    def _remember(self) -> None:
        self.folder.write_json("wandb", self.memory)
