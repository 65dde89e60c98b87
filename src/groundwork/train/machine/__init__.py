"""this machine -> device, precision, threads and what fits into its memory."""
