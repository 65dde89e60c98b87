from collections.abc import Iterator, Sequence

import numpy as np
import torch

from groundwork.transfer import (
    Candidate,
    Choice,
    HeldOut,
    Linear,
    candidates,
    choose_cut,
    head_loss,
    solve_head,
)

STRENGTHS = [1.0, 10.0, 100.0]


def accuracy(output: torch.Tensor, target: torch.Tensor, draws: np.ndarray) -> np.ndarray:
    right = (output.argmax(1) == target).numpy().astype(float)
    return right @ draws / draws.sum(0)


def _choose(informed: tuple[int, ...], cut: object = "auto") -> Choice:
    """Let only some of four stages of 6 features know the class."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 300)
    stages = [rng.normal(size=(300, 12)).astype(np.float32) for _ in range(4)]
    for stage in informed:
        stages[stage][:, stage] += 1.5 * target
    classes = torch.tensor(target)

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: object) -> Iterator[Linear]:
        return solve_head(features, known, 2, strengths)  # type: ignore[arg-type]

    def score(output: torch.Tensor, draws: np.ndarray) -> np.ndarray:
        return accuracy(output, classes[200:], draws)

    spatial = (True, True, True, False)
    options = candidates("auto", cut, spatial)  # type: ignore[arg-type]
    train, val = [stage[:200] for stage in stages], [stage[200:] for stage in stages]
    return choose_cut(options, HeldOut(train, val, spatial, classes[:200], STRENGTHS, solve), score)


def test_the_stage_that_knows_the_class_is_chosen():
    assert _choose((1,)).candidate.stages[0] <= 1 <= _choose((1,)).candidate.stages[-1]
    assert set(_choose((2, 3)).candidate.stages) >= {2, 3}


def test_every_candidate_and_strength_is_in_the_table():
    choice = _choose((1,))
    pairs = {(trial.stages, trial.pool, trial.strength) for trial in choice.trials}
    assert len(choice.trials) == len(pairs) == 3 * len(candidates("auto", "auto", (True, True, True, False)))
    assert choice.score == max(
        trial.score
        for trial in choice.trials
        if (trial.stages, trial.pool, trial.strength)
        == (choice.candidate.stages, choice.candidate.pool, choice.strength)
    )


def test_of_equal_candidates_the_one_with_fewer_features_and_the_stronger_penalty_wins():
    features = [np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)] * 2

    def solve(rows: torch.Tensor, known: torch.Tensor, strengths: list[float]) -> list[Linear]:
        return [Linear(torch.zeros(2, rows.shape[1]), torch.zeros(2)) for _ in strengths]

    options = [Candidate((0, 1), "mean"), Candidate((0,), "mean_max"), Candidate((1,), "mean")]
    attempts = HeldOut(features, features, (True, True), torch.zeros(20), STRENGTHS, solve)  # type: ignore[arg-type]
    choice = choose_cut(options, attempts, lambda output, draws: np.full(draws.shape[1], 0.5))
    assert (choice.candidate, choice.strength) == (Candidate((1,), "mean"), 100.0)


def test_a_lucky_score_does_not_beat_a_lower_loss_within_its_error():
    rng = np.random.default_rng(2)
    target = torch.tensor(rng.integers(0, 2, 60))
    sure = 4.0 * (2 * target - 1).numpy()
    # Both err on few samples; the first errs on one fewer, but its errors are grave.
    lucky, steady = (
        np.where(np.arange(60) < 6, -5 * sure, sure),
        np.where(np.arange(60) >= 53, -0.1 * sure, sure),
    )
    val = [each[:, None].astype(np.float32) for each in (lucky, steady)]

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: list[float]) -> list[Linear]:
        return [Linear(torch.tensor([[-0.5], [0.5]]), torch.zeros(2)) for _ in strengths]

    def score(output: torch.Tensor, draws: np.ndarray) -> np.ndarray:
        return accuracy(output, target, draws)

    def loss(output: torch.Tensor) -> float:
        return head_loss(output, target)

    options = [Candidate((0,), "mean"), Candidate((1,), "mean")]
    for judge, expected in ((None, (0,)), (loss, (1,))):
        attempts = HeldOut(val, val, (False, False), target, [1.0], solve)  # type: ignore[arg-type]
        choice = choose_cut(options, attempts, score, judge)
        assert choice.candidate.stages == expected


def test_a_score_beyond_its_error_wins_whatever_the_loss():
    target = torch.arange(60) % 2
    sure = 4.0 * (2 * target - 1).numpy()
    right, wrong = 0.01 * sure, np.where(np.arange(60) < 20, -0.1 * sure, 5 * sure)
    val = [each[:, None].astype(np.float32) for each in (right, wrong)]

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: list[float]) -> list[Linear]:
        return [Linear(torch.tensor([[-0.5], [0.5]]), torch.zeros(2)) for _ in strengths]

    choice = choose_cut(
        [Candidate((0,), "mean"), Candidate((1,), "mean")],
        HeldOut(val, val, (False, False), target, [1.0], solve),  # type: ignore[arg-type]
        lambda output, draws: accuracy(output, target, draws),
        lambda output: head_loss(output, target),
    )
    assert choice.candidate.stages == (0,)
    assert choice.score == 1.0


def test_weaker_penalties_are_not_solved_once_two_of_them_did_worse_on_val():
    val, losses = [np.zeros((4, 1), dtype=np.float32)], iter([0.6, 0.5, 0.7, 0.8, 0.1])
    solved = []

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: Sequence[float]) -> Iterator[Linear]:
        for strength in strengths:
            solved.append(strength)
            yield Linear(torch.zeros(2, 1), torch.zeros(2))

    choice = choose_cut(
        [Candidate((0,), "mean")],
        HeldOut(val, val, (False,), torch.zeros(4), [1.0, 1e2, 1e4, 1e1, 1e3], solve),
        lambda output, draws: np.zeros(draws.shape[1]),
        lambda output: next(losses),
    )
    assert solved == [1e4, 1e3, 1e2, 1e1]
    assert choice.strength == 1e3
