"""The fixed symmetries of an image, the same in training, in predictions and in exports."""

from torch import Tensor


def view(image: Tensor, number: int) -> Tensor:
    """Return one of the eight symmetries of a square.

    0 is the image, 1 its mirror image, 2 and 3 both upside down, 4 to 7 the same four with rows and
    columns exchanged. The first two suit photographs, the first four what has no top, all eight what
    has no direction at all.

    Args:
        image: (B, C, H, W); H equal to W for numbers from 4.
        number: From 0 to 7.
    """
    if not 0 <= number < 8:
        raise ValueError(f"number must be from 0 to 7, but got {number}")
    if number >= 4:
        if image.shape[2] != image.shape[3]:
            raise ValueError(f"image must be square for views from 4, but got {tuple(image.shape)}")
        image = image.transpose(2, 3)
    turned = [axis for axis, bit in ((3, 1), (2, 2)) if number & bit]
    return image.flip(turned) if turned else image
