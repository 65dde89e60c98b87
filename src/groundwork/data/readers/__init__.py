"""one kind of source -> samples."""
