"""Decoded images -> pairs that show nearly the same: perceptual hashes, then small pictures side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from groundwork.data.store.origin import Progress

SIDE = 32  # pixels of the small pictures that decide
SAMPLES = 3  # pixels of a large image, in each direction, that make one of a small picture
HASH_SIDE = 8  # 2 x 8 x 8 signs of differences, to the right and down
MOST_BITS = 32  # of 128 that may differ
LEAST_CORRELATION = 0.75  # of what sets two small pictures apart from the others
# Objects of one kind share outlines and light, which make none of them alike: the mean picture and the leading
# principal components are taken away first, one of them for every 20 images at most.
MOST_COMMON, ROWS_PER_COMMON, MOST_FITTED = 64, 20, 4000
LEAST_DETAIL = 0.01  # of the contrast of a picture
MOST_PAIRS = 20_000
CHUNK, BLOCK = 256, 2048


class Images(Protocol):
    """Hand out decoded images by row number."""

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (B, C, H, W)."""
        ...


@dataclass(frozen=True)
class NearPairs:
    """Hold M pairs of rows that show nearly the same.

    Attributes:
        pairs: (M, 2) rows, the smaller first, the likest pairs first.
        correlation: (M,) of the two small pictures, up to 1.
        is_complete: False where the search stopped at MOST_PAIRS.
    """

    pairs: NDArray[np.int64]
    correlation: NDArray[np.float64]
    is_complete: bool


def small_pictures(images: Images, num_images: int, progress: Progress | None) -> NDArray[np.float32]:
    """Shrink every image to a grey picture of 32 x 32, (N, 32, 32)."""
    small = np.empty((num_images, SIDE, SIDE), dtype=np.float32)
    for start in range(0, num_images, CHUNK):
        rows = np.arange(start, min(start + CHUNK, num_images))
        pixels = images.batch(rows)
        step = max(1, min(pixels.shape[2:]) // (SAMPLES * SIDE))
        grey = pixels[:, :, ::step, ::step].float().mean(dim=1, keepdim=True)
        small[rows] = adaptive_avg_pool2d(grey, SIDE)[:, 0].numpy()
        if progress is not None:
            progress(int(rows[-1]) + 1, num_images)
    return small


def difference_hash(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hash by the signs of the differences of neighbors, (N, 128) of -1 and 1.

    Source:
        N. Krawetz, "Kind of like that", 2013 (dHash), here in both directions.
    """
    wide = _pool(small, HASH_SIDE, HASH_SIDE + 1)
    tall = _pool(small, HASH_SIDE + 1, HASH_SIDE)
    right, down = np.diff(wide, axis=2) > 0, np.diff(tall, axis=1) > 0
    bits = np.concatenate([right.reshape(len(small), -1), down.reshape(len(small), -1)], axis=1)
    return np.where(bits, np.float32(1), np.float32(-1))


def find_near(small: NDArray[np.float32], content: NDArray[np.int64], most: int = MOST_PAIRS) -> NearPairs:
    """Find the pairs of different content that show nearly the same.

    Args:
        small: (N, 32, 32) pictures.
        content: (N,) equal numbers for equal images, which are no near duplicates.
        most: Pairs after which the search stops; it says so.
    """
    signs, shown = difference_hash(small), _details(small)
    pairs, correlation, count = [], [], 0
    for candidates in _candidates(signs):
        left, right = candidates.T
        candidates = candidates[content[left] != content[right]]
        for start in range(0, len(candidates), BLOCK):
            part = candidates[start : start + BLOCK]
            found = np.einsum("nd,nd->n", shown[part[:, 0]], shown[part[:, 1]])
            kept = found >= LEAST_CORRELATION
            pairs.append(part[kept])
            correlation.append(found[kept])
            count += int(kept.sum())
        if count >= most:
            break
    together = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs])
    likeness = np.concatenate([np.empty(0), *correlation])
    order = np.argsort(-likeness, kind="stable")[:most]
    return NearPairs(together[order], likeness[order], count < most)


def _candidates(signs: NDArray[np.float32]) -> Iterator[NDArray[np.int64]]:
    # The product of two hashes of signs is 128 minus twice the bits that differ: Hamming distances of a whole
    # block against all others cost one matrix product.
    least = signs.shape[1] - 2 * MOST_BITS
    for start in range(0, len(signs), BLOCK):
        block = signs[start : start + BLOCK]
        for other in range(start, len(signs), BLOCK):
            within = np.argwhere(block @ signs[other : other + BLOCK].T >= least)
            near = within + np.array([start, other])
            yield near[near[:, 0] < near[:, 1]]


def _details(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave of each small picture what sets it apart, (N, 1024) of length 1; zeros where that is nothing."""
    flat = small.reshape(len(small), -1)
    rest = flat - flat.mean(axis=1, keepdims=True)
    rest -= rest.mean(axis=0)
    rest /= _length(rest)
    common = min(MOST_COMMON, len(rest) // ROWS_PER_COMMON)
    if common:
        some = rest[np.unique(np.linspace(0, len(rest) - 1, min(MOST_FITTED, len(rest))).astype(np.int64))]
        last = rest.shape[1] - 1
        axes = eigh(some.T @ some, subset_by_index=[last - common + 1, last])[1]
        rest -= (rest @ axes) @ axes.T
    length = _length(rest)
    # An empty picture is like any other empty one: nothing sets it apart.
    return np.asarray(np.where(length > LEAST_DETAIL, rest / length, 0), dtype=np.float32)


def _length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    return np.where(length > 0, length, np.float32(1))


def _pool(small: NDArray[np.float32], height: int, width: int) -> NDArray[Any]:
    rows = np.linspace(0, SIDE, height + 1).round().astype(int)
    columns = np.linspace(0, SIDE, width + 1).round().astype(int)
    sums = np.add.reduceat(np.add.reduceat(small, rows[:-1], axis=1), columns[:-1], axis=2)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns)))
