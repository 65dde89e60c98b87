"""history.csv of an exact solve -> the score of every penalty, the best of every feature stage, which was kept."""

from matplotlib.axes import Axes
from pandas import DataFrame

from groundwork.report.drawing import MODEL, PALE, Drawing, grid, legend_above, new_figure, plain_log, ring
from groundwork.report.folder import ReportedRun

_SCORED_ON = ("folds", "val")  # of folds where they chose; then val is that of later phases
_MARKERS = ("o", "s", "D", "^")


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw the score on val, or in folds of train and val, of each penalty and each choice of stages and pooling."""
    found = [
        score for scored_on in _SCORED_ON if (score := f"{scored_on}/{run.monitor}") in run.history.columns
    ]
    if not found or not {"strength", "kept"} <= set(run.history.columns):
        return []
    score = found[0]
    table = run.history.dropna(subset=["strength", score])
    if table.empty:
        return []
    table = table.assign(
        cut=table["cut"].astype(str) if "cut" in table.columns else "all",
        pool=table["pool"].astype(str) if "pool" in table.columns else "mean",
    )
    kept = table.loc[table["kept"].astype(str) == "True"]  # rows of later phases leave it empty
    stages = list(dict.fromkeys(table["cut"]))
    figure = new_figure(max(2.6, 0.9 + 0.2 * len(stages)))
    if len(stages) > 1 or table["pool"].nunique() > 1:
        lines, dots = figure.subplots(1, 2, width_ratios=[1.25, 1])
        by_choice = table.groupby(["cut", "pool"], sort=False)[score]
        tops = table.loc[by_choice.idxmax() if run.more_is_better(run.monitor) else by_choice.idxmin()]
        _draw_stages(dots, tops, kept, score, stages)
    else:
        lines = figure.add_subplot()
    _draw_lines(lines, table, kept, score)
    (stage,), (penalty,) = kept["cut"], kept["strength"]
    caption = (
        f"Each point is one exact solution on cached features. Kept: strength {penalty:g}"
        + (f" on stage {stage.replace('+', ' and ')}" if len(stages) > 1 else "")
        + ". Of the heads within one standard error of the best score it has the lowest loss "
        + ("in the folds that did not learn from it." if score.startswith("folds/") else "on val.")
    )
    return [Drawing("strengths", "Score by strength and cut", caption, figure, table)]


def _score_label(score: str) -> str:
    return score.replace("folds/", "cross-validated ").replace("/", " ")


def _draw_lines(axes: Axes, table: DataFrame, kept: DataFrame, score: str) -> None:
    chosen = (kept["cut"].iloc[0], kept["pool"].iloc[0])
    for (cut, pool), rows in table.sort_values("strength").groupby(["cut", "pool"], sort=False):
        is_kept = (cut, pool) == chosen
        axes.plot(
            rows["strength"],
            rows[score],
            "o-",
            color=MODEL if is_kept else PALE,
            markersize=4 if is_kept else 2,
            linewidth=2.0 if is_kept else 0.9,
            zorder=3 if is_kept else 2,
        )
    ring(axes, kept["strength"], kept[score])
    if (table["strength"] > 0).all():
        plain_log(axes)
    axes.set(xlabel="strength of the penalty", ylabel=_score_label(score))
    grid(axes)


def _draw_stages(axes: Axes, tops: DataFrame, kept: DataFrame, score: str, stages: list[str]) -> None:
    """Draw the best score of each cut, one marker for each way to pool."""
    for marker, (pool, rows) in zip(_MARKERS, tops.groupby("pool", sort=False), strict=False):
        place = [stages.index(cut) for cut in rows["cut"]]
        axes.plot(rows[score], place, marker, color=MODEL, markersize=4.5, alpha=0.75, label=pool)
    ring(axes, kept[score], [stages.index(kept["cut"].iloc[0])])
    axes.set_yticks(range(len(stages)), stages)
    axes.set_ylim(len(stages) - 0.4, -0.6)
    axes.set(xlabel=f"best {_score_label(score)}", ylabel="stages that the head reads")
    axes.locator_params(axis="x", nbins=5)
    grid(axes, "both")
    if tops["pool"].nunique() > 1:
        legend_above(axes)
