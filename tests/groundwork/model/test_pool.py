import torch

from groundwork.model import StagePool


def test_mean_and_maximum_over_pixels_are_joined() -> None:
    stage = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]])
    assert StagePool((0,), ("mean",))([stage]).tolist() == [[3.0, 1.0]]
    assert StagePool((0,), ("mean", "max"))([stage]).tolist() == [[3.0, 1.0, 6.0, 4.0]]


def test_pooled_stages_stay_and_are_joined_in_order() -> None:
    pool = StagePool((2, 0), ("max",))
    joined = pool([torch.tensor([[5.0, 6.0]]), torch.ones(1, 3, 2, 2)])
    assert joined.tolist() == [[5.0, 6.0, 1.0, 1.0, 1.0]]


def test_features_are_float32_whatever_the_precision() -> None:
    assert StagePool((0,), ("mean",))([torch.ones(1, 2, 2, 2, dtype=torch.bfloat16)]).dtype == torch.float32


def test_the_width_counts_each_statistic_of_a_map_once() -> None:
    pool = StagePool((0, 2), ("mean", "max"))
    assert pool.num_features((4, 8, 16), (True, True, False)) == 2 * 4 + 16
