"""A finished run folder -> what of it `upload` lets W&B have: configuration, figures, artifacts."""

import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from groundwork.core.atomic import write_text
from groundwork.core.batch import Split
from groundwork.core.paths import ROOT
from groundwork.core.predictions import read_predictions
from groundwork.core.redact import redact, redact_text, without_places
from groundwork.core.run_folder import RunFolder

# Figures made of numbers alone; a figure that is not named here may show photographs.
CURVES = ("baselines", "class_balance", "confusion_", "largest_confusions_", "learning_curve", "partial_dependence",
          "ranking_", "recall_", "regression_", "reliability_", "strengths", "transfer_plan")  # fmt: skip
MACHINE = ("python", "platform", "processor", "cores", "gpus")


def described(folder: RunFolder, config: dict[str, Any]) -> dict[str, Any]:
    """Give the configuration without places and secrets, the machine and the commit."""
    environment = folder.read_json("environment")
    content: dict[str, Any] = without_places(redact(config))
    content["machine"] = {name: environment[name] for name in MACHINE if name in environment}
    content["commit"] = environment.get("git", {}).get("commit")
    return content


def log_files(run: Any, folder: RunFolder, upload: Collection[str], split: Split) -> None:
    """Log figures and artifacts of a finished run: those of the test alone, or all others."""
    import wandb  # the run is open, so it is imported already

    if "curves" in upload and (matrix := _confusion(folder, split)) is not None:
        run.log({f"confusion/{split}": matrix})
    shown = [
        file
        for file in sorted(folder.figures.glob("*.png"))
        if ("curves" if file.stem.startswith(CURVES) else "photographs") in upload
        and ("test" in file.stem.split("_")) == (split == "test")
    ]
    if shown:
        run.log({f"figures/{file.stem}": wandb.Image(str(file)) for file in shown})
    for word, kind, files in _artifacts(folder, upload, split):
        if word in upload and files:
            artifact = wandb.Artifact(f"{kind if word == 'predictions' else word}-{run.id}", kind)
            for file in files:
                artifact.add_file(str(file))
            run.log_artifact(artifact)


def _confusion(folder: RunFolder, split: Split) -> Any:
    import wandb

    classes = folder.read_json("data").get("classes")
    if not classes or not folder.predictions(split).exists():
        return None
    known = read_predictions(folder.predictions(split), classes, [])
    if known is None:
        return None
    truth, decided = known.target.tolist(), known.prediction.tolist()
    return wandb.plot.confusion_matrix(y_true=truth, preds=decided, class_names=classes, title=split)


def _artifacts(
    folder: RunFolder, upload: Collection[str], split: Split
) -> Iterator[tuple[str, str, list[Path]]]:
    yield "predictions", f"predictions-{split}", [folder.predictions(split)]
    if split == "test":
        return
    yield "splits", "dataset", [folder.splits]
    yield "checkpoints", "model", [folder.best]
    yield "code", "code", _difference(folder) if "code" in upload else []


def _difference(folder: RunFolder) -> list[Path]:
    """Write how the code differs from its commit."""
    told = subprocess.run(["git", "diff", "HEAD"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    target = folder.path / "code.diff"
    write_text(target, redact_text(told.stdout))
    return [target]
