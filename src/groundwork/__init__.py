"""groundwork."""
