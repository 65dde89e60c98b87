"""The report of a search shows the best, what mattered and every trial."""

import json
from pathlib import Path
from typing import Any

from groundwork.report.search import write_search


def trial(number: int, value: float | None, **more: Any) -> dict[str, Any]:
    values = {"optim.lr": 10.0 ** -(number % 4), "optim": "sgd" if number % 2 else "adamw"}
    return {"number": number, "state": "complete" if value is not None else "pruned", "value": value,
            "values": values, "reason": None, "seconds": 1.5, "folder": f"trial-{number:04d}", **more}  # fmt: skip


def write(folder: Path, trials: list[dict[str, Any]], best: int | None, **more: Any) -> str:
    search = {"name": "<b>mine</b>", "space": "mlp", "around": "diabetes", "monitor": "rmse", "direction": "min",
              "sampler": "tpe", "total": 9, "best": best, "importance": {"optim.lr": 0.7, "optim": 0.3} if best else {},
              "dashboard": "optuna-dashboard x", "trials": trials, **more}  # fmt: skip
    (folder / "search.json").write_text(json.dumps(search), encoding="utf-8")
    return write_search(folder).read_text(encoding="utf-8")


def test_the_page_shows_the_best_the_figures_and_every_trial(tmp_path: Path):
    page = write(tmp_path, [trial(n, 50.0 + (n - 3) ** 2 if n != 5 else None) for n in range(7)], 3)
    assert "&lt;b&gt;mine" in page
    assert page.count("data:image/png") == 3
    assert "6 completed, 1 pruned" in page
    assert "the choosing could not be taken out" in page
    assert ">optim.lr<" in page[: page.index("<nav>")]  # mattered most
    assert page.index(">3</td>") < page.index(">2</td>") < page.index(">5</td>")  # best first, pruned last
    assert {path.stem for path in (tmp_path / "figures").glob("*.pdf")} == {
        "search_history", "search_importance", "search_keys"
    }  # fmt: skip


def test_a_search_without_a_whole_trial_still_has_its_page(tmp_path: Path):
    page = write(tmp_path, [trial(0, None, state="fail", reason="ValueError: bad")], None)
    assert "no trial completed" in page
    assert "ValueError: bad" in page
    assert not (tmp_path / "figures").exists()


def test_the_corrected_value_and_the_next_command_stand_first(tmp_path: Path):
    corrected = {"value": 51.4, "low": 48.25, "high": 55.0, "n": 66, "method": "bootstrap"}
    page = write(
        tmp_path, [trial(n, 50.0 + n) for n in range(3)], 0, corrected=corrected, next="cp a b && train it"
    )
    head = page[page.index("<header>") : page.index("</header>")]
    assert head.index(">51.40<") < head.index(">50.00<")
    assert "95 % interval 48.25 to 55.00, n = 66" in head
    assert "<code>cp a b &amp;&amp; train it</code>" in head
    assert "trial-0000/report.html" in head
