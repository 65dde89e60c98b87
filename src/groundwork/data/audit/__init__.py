"""samples, split and pixels -> what is worth knowing before anyone trains on them."""
