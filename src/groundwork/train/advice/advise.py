"""Cached features of a data set -> which transfer scenario to take: a frozen head, or what was measured to beat it."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from omegaconf import DictConfig

from groundwork.model import Network
from groundwork.train.advice.compete import Race, compete
from groundwork.train.advice.heads import Frozen, choose_frozen
from groundwork.train.advice.price import price_line
from groundwork.train.advice.race import Runner
from groundwork.train.build import build_pretrained
from groundwork.train.context import Context
from groundwork.train.frozen.features import StageFeatures, read_features
from groundwork.train.frozen.targets import loss_weights, scaled_target, score_by
from groundwork.train.machine.precision import settle_precision
from groundwork.transfer import Advice, Evidence, Plan, Probe, measure
from groundwork.transfer.advise import curve_sentences, frozen_sentence

PERFECT = {"r2": 1.0, "pearson": 1.0, "spearman": 1.0}  # other metrics to maximize are shares, too


def advise_run(
    context: Context,
    plan: Plan,
    device: torch.device,
    choose: Callable[[str], DictConfig],
    typed: Sequence[str] = (),
) -> Advice:
    """Take the best frozen head, unless training was measured to beat it within the budget; write `advice.json`.

    Args:
        context: Configuration, data and folder; what was compared is added to `tried`.
        plan: Of `transfer=auto`: which cuts, pools and strengths are compared.
        device: Where features are computed.
        choose: Gives the configuration of a scenario.
        typed: Overrides of the run.
    """
    config, prepared = context.config, context.prepared
    began = time.perf_counter()
    network = build_pretrained(config, context.data, context.warm)
    settle_precision(context, network, plan, device)
    features = read_features(config, network, prepared, plan, device, context.console)
    frozen = choose_frozen(context, network, features, plan, device, began)
    run = compete(context, network, frozen, plan, choose, typed, device)
    for runner in run.runners:
        # those of the winner are in the checkpoint that the run goes on from
        for prediction in runner.predictions if runner.folder.path.name != run.winner else ():
            context.tried.keep(prediction)
    context.tried.before, context.tried.predictions = context.tried.predictions, []
    evidence = measure(_probe(context, network, features, plan, device), frozen.every, config.seed)
    advice = _advice(context, frozen, run, evidence)
    context.folder.write_json("advice", advice.state())
    for line in (*advice.why, *advice.not_tried):
        context.console.say(f"advice: {line}")
    return advice


def _advice(context: Context, frozen: Frozen, run: Race, evidence: Evidence) -> Advice:
    metric, direction = context.config.monitor, context.direction
    first = frozen_sentence(metric, frozen.scores, frozen.scenario, frozen.every.candidate.stages)
    return Advice(
        scenario=run.entry.scenario if run.entry else frozen.scenario,
        changes=run.changes,
        folder=run.winner,
        cut=frozen.choice.candidate.stages,
        pool=frozen.choice.candidate.pool,
        metric=metric,
        direction=direction,
        scores=frozen.scores,
        size="large" if run.entry else "small",
        similarity="similar" if frozen.scenario == "small_similar" else "different",
        why=(first, *run.why, *curve_sentences(evidence, metric, direction)),
        not_tried=(price_line(run.prices, run.reason),) if run.prices else (),
        race=tuple(_told(context, runner) for runner in run.runners),
        differences=(_of_frozen(frozen), *run.differences),
        prices=tuple({"name": name, "seconds": seconds} for name, seconds in run.prices),
        reason=run.reason,
        seconds={"frozen": frozen.seconds, "race": run.seconds},
        budget=run.minutes,
        evidence=evidence,
    )


def _probe(
    context: Context, network: Network, features: StageFeatures, plan: Plan, device: torch.device
) -> Probe:
    prepared = context.prepared
    return Probe(
        train=[stage[: len(prepared.rows["train"])] for stage in features.train],
        val=features.val,
        spatial=features.spatial,
        target=scaled_target(network, prepared.targets("train")),
        num_outputs=len(prepared.names),
        strengths=plan.strengths,
        class_weights=loss_weights(context),
        score=score_by(context, network, device, prepared.targets("val")),
        perfect=PERFECT.get(context.config.monitor, 1.0) if context.direction == "max" else 0.0,
        labels=prepared.target.has_labels,
    )


def _told(context: Context, runner: Runner) -> dict[str, Any]:
    return {
        "name": runner.name,
        "share": runner.share,
        "score": context.sign * runner.value,
        "seconds": runner.seconds,
    }


def _of_frozen(frozen: Frozen) -> dict[str, Any]:
    last, best = frozen.scores["small_similar"], frozen.scores["small_different"]
    names = {"name": "small_different", "against": "small_similar"}
    return {**names, "difference": best - last, "error": frozen.error}
