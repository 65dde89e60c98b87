import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from groundwork.report import wanted_photos, write_report

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
]
# Runs in a copy of the page: collects errors, looks at every picture, sorts a table by a click.
PROBE = """<script>
const errors = [];
addEventListener("error", (event) => errors.push(String(event.message || event.target.src)), true);
addEventListener("load", () => {  // every picture is in the page itself, so it is decoded by now
  const images = [...document.images];
  const table = document.querySelector("table.sortable");
  const column = () => [...table.tBodies[0].rows].map((row) => row.cells[1].textContent);
  let sorted = [];
  if (table) {
    const head = table.tHead.rows[0].cells[1];
    head.click(); sorted.push(column());
    head.click(); sorted.push(column());
  }
  const found = {
    errors, sorted, images: images.length, sections: document.querySelectorAll("section").length,
    empty: images.filter((image) => !image.complete || image.naturalWidth < 2).length,
    wide: document.documentElement.scrollWidth > innerWidth,
  };
  const node = document.createElement("pre");
  node.id = "found"; node.textContent = JSON.stringify(found);
  document.body.append(node);
});
</script>"""
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason=f"no browser found: none of {', '.join(NAMES)} is on PATH"
)


def open_page(page: Path, *flags: str) -> tuple[str, str]:
    """Load a page in a fresh browser; return its document and what the browser logged."""
    profile = page.parent / "profile"
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, encoding="utf-8")
    shutil.rmtree(profile, ignore_errors=True)
    return done.stdout, done.stderr


def probe(page: Path) -> dict[str, Any]:
    copy = page.with_name("probed.html")
    text = page.read_text(encoding="utf-8")
    copy.write_text(text.replace("<head>", f"<head>{PROBE}", 1), encoding="utf-8")
    document, log = open_page(copy, "--dump-dom", "--virtual-time-budget=10000")
    assert "CONSOLE" not in log, log
    found = re.search(r'<pre id="found">(.*?)</pre>', document, re.DOTALL)
    assert found is not None, log
    return dict(json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")))


def keep_screenshot(page: Path, name: str) -> None:
    """Leave a screenshot where CI collects them, when it says where."""
    if folder := os.environ.get("GROUNDWORK_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        target = (Path(folder) / f"{name}.png").resolve()
        open_page(page, f"--screenshot={target}", "--window-size=820,6000")
        assert target.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("2", {"classes": ["<b>intact</b>", "a & b"], "sealed": True, "exact": True}),
        ("14", {"num_classes": 14}),
        ("81", {"num_classes": 81, "sealed": True}),
        ("200", {"num_classes": 200, "num_val": 1000}),
        ("one_sample", {"num_classes": 3, "num_val": 1}),
    ],
)
def test_every_picture_of_a_classification_is_drawn_without_an_error(
    write_classification: Callable[..., Path],
    draw_photographs: Callable[..., dict[str, NDArray[np.uint8]]],
    write_map: Callable[[Path], None],
    name: str,
    keys: dict[str, Any],
) -> None:
    folder = write_classification(**keys)
    write_map(folder)
    page = write_report(folder, draw_photographs(wanted_photos(folder)), formats=())
    found = probe(page)
    assert found["errors"] == []
    assert found["empty"] == 0
    assert not found["wide"]
    assert found["images"] >= (7 if name != "one_sample" else 4)
    rising, falling = ([float(cell.replace(",", "")) for cell in cells] for cells in found["sorted"])
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    keep_screenshot(page, f"classification_{name}")


def test_every_picture_of_a_regression_is_drawn_without_an_error(
    write_regression: Callable[..., Path],
) -> None:
    page = write_report(write_regression(targets=("a", "b < c", "d"), sealed=True), formats=())
    found = probe(page)
    assert found["errors"] == []
    assert found["empty"] == 0
    assert found["images"] == 5
    keep_screenshot(page, "regression_3")
