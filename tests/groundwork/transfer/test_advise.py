import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from groundwork.transfer.advise import Advice, curve_sentences, frozen_sentence, spoken
from groundwork.transfer.attempts import HeldOut
from groundwork.transfer.candidates import Candidate, candidates
from groundwork.transfer.choose import Choice, choose_cut, simplest, standard_error
from groundwork.transfer.curve import More, Probe, _twice, learning_curve
from groundwork.transfer.evidence import Evidence, measure
from groundwork.transfer.solve import solve_head
from groundwork.transfer.spectrum import Linear

EVIDENCE = Evidence(
    num_samples=512,
    num_outputs=2,
    error_by_stage=(0.4, 0.15, 0.2),
    error=0.12,
    stages=(1, 2),
    curve=((128, 0.18), (256, 0.15), (512, 0.12)),
    more=More(512, 0.02, 0.01, 0.03),
    perfect=1.0,
)
ADVICE = Advice(
    scenario="large_similar",
    changes=("transfer.frozen=3",),
    folder="",
    cut=(2,),
    pool="mean",
    metric="accuracy",
    direction="max",
    scores={"small_similar": 0.8, "small_different": 0.88},
    size="large",
    similarity="different",
    why=("a",),
    not_tried=(),
    race=({"name": "b", "share": 1.0, "score": 0.9, "seconds": 3.0},),
    differences=({"name": "b", "against": "the frozen head", "difference": 0.02, "error": 0.01},),
    prices=(),
    reason="",
    seconds={"frozen": 2.0, "race": 3.0},
    budget=None,
    evidence=EVIDENCE,
)


def test_advice_is_plain_enough_for_json():
    state = json.loads(json.dumps(ADVICE.state()))
    assert state["evidence"]["curve"][-1] == [512, 0.12]
    assert state["evidence"]["samples_per_output"] == 256
    assert ADVICE.command == "transfer=large_similar transfer.frozen=3"


def test_similarity_changes_its_sign_where_the_last_stage_becomes_the_best():
    assert EVIDENCE.similarity == pytest.approx(math.log(0.15 / 0.2))
    assert replace(EVIDENCE, error_by_stage=(0.4, 0.3, 0.2)).similarity > 0


def test_metrics_are_named_and_never_negated():
    assert (
        "accuracy of the frozen head by about +0.020 [+0.010, +0.030]"
        in curve_sentences(EVIDENCE, "accuracy", "max")[0]
    )
    assert (
        "rmse of the frozen head by about -0.020 [-0.030, -0.010]"
        in curve_sentences(EVIDENCE, "rmse", "min")[0]
    )
    assert curve_sentences(replace(EVIDENCE, more=None), "rmse", "min") == ()
    assert EVIDENCE.more is not None
    flat = replace(EVIDENCE, more=replace(EVIDENCE.more, gain=1e-5))
    assert "would hardly change rmse" in curve_sentences(flat, "rmse", "min")[0]
    scores = {"small_similar": 0.8, "small_different": 0.88}
    assert frozen_sentence("rmse", scores, "small_different", (1, 2)).startswith(
        "small_different: rmse on val is 0.8000 with the last stage and 0.8800 with stages 1, 2;"
    )


def test_a_time_is_said_as_people_do():
    assert [spoken(each) for each in (0.2, 45, 2040, 7200)] == ["1 s", "45 s", "34 min", "2.0 h"]


def _choice(output: torch.Tensor) -> Choice:
    head = Linear(torch.zeros(2, 1), torch.zeros(2))
    return Choice(Candidate((0,), "mean"), 1.0, 0.0, head, (), "", output)


def test_the_simpler_head_is_taken_unless_score_or_loss_differ_by_more_than_one_standard_error():
    truth = torch.arange(100) % 2

    def score(output: torch.Tensor, draws: np.ndarray) -> np.ndarray:
        return (output.argmax(1) == truth).numpy().astype(float) @ draws / draws.sum(0)

    def losses(output: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(output, truth, reduction="none")

    right = torch.nn.functional.one_hot(truth, 2).float()
    fewer, other = right.clone(), right.clone()
    fewer[:10] = 1 - fewer[:10]
    other[50:52] = 1 - other[50:52]
    right[70:71] = 1 - right[70:71]
    best, flat = _choice(right), 0.8 * right
    assert simplest(_choice(fewer), best, score, losses) is best  # ten more errors: 0.10, error 0.03
    simple = _choice(other)
    assert simplest(simple, best, score, losses) is simple  # wrong on two others: 0.01, error 0.017
    assert simplest(_choice(flat), best, score, losses) is best  # as right, but less sure
    # Ten of a hundred rows differ by 1 each: the error of their mean is that of a share of a tenth.
    assert standard_error(_choice(fewer), best, score) == pytest.approx(math.sqrt(0.1 * 0.9 / 100), rel=0.25)


def test_a_power_law_goes_on_to_twice_the_rows():
    sizes = [100, 200, 400]
    errors = np.array([0.4, 0.3, 0.225])[:, None, None] * np.ones((1, 3, 5))  # times 0.75 at each doubling
    more = _twice(sizes, errors)
    assert more is not None
    assert (more.rows, more.gain) == (400, pytest.approx(0.225 * 0.25))
    assert more.low == pytest.approx(more.high)


def test_what_more_rows_are_said_to_bring_is_near_what_they_bring():
    told, brought = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        target = torch.tensor(rng.integers(0, 2, 1200))
        stage = rng.normal(size=(1200, 24)).astype(np.float32)
        stage[:, :12] += 0.35 * target.numpy()[:, None]

        def score(output: torch.Tensor, draws: np.ndarray, truth: torch.Tensor = target[400:]) -> np.ndarray:
            return (output.argmax(1) == truth).numpy().astype(float) @ draws / draws.sum(0)

        def probe(count: int, stage: np.ndarray = stage, target: torch.Tensor = target, score=score) -> Probe:  # type: ignore[no-untyped-def]
            return Probe(
                [stage[:count]], [stage[400:]], (False,), target[:count], 2, [10.0], None, score, 1.0
            )

        half, more = learning_curve(probe(200), Candidate((0,), "mean"), 10.0, seed)
        assert more is not None
        whole, _ = learning_curve(probe(400), Candidate((0,), "mean"), 10.0, seed)
        told.append(more.gain)
        brought.append(half[-1][1] - whole[-1][1])
    assert np.mean(told) == pytest.approx(np.mean(brought), abs=0.02)


def _probe() -> Probe:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 260)
    stages = [rng.normal(size=(260, 8)).astype(np.float32) for _ in range(2)]
    stages[1][:, :4] += 0.8 * target[:, None]
    classes = torch.tensor(target)

    def score(output: torch.Tensor, draws: np.ndarray) -> np.ndarray:
        right = (output.argmax(1) == classes[160:]).numpy().astype(float)
        return right @ draws / draws.sum(0)

    train, val = [stage[:160] for stage in stages], [stage[160:] for stage in stages]
    return Probe(train, val, (True, True), classes[:160], 2, [1.0, 10.0, 100.0], None, score, 1.0)


def test_the_evidence_is_measured_from_features_alone():
    probe = _probe()

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: object) -> list[object]:
        return solve_head(features, known, 2, strengths)  # type: ignore[arg-type, return-value]

    attempts = HeldOut(probe.train, probe.val, probe.spatial, probe.target, probe.strengths, solve)  # type: ignore[arg-type]
    choice = choose_cut(candidates("auto", "auto", probe.spatial), attempts, probe.score)
    evidence = measure(probe, choice, seed=0)
    assert evidence.error_by_stage[1] < 0.25 < evidence.error_by_stage[0]
    assert evidence.similarity > 0
    assert [size for size, _ in evidence.curve] == [10, 20, 40, 80, 160]
    assert evidence.curve[-1][1] < evidence.curve[0][1]
    assert evidence.more is not None
    assert evidence.more.low <= evidence.more.gain <= evidence.more.high


def test_parts_that_hold_one_class_only_are_left_out_of_the_curve():
    probe = _probe()
    target = torch.zeros(160, dtype=torch.int64)
    target[:12] = 1
    curve, _ = learning_curve(replace(probe, target=target), candidates("mean", 1, (True, True))[0], 10.0, 0)
    assert curve[-1][0] == 160
    assert all(size > 2 for size, _ in curve)
