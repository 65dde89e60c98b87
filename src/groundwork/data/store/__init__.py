"""image files -> decoded images, once, in a memory-mapped store."""
