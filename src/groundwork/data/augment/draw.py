"""A key per sample -> random numbers, by hashing a counter on the device of the batch.

The key stands for (seed, epoch, sample). There is no generator and no state: a sample draws the same
numbers in any batch, on any device, at any moment.

Source: SplitMix64, Steele, Lea & Flood, OOPSLA 2014, doi:10.1145/2660193.2660195.
"""

from __future__ import annotations

from torch import Tensor

# The paper's constants as signed 64-bit numbers, which wrap around as the unsigned ones do.
GAMMA = 0x9E3779B97F4A7C15 - 2**64
FIRST = 0xBF58476D1CE4E5B9 - 2**64
SECOND = 0x94D049BB133111EB - 2**64


def uniform(key: Tensor, stream: int) -> Tensor:
    """Draw (B,) float64 numbers in [0, 1) from (B,) int64 keys, another set for each stream."""
    words = _mix(key + _wrap(GAMMA * (stream + 1)))
    return _shift(words, 11).double() * 2.0**-53


def _mix(words: Tensor) -> Tensor:
    words = words + GAMMA
    words = (words ^ _shift(words, 30)) * FIRST
    words = (words ^ _shift(words, 27)) * SECOND
    return words ^ _shift(words, 31)


def _shift(words: Tensor, bits: int) -> Tensor:
    """Shift right and fill with zeros, as for unsigned numbers."""
    return (words >> bits) & ((1 << (64 - bits)) - 1)


def _wrap(number: int) -> int:
    """Bring a whole number into the signed 64-bit range."""
    return (number + 2**63) % 2**64 - 2**63
