import pytest
import torch

from groundwork.transfer import view


def test_the_eight_views_of_a_square_all_differ_and_keep_its_pixels():
    image = torch.arange(9.0).view(1, 1, 3, 3)
    views = [view(image, number) for number in range(8)]
    assert len({tuple(each.flatten().tolist()) for each in views}) == 8
    assert all(sorted(each.flatten().tolist()) == list(range(9)) for each in views)


def test_the_first_views_are_the_image_its_mirror_image_and_both_upside_down():
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    expected = [[1, 2, 3, 4], [2, 1, 4, 3], [3, 4, 1, 2], [4, 3, 2, 1]]
    assert [view(image, number).flatten().tolist() for number in range(4)] == expected


def test_a_rectangle_has_four_views():
    with pytest.raises(ValueError, match="square"):
        view(torch.zeros(1, 1, 2, 3), 4)
