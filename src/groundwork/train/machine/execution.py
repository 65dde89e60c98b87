"""How the steps of a training are computed: memory format, precision, threads and compilation."""

from dataclasses import dataclass

import torch
from omegaconf import DictConfig

from groundwork.model import Network

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}  # by Lightning's names


@dataclass(frozen=True)
class Execution:
    """Say how steps are computed; nothing here changes what is computed, save the precision.

    Attributes:
        memory_format: "contiguous" or "channels_last", of images and of the weights that meet them.
        precision: Lightning's name.
        threads: Of the processor.
        gain: Speed over `plainest`; 1 where nothing was measured.
        seconds: Of a step, for each of its images; None where nothing was measured.
        compiled: Whether torch.compile translates the network.
        plainest: Of the choices that were left.
        distrusted: Whether the measurement means nothing, so that it is not remembered: the machine was too busy, or
            the batch did not fit into its memory.
    """

    memory_format: str
    precision: str
    threads: int
    gain: float
    seconds: float | None = None
    compiled: bool = False
    plainest: str = ""
    distrusted: bool = False

    def apply(self, network: Network) -> None:
        """Lay out the network and set the threads of this process."""
        network.arrange(FORMATS[self.memory_format])
        torch.set_num_threads(self.threads)


def compile_in_place(network: Network) -> None:
    """Let torch.compile translate a network; no name in a checkpoint changes.

    It does so for each size of a batch anew: there are two, full and last, and the code of torch 2.11 for batches of
    any size failed on a GPU at the first short one. Random numbers stay those of the plain network.
    """
    torch.compiler.reset()  # what an earlier phase or run left counts toward the number of versions that are kept
    network.compile(dynamic=False, options={"fallback_random": True})


def memory_format(config: DictConfig) -> torch.memory_format:
    """Give the layout in which a finished run predicts; like features, channels last unless the run says more."""
    return FORMATS.get(config.execution.memory_format, torch.channels_last)
