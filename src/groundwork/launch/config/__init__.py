"""overrides on the command line, or what a run folder holds -> one complete configuration, checked."""
