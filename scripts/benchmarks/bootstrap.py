"""Time the intervals of 10,000 samples x 1,000 resamples against a loop over scikit-learn.

uv run scripts/benchmarks/bootstrap.py
"""

from time import perf_counter, process_time

import numpy as np
from scipy.stats import spearmanr
from sklearn import metrics as reference

from groundwork.metrics import ClassificationScores, RegressionScores, bootstrap

NUM_SAMPLES, RESAMPLES = 10_000, 1_000
LOOPS = 10  # of the plain loop; its time is scaled up


def classes(num_classes):
    rng = np.random.default_rng(0)
    target = rng.integers(0, num_classes, NUM_SAMPLES)
    logits = rng.normal(size=(NUM_SAMPLES, num_classes))
    logits[np.arange(NUM_SAMPLES), target] += 2
    prob = np.exp(logits)
    return prob / prob.sum(axis=1, keepdims=True), target


def plain_classification(prob, target):
    decision = prob.argmax(axis=1)
    binary = prob.shape[1] == 2
    reference.accuracy_score(target, decision)
    reference.balanced_accuracy_score(target, decision)
    reference.precision_recall_fscore_support(target, decision, average="macro")
    reference.log_loss(target, prob)
    reference.roc_auc_score(target, prob[:, 1] if binary else prob, multi_class="ovr")
    reference.average_precision_score(target, prob[:, 1] if binary else prob)


def plain_regression(prediction, target):
    reference.mean_squared_error(target, prediction)
    reference.mean_absolute_error(target, prediction)
    reference.r2_score(target, prediction)
    np.corrcoef(target, prediction)
    spearmanr(target, prediction)


def measure(title, scores, plain, prediction, target):
    start, busy = perf_counter(), process_time()
    metrics = bootstrap(scores, resamples=RESAMPLES)
    ours, ours_cpu = perf_counter() - start, process_time() - busy
    rng = np.random.default_rng(0)
    start = perf_counter()
    for _ in range(LOOPS):
        rows = rng.integers(0, NUM_SAMPLES, NUM_SAMPLES)
        plain(prediction[rows], target[rows])
    loop = (perf_counter() - start) * RESAMPLES / LOOPS
    print(
        f"{title:12} {len(metrics):4} metrics: {ours:5.2f} s ({ours_cpu:.2f} s of CPU)  "
        f"loop over scikit-learn {loop:6.1f} s  {loop / ours:5.0f} times faster"
    )


def main():
    for num_classes in (2, 10, 81):
        prob, target = classes(num_classes)
        names = [str(k) for k in range(num_classes)]
        positive = "1" if num_classes == 2 else None
        scores = ClassificationScores(prob, target, names, top_k=(5,), positive=positive, threshold=None)
        measure(f"{num_classes} classes", scores, plain_classification, prob, target)
    target, noise = np.random.default_rng(0).normal(size=(2, NUM_SAMPLES))
    prediction = target + noise
    measure("regression", RegressionScores(prediction, target, ["y"]), plain_regression, prediction, target)


if __name__ == "__main__":
    main()
