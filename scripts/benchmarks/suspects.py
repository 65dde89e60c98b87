"""Labels that are flipped on purpose, one in twenty: how many a ranking by suspicion finds, beside cleanlab's.

Out-of-fold probabilities as `audit.py suspects=true` makes them: on the digits by a linear model on small pictures, on
a table by the better of a linear model and gradient boosting, on photographs by exact heads on a pretrained network.
cleanlab (AGPL, which nothing here depends on) ranks by its default score on the same probabilities. Three draws of
flips each. Words of your own may name `paths.cache`, which keeps the features of the network.

    uv run --with cleanlab scripts/benchmarks/suspects.py                # digits, and a table of scikit-learn's
    uv run --with cleanlab scripts/benchmarks/suspects.py --draws 2 --words data=groceries data.root=DIR split=official
    (and data.image_size=96 subset=stratified subset.size=1200)
"""

import argparse
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import load_breast_cancer

from groundwork.core.console import Console
from groundwork.core.instantiate import instantiate
from groundwork.core.noise import silence
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.suspects.confident import likely_labels, rank, wrong_share
from groundwork.evaluate.suspects.held_out import build_predictor, train_and_val
from groundwork.evaluate.suspects.planted import LOOKED, RATE, plant
from groundwork.launch.config.compose import compose_run
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples

DIGITS = [
    "data=digits",
    "data.image_size=8",
    "model=timm",
    "model.name=test_resnet",
    "model.pretrained=false",
]


def write_table(path: Path) -> list[str]:
    """Write a table with two classes, and say how it is read."""
    data = load_breast_cancer(as_frame=True)
    data.frame.assign(target=data.target.map({0: "malignant", 1: "benign"})).to_csv(path, index=False)
    return ["data=table", f"data.table={path}", "data.target=target", "task=classification"]


def measure(words: list[str], place: Path, draws: int) -> None:
    """Flip, predict out of fold, rank in both ways, and print what the first tenth of each ranking holds."""
    console = Console(quiet=True)
    composition = compose_run([f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}", *words])
    samples, target = read_samples(composition.config)
    complete = composition.derive(target.task)
    prepared = prepare(complete.config, samples, target, console)
    plan = instantiate(complete.choose(transfer="small_different").config.transfer, _convert_="all")
    folder = RunFolder.create(place / "runs", "suspects")
    predict, model = build_predictor(complete.config, plan, prepared, folder, console)
    given = np.asarray(prepared.encoded[train_and_val(prepared)], dtype=np.int64)
    first, found = max(1, round(LOOKED * len(given))), []
    for seed in range(draws):
        labels, changed = plant(given, len(prepared.names), RATE, seed)
        prob = predict(labels)
        ours, theirs = rank(prob, labels), np.argsort(get_label_quality_scores(labels, prob), kind="stable")
        found.append([int(changed[order[:first]].sum()) / int(changed.sum()) for order in (ours, theirs)])
    prob = predict(given)
    likely, (ours, theirs) = likely_labels(prob, given), zip(*found, strict=True)
    print(
        f"{words[0]}: n = {len(given):,}, {len(prepared.names)} classes, {model}; of the flips the first {LOOKED:.0%} "
        f"hold {mean(ours):.3f} ({min(ours):.3f} to {max(ours):.3f}), by cleanlab {mean(theirs):.3f} "
        f"({min(theirs):.3f} to {max(theirs):.3f}); as they are: {int(((likely >= 0) & (likely != given)).sum())} "
        f"suspects, share {wrong_share(prob, given):.4f}",
        flush=True,
    )


def main() -> None:
    """Measure the sets that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", nargs="+", help="a data set of your own, in the words of train.py")
    parser.add_argument("--draws", type=int, default=3)
    arguments = parser.parse_args()
    silence()
    with TemporaryDirectory() as temporary:
        place = Path(temporary)
        table = write_table(place / "cells.csv")
        for words in [arguments.words] if arguments.words else [DIGITS, table]:
            measure(words, place, arguments.draws)


if __name__ == "__main__":
    main()
