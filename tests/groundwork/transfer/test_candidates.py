import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.transfer import Candidate, candidates, gather


def test_a_cut_given_by_hand_is_the_only_candidate():
    spatial = (True, True, False)
    assert candidates("mean", "last", spatial) == [Candidate((2,), "mean")]
    assert candidates("mean", -2, spatial) == [Candidate((1,), "mean")]
    assert candidates("max", [1, 0], spatial) == [Candidate((0, 1), "max")]
    with pytest.raises(UserError, match="stages below 3"):
        candidates("mean", 3, spatial)


def test_the_columns_of_stages_are_joined_as_a_network_joins_them():
    first, second = np.arange(4.0).reshape(1, 4), np.arange(10.0, 12).reshape(1, 2)
    joined = gather([first, second], Candidate((0, 1), "mean_max"), (True, False))
    assert joined.tolist() == [[0, 1, 2, 3, 10, 11]]
    assert gather([first, second], Candidate((0, 1), "max"), (True, False)).tolist() == [[2, 3, 10, 11]]
