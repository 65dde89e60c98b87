"""Your network: inputs -> features. `model.backbone` in conf/experiment/mine.yaml names this class."""

from torch import Tensor, nn


class SmallNet(nn.Module):
    """Turn an image into maps of features, by one convolution per stage.

    Any `nn.Module` whose `forward` returns (B, D) or (B, C, H, W) will do; the engine adds the head. `stages` is
    optional: with it, `transfer=` can freeze the first stages and train the others.

    Shapes: image (B, C, H, W) float32, normalized; result (B, 2 width, H/4, W/4).

    Args:
        width: Channels of the first stage; the second has twice as many.
        in_chans: Channels of the image; the engine fills this in from the data.
    """

    def __init__(self, width: int, in_chans: int):
        super().__init__()
        self.stages = nn.ModuleList([_stage(in_chans, width), _stage(width, 2 * width)])

    def forward(self, image: Tensor) -> Tensor:
        """Compute the features of a batch."""
        for stage in self.stages:
            image = stage(image)
        return image


def _stage(before: int, after: int) -> nn.Sequential:
    """Halve height and width; the norm has a bias, so the convolution needs none."""
    conv = nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())
