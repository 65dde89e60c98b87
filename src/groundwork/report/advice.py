"""Folder of an advice -> figures and report.html: what to take, the evidence, the cost, and what was not tried."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.core.atomic import write_text
from groundwork.report.drawing import style
from groundwork.report.figures import advice as figures
from groundwork.report.folder import ReportedRun
from groundwork.report.html import fill, save_pictures
from groundwork.report.next_step import command
from groundwork.report.number import show, show_seconds, signed
from groundwork.report.page import shown_path
from groundwork.report.table import Cell, Table

Advice = Mapping[str, Any]
SCENARIOS = {
    "small_similar": "a linear head on the last features of the frozen backbone",
    "small_different": "a linear head on features of an earlier stage, or of several; the backbone is frozen",
    "large_similar": "first the head, then the whole network at a low rate",
    "large_different": "everything trains from the pretrained weights at a higher rate",
    "lora": "low-rank adapters learn beside the frozen weights, at a higher rate",
}


def write_advice(folder: Path) -> Path:
    """Write figures/ and report.html from the folder's advice.json and return the page."""
    run = ReportedRun(folder)
    advice = run.advice
    with style():
        pictures = save_pictures(figures.draw(run, told=False), run.folder.figures, ("png", "pdf", "csv"))
    text = fill(
        "advice.html.j2",
        advice=advice,
        place=shown_path(folder),
        what=SCENARIOS[advice["scenario"]],
        score=next((score for name, score in _scores(advice).items() if name == _taken(advice)), None),
        total=sum(advice["seconds"].values()),
        quadrants=[
            (size, [_quadrant(advice, f"{size}_{likeness}") for likeness in ("similar", "different")])
            for size in ("small", "large")
        ],
        measured=_measured(advice),
        more=_more(advice),
        untried=[(one["seconds"], _train(advice, one["name"])) for one in advice["prices"]],
        pictures=pictures,
        next_step=next_step(advice),
    )
    write_text(run.folder.report, text)
    return run.folder.report


def next_step(advice: Advice) -> str:
    """Return the command that trains the scenario that was advised."""
    return _train(advice, _taken(advice))


def _train(advice: Advice, words: str) -> str:
    return command("train.py", *advice["overrides"], *words.split())


def _taken(advice: Advice) -> str:
    return " ".join([f"transfer={advice['scenario']}", *advice["changes"]])


def _scores(advice: Advice) -> dict[str, float]:
    """Return the monitor on val by the words that run what was measured, the best of the race first."""
    raced = {one["name"]: one["score"] for one in advice["race"] if one["score"] is not None}
    sign = -1.0 if advice["direction"] == "max" else 1.0
    frozen = {f"transfer={name}": score for name, score in advice["scores"].items()}
    return {**frozen, **dict(sorted(raced.items(), key=lambda one: sign * one[1]))}


def _more(advice: Advice) -> dict[str, Any] | None:
    """Say what twice the training rows would change of the metric; None where the curve is too short."""
    more = advice["evidence"]["more"]
    if more is None:
        return None
    sign = 1.0 if advice["direction"] == "max" else -1.0
    low, high = sorted(sign * more[end] for end in ("low", "high"))
    return {
        "rows": more["rows"],
        "gain": signed(sign * more["gain"]),
        "low": signed(low),
        "high": signed(high),
    }


def _quadrant(advice: Advice, name: str) -> dict[str, Any]:
    """Describe a scenario for the square of size and similarity: what it does, and what is known of it here."""
    words = f"transfer={name}"
    known = [score for one, score in _scores(advice).items() if one.split()[0] == words]
    price = next((one["seconds"] for one in advice["prices"] if one["name"] == words), None)
    told = "did not finish"
    if known:
        told = f"{advice['metric']} {show(known[0])} on val"
    elif price is not None:
        told = f"not tried: about {show_seconds(price)} here"
    return {"name": name, "what": SCENARIOS[name], "told": told, "taken": name == advice["scenario"]}


def _measured(advice: Advice) -> Table:
    """List what was measured, with the differences that decided."""
    differences = {one["name"].removeprefix("transfer="): one for one in advice["differences"]}
    race = {one["name"]: one for one in advice["race"]}
    rows = []
    for words, score in _scores(advice).items():
        name, raced = words.removeprefix("transfer="), race.get(words)
        rows.append(
            [
                Cell(name, "advised" if words == _taken(advice) else ""),
                Cell(show(score)),
                _difference(differences.get(name)),
                Cell(f"{raced['share']:.0%}" if raced else "solved"),
                Cell(show_seconds(raced["seconds"]) if raced else ""),
            ]
        )
    return Table(
        "Measured", ["scenario", f"{advice['metric']}, val", "difference", "of its schedule", "time"], rows
    )


def _difference(one: Mapping[str, Any] | None) -> Cell:
    if one is None:
        return Cell("")
    if one["difference"] == 0 and not one["error"]:
        return Cell("none", f"to {one['against']}")
    return Cell(f"{signed(one['difference'])} ± {show(one['error'])}", f"to {one['against']}")
