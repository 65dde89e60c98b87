"""Labels that are flipped on purpose, one in twenty: how many stand in the first tenth of what `audit.py` ranks.

Digits as photographs of 32 pixels, by a linear model on pixels and by exact heads on a pretrained network; breast
cancer from scikit-learn as a table.

  uv run scripts/benchmarks/suspects.py place=/tmp/suspects [sets=digits,digits_pretrained,cancer]
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

from groundwork.metrics.share import wilson

ROOT = Path(__file__).resolve().parents[2]
RATE, FIRST = 0.05, 0.10


def main() -> None:
    """Flip, audit and print one row for each set."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    place = Path(given["place"])
    print("| set | labels flipped | suspects | recall, first tenth | recall, list | precision, list |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in given.get("sets", "digits,digits_pretrained,cancer").split(","):
        folder = place / name
        folder.mkdir(parents=True)
        words, flipped = cancer(folder) if name == "cancer" else digits(folder)
        if name == "digits":
            words += ["model=timm", "model.name=resnet10t", "model.pretrained=false"]
        print(measure(name, folder, words, flipped), flush=True)


def flip(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give labels of which some are of another class, and which."""
    rng, num_classes = np.random.default_rng(0), int(labels.max()) + 1
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[rng.permutation(len(labels))[: round(RATE * len(labels))]] = True
    moved = (labels + rng.integers(1, num_classes, len(labels))) % num_classes
    return np.where(wrong, moved, labels), wrong


def digits(folder: Path) -> tuple[list[str], set[str]]:
    """Write the digits into a folder for each class."""
    found = load_digits()
    labels, wrong = flip(found.target)
    flipped = set()
    for number, (image, label, is_wrong) in enumerate(zip(found.images, labels, wrong, strict=True)):
        path = folder / "images" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = Image.fromarray((image * (255 / 16)).astype(np.uint8)).resize(
            (32, 32), Image.Resampling.BICUBIC
        )
        pixels.save(path)
        flipped |= {f"{label}/{number}.png"} if is_wrong else set()
    return ["data=image_folder", f"data.root={folder / 'images'}", "data.image_size=32"], flipped


def cancer(folder: Path) -> tuple[list[str], set[str]]:
    """Write the table of breast cancer."""
    frame = load_breast_cancer(as_frame=True).frame
    labels, wrong = flip(frame.target.to_numpy())
    names = [f"p{number}" for number in range(len(frame))]
    frame.assign(target=labels, name=names).to_csv(folder / "cancer.csv", index=False)
    words = ["data=table", f"data.table={folder / 'cancer.csv'}", "data.target=target", "data.id_column=name"]
    return [*words, "task=classification"], {
        name for name, is_wrong in zip(names, wrong, strict=True) if is_wrong
    }


def measure(name: str, folder: Path, words: list[str], flipped: set[str]) -> str:
    """Audit a set, and count which flips of train and val its list holds."""
    own = [f"paths.runs={folder / 'runs'}", f"paths.cache={folder / 'cache'}", "suspects=true", "name=a"]
    command = [sys.executable, ROOT / "scripts" / "audit.py", *words, *own]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    print(done.stdout[done.stdout.find("labels of train and val") - 30 :], file=sys.stderr)
    (path,) = folder.glob("runs/a/*/suspects.csv")
    suspects = pd.read_csv(path, dtype={"sample_id": str})
    split = ["-c", f"import groundwork; groundwork.split({words!r}).to_csv({str(folder / 'split.csv')!r})"]
    subprocess.run([sys.executable, *split], check=True, env=None)
    known = pd.read_csv(folder / "split.csv", dtype={"sample_id": str})
    looked = known.sample_id[known.split != "test"]
    there = flipped & set(looked)
    first = suspects.sample_id[: round(FIRST * len(looked))]
    cells = [_share(len(there & set(ids)), len(there)) for ids in (first, suspects.sample_id)]
    right = _share(len(there & set(suspects.sample_id)), max(1, len(suspects)))
    return f"| {name} | {len(there)} of {len(looked)} | {len(suspects)} | {cells[0]} | {cells[1]} | {right} |"


def _share(hits: int, trials: int) -> str:
    low, high = wilson(hits, trials, 0.95)
    return f"{hits / trials:.2f} [{float(low):.2f}, {float(high):.2f}]"


if __name__ == "__main__":
    main()
