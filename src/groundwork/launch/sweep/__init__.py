"""combinations of words -> many runs: processes here, or jobs in Slurm's queue."""
