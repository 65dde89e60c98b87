"""a network, its images and columns -> pictures and numbers that the report cannot make without them."""
