"""A network and rows -> predictions, each row once."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.data.device import copied_ahead
from groundwork.model import Network, fuse_conv_bn, fusing_pays, predict_batch
from groundwork.train.machine.precision import evaluation_precision


def predict_rows(
    config: DictConfig,
    network: Network,
    source: Any,
    rows: NDArray[np.int64],
    device: torch.device,
    console: Console,
    title: str,
) -> NDArray[np.floating]:
    """Predict rows in the batches and the precision of a run; see `predict`."""
    size, precision = config.data.batch_size, evaluation_precision(config)
    return predict(network, source, rows, size, device, precision, console, title)


def predict(
    network: Network,
    source: Any,
    rows: NDArray[np.int64],
    batch_size: int,
    device: torch.device,
    precision: torch.dtype,
    console: Console,
    title: str,
) -> NDArray[np.floating]:
    """Predict every row once: probabilities (N, K), or values (N, T) float64 in original units.

    Args:
        precision: What the backbone computes in, see `evaluation_precision`; the head computes in float32.
    """
    network.to(device).eval()
    if len(rows) > batch_size and fusing_pays(device):
        some = source.batch(rows[:1]).to(device)
        network = fuse_conv_bn(network, network.normalize(some))
    parts: list[torch.Tensor] = []
    done = 0
    with torch.inference_mode(), console.progress(title, "samples") as bar:
        while done < len(rows):
            cut = np.split(rows[done:], range(batch_size, len(rows) - done, batch_size))
            try:
                for inputs in copied_ahead(map(source.batch, cut), device):
                    parts.append(predict_batch(network, inputs, precision))
                    done += len(inputs)
                    bar(done, len(rows))
            except torch.OutOfMemoryError:
                if batch_size < 2:
                    raise
                batch_size //= 2  # changes no prediction, beyond rounding
    return torch.cat(parts).cpu().numpy()
