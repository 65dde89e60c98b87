"""Warnings and log lines of other libraries that tell a user of this project nothing, each with its reason."""

import logging
import warnings

# What the message begins with, as a regular expression.
NOISE = (
    r"The '\w+' does not have many workers",  # batches are slices of memory, so there are no workers to add
    # Resuming in the middle of an epoch is exact here: the data module keeps the position.
    r"You're resuming from a checkpoint that ended before the epoch ended",
    r"Total length of `\w+` across ranks is zero",  # a split may be empty on a rank
    r"Checkpoint directory .* exists and is not empty",  # that of this very run is what resume means
    r"Found \d+ module\(s\) in eval mode at the start of training",  # frozen stages evaluate on purpose
    # Short runs log their validations; steps.csv then begins with the first step that is due.
    r"The number of training batches \(.*\) is smaller than the logging interval",
    # Every rank holds the predictions of the whole split, so its metrics are the same on all.
    r"It is recommended to use `self.log\(.*sync_dist=True\)`",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning 2.6 asks for what torch 2.15 has renamed
    r"Be aware that when using `ckpt_path`",  # a test builds the module alone, never the callbacks of its training
    # A login node of a cluster has srun as well; cluster=slurm is how a run gets there.
    r"The `srun` command is available on your system but is not used",
    r"GPU available but not used",  # trainer=cpu was asked for
    r"`torch.jit.script_method` is deprecated",  # torch 2.11 imports a class of its own that it calls so
    # How exactly a GPU multiplies float32 is left as torch has it.
    r"TensorFloat32 tensor cores for float32 matrix multiplication available",
    r"Detected call of `lr_scheduler.step\(\)` before",  # misfires when a checkpoint restores both
)


def silence() -> None:
    """Leave out the known noise; every other warning still shows."""
    for beginning in NOISE:
        warnings.filterwarnings("ignore", message=beginning)
    # Lightning announces devices, seeds, tips and its parameter table at INFO; run says what matters itself.
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_utilities", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Compiling for a processor looks for CUDA where its variables are set.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)


def show_again(word: str) -> None:
    """Show warnings that `silence` leaves out where they are noise, for a run in which they are not.

    Args:
        word: In what the message begins with.
    """
    for beginning in NOISE:
        if word in beginning:
            warnings.filterwarnings("default", message=beginning)
