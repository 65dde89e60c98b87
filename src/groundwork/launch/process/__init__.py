"""one run -> the processes that do its work, and how they end."""
