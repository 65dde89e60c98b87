"""A picture of what augmentation makes of the training images, for the report."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image

from groundwork.core.atomic import write_bytes
from groundwork.core.run_folder import RunFolder
from groundwork.train.context import Context
from groundwork.train.plugged import read_augment

NUM_IMAGES, NUM_EPOCHS, SIDE, GAP = 6, 5, 128, 4


def draw_augmentation(context: Context, folder: RunFolder) -> None:
    """Write `figures/augmentation.png`: one training image per row, as it is and as five epochs see it.

    Nothing is written without augmentation, or where `report.photos` keeps pictures out.
    """
    prepared, config = context.prepared, context.config
    if prepared.samples.kind != "image" or not config.report.photos:
        return
    augment = read_augment(config)
    if not augment.active:
        return
    train = prepared.rows["train"]
    rows = train[np.linspace(0, len(train) - 1, min(NUM_IMAGES, len(train))).astype(int)]
    images = prepared.source.batch(rows)
    index = torch.from_numpy(rows)
    columns = [images] + [augment(images, index + (epoch << 32)) for epoch in range(NUM_EPOCHS)]
    tiles = [[_tile(image) for image in row] for row in zip(*columns, strict=True)]
    page = Image.new(
        "L" if images.shape[1] == 1 else "RGB",
        ((SIDE + GAP) * (NUM_EPOCHS + 1) - GAP, (SIDE + GAP) * len(rows) - GAP),
        "white",
    )
    for down, row in enumerate(tiles):
        for across, tile in enumerate(row):
            page.paste(tile, (across * (SIDE + GAP), down * (SIDE + GAP)))
    file = BytesIO()
    page.save(file, format="PNG")
    write_bytes(folder.augmentation, file.getbuffer())


def _tile(image: torch.Tensor) -> Image.Image:
    """Turn (C, H, W) of any type into a small picture; of more than three channels the first is shown."""
    scale = {torch.uint8: 1.0, torch.uint16: 255.0 / 65535.0}.get(image.dtype, 255.0)
    pixels = (image.float() * scale).clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    grey = pixels.shape[2] != 3
    return Image.fromarray(pixels[..., 0] if grey else pixels).resize((SIDE, SIDE))
