"""Measure time and memory of a whole run at 1, 4 and 16 times the samples, and memory against a plain loop.

    python scripts/benchmarks/growth.py [images=250]

Each run is a fresh process with cold caches: train.py on drawn photographs of 64 pixels, frozen EfficientNet-Lite0,
exact head. The plain loop, for the first size, reads the same folder by ImageFolder and trains the head through the
frozen network for one epoch.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from measure import machine
from store import draw

SCRIPTS = Path(__file__).parents[1]
SIZE = 64
# ru_maxrss is in KiB on Linux and in bytes on macOS.
WATCHED = """
import json, resource, runpy, sys
try:
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    pass
unit = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps({"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}))
"""
PLAIN = f"""
import sys, torch, timm
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2
import lightning
model = timm.create_model("tf_efficientnet_lite0", num_classes=0).requires_grad_(False).eval()
head = torch.nn.Linear(model.num_features, 2)
optimizer = torch.optim.AdamW(head.parameters())
transform = v2.Compose([v2.Resize({SIZE}), v2.CenterCrop({SIZE}), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
for image, label in DataLoader(ImageFolder(sys.argv[1], transform), 32, shuffle=True):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(head(model(image)), label).backward()
    optimizer.step()
"""


def watched(script: Path, *words: str) -> tuple[float, float]:
    """Run a script in a process of its own and return its seconds and its peak of memory in MiB."""
    began = perf_counter()
    command = [sys.executable, "-c", WATCHED, str(script), *words]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return perf_counter() - began, json.loads(said.strip().splitlines()[-1])["mib"]


def main(number: int) -> None:
    print(machine())
    for factor in (1, 4, 16):
        with TemporaryDirectory() as temporary:
            scratch = Path(temporary)
            draw(scratch / "images", number * factor)
            words = [
                *("data=image_folder", f"data.root={scratch / 'images'}", f"data.image_size={SIZE}"),
                *("model=efficientnet_lite0", "transfer=small_similar", "report.photos=false"),
                *(f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}"),
            ]
            spent, peak = watched(SCRIPTS / "train.py", *words)
            print(f"{number * factor:6} images: {spent:7.1f} s, peak {peak:6.0f} MiB", flush=True)
            if factor == 1:
                (scratch / "plain.py").write_text(PLAIN, encoding="utf-8")
                spent, plain = watched(scratch / "plain.py", str(scratch / "images"))
                print(
                    f"{number:6} images in a plain loop: peak {plain:6.0f} MiB, ratio {peak / plain:.2f} (at most 1.2)"
                )


if __name__ == "__main__":
    main(int(dict(word.split("=") for word in sys.argv[1:]).get("images", 250)))
