"""Environment variables by which the processes of this project tell each other what they are part of."""

SWEEP = "GROUNDWORK_SWEEP"  # set in every process of a sweep or search; the test can't be sealed there
TRUST = "GROUNDWORK_TRUST"  # what a process that was started by this one trusts, too
# Where ranks of one machine find each other; torchrun and srun give a port.
RENDEZVOUS = "GROUNDWORK_RENDEZVOUS"
# How many processes of this machine, such as the trials of a sweep, divide its cores.
SHARES = "GROUNDWORK_SHARES"
THREADS = "GROUNDWORK_THREADS"  # the OMP_NUM_THREADS that we set, and a process that we start sets for itself
# Processes that this one starts tell wrong input in one line: their HYDRA_FULL_ERROR is ours, not the user's.
ONE_LINE = "GROUNDWORK_ONE_LINE"
