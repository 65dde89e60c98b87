"""A run -> TensorBoard's event files in its folder `tensorboard`, for `tensorboard --logdir runs`."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from omegaconf import OmegaConf
from PIL import Image

from groundwork.core.console import Console
from groundwork.core.redact import redact
from groundwork.core.run_folder import RunFolder
from groundwork.track.careful import Careful
from groundwork.track.result import numbers


class TensorBoard(TensorBoardLogger):
    """Write event files, which never end a run: a full disk ends the logger. Nothing leaves the machine.

    Args:
        save_dir: The run folder.
    """

    def __init__(self, save_dir: str):
        super().__init__(save_dir, name="", version="tensorboard", default_hp_metric=False)
        self.careful = Careful("TensorBoard", print)

    def attach(self, folder: RunFolder, config: dict[str, Any], console: Console) -> None:
        """Speak through the run's console."""
        self.careful.say = console.say
        console.say(f"TensorBoard: tensorboard --logdir {folder.path.parent.parent}")

    def begin(self, step: int) -> None:
        """Hide what an earlier process wrote from a step on."""
        if self._experiment is not None:
            self._experiment.close()
            self._experiment = None
        self._kwargs["purge_step"] = step

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write numbers."""
        self.careful(super().log_metrics, dict(metrics), step)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Write those of a module, without secrets."""
        content = vars(params) if isinstance(params, Namespace) else params
        self.careful(super().log_hyperparams, redact(dict(content)))

    def log_histograms(self, histograms: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], step: int) -> None:
        """Write histograms: name -> counts (B,), edges (B + 1,)."""
        for name, (counts, edges) in histograms.items():
            middle = (edges[1:] + edges[:-1]) / 2
            self.careful(
                lambda name=name, counts=counts, edges=edges, middle=middle: (
                    self.experiment.add_histogram_raw(
                        name,
                        min=float(edges[0]),
                        max=float(edges[-1]),
                        num=int(counts.sum()),
                        sum=float((counts * middle).sum()),
                        sum_squares=float((counts * middle**2).sum()),
                        bucket_limits=edges[1:].tolist(),
                        bucket_counts=counts.tolist(),
                        global_step=step,
                    )
                )
            )

    def save(self) -> None:
        """Bring to the disk what is logged."""
        if self._experiment is not None:
            self.careful(self._experiment.flush)

    def finalize(self, status: str) -> None:
        """Bring everything to the disk; a later phase opens a new file."""
        self.save()

    def conclude(self, config: dict[str, Any], result: dict[str, Any], sealed: bool) -> None:
        """Write configuration, results and figures, and close."""
        self.log_metrics(numbers(result, sealed), 0)
        self.careful(self._conclude, config)
        if self._experiment is not None:
            self.careful(self._experiment.close)

    def _conclude(self, config: dict[str, Any]) -> None:
        writer = self.experiment
        writer.add_text("config", f"<pre>{OmegaConf.to_yaml(OmegaConf.create(config))}</pre>", 0)
        for file in sorted((Path(self.save_dir) / "figures").glob("*.png")):
            with Image.open(file) as picture:
                writer.add_image(
                    f"figures/{file.stem}", np.asarray(picture.convert("RGB")), 0, dataformats="HWC"
                )
