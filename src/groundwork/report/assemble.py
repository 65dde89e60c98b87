"""Run folder -> figures/ and report.html."""

from collections.abc import Sequence
from pathlib import Path

from groundwork.core.atomic import write_text
from groundwork.core.batch import Split
from groundwork.report.drawing import Format, style
from groundwork.report.figures import (
    advice,
    attention,
    baselines,
    calibration,
    confusion,
    counts,
    dependence,
    history,
    photographs,
    ranking,
    recall,
    regression,
    strengths,
    transfer,
)
from groundwork.report.folder import ReportedRun
from groundwork.report.html import Gallery, Picture, Section, data_address, render, save_pictures
from groundwork.report.map import map_photos
from groundwork.report.photos import (
    SIDE,
    Photos,
    doubts,
    encode,
    find_photos,
    keep_photos,
    mistakes,
    photos_allowed,
    wanted_photos,
)
from groundwork.report.predictions import classified
from groundwork.report.table import class_table, target_tables

MAP_SIDE = 96  # pixels of a photograph on the map: some 3 kB each
FORMATS: tuple[Format, ...] = ("png", "pdf", "csv")
_MISTAKES = ("mistakes", "The surest mistakes", "Wrong on val, and the model was most confident of them.")
_DOUBTS = ("doubts", "The least sure hits", "Right on val, but only just.")
_WRITTEN_BY_RUN = (("augmentation", "What the augmentation does"),)


def write_report(
    run_dir: Path | str, photos: Photos | None = None, formats: Sequence[Format] = FORMATS
) -> Path:
    """Draw the report of a run folder and return the path of its report.html.

    Args:
        run_dir: A folder as `report.folder` describes it.
        photos: sample_id -> (H, W), (H, W, C) pixels of those that `wanted_photos` names. None looks for
            them in the run folder and where the data lies; an empty mapping leaves them out.
        formats: What to write under figures/ beside the page, which always holds the pictures itself.
    """
    run = ReportedRun(Path(run_dir))
    if not photos_allowed(run):
        photos = {}
    elif photos is None:
        photos = find_photos(run, wanted_photos(run.path))
    elif photos:
        keep_photos(run, photos)
    with style():
        sections = _sections(run, formats)
        galleries = _galleries(run, photos, formats)
    sources = {name: _address(name, photos, MAP_SIDE) for name in map_photos(run) if name in photos}
    write_text(run.folder.report, render(run, sections, galleries, sources))
    return run.folder.report


def _sections(run: ReportedRun, formats: Sequence[Format]) -> list[Section]:
    splits: tuple[Split, ...] = ("val", "test") if run.is_sealed else ("val",)
    found = {split: classified(run, split) for split in splits}
    drawn = {
        "Baselines": baselines.draw(run),
        "Learning": [*strengths.draw(run), *history.draw(run)],
        "Classes": [
            drawing
            for split in splits
            for drawing in (*confusion.draw(run, split), *(recall.draw(run, split) if split == "val" else ()))
        ],
        "Confidence": [*calibration.draw(run), *ranking.draw(run)],
        "Promise": [],
        "Labels": [],
        "Values": [drawing for split in splits for drawing in regression.draw(run, split)],
        "Inputs": [*dependence.draw(run), *attention.draw(run)],
        "Class balance": counts.draw(run),
        "Transfer": [*transfer.draw(run), *advice.draw(run)],
    }
    tables = {
        "Classes": [class_table(entry, split) for split, entry in found.items() if entry is not None],
        "Labels" if run.task == "multilabel" else "Values": target_tables(run),
    }
    told = {"Transfer": "transfer", "Confidence": "calibration", "Promise": "promise"}
    facts = {title: run.result.get(key) or {} for title, key in told.items()}
    sections = [
        Section(
            title,
            save_pictures(drawings, run.folder.figures, formats),
            tables.get(title, ()),
            facts.get(title, {}),
        )
        for title, drawings in drawn.items()
        if drawings or tables.get(title) or facts.get(title)
    ]
    pictures = [
        Picture(title, "", path.read_bytes(), is_photo=True)
        for stem, title in _WRITTEN_BY_RUN
        if photos_allowed(run)
        for path in run.pictures(stem)
    ]
    return [*sections, *([Section("Pictures", pictures)] if pictures else [])]


def _galleries(run: ReportedRun, photos: Photos, formats: Sequence[Format]) -> list[Gallery]:
    found = classified(run, "val")
    if found is None or not photos:
        return []
    raster = [kind for kind in formats if kind != "pdf"]  # photographs gain nothing from vectors
    galleries = []
    for (name, title, caption), shown in ((_MISTAKES, mistakes(found)), (_DOUBTS, doubts(found))):
        present = [entry for entry in shown if entry.sample_id in photos]
        save_pictures(photographs.draw(name, title, caption, present, photos), run.folder.figures, raster)
        if present:
            galleries.append(
                Gallery(title, caption, [(entry, _address(entry.sample_id, photos)) for entry in present])
            )
    return galleries


def _address(sample_id: str, photos: Photos, side: int = SIDE) -> str:
    return data_address(encode(photos[sample_id], side), "image/jpeg")
