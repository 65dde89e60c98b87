"""The network of model.py halves an image at each stage."""

import torch

from project.model import SmallNet


def test_each_stage_halves_the_image_and_doubles_the_channels():
    net = SmallNet(width=4, in_chans=1)
    assert net(torch.zeros(2, 1, 8, 8)).shape == (2, 8, 2, 2)


def test_the_stages_make_up_the_whole_network():
    net = SmallNet(width=4, in_chans=3).eval()
    image = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(torch.nn.Sequential(*net.stages)(image), net(image))
