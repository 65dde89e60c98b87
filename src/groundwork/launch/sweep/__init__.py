"""combinations of overrides -> many runs: processes here, or jobs in Slurm's queue."""
