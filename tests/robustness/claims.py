"""Count how often what METHOD.md promises holds, on simulated samples whose truth is known.

uv run tests/robustness/claims.py [coverage|values|selection|equal|groups] [replications]
"""

import sys

import numpy as np
from scipy.stats import binom

from groundwork.metrics import (
    ClassificationScores,
    RegressionScores,
    against_best,
    beyond_chance,
    bias_corrected,
    bootstrap,
    sum_ranges,
)

SEED = 20_261  # fixed before anything was measured
SIZES, SHARES = (30, 100, 200, 400, 2000), (0.5, 0.2, 0.05, 0.02)
SHOWN = (
    "accuracy", "balanced_accuracy", "recall", "specificity", "precision", "f1", "f1_macro", "precision_macro",
    "auroc", "average_precision", "log_loss",
)  # fmt: skip
FLOOR = {"mae": 0.92}


def class_counts(n, num_classes, shape):
    """Share out n samples, at least one per class: a share of positives, "balanced" or "zipf"."""
    shares = {"balanced": np.ones(num_classes), "zipf": 1 / np.arange(1, num_classes + 1)}.get(shape)
    shares = np.array([1 - shape, shape]) if shares is None else shares / shares.sum()
    counts = np.maximum(np.floor(n * shares).astype(int), 1)
    counts[0] = max(1, counts[0] + n - counts.sum())
    return counts


def draw_classes(rng, counts, pull, weights=None):
    """Draw logits that the true class lifts by its `pull`, and their scores."""
    target = np.repeat(np.arange(len(counts)), counts)
    logits = rng.normal(size=(len(target), len(counts)))
    logits[np.arange(len(target)), target] += pull[target]
    prob = np.exp(logits)
    prob /= prob.sum(axis=1, keepdims=True)
    names = [str(k) for k in range(len(counts))]
    positive = "1" if len(counts) == 2 else None
    return ClassificationScores(prob, target, names, top_k=(), positive=positive, threshold=None)


def true_classes(counts, pull):
    """Measure many samples in the proportions of the classes; average precision over splits of this size."""
    many = np.full(len(counts), max(300, 60_000 // len(counts)))
    scores = draw_classes(np.random.default_rng(SEED), many, pull)
    weights = (counts / many)[scores.target][:, None]
    truth = {name: float(value[0]) for name, value in scores.at(weights).items()}
    rng = np.random.default_rng(SEED + 1)
    few = [draw_classes(rng, counts, pull) for _ in range(200 if len(counts) < 100 else 40)]
    drawn = [each.at(np.ones((each.num_samples, 1)))["average_precision"][0] for each in few]
    return truth | {"average_precision": float(np.mean(drawn))}


def cover(draw, truth, shown, replications, group=None, resamples=400):
    """Give metric -> coverage, median width in parts of 3.92 standard deviations of the metric, share undefined."""
    rng = np.random.default_rng(SEED + 2)
    held, width, value, lost = ({name: [] for name in shown} for _ in range(4))
    for number in range(replications):
        found = bootstrap(draw(rng), seed=number, resamples=resamples, group=group)
        for name in (name for name in shown if name in found):
            one = found[name]
            lost[name].append(np.isnan(one["value"]))
            if not np.isnan(one["low"]):
                assert one["low"] <= one["value"] <= one["high"]
                held[name].append(one["low"] <= truth[name] <= one["high"])
                width[name].append(one["high"] - one["low"])
                value[name].append(one["value"])
    spread = {name: 3.92 * np.std(value[name]) for name in shown}
    return {
        name: (np.mean(held[name]), np.median(width[name]) / max(spread[name], 1e-12), np.mean(lost[name]))
        for name in shown
        if held[name]
    }


def broken(share, number, limit):
    """Tell whether so few held that the 99 % binomial bound excludes the limit."""
    return binom.cdf(round(share * number), number, limit) < 0.01


def cells():
    """List what is covered: title, counts and pull of each class."""
    found = []
    for n in SIZES:
        for share in SHARES:
            for kind, pull in (("weak", 0.8), ("strong", 2.5)):
                found.append((f"n={n} {share:.0%} {kind}", class_counts(n, 2, share), np.full(2, pull)))
        for num_classes in (10, 100):
            if n < num_classes:
                continue
            for shape in ("balanced", "zipf"):
                for kind, pull in (("weak", 1.2), ("strong", 4.0)):
                    lift = pull * np.random.default_rng(SEED).uniform(0.4, 1.6, num_classes)
                    title = f"n={n} {num_classes} {shape} {kind}"
                    found.append((title, class_counts(n, num_classes, shape), lift))
    return found


def coverage(replications, only=None):
    """Print coverage and width of every metric of classification."""
    short = []
    for title, counts, pull in cells() if only is None else only:
        shown = SHOWN if len(counts) == 2 else [*SHOWN[:3], *SHOWN[4:6], *SHOWN[8:]]
        if counts.sum() * len(counts) > 50_000:
            shown = [name for name in shown if name != "average_precision"]
        truth = true_classes(counts, pull)
        found = cover(lambda rng, c=counts, p=pull: draw_classes(rng, c, p), truth, shown, replications)
        for name, (share, width, _) in found.items():
            limit = 0.89 if counts.min() == 1 and len(counts) == 2 and name != "auroc" else 0.93
            if broken(share, replications, limit):
                short.append((title, name, round(float(share), 3), round(float(width), 2)))
        told = "  ".join(f"{name} {100 * one[0]:.1f} ({one[1]:.2f})" for name, one in found.items())
        print(f"{title:24} {told}", flush=True)
    print("below the limit:", *short, sep="\n  ")
    return short


def draw_values(rng, n, kind):
    """Draw a normal target and errors of one kind."""
    errors = {
        "normal": lambda: rng.normal(size=n),
        "log-normal": lambda: rng.lognormal(size=n) - np.exp(0.5),
        "t3": lambda: rng.standard_t(3, n),
    }
    target = 2 * rng.normal(size=n)
    return RegressionScores(target + errors[kind](), target, ("y",))


def values(replications):
    """Print coverage and width of every metric of regression."""
    shown, short = ("mse", "rmse", "mae", "r2", "pearson", "spearman"), []
    for n in SIZES:
        for kind in ("normal", "log-normal", "t3"):
            large = draw_values(np.random.default_rng(SEED), 2_000_000, kind)
            truth = {name: float(one[0]) for name, one in large.at(np.ones((2_000_000, 1))).items()}
            found = cover(lambda rng, n=n, kind=kind: draw_values(rng, n, kind), truth, shown, replications)
            warned = [
                "too_short" in large_or_not["rmse"]
                for seed in range(40)
                for large_or_not in [
                    bootstrap(draw_values(np.random.default_rng(seed), n, kind), resamples=2)
                ]
            ]
            told = "  ".join(f"{name} {100 * one[0]:.1f} ({one[1]:.2f})" for name, one in found.items())
            print(f"n={n} {kind:10} {told}  warned {np.mean(warned):.0%}", flush=True)
            for name, (share, _, _) in found.items():
                limit = FLOOR.get(name, 0.93)
                if (kind == "normal" or name == "mae") and broken(share, replications, limit):
                    short.append((n, kind, name, round(float(share), 3)))
    print("below the limit:", *short, sep="\n  ")
    return short


def groups(replications):
    """Print coverage where samples come in 40 groups of 5 that agree in three of four cases."""
    member = np.repeat(np.arange(40), 5)

    def draw(rng):
        common, own = rng.random(40)[member], rng.random(200)
        hit = np.where(rng.random(200) < 0.75, common, own) < 0.8
        target = np.tile([0, 1], 100)
        prob = np.eye(2)[np.where(hit, target, 1 - target)]
        return ClassificationScores(
            prob, target, ("a", "b"), top_k=(), positive=None, threshold=None, ranked=False
        )

    truth = {"accuracy": 0.8, "balanced_accuracy": 0.8}
    for given in (None, member):
        found = cover(draw, truth, list(truth), replications, given)
        print("by groups" if given is not None else "as if alone", found, flush=True)


def hits_only(hit, target=None):
    """Make scores of right and wrong."""
    target = np.arange(len(hit)) % 2 if target is None else target
    prob = np.eye(2)[np.where(hit, target, 1 - target)]
    return ClassificationScores(
        prob, target, ("a", "b"), top_k=(), positive=None, threshold=None, ranked=False
    )


def select(rng, n, num_candidates, gain, disagree, base=0.7):
    """Choose among candidates that agree largely; give the verdict on a baseline, `corrected` and the truth."""
    baseline = rng.random(n) < base
    # Candidates are right where the baseline is wrong, and the other way around, mostly on the same samples.
    flip = np.where(baseline, (disagree - gain) / 2 / base, (disagree + gain) / 2 / (1 - base))
    own, common = rng.random((num_candidates, n)), rng.random(n)
    hit = np.where(np.where(rng.random((num_candidates, 1)) < 0.7, common, own) < flip, ~baseline, baseline)
    scores = [hits_only(row) for row in hit]
    chosen = int(hit.mean(axis=1).argmax())
    told = beyond_chance(scores, chosen, hits_only(baseline), "accuracy", 1.0)
    return told["verdict"], scores, chosen


def selection(replications):
    """Print false verdicts and bias of noise, and how often a true gain is found."""
    for n, num_candidates in ((14, 48), (30, 48), (86, 48), (86, 200)):
        false, bias = [], []
        for number in range(replications):
            rng = np.random.default_rng((SEED, n, number))
            truth = np.arange(n) % 2
            # Candidates of one family: their guesses share a part.
            guess = rng.normal(size=n) * 0.7 + rng.normal(size=(num_candidates, n)) * 0.7 > 0
            scores = [hits_only(row == truth, truth) for row in guess]
            chosen = int((guess == truth).mean(axis=1).argmax())
            majority = hits_only(truth == 0, truth)
            told = beyond_chance(scores, chosen, majority, "accuracy", 1.0, seed=number)
            false.append(told["verdict"] == "better")
            if number < replications // 2:
                found = bias_corrected(
                    scores, lambda c, _, s=scores: s[c], "accuracy", 1.0, resamples=100, seed=number
                )
                bias.append(found["accuracy"] - 0.5)
        print(f"null n={n} candidates={num_candidates}: false {np.mean(false):.3f}, bias {np.mean(bias):+.3f}"
              f" ({np.std(bias) / np.sqrt(len(bias)):.3f})", flush=True)  # fmt: skip
    for disagree in (0.06, 0.08, 0.15):
        found = [
            select(np.random.default_rng((SEED, number)), 300, 20, 0.05, disagree)[0] == "better"
            for number in range(replications)
        ]
        print(f"power n=300, 5 points, {disagree:.0%} judged differently: {np.mean(found):.3f}", flush=True)


def equal(replications):
    """Print how often K equal models are called different, and how often 8 points are found."""
    for num_models in (2, 3, 5, 10, 20):
        claimed, seen = [], []
        for number in range(replications):
            rng = np.random.default_rng((SEED, num_models, number))
            hard = rng.normal(size=300)
            score = hard + 0.7 * rng.normal(size=(num_models, 300))
            for gain, kept in ((0.0, claimed), (0.08, seen)):
                limit = np.full((num_models, 1), np.quantile(score, 0.3))
                limit[0] = np.quantile(score, 0.3 - gain)
                parts = (score > limit) / 300
                order = np.argsort(-parts.sum(axis=1), kind="stable")
                parts = parts[order]
                p = [one["p"] for one in against_best(parts.sum(axis=1), sum_ranges(parts, seed=number))]
                kept.append(min(p[1:]) < 0.05 if not gain else order[0] == 0 and p[-1] < 0.05)
        print(
            f"K={num_models}: some difference {np.mean(claimed):.3f}, 8 points found {np.mean(seen):.3f}",
            flush=True,
        )


def main(part="all", replications="1000"):
    """Run one part, or all."""
    for name, run in (("coverage", coverage), ("values", values), ("groups", groups), ("selection", selection),
                      ("equal", equal)):  # fmt: skip
        if part in ("all", name):
            print(f"\n{name}", flush=True)
            run(int(replications))


if __name__ == "__main__":
    main(*sys.argv[1:])
