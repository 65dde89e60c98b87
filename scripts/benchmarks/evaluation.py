"""Time predictions of EfficientNet-Lite0 at 160 pixels against an evaluation loop in contiguous float32.

    python scripts/benchmarks/evaluation.py [images=512] [rounds=5]

Both sides hold the same decoded images in memory; the plain loop normalizes each batch as torchvision does. Ours runs
twice: in bfloat16, as a run that trained in bf16-mixed predicts (which trainer=auto measures as the faster one where
the processor knows it), and in float32, as runs with a frozen EfficientNet-Lite0 and trainer=cpu do.
"""

import sys

import numpy as np
import torch
from measure import alternate, machine, report, seconds
from torch import nn

from groundwork.core.console import Console
from groundwork.data import TableSource
from groundwork.model import ClassificationHead, ImageNormalize, Network, StagePool, TimmBackbone
from groundwork.train.predict import predict

NAME, SIZE, BATCH_SIZE = "tf_efficientnet_lite0", 160, 32


def main(num_images: int, rounds: int) -> None:
    print(machine())
    images = np.random.default_rng(0).integers(0, 256, (num_images, SIZE, SIZE, 3), dtype=np.uint8)
    backbone = TimmBackbone(NAME, False, 3, SIZE, 0.0, "default")
    last = backbone.num_stages - 1
    head = ClassificationHead(backbone.channels[-1], 10, dropout=0.0)
    network = Network(ImageNormalize([0.5], [0.5], 3), backbone, StagePool((last,), ("mean",)), head)
    network.arrange(torch.channels_last)

    class Pixels(TableSource):
        def batch(self, rows: np.ndarray) -> torch.Tensor:
            return super().batch(rows).permute(0, 3, 1, 2)

    source, rows = Pixels(images), np.arange(num_images)
    import timm

    model: nn.Module = timm.create_model(NAME, num_classes=10).eval()
    mean = torch.full((1, 3, 1, 1), 0.5)

    cpu, console = torch.device("cpu"), Console(quiet=True)

    def ours(precision: torch.dtype) -> float:
        return num_images / seconds(
            lambda: predict(network, source, rows, BATCH_SIZE, cpu, precision, console, "")
        )

    def plain() -> float:
        def loop() -> None:
            with torch.no_grad():
                for start in range(0, num_images, BATCH_SIZE):
                    batch = (
                        torch.from_numpy(images[start : start + BATCH_SIZE]).permute(0, 3, 1, 2).contiguous()
                    )
                    model((batch.float() / 255 - mean) / mean).softmax(1)

        return num_images / seconds(loop)

    lower, exact, theirs = alternate(
        (lambda: ours(torch.bfloat16), lambda: ours(torch.float32), plain), rounds
    )
    report("evaluation in bfloat16", lower, theirs, "img/s", "at least 2.5")
    report("evaluation in float32", exact, theirs, "img/s", "no aim")


if __name__ == "__main__":
    given = {"images": "512", "rounds": "5"} | dict(word.split("=") for word in sys.argv[1:])
    main(int(given["images"]), int(given["rounds"]))
