"""What every room needs: words for samples and batches, errors, files, locks, the run folder, directions of metrics."""
