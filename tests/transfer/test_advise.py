import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from groundwork.transfer.advise import advise, expectations
from groundwork.transfer.calibration import Measured, known, predict_gains
from groundwork.transfer.choose import candidates, choose_cut
from groundwork.transfer.evidence import Evidence, Probe, learning_curve, measure
from groundwork.transfer.solve import solve_head


def _law(size: float) -> dict[str, float]:
    """Let training gain with the size, and lose below 64 samples per output."""
    return {"large_similar": 0.2 * (size - 6), "large_different": 0.2 * (size - 7), "scratch": -1.0}


TABLE = [
    Measured(data, (size, similarity, 0.1), _law(size))
    for data, similarity in (("a", -0.5), ("b", 0.2), ("c", 0.4))
    for size in (3.0, 5.0, 7.0, 9.0)
]
EVIDENCE = Evidence(
    num_samples=512,
    num_outputs=2,
    error_by_stage=(0.4, 0.15, 0.2),
    error=0.12,
    stages=(1, 2),
    pool="mean_max",
    strength=10.0,
    curve=((128, 0.18), (256, 0.15), (512, 0.12)),
    logme=(0.1, 0.3, 0.2),
    distance=(0.2, 0.5, None),
    perfect=1.0,
)


def test_a_law_in_the_measured_runs_is_found_again():
    gains = predict_gains((8.0, 0.0, 0.1), TABLE)
    assert gains["large_similar"].value == pytest.approx(0.4, abs=0.03)
    assert gains["scratch"].value == pytest.approx(-1.0)
    assert gains["scratch"].deviation == pytest.approx(0.0, abs=1e-9)


def test_a_data_set_beyond_the_measured_ones_is_judged_as_their_edge():
    edge, beyond = (predict_gains((size, 0.0, 0.1), TABLE)["large_similar"].value for size in (9.0, 30.0))
    assert beyond == pytest.approx(edge)


def test_size_decides_between_probe_and_training_and_says_where_it_turns():
    large = advise(EVIDENCE, TABLE)
    small = advise(replace(EVIDENCE, num_samples=32), TABLE)
    assert (large.scenario, large.size) == ("large_similar", "large")
    assert (small.scenario, small.size, small.similarity) == ("small_different", "small", "different")
    assert any("small_different would be advised" in sentence for sentence in large.would_change)
    assert any("large_similar would be advised" in sentence for sentence in small.would_change)


def test_expected_errors_are_the_probes_times_the_gain():
    expected = expectations(EVIDENCE, TABLE)
    gain = predict_gains(known(EVIDENCE), TABLE)["large_similar"].value
    assert expected["large_similar"].score == pytest.approx(1 - 0.12 * math.exp(-gain))
    assert expected["small_similar"].score == pytest.approx(0.8)
    assert expected["small_different"].score == pytest.approx(0.88)
    assert expected["large_similar"].low < expected["large_similar"].score < expected["large_similar"].high


def test_of_equal_expectations_the_cheaper_scenario_is_advised():
    same = replace(EVIDENCE, num_samples=32, error=0.2, stages=(2,))
    assert advise(same, TABLE).scenario == "small_similar"


def test_the_cut_chosen_by_loss_comes_before_a_luckier_last_stage():
    lucky = replace(EVIDENCE, num_samples=32, error_by_stage=(0.4, 0.15, 0.11))
    assert advise(lucky, []).scenario == "small_different"
    assert advise(lucky, []).runner_up == "small_similar"


def test_a_pilot_run_takes_the_place_of_a_prediction():
    advice = advise(EVIDENCE, TABLE, pilot={"large_different": 0.99})
    assert advice.scenario == "large_different"
    assert advice.expected["large_different"].measured


def test_a_prediction_that_data_sets_left_out_contradict_is_not_advised_unseen_but_named_for_a_pilot():
    luck = {"a": 1.5, "b": -0.5, "c": 0.5}
    unsure = [
        replace(row, gain={name: gain + luck[row.data] for name, gain in row.gain.items()}) for row in TABLE
    ]
    advice = advise(EVIDENCE, unsure)
    expected = advice.expected["large_similar"]
    assert expected.low < advice.expected["small_different"].score < expected.score < expected.high
    assert advice.scenario == "small_different"
    assert f"more than 0.8800 would; it is expected between {expected.low:.4f}" in advice.would_change[-1]
    assert not any("pilot" in sentence for sentence in advise(EVIDENCE, TABLE).would_change)


def test_advice_is_plain_enough_for_json():
    state = advise(EVIDENCE, TABLE).state()
    assert json.loads(json.dumps(state))["evidence"]["curve"][-1] == [512, 0.12]


def test_training_pays_from_the_size_at_which_the_measured_law_turns():
    # Its gain passes 0 at 2^6 rows per output; the sizes that are tried are powers of two of the data set's own.
    assert advise(EVIDENCE, TABLE).training_pays_from in (64, 128)
    assert advise(EVIDENCE, []).training_pays_from is None


def test_a_pilot_takes_the_place_of_its_prediction():
    advice = advise(EVIDENCE, [], {"large_different": 0.99})
    assert advice.scenario == "large_different"
    assert advice.expected["large_different"].measured


def test_similarity_changes_its_sign_where_the_last_stage_becomes_the_best():
    assert EVIDENCE.similarity == pytest.approx(math.log(0.15 / 0.2))
    assert replace(EVIDENCE, error_by_stage=(0.4, 0.3, 0.2)).similarity > 0


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

    def solve(features: torch.Tensor, strengths: object) -> list[object]:
        return solve_head(features, probe.target, 2, strengths)  # type: ignore[arg-type, return-value]

    options = candidates("auto", "auto", probe.spatial)
    choice = choose_cut(
        probe.train,
        probe.val,
        probe.spatial,
        options,
        probe.strengths,
        solve,  # type: ignore[arg-type]
        probe.score,
    )
    evidence = measure(probe, choice, (0.1, 0.2), seed=0)
    assert evidence.error_by_stage[1] < 0.25 < evidence.error_by_stage[0]
    assert evidence.similarity > 0
    assert evidence.logme[1] > evidence.logme[0]
    assert [size for size, _ in evidence.curve] == [10, 20, 40, 80, 160]
    assert evidence.curve[-1][1] < evidence.curve[0][1]


def test_parts_that_hold_one_class_only_are_left_out_of_the_curve():
    probe = _probe()
    target = torch.zeros(160, dtype=torch.int64)
    target[:12] = 1
    curve = learning_curve(replace(probe, target=target), candidates("mean", 1, (True, True))[0], 10.0, 0)
    assert curve[-1][0] == 160
    assert all(size > 2 for size, _ in curve)
