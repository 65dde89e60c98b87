"""Several finished runs and new files -> one table of their mean prediction."""

from collections.abc import Mapping

import numpy as np

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import intact
from groundwork.core.noise import silence
from groundwork.data.formats.source import Source
from groundwork.evaluate.inputs import Inputs
from groundwork.evaluate.joint.folds import read_out_of_fold
from groundwork.evaluate.joint.members import read_joint
from groundwork.evaluate.joint.threshold import decide_jointly
from groundwork.evaluate.predict import check_writable, predict_one
from groundwork.evaluate.written import write_predicted
from groundwork.train.checkpoint import load_model
from groundwork.train.metrics import build_metrics


def predict_joint(keys: Mapping[str, str]) -> int:
    """Predict what `input` names by the mean of the runs that `runs` matches, and write the table `output`.

    Each member reads the input by what it knows of its own data; probabilities and values are averaged.

    Returns:
        The exit status, see `predict_inputs`.

    Raises:
        UserError: If the runs cannot be joined, the input is not what they read, or the output can't be written.
    """
    silence()
    joint, console = read_joint(keys), Console()
    output = Source.parse(keys["output"], "output")
    check_writable(output.path.parent, "output")
    predictions, own, said = [], [], set[str]()
    first: Inputs | None = None
    bad: dict[int, str] = {}
    for run in joint.members:
        with intact(run.folder.path):
            checkpoint = load_model(run.folder.best)
            found = predict_one(run.folder, checkpoint, keys, console, said)
        own.append(build_metrics(run.folder.config, checkpoint.get("threshold")))
        predictions.append(found.prediction)
        bad = {**found.inputs.bad, **bad}
        first = first or found.inputs
        if not np.array_equal(found.inputs.sample_id.to_numpy(), first.sample_id.to_numpy()):
            raise UserError(
                f"runs= must match runs that name the samples alike, but {run.folder.path} differs from "
                f"{joint.first.folder.path} in data.id_column or the columns that it reads. Narrow the glob."
            )
    assert first is not None
    metrics, how_decided = decide_jointly(joint, read_out_of_fold(joint), own)
    if how_decided:
        console.note(how_decided)
    if checkpoint.get("promise"):
        console.note(
            "sets and intervals (predict.conformal) are those of a single run; a mean of runs has none"
        )
    target = checkpoint["data"]["target"]
    return write_predicted(
        first.sample_id, bad, joint.mean(predictions), metrics, target, keys, output, console
    )
