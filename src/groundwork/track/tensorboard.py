"""A run folder -> TensorBoard's event files in its folder `tensorboard`, for `tensorboard --logdir runs`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from PIL import Image

from groundwork.core.run_folder import RunFolder


class TensorBoard:
    """Copy one run folder into event files; nothing leaves the machine, so `logger.upload` does not matter."""

    def start(self, folder: RunFolder, config: dict[str, Any], say: Callable[[str], None], pid: int) -> None:
        """Open the event file."""
        from torch.utils.tensorboard import SummaryWriter  # torch, beside the run

        self.folder, self.step = folder, 0
        # Rows of an earlier process are written again, so its own are hidden from step 0 on.
        self.writer = SummaryWriter(str(folder.path / "tensorboard"), purge_step=0)
        say(f"TensorBoard: tensorboard --logdir {folder.path.parent.parent}")

    def row(self, number: int, values: dict[str, Any]) -> None:
        """Write the numbers of one row of the history."""
        self.step = number
        for name, value in values.items():
            if isinstance(value, int | float):
                self.writer.add_scalar(name, value, number)
        self.writer.flush()

    def gradients(self, number: int, entry: dict[str, Any]) -> None:
        """Write histograms of the gradients."""
        for name, one in entry["layers"].items():
            counts, edges = np.array(one["counts"]), np.array(one["edges"])
            middle = (edges[1:] + edges[:-1]) / 2
            self.writer.add_histogram_raw(
                f"gradients/{name}",
                min=float(edges[0]),
                max=float(edges[-1]),
                num=int(counts.sum()),
                sum=float((counts * middle).sum()),
                sum_squares=float((counts * middle**2).sum()),
                bucket_limits=edges[1:].tolist(),
                bucket_counts=counts.tolist(),
                global_step=entry["step"],
            )

    def finish(self, config: dict[str, Any], result: dict[str, Any]) -> None:
        """Write configuration, results and figures, and close."""
        self.writer.add_text("config", f"<pre>{OmegaConf.to_yaml(OmegaConf.create(config))}</pre>", 0)
        for split in ("train", "val"):
            for name, value in (result.get(split) or {}).items():
                if value is not None:
                    self.writer.add_scalar(f"result/{split}/{name}", value, 0)
        for name, one in (result.get("corrected") or {}).items():
            if one["value"] is not None:
                self.writer.add_scalar(f"result/corrected/{name}", one["value"], 0)
        for file in sorted(self.folder.figures.glob("*.png")):
            with Image.open(file) as picture:
                self.writer.add_image(
                    f"figures/{file.stem}", np.asarray(picture.convert("RGB")), 0, dataformats="HWC"
                )
        self.writer.close()
