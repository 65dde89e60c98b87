"""samples -> chunks of encoded images in litdata's format, on a disk or in a bucket, and back."""
