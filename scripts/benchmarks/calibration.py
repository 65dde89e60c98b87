"""Log loss on test before and after one temperature, on ten tables: does `predict.calibrate=temperature` ever hurt?

    python scripts/benchmarks/calibration.py                        # one split of each, about two minutes
    python scripts/benchmarks/calibration.py --splits 5 -- trainer.max_epochs=100

What stands behind `--` goes to each run. One run serves both: probabilities before are those after with the temperature
taken back. A set is worse if a paired t-test on the loss of each test row says so at 5 % after Holm.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp
from sklearn import datasets

from groundwork.core.console import Console
from groundwork.core.probabilities import soften
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.seal import seal
from groundwork.launch.api import fit
from groundwork.metrics import holm

WORDS = ["data=table", "data.target=target", "task=classification", "optim.lr=0.01", "trainer=cpu", "execution=plain",
         "trainer.max_epochs=25", "metrics.resamples=20", "report.write=false", "predict.calibrate=temperature",
         "split=stratified"]  # fmt: skip


def sets() -> dict[str, pd.DataFrame]:
    """Give four tables of scikit-learn and six made ones: small, noisy, rare, many classes, separable, wide."""
    found = {}
    for name in ("digits", "breast_cancer", "wine", "iris"):
        loaded = getattr(datasets, f"load_{name}")()
        found[name] = pd.DataFrame(loaded.data).add_prefix("x").assign(target=loaded.target)
    made = {
        "small": {"n_samples": 120, "n_features": 8, "class_sep": 1.0},
        "noisy": {"n_samples": 1000, "n_features": 20, "flip_y": 0.4},
        "rare": {"n_samples": 2000, "n_features": 12, "weights": [0.95], "flip_y": 0.02},
        "many": {"n_samples": 2000, "n_features": 20, "n_informative": 10, "n_classes": 20},
        "separable": {"n_samples": 600, "n_features": 10, "class_sep": 4.0, "flip_y": 0.0},
        "wide": {"n_samples": 300, "n_features": 100, "n_informative": 5},
    }
    for name, given in made.items():
        inputs, target = datasets.make_classification(random_state=0, **given)
        found[name] = pd.DataFrame(inputs).add_prefix("x").assign(target=target)
    return {name: table.assign(target="k" + table.target.astype(str)) for name, table in found.items()}


def losses(folder: RunFolder) -> tuple[np.ndarray, np.ndarray, float]:
    """Give the log loss of each test row before and after, and the temperature."""
    table = pd.read_parquet(folder.predictions("test"))
    prob = table.filter(like="prob/")
    own = pd.Index(prob.columns).get_indexer("prob/" + table["target"])
    temperature = folder.read_json("result")["calibration"]["temperature"]
    after = prob.to_numpy(np.float64)
    both = (soften(after, 1 / temperature), after)
    before, served = (-np.log(np.maximum(one[range(len(table)), own], 1e-12)) for one in both)
    return before, served, temperature


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    means, worse = [], []
    print(f"{'set':14} {'test':>5} {'T':>6} {'before':>8} {'after':>8} {'p worse':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name, table in sets().items():
            table.to_csv(place / f"{name}.csv", index=False)
            parts = []
            for split in range(asked.splits):
                words = [*WORDS, f"data.table={place / name}.csv", f"split.seed={split}", *asked.words]
                run = fit([*words, f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"])
                seal(run.folder, place / "runs", Console(quiet=True))
                parts.append(losses(run.folder))
            before, after = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
            temperature = float(np.mean([part[2] for part in parts]))
            p = float(ttest_1samp(after - before, 0, alternative="greater").pvalue)
            means.append((after - before).mean())
            worse.append(1.0 if np.isnan(p) else p)
            print(
                f"{name:14} {len(after):5} {temperature:6.2f} {before.mean():8.4f} {after.mean():8.4f} {p:8.3f}"
            )
    print(
        f"mean over sets {np.mean(means):+.4f}; significantly worse after Holm: "
        f"{int((np.asarray(holm(worse)) < 0.05).sum())} of {len(worse)}"
    )


if __name__ == "__main__":
    main()
