import math

import numpy as np
import pytest
import torch

from groundwork.transfer import head_loss, solve_head, solve_ridge, solve_softmax

ROWS = torch.tensor(np.random.default_rng(0).normal(size=(40, 5)), dtype=torch.float32)


def test_classes_get_a_softmax_head_and_samples_without_a_class_are_left_out():
    target = torch.arange(40) % 3
    target[30:] = -1
    head = next(solve_head(ROWS, target, 3, [1.0]))
    assert torch.equal(head.weight, next(solve_softmax(ROWS[:30], target[:30], 3, [1.0])).weight)


def test_values_get_a_ridge_head_and_samples_without_a_value_are_left_out():
    target = ROWS[:, :2] * 3 + 1
    target[:10] = torch.nan
    head = next(solve_head(ROWS, target, 2, [1.0]))
    assert torch.equal(head.weight, solve_ridge(ROWS[10:], target[10:], [1.0])[0].weight)


def test_the_loss_is_the_weighted_cross_entropy_of_known_classes():
    output = torch.tensor([[2.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
    first, second = math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1))
    measured = head_loss(output, torch.tensor([0, 1, -1]), torch.tensor([1.0, 3.0]))
    assert measured == pytest.approx((1 * first + 3 * second) / 4)


def test_the_loss_is_the_squared_error_of_known_values():
    output, target = torch.tensor([[1.0, 2.0], [0.0, 3.0]]), torch.tensor([[0.0, torch.nan], [0.0, 1.0]])
    assert head_loss(output, target) == pytest.approx((1 + 0 + 4) / 3)
