"""Finished runs that competed on val -> what the best one is worth, with the choosing taken out."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from groundwork.core.directions import direction_in
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.compare.finished import read_runs
from groundwork.evaluate.compare.predicted import Predicted, read_predicted
from groundwork.evaluate.judge import RESAMPLES, moved
from groundwork.evaluate.measure import BOOTSTRAP_SEED
from groundwork.metrics import Scores, bias_corrected

MANY = 100_000  # numbers of one prediction, above which fewer draws must do


def correct_best(folders: Sequence[RunFolder], best: RunFolder) -> dict[str, Any] | None:
    """Take the choosing out of the monitor of the best of several runs on val.

    corrected = BBC over the runs + (corrected - val) of the best run alone

    The first term takes out the choice among the runs, the second what that run chose by itself (epoch, cut, penalty).
    Both choose on the same rows, so that the sum is a little too strict.

    Args:
        folders: Of all runs that competed, the best one included.
        best: The one that won.

    Returns:
        `value`, `low`, `high`, `method`, `n`; None where the runs judged by different rows, or where the run was not
        corrected itself.

    Raises:
        UserError: If predictions are missing, or a run is of a module of one's own, which keeps none.

    Source:
        Tsamardinos et al. 2018, arXiv:1708.07180, algorithm 5.
    """
    runs, _ = read_runs(folders)
    result = best.read_json("result")
    monitor = result["monitor"]
    own = (result.get("corrected") or {}).get(monitor)
    interval = (result.get("intervals") or {}).get("val", {}).get(monitor)
    predicted = [read_predicted(run, "val") for run in runs]
    if not own or not interval or len({one.samples for one in predicted}) > 1:
        return None
    value = own["value"]
    if len(runs) > 1:
        sign = 1.0 if direction_in(result, monitor) == "max" else -1.0
        value += _among(predicted, monitor, sign) - result["val"][monitor]
    if not isfinite(value):
        return None
    method = f"bootstrap bias correction over {len(runs)} runs, and by what the best one chose alone"
    return {**moved(monitor, value, interval), "method": method, "n": predicted[0].scores.num_samples}


def _among(predicted: Sequence[Predicted], monitor: str, sign: float) -> float:
    """Measure the run that the drawn rows choose on the others, on average."""
    scores: list[Scores] = [one.rescored(one.prediction, monitor) for one in predicted]
    first = predicted[0]
    fewer = 4 if first.prediction.size > MANY else 1
    resamples = min(RESAMPLES // fewer, first.resamples)
    found = bias_corrected(
        scores,
        lambda number, _: scores[number],
        monitor,
        sign,
        group=first.group,
        resamples=resamples,
        seed=BOOTSTRAP_SEED,
    )
    return found[monitor]
