"""Several finished runs -> the official metrics of their mean prediction, one test, one entry in the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact
from groundwork.core.noise import silence
from groundwork.data.prepared import Prepared
from groundwork.evaluate.compare.predicted import MeanScores
from groundwork.evaluate.joint.folds import read_out_of_fold
from groundwork.evaluate.joint.members import Joint, read_joint
from groundwork.evaluate.joint.threshold import decide_jointly
from groundwork.evaluate.measure import BOOTSTRAP_SEED, measure, write_predictions
from groundwork.evaluate.seal import refuse_debug, refuse_sweep
from groundwork.evaluate.tested import count_test, predict_test, row_names_of
from groundwork.metrics import paired_difference
from groundwork.report.joint import joint_summary
from groundwork.train.metrics import Metrics


@dataclass(frozen=True)
class Tested:
    """Hold what the members predict of the test rows, in the order of the first member's rows.

    Attributes:
        prepared: Data of the first member.
        predictions: (N, K) or (N, T) of each member.
        metrics: Of each member, with its own threshold.
    """

    prepared: Prepared
    predictions: list[NDArray[np.floating]]
    metrics: list[Metrics]


def seal_joint(keys: Mapping[str, str]) -> int:
    """Seal the mean prediction of the runs that `runs` matches as one configuration.

    Raises:
        UserError: If they cannot be joined, or their test rows differ.
    """
    silence()
    refuse_sweep()
    joint, console = read_joint(keys), Console()
    for run in joint.members:
        refuse_debug(run.folder)
    sealed = joint.folder.read_json("result").get("seal")
    if sealed:
        console.say(
            f"{joint.folder.path} is sealed already, since {sealed['time']}; its official metrics stay"
        )
    else:
        _seal(joint, console)
    console.show(joint_summary(joint.folder.read_json("result"), joint.folder.path))
    return DONE


def _seal(joint: Joint, console: Console) -> None:
    tested = _predict_all(joint, console)
    prepared, prediction = tested.prepared, joint.mean(tested.predictions)
    oof = read_out_of_fold(joint)
    metrics, how_decided = decide_jointly(joint, oof, tested.metrics)
    if how_decided:
        console.note(how_decided)
    test = measure(prediction, "test", metrics, prepared)
    singles = MeanScores(
        [
            own.scores(each, prepared.targets("test"), prepared.names)
            for own, each in zip(tested.metrics, tested.predictions, strict=True)
        ]
    )
    scores = metrics.scores(prediction, prepared.targets("test"), prepared.names)
    group, resamples = prepared.group("test"), metrics.resamples
    gain = paired_difference(singles, scores, group=group, resamples=resamples, seed=BOOTSTRAP_SEED)
    mean = {name: float(value[0]) for name, value in singles.at(np.ones((singles.num_samples, 1))).items()}
    counted = _count(joint, prepared)
    folder = joint.folder
    folder.predictions("test").parent.mkdir(parents=True, exist_ok=True)
    write_predictions(folder, "test", prediction, metrics, prepared)
    first = joint.first.result
    described = {
        **{key: first[key] for key in ("task", "monitor", "direction")},
        "directions": metrics.directions([first["monitor"], *test]),
        "status": "done",
        "join": "mean",
        "members": _members(joint),
        "n": {"test": len(prediction), **({} if oof is None else {"oof": len(oof.sample_id)})},
        "threshold": getattr(metrics, "threshold", None),
        "test": test,
        "singles": mean,
        "gain": gain,
        "notes": [how_decided] if how_decided else [],
    }
    folder.write_json("result", {**described, **counted})  # the last: a seal that is there is whole


def _predict_all(joint: Joint, console: Console) -> Tested:
    """Predict the test rows by each member, and refuse members that do not share them."""
    parts = []
    for run in joint.members:
        with intact(run.folder.path):
            parts.append(predict_test(run.folder, console))
    prepared = parts[0].prepared
    names = _test_names(prepared)
    order = np.argsort(names)
    predictions = []
    for run, part in zip(joint.members, parts, strict=True):
        own = _test_names(part.prepared)
        place = np.argsort(own)
        if not np.array_equal(own[place], names[order]) or not np.array_equal(
            part.prepared.targets("test")[place],
            prepared.targets("test")[order],
            equal_nan=len(prepared.encoded.shape) > 1,
        ):
            raise UserError(
                f"runs= must match runs with the same test rows, but {run.folder.path} has others than "
                f"{joint.first.folder.path}. Use one split.seed, or split=folds."
            )
        aligned = np.empty_like(part.prediction)
        aligned[order] = part.prediction[place]
        predictions.append(aligned)
    return Tested(prepared, predictions, [part.metrics for part in parts])


def _test_names(prepared: Prepared) -> NDArray[np.str_]:
    return prepared.samples.sample_id.to_numpy()[prepared.rows["test"]].astype(str)


def _count(joint: Joint, prepared: Prepared) -> dict[str, Any]:
    """Write the test into the ledger, once for all members."""
    config, name = joint.first.folder.config, joint.folder.path.name
    counted = count_test(
        joint.runs, joint.configuration, row_names_of(prepared, config), run_id=name, split_hash=prepared.split_hash,
        checkpoint_hash=name, seed=config.seed,
    )  # fmt: skip
    return {"test_count": counted["count"], "seal": counted["seal"], "split_hash": prepared.split_hash}


def _members(joint: Joint) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "run": str(run.folder.path),
            "checkpoint_hash": digest,
            **{key: OmegaConf.select(run.folder.config, key) for key in ("seed", "split.fold")},
        }
        for run, digest in zip(joint.members, joint.hashes, strict=True)
    ]
