"""Synthetic run folders: what `run` would have written, drawn from a seed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pandas import DataFrame, concat, read_parquet
from yaml import safe_dump


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def interval(value: float | None, half: float = 0.03) -> dict[str, float | None]:
    return {"value": value} | {
        k: None if value is None else value + s * half for k, s in (("low", -1), ("high", 1))
    }


def write_base(folder: Path, result: dict[str, Any], data: dict[str, Any]) -> None:
    for name in ("predictions", "figures"):
        (folder / name).mkdir(parents=True)
    config = {"name": folder.parent.name, "seed": 0, "split": {"seed": 0}, "report": {"photos": True}}
    (folder / "config.yaml").write_text(safe_dump(config), encoding="utf-8")
    write_json(folder / "result.json", result)
    write_json(folder / "data.json", data)
    packages = {f"package_{i}": f"1.{i}" for i in range(20)}
    words = ["python", "scripts/train.py", "experiment=birds"]
    git = {"commit": "0f3c5d1", "dirty": False}
    write_json(folder / "environment.json", {"command": words, "git": git, "gpus": [], "packages": packages})


def epochs(num: int, metric: str, change: float) -> DataFrame:
    noise = np.random.default_rng(0).normal(0, 0.01, (3, num))
    at = np.arange(1, num + 1)
    columns = {"phase": 1, "epoch": at, "step": at * 40, "train/loss": 0.2 + 0.9 * np.exp(-at / 6) + noise[0]}
    val = {"val/loss": 0.33 + 0.8 * np.exp(-at / 6) + 0.004 * at + noise[1]}
    return DataFrame(columns | val | {f"val/{metric}": 0.88 - change * np.exp(-at / 5) + noise[2]})


def strengths(metric: str) -> DataFrame:
    table = DataFrame(
        [(s, cut) for cut in range(5) for s in np.logspace(-5, 1, 13)], columns=["strength", "cut"]
    )
    away = np.abs(np.log10(table["strength"]) + 2) ** 1.3 + np.abs(table["cut"] - 3)
    kept = away.rank(method="first") == 2
    return table.assign(**{f"val/{metric}": 0.86 - 0.02 * away}, kept=kept)


def draw_probabilities(
    num: int, num_classes: int, sharpness: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    share = 1 / (1 + np.arange(num_classes) * 4 / num_classes)
    target = rng.choice(num_classes, num, p=share / share.sum())
    logits = rng.gumbel(size=(num, num_classes))
    logits[np.arange(num), target] += sharpness
    logits[np.arange(num), (target + 1) % num_classes] += sharpness * 0.55
    logits -= logits.max(axis=1, keepdims=True)
    prob = np.exp(logits * 0.9)
    return target, prob / prob.sum(axis=1, keepdims=True)


def write_predictions(
    path: Path, target: NDArray[np.int64], prob: NDArray[np.float64], classes: list[str]
) -> None:
    names = np.asarray(classes, dtype=object)
    table = {
        "sample_id": [f"{classes[t]}/{i:04d}.jpg" for i, t in enumerate(target)],
        "group": [None] * len(target),
        "target": names[target],
        "prediction": names[prob.argmax(axis=1)],
        **{f"prob/{name}": prob[:, k] for k, name in enumerate(classes)},
    }
    DataFrame(table).to_parquet(path)


def classification(
    folder: Path,
    num_classes: int = 2,
    num_val: int = 400,
    sealed: bool = False,
    exact: bool = False,
    **names: Any,
) -> Path:
    classes = names.get("classes") or [f"class {k:03d}" for k in range(num_classes)]
    target, prob = draw_probabilities(num_val, len(classes), 3.0 + np.log(len(classes)), seed=len(classes))
    accuracy = float((prob.argmax(1) == target).mean())
    per_class = {f"recall/{c}": 0.5 + 0.4 * k / len(classes) for k, c in enumerate(classes)}
    val = {"accuracy": accuracy, "balanced_accuracy": accuracy - 0.02, "f1": accuracy - 0.03, "ece": 0.041}
    val |= {"log_loss": 0.41, "auroc": None, **per_class}
    counts = np.bincount(target, minlength=len(classes)) * 4 + 3
    train = {c: int(n) for c, n in zip(classes, counts, strict=True)}
    result = {
        "task": "classification", "status": "done", "monitor": "accuracy", "direction": "max",
        "best_epoch": None if exact else 21,
        "n": {"train": sum(train.values()), "val": num_val, "test": num_val},
        "train": {"accuracy": 0.95, "balanced_accuracy": 0.94, "f1": 0.94, "ece": 0.01, "log_loss": 0.2},
        "val": val, "intervals": {"val": {key: interval(value) for key, value in val.items()}},
        "baselines": {"majority class": {"accuracy": 0.4, "balanced_accuracy": 1 / len(classes)},
                      "linear model": {"accuracy": accuracy - 0.08, "log_loss": 0.6, "auroc": None}},
        "transfer": {"scenario": "small_similar", "cut": 3, "frozen": 4, "cached": True, "solver": "exact",
                     "stages": 5, "why": "2,000 samples, similar to ImageNet"},
        "seconds": {"total": 192.3, "data": 5.1, "features": 60.2, "fit": 127.0},
        "choices": ["task: classification, because the target holds strings"],
        "notes": ["optim.lr has no effect: the head is solved exactly"],
        "changes": {"data.root": [None, "birds"], "optim.lr": [0.001, 0.01]},
    }  # fmt: skip
    if sealed:
        result |= {"test": {key: interval(value) for key, value in val.items()}, "test_count": 3}
        result |= {"seal": {"commit": "0f3c5d1", "time": "2026-01-02"}}
    data = {
        "kind": "image", "task": "classification", "classes": classes, "targets": ["label"],
        "counts": {"train": train, "val": {c: int((target == k).sum()) for k, c in enumerate(classes)},
                   "test": train}, "counts_balanced": {c: int(max(counts)) for c in classes},
        "content_hash": "a" * 16, "split_hash": "b" * 16, "image": {"shape": [3, 224, 224]},
    }  # fmt: skip
    write_base(folder, result, data)
    (strengths("accuracy") if exact else epochs(30, "accuracy", 0.5)).to_csv(
        folder / "history.csv", index=False
    )
    write_predictions(folder / "predictions" / "val.parquet", target, prob, classes)
    if sealed:
        test = draw_probabilities(300, len(classes), 4, 9)
        write_predictions(folder / "predictions" / "test.parquet", *test, classes)
    return folder


def verdict(word: str, low: float, high: float, metric: str) -> dict[str, Any]:
    return {"verdict": word, "difference": (low + high) / 2, "low": low, "high": high, "metric": metric}


def regression(
    folder: Path, targets: tuple[str, ...] = ("price",), num_val: int = 400, sealed: bool = False
) -> Path:
    rng = np.random.default_rng(len(targets))
    table: dict[str, Any] = {"sample_id": [f"{i:06x}" for i in range(num_val)], "group": [None] * num_val}
    val: dict[str, float | None] = {"rmse": 10.2, "mse": 104.0, "mae": 7.7, "r2": 0.81, "pearson": None}
    for name in targets:
        truth = rng.gamma(3, 40, num_val)
        guess = truth * rng.normal(1, 0.12, num_val) + 5
        end = "" if len(targets) == 1 else f"/{name}"
        table |= {f"target{end}": truth, f"prediction{end}": guess}
        val |= {} if len(targets) == 1 else {f"rmse/{name}": 9.0, f"r2/{name}": 0.8}
    result = {
        "task": "regression", "status": "done", "monitor": "rmse", "direction": "min", "best_epoch": 12,
        "n": {"train": 1600, "val": num_val, "test": num_val}, "train": {"rmse": 8.1, "r2": 0.9}, "val": val,
        "intervals": {"val": {key: interval(value, 0.9) for key, value in val.items()}},
        "baselines": {"mean": {"rmse": 60.1, "r2": 0.0}, "ridge": {"rmse": 14.2, "r2": 0.7},
                      "gradient boosting": {"rmse": 10.0, "r2": 0.82}},
        "verdicts": {"mean": verdict("better", 45, 55, "rmse"), "ridge": verdict("better", 2, 6, "rmse"),
                     "gradient boosting": verdict("undecided", -1, 1, "rmse")},
        "transfer": {"scenario": "none"}, "seconds": {"total": 12.3},
    }  # fmt: skip
    if sealed:
        result["test"] = {key: interval(value, 0.9) for key, value in val.items()}
    data = {
        "kind": "table",
        "task": "regression",
        "classes": [],
        "targets": list(targets),
        "counts": {"train": 1600},
    }
    write_base(folder, result, data)
    epochs(30, "rmse", -3.0).to_csv(folder / "history.csv", index=False)
    DataFrame(table).to_parquet(folder / "predictions" / "val.parquet")
    return folder


def photographs(sample_ids: list[str]) -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:96, 0:128]
    return {
        name: np.stack(
            [(rows * a + columns * b) % 256 for a, b in rng.uniform(0.3, 3, (3, 2))], axis=2
        ).astype(np.uint8)
        for name in sample_ids
    }


@pytest.fixture
def write_classification(tmp_path: Path) -> Callable[..., Path]:
    return lambda name="run", **keys: classification(tmp_path / "birds" / name, **keys)


@pytest.fixture
def write_regression(tmp_path: Path) -> Callable[..., Path]:
    return lambda name="run", **keys: regression(tmp_path / "houses" / name, **keys)


@pytest.fixture
def draw_photographs() -> Callable[[list[str]], dict[str, NDArray[np.uint8]]]:
    return photographs


@pytest.fixture
def write_map() -> Callable[[Path], None]:
    """Write places in the plane of as many training rows as there are predictions on val."""

    def write(folder: Path) -> None:
        val = read_parquet(folder / "predictions" / "val.parquet")[["sample_id", "target"]]
        train = val.assign(sample_id="train/" + val["sample_id"])
        table = concat([val.assign(split="val"), train.assign(split="train")], ignore_index=True)
        places = np.random.default_rng(0).normal(size=(len(table), 4))
        table[["pca_1", "pca_2", "tsne_1", "tsne_2"]] = places
        table.to_csv(folder / "figures" / "map.csv", index=False)

    return write


@pytest.fixture
def change_json() -> Callable[..., None]:

    def change(path: Path, **keys: Any) -> None:
        content = json.loads(path.read_text(encoding="utf-8")) | keys
        write_json(path, {key: value for key, value in content.items() if value is not None})

    return change
