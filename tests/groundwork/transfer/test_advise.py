import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from groundwork.transfer.advise import advise, expectations
from groundwork.transfer.attempts import HeldOut
from groundwork.transfer.calibration import Measured, headroom, predict_gains
from groundwork.transfer.candidates import candidates
from groundwork.transfer.choose import choose_cut
from groundwork.transfer.evidence import Evidence, Probe, learning_curve, measure
from groundwork.transfer.logme import logme
from groundwork.transfer.solve import solve_head


def _law(headroom: float) -> dict[str, float]:
    """Let training gain where errors and rows are many, and lose below a headroom of 1."""
    lead = 0.05 * (headroom - 1)
    return {"large_similar": lead - 0.01, "large_different": lead, "scratch": lead - 0.4}


TABLE = [
    Measured(data, point, _law(point), 100.0, 0.1)
    for data, points in (("a", (0.2, 0.4)), ("b", (1.0, 1.6)), ("c", (2.0, 4.0)))
    for point in points
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
    gains = predict_gains(3.0, TABLE)
    assert gains["large_different"].value == pytest.approx(0.1)
    assert gains["scratch"].value == pytest.approx(-0.3)
    assert gains["scratch"].deviation == pytest.approx(0.0, abs=1e-9)


def test_the_line_is_the_one_of_least_squares():
    rng = np.random.default_rng(0)
    noisy = [
        replace(row, gain={name: gain + rng.normal(0, 0.02) for name, gain in row.gain.items()})
        for row in TABLE
    ]
    points, leading = [row.headroom for row in noisy], [row.gain["large_different"] for row in noisy]
    slope, offset = np.polyfit(points, leading, 1)
    gains = predict_gains(2.5, noisy)
    assert gains["large_different"].value == pytest.approx(slope * 2.5 + offset)
    apart = np.mean([row.gain["scratch"] - row.gain["large_different"] for row in noisy])
    assert gains["scratch"].value - gains["large_different"].value == pytest.approx(apart)


def test_the_deviation_is_that_of_lines_drawn_without_the_data_set():
    shifted = [
        replace(row, gain={name: gain + (row.data == "b") * 0.1 for name, gain in row.gain.items()})
        for row in TABLE
    ]
    # "b" is missed by 0.1 wherever the line of "a" and "c" is, and moves the lines of the two others.
    assert predict_gains(1.0, shifted)["large_different"].deviation > 0.1 * math.sqrt(2 / 6) * 0.99
    with pytest.raises(ValueError, match="two data sets"):
        predict_gains(1.0, TABLE[:2])


def test_errors_and_rows_decide_between_probe_and_training():
    many = advise(EVIDENCE, TABLE)
    few = advise(replace(EVIDENCE, error=0.05), TABLE)
    assert headroom(0.12, 512) == pytest.approx(0.12 * 9)
    assert (many.scenario, many.size) == ("large_different", "large")
    assert (few.scenario, few.size, few.similarity) == ("small_different", "small", "different")
    assert any("small_different would be advised" in sentence for sentence in many.would_change)


def test_expected_scores_are_the_probes_plus_the_gain():
    expected = expectations(EVIDENCE, TABLE)
    gain = predict_gains(0.12 * 9, TABLE)["large_similar"]
    assert expected["large_similar"].score == pytest.approx(0.88 + gain.value)
    assert expected["small_similar"].score == pytest.approx(0.8)
    assert expected["small_different"].score == pytest.approx(0.88)


def test_errors_in_units_of_the_target_are_judged_beside_those_of_a_constant():
    inverted = replace(EVIDENCE, error=3.0, error_by_stage=(9.0, 4.0, 5.0), perfect=0.0, unit=25.0)
    gain = predict_gains(headroom(0.12, 512), TABLE)["large_different"].value
    assert expectations(inverted, TABLE)["large_different"].score == pytest.approx(-3.0 + 25 * gain)


def test_of_equal_expectations_the_cheaper_scenario_is_advised():
    same = replace(EVIDENCE, error=0.2, stages=(2,))
    assert advise(same, []).scenario == "small_similar"


def test_the_cut_chosen_by_loss_comes_before_a_luckier_last_stage():
    lucky = replace(EVIDENCE, error_by_stage=(0.4, 0.15, 0.11))
    assert advise(lucky, []).scenario == "small_different"
    assert advise(lucky, []).runner_up == "small_similar"


def test_a_pilot_run_takes_the_place_of_a_prediction():
    advice = advise(EVIDENCE, TABLE, pilot={"large_different": 0.99})
    assert advice.scenario == "large_different"
    assert advice.expected["large_different"].measured


def test_a_prediction_that_data_sets_left_out_contradict_names_what_a_pilot_has_to_reach():
    luck = {"a": 0.05, "b": -0.05, "c": 0.05}
    unsure = [
        replace(row, gain={name: gain + luck[row.data] for name, gain in row.gain.items()}) for row in TABLE
    ]
    for error, verb in ((0.18, "less"), (0.06, "more")):
        advice = advise(replace(EVIDENCE, error=error), unsure)
        expected = advice.expected["large_different"]
        assert expected.low < 1 - error < expected.high
        assert advice.scenario == ("large_different" if verb == "less" else "small_different")
        assert f"reaches {verb} than {1 - error:.4f} would" in advice.would_change[-1]
        assert f"between {expected.low:.4f}" in advice.would_change[-1]
    assert not any(
        "pilot" in sentence for sentence in advise(replace(EVIDENCE, error=0.5), TABLE).would_change
    )


def test_advice_is_plain_enough_for_json():
    state = advise(EVIDENCE, TABLE).state()
    assert json.loads(json.dumps(state))["evidence"]["curve"][-1] == [512, 0.12]


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

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: object) -> list[object]:
        return solve_head(features, known, 2, strengths)  # type: ignore[arg-type, return-value]

    attempts = HeldOut(probe.train, probe.val, probe.spatial, probe.target, probe.strengths, solve)  # type: ignore[arg-type]
    choice = choose_cut(candidates("auto", "auto", probe.spatial), attempts, probe.score)
    evidence = measure(probe, choice, (0.1, 0.2), seed=0)
    assert evidence.error_by_stage[1] < 0.25 < evidence.error_by_stage[0]
    assert evidence.similarity > 0
    assert evidence.logme[1] > evidence.logme[0]
    assert [size for size, _ in evidence.curve] == [10, 20, 40, 80, 160]
    assert evidence.curve[-1][1] < evidence.curve[0][1]
    assert evidence.unit == 1


def test_logme_looks_at_all_classes_of_a_sorted_folder():
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1], 5000)
    stage = (rng.normal(size=(10_000, 4)) + target[:, None]).astype(np.float32)

    def score(output: torch.Tensor, draws: np.ndarray) -> np.ndarray:
        return np.zeros(draws.shape[1])

    probe = Probe([stage], [stage[:10]], (False,), torch.from_numpy(target), 2, [1.0], None, score, 1.0)

    def solve(features: torch.Tensor, known: torch.Tensor, strengths: object) -> list[object]:
        return solve_head(features, known, 2, strengths)  # type: ignore[arg-type, return-value]

    attempts = HeldOut(probe.train, probe.val, probe.spatial, probe.target, [1.0], solve)  # type: ignore[arg-type]
    choice = choose_cut(candidates("auto", "auto", probe.spatial), attempts, probe.score)
    (found,) = measure(probe, choice, (None,), seed=0).logme
    assert found == pytest.approx(logme(torch.from_numpy(stage), probe.target, 2), abs=0.02)


def test_parts_that_hold_one_class_only_are_left_out_of_the_curve():
    probe = _probe()
    target = torch.zeros(160, dtype=torch.int64)
    target[:12] = 1
    curve = learning_curve(replace(probe, target=target), candidates("mean", 1, (True, True))[0], 10.0, 0)
    assert curve[-1][0] == 160
    assert all(size > 2 for size, _ in curve)
