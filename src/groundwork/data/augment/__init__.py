"""a batch of images -> the same images, changed by chance."""
