"""The frozen part of a network -> its outputs by sample, in the view that each epoch draws."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from groundwork.core.batch import sample_keys
from groundwork.data.augment.draw import uniform
from groundwork.model import view

# One stream of random numbers beside those of `Augment`.
VIEW = 60


def draw_views(key: Tensor, views: int) -> Tensor:
    """Draw (B,) numbers of views from (B,) keys."""
    return (uniform(key, VIEW) * views).long()


class DrawView(nn.Module):
    """Show each image in one of its fixed symmetries; the augmentation of a run with `transfer.views` above 1."""

    mix = None

    def __init__(self, views: int):
        super().__init__()
        self.views = views

    def forward(self, image: Tensor, key: Tensor) -> Tensor:
        """Turn (B, C, H, W) by what (B,) keys draw."""
        number = draw_views(key, self.views)
        if image.dtype == torch.uint16:  # which torch can't index
            return self.forward(image.int(), key).to(torch.uint16)
        turned = image.clone()
        for each in range(1, self.views):
            rows = (number == each).nonzero().flatten()
            turned[rows] = view(image[rows], each)
        return turned


class CachedSource:
    """Hand out what a frozen prefix gave; an epoch of training shows each sample in the view that its key draws.

    Args:
        views: Per view maps (M_v, H, W, C) or features (M_v, D); the first holds training and val rows, the
            others training rows.
        place: (N,) where those of a row lie; -1 for rows of test, which have none.
        seed: Draws the views, together with epoch and sample.
    """

    def __init__(self, views: list[NDArray[Any]], place: NDArray[np.int64], seed: int):
        self.views, self.place, self.seed = views, place, seed

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy maps (B, C, H, W) or features (B, D) of images as they are."""
        return _tensor(self.views[0].take(self.places(rows), axis=0))

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Say where some rows lie."""
        places = self.place[rows]
        if places.min(initial=0) < 0:
            raise IndexError("rows must be of train or val, which alone are cached")
        return places

    def drawn(self, epoch: int) -> "DrawnSource":
        """Give the views of an epoch."""
        return DrawnSource(self, epoch)


@dataclass(frozen=True)
class DrawnSource:
    """Hand out the views of one epoch."""

    source: CachedSource
    epoch: int

    def batch(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy maps (B, C, H, W) or features (B, D) in the views that their keys draw."""
        views, place = self.source.views, self.source.places(rows)
        number = draw_views(
            sample_keys(torch.from_numpy(rows), self.source.seed, self.epoch), len(views)
        ).numpy()
        maps = np.empty((len(rows), *views[0].shape[1:]), dtype=views[0].dtype)
        for each in np.unique(number):
            chosen = number == each
            maps[chosen] = views[each][place[chosen]]
        return _tensor(maps)


def places(num_samples: int, train: NDArray[np.int64], val: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give (N,) positions of training rows and then val rows; -1 for all others."""
    place = np.full(num_samples, -1, dtype=np.int64)
    place[np.concatenate([train, val])] = np.arange(len(train) + len(val))
    return place


def _tensor(cached: NDArray[Any]) -> Tensor:
    tensor = torch.from_numpy(cached)
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor
