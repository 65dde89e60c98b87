"""Silence the noise of Lightning and torch that tells a user nothing, one line at a time, each with its reason."""

import logging
import warnings

# Every entry: what the message begins with (a regular expression), and why nobody needs to read it here.
NOISE = {
    # Batches are slices of memory, so there are no workers to add.
    r"The '\w+' does not have many workers": "Lightning looks for DataLoader workers",
    # Resuming in the middle of an epoch is exact here: the data module keeps the position.
    r"You're resuming from a checkpoint that ended before the epoch ended": "our loaders know their position",
    # Our loaders are no DataLoaders and shuffle by themselves.
    r"Total length of `\w+` across ranks is zero": "a split may be empty on a rank",
    # A folder with the checkpoints of this very run is what resume means.
    r"Checkpoint directory .* exists and is not empty": "the run folder is ours",
    # Frozen stages evaluate on purpose.
    r"Found \d+ module\(s\) in eval mode at the start of training": "frozen stages",
    # Every rank holds the predictions of the whole split, so its metrics are the same on all.
    r"It is recommended to use `self.log\(.*sync_dist=True\)`": "metrics are of all ranks already",
    # Lightning 2.6 asks torch for a class that torch 2.15 has renamed.
    r"`isinstance\(treespec, LeafSpec\)` is deprecated": "nothing here can change it",
    # A login node of a cluster has srun as well; cluster=slurm is how a run gets there.
    r"The `srun` command is available on your system but is not used": "not every run belongs to the cluster",
    # torch's own scheduler order check misfires when a checkpoint restores both.
    r"Detected call of `lr_scheduler.step\(\)` before": "order after a restore",
}


def silence() -> None:
    """Leave out the known noise; every other warning still shows."""
    for beginning in NOISE:
        warnings.filterwarnings("ignore", message=beginning)
    # Lightning announces devices, seeds, tips and its parameter table at INFO; run says what matters itself.
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_utilities", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Compiling for a processor looks for CUDA where its variables are set.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
