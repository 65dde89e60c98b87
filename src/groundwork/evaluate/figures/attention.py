"""A network and a few validation images -> where in each image its prediction comes from."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from groundwork.core.run_folder import RunFolder
from groundwork.data.prepared import Prepared
from groundwork.model import ImageNormalize, Network
from groundwork.report import keep_attention, wanted_attention

BLOCKS = 28  # per side of an input-gradient map: single pixels are noise


def write_attention(folder: RunFolder, network: Network, prepared: Prepared, device: torch.device) -> None:
    """Write the maps of the samples that the report shows; nothing for tables, or where pictures stay out."""
    if not isinstance(network.normalize, ImageNormalize):
        return
    wanted = wanted_attention(folder.path)
    names = prepared.samples.sample_id.to_numpy()
    rows = {names[row]: row for row in prepared.rows["val"] if names[row] in wanted}
    if not rows:
        return
    images, maps, kind = {}, {}, ""
    network.to(device).eval()
    for name in wanted:
        row = np.array([rows[name]])
        inputs = prepared.inputs.batch(row).to(device)
        shown, kind = attention(network, inputs, bool(prepared.target.classes))
        images[name] = prepared.source.batch(row)[0].permute(1, 2, 0).numpy()
        maps[name] = shown[0]
    keep_attention(folder.path, images, maps, kind)


def attention(network: Network, images: Tensor, classifies: bool) -> tuple[NDArray[np.float32], str]:
    """Map how much each place of an image speaks for what the network predicts there.

    Grad-CAM at the deepest map A (C, h, w) on the way to the head: s = sum over c of mean(dy/dA_c) A_c. With y the
    logit of the predicted class, relu(s) speaks for it; with y the sum of predicted values, |s| moves them up or
    down. Where no map leads to the head, as in transformers with a class token: the largest |dy/dx| over the
    channels, averaged over blocks of pixels.

    Args:
        images: (B, C, H, W) as stored.
        classifies: Whether the output is one logit per class.

    Returns:
        (B, h, w) in [0, 1], and the name of the method.

    Source:
        Selvaraju et al., ICCV 2017, arXiv:1610.02391; Simonyan et al., 2014, arXiv:1312.6034.
    """
    pixels = network.normalize(images).detach().requires_grad_()
    read = network.pool.stages
    spatial = [stage for stage in range(max(read) + 1) if network.stem.spatial[stage]]
    asked = [*dict.fromkeys([*spatial[-1:], *read])]
    with torch.enable_grad():
        found = network.stem(pixels, asked)
        pooled = network.pool([found[asked.index(stage)] for stage in read])
        output = network.head(network.beside(pooled, images))
        score = output.max(dim=1).values.sum() if classifies else output.sum()
        of_map, of_pixels = torch.autograd.grad(
            score, [found[0] if spatial else pixels, pixels], allow_unused=True
        )
    if of_map is not None and spatial:
        weight = of_map.mean(dim=(2, 3), keepdim=True)
        summed = (weight * found[0]).sum(dim=1)
        return _scaled(summed.relu() if classifies else summed.abs()), "Grad-CAM"
    strongest = of_pixels.abs().amax(dim=1, keepdim=True)
    size = min(BLOCKS, strongest.shape[2]), min(BLOCKS, strongest.shape[3])
    return _scaled(functional.adaptive_avg_pool2d(strongest, size)[:, 0]), "input gradient"


def _scaled(maps: Tensor) -> NDArray[np.float32]:
    top = maps.detach().amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    return np.asarray((maps.detach() / top).float().cpu().numpy())
