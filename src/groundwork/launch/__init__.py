"""overrides -> processes: command line, configuration, sweep, Slurm, search."""
