"""samples -> which part each of them belongs to."""
