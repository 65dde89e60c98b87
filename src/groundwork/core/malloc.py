"""What glibc does with memory that a batch or a phase gives back: kept for the next one, or returned to the system."""

import ctypes
import os
import sys

# Numbers of malloc.h: from which size blocks come from the system directly, and how much may lie idle, in bytes.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
MALLOC = {M_MMAP_THRESHOLD: 1 << 30, M_TRIM_THRESHOLD: (1 << 31) - 1}


def keep_memory() -> None:
    """Let glibc keep what a batch gives back for the next one, unless its own variables say otherwise.

    It returns every large block to the system, which hands the same pages out again, each filled with zeros: up to
    two fifths of the time of a network on a processor. Other C libraries are left as they are.
    """
    if (libc := _glibc()) and not any(name.startswith("MALLOC_") for name in os.environ):
        for option, size in MALLOC.items():
            libc.mallopt(option, size)


def return_memory() -> None:
    """Give the system what lies idle, after work that needed much."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
