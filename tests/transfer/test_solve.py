import numpy as np
import torch

from groundwork.transfer import solve_head, solve_ridge, solve_softmax

ROWS = torch.tensor(np.random.default_rng(0).normal(size=(40, 5)), dtype=torch.float32)


def test_classes_get_a_softmax_head_and_samples_without_a_class_are_left_out():
    target = torch.arange(40) % 3
    target[30:] = -1
    head = solve_head(ROWS, target, 3, [1.0])[0]
    assert torch.equal(head.weight, solve_softmax(ROWS[:30], target[:30], 3, [1.0])[0].weight)


def test_values_get_a_ridge_head_and_samples_without_a_value_are_left_out():
    target = ROWS[:, :2] * 3 + 1
    target[:10] = torch.nan
    head = solve_head(ROWS, target, 2, [1.0])[0]
    assert torch.equal(head.weight, solve_ridge(ROWS[10:], target[10:], [1.0])[0].weight)
