"""A trained run -> `result.json`, baselines, figures and report."""

import time
from typing import Any

from lightning.pytorch import Trainer

from groundwork.core.ranks import is_first, leave
from groundwork.data import Stream
from groundwork.evaluate.ablation import predict_alone
from groundwork.evaluate.baselines import Baseline, measure_baselines, measure_one
from groundwork.evaluate.boosted import keep_boosting
from groundwork.evaluate.figures.attention import write_attention
from groundwork.evaluate.figures.augmentation import draw_augmentation
from groundwork.evaluate.figures.dependence import write_dependence
from groundwork.evaluate.figures.map import write_map
from groundwork.evaluate.figures.photos import wanted_pixels
from groundwork.evaluate.measured import measure_run
from groundwork.evaluate.own import conclude_own
from groundwork.report import summary, write_report
from groundwork.train.context import Context
from groundwork.train.custom import is_custom_task
from groundwork.train.fit import finish
from groundwork.train.idle import idle_keys
from groundwork.train.model import Model
from groundwork.train.own.run import OwnRun
from groundwork.train.plugged import read_augment
from groundwork.train.served import served
from groundwork.train.share import data_key, once


def conclude(run: Context | OwnRun, trainer: Trainer) -> float | None:
    """Keep the best weights, measure train and val, and write result and report.

    Returns:
        The monitored metric on val, which sweepers compare; None where it is undefined, and on all ranks but the first.
    """
    if isinstance(run, OwnRun):
        return conclude_own(run, trainer)
    began = time.perf_counter()
    model = finish(run, trainer)
    leave()
    if not is_first():
        return None
    _note_idle(run, model)
    fitting = {"features": model.seconds, "fit": began - run.began - run.seconds["data"] - model.seconds}
    result, judge = measure_run(run, model)
    baselines = _baselines(run, model)
    result["baselines"] = {name: one.scores for name, one in baselines.items()}
    result["verdicts"] = judge({name: (one.prediction, one.metrics) for name, one in baselines.items()})
    result |= keep_boosting(run, baselines.get("gradient_boosting"))
    begun = {"changes": run.folder.read_json("result").get("changes", {})}
    result |= {**begun, "status": "done", "seconds": run.seconds | fitting}
    _write_result(run, model, result)
    run.console.show(summary(run.folder.path))
    value: float | None = result["val"].get(run.config.monitor)
    return value


def _write_result(context: Context, model: Model, result: dict[str, Any]) -> None:
    """Write `result.json` and the report, and then how long all of it took, from the start of reading."""
    folder, seconds = context.folder, result["seconds"]
    measured = time.perf_counter()
    seconds["total"] = measured - context.began
    folder.write_json("result", result)
    if context.config.report.write:
        _draw(context, model)
        seconds["report"] = time.perf_counter() - measured
        seconds["total"] = time.perf_counter() - context.began
        folder.write_json("result", result)


def _note_idle(context: Context, model: Model) -> None:
    """Name the keys that were typed in vain."""
    plan, device, overrides = context.plan, context.device, context.overrides
    solver, augments = model.transfer["solver"], read_augment(context.config).active
    solves = "strengths" in model.transfer
    idle = idle_keys(
        overrides,
        solves=solves,
        trains=solver != "exact" or not plan.head_only,
        crosses=solves and plan.head_only,
        augments=augments,
        stays=device.type == "cuda" and not isinstance(context.prepared.source, Stream),
    )
    if idle:
        context.console.note(
            f"{', '.join(idle)} set by hand has no effect on this run (solver {solver}, {device.type})"
        )


def _baselines(context: Context, model: Model) -> dict[str, Baseline]:
    """Measure the baselines on val, once for all runs of this process; a task of one's own has none.

    Where images and columns are read, the model without either is one more.
    """
    config, prepared = context.config, context.prepared
    if is_custom_task(config):
        return {}
    calibrates = served(config).calibrate != "none"
    known = ("baselines", config.monitor, str(config.metrics), str(config.balance), calibrates)
    balance = context.balance if prepared.target.task != "regression" else None

    def measure() -> dict[str, Baseline]:
        note = context.console.note
        return measure_baselines(context.metrics, config.monitor, prepared, balance, note, calibrates)

    with context.console.progress("fitting baselines"):
        found = once((*known, data_key(config)), measure)
        alone = predict_alone(context, model)
        measured = {
            name: measure_one(context.metrics, config.monitor, one, prepared, calibrates)
            for name, one in alone.items()
        }
    return {**found, **measured}


def _draw(context: Context, model: Model) -> None:
    """Write what needs the network or the store to be drawn, and the report."""
    folder, prepared, device = context.folder, context.prepared, context.device
    draw_augmentation(context, folder)
    write_attention(folder, model.network, prepared, device)
    write_dependence(folder, model.network, prepared, device, model.features(context.plan))
    write_map(context, model)
    write_report(folder.path, wanted_pixels(folder, prepared))
