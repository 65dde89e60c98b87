"""A glob of run folders -> one table and one picture of their configurations, on the terminal and in a folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from pandas import DataFrame

from groundwork.core.atomic import write_text
from groundwork.core.batch import Split
from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact
from groundwork.core.paths import machine_paths
from groundwork.core.run_folder import RunFolder, safe_name
from groundwork.evaluate.compare.finished import FinishedRun, check_comparable, read_runs
from groundwork.evaluate.compare.grouping import Group, group_runs
from groundwork.evaluate.compare.rows import compare_groups
from groundwork.evaluate.ledger import count_configurations
from groundwork.report import compare_table, write_comparison
from groundwork.report.next_step import command, runs_word
from groundwork.report.number import CHOSE, val_chose
from groundwork.report.page import shown_path


def compare_runs(keys: Mapping[str, str]) -> int:
    """Compare the finished runs that the glob `runs` matches; show the table and write it, with its picture.

    Raises:
        UserError: If the runs are not comparable, or `split` is test and one is not sealed.
    """
    split: Split = "test" if keys["split"] == "test" else "val"
    console = Console()
    folders = RunFolder.match(keys["runs"])
    with intact(Path(keys["runs"])):
        rows, footnote, groups = measure_groups(folders, split, console)
    console.show(compare_table(rows, footnote))
    folder = Path(machine_paths(keys).runs) / "comparisons"
    folder = folder / f"{safe_name(keys['runs'])[-80:]}-{split}"
    if "output" in keys:
        folder = Path(keys["output"]).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    best = next(group for group in groups if group.name == rows["group"].iloc[0])
    following = _next_step(best, split)
    write_comparison(rows, folder, footnote, next_step=following)
    write_text(folder / "runs.csv", _membership(groups).to_csv(index=False, lineterminator="\n"))
    console.say(
        f"page: {shown_path(folder)}/comparison.html, beside it the table as csv, md and tex, and runs.csv"
    )
    console.say(f"next: {following}")
    return DONE


def _next_step(best: Group, split: Split) -> str:
    """Give the command that follows for the best group, by its first run: seal its test, or hand it on."""
    first = best.runs[0].folder.path
    place = f"run={shown_path(first)}"
    if split == "test" or all("seal" in run.result for run in best.runs):
        return command("export.py", place, "format=onnx")
    return command("evaluate.py", place, "split=test", *runs_word(first))


def measure_groups(
    folders: Sequence[RunFolder], split: Split, console: Console
) -> tuple[DataFrame, str, Sequence[Group]]:
    """Measure the finished ones of some runs, grouped by configuration.

    Returns:
        Rows of `compare_groups`, the words under the table, and the groups.

    Raises:
        UserError: If the runs are not comparable, or `split` is test and one is not sealed.
    """
    runs, left_out = read_runs(folders)
    for path, status in left_out.items():
        console.note(f"{path} is left out, as it is not finished ({status})")
    check_comparable(runs)
    if split == "test":
        _check_sealed(runs)
    groups = group_runs(runs)
    return compare_groups(groups, split), _footnote(runs, split, len(groups)), groups


def _check_sealed(runs: Sequence[FinishedRun]) -> None:
    unsealed = [run for run in runs if "seal" not in run.result or "test" not in run.result]
    if unsealed:
        raise UserError(
            f"split=test must find sealed runs, but {len(unsealed)} of {len(runs)} are not, such as "
            f"{unsealed[0].folder.path}. Use split=val, or seal them once by evaluate.py."
        )


def _footnote(runs: Sequence[FinishedRun], split: Split, num_groups: int) -> str:
    text = f"Metrics on {split}. 95 % intervals from the samples where the runs share them, else over splits (Nadeau"
    text += " and Bengio)."
    if num_groups > 1:
        text += " Differences to the best, on the same samples, for all pairs at once: if all were equal, one in twenty"
        text += " tables would show a p below 0.05."
    if split == "val" and any(val_chose(run.result) for run in runs):
        text += f" {CHOSE.capitalize()}: see each run, or seal the test."
    commits = Counter(_commit(run) for run in runs)
    if len(commits) > 1:
        named = ", ".join(f"{commit} ({n} run{'s' if n > 1 else ''})" for commit, n in commits.items())
        text += f" The runs were made by different code: commit {named}."
    if split == "val":
        return text
    # A run folder is <runs>/<name>/<run id>; the ledger may have grown since a run was sealed.
    counts = [
        max(
            run.result["test_count"],
            count_configurations(
                run.folder.path.parents[1], run.result["split_hash"], run.result["seal"].get("rows")
            ),
        )
        for run in runs
    ]
    return f"{text} Distinct configurations tested on these test rows so far: {max(counts)}."


def _membership(groups: Sequence[Group]) -> DataFrame:
    """List which runs are in which group, with every key that differs, also those that the name spares."""
    return DataFrame(
        [
            {
                "group": group.name,
                "run": str(run.folder.path),
                "commit": _commit(run),
                **_repeat(run),
                **group.differing,
            }
            for group in groups
            for run in group.runs
        ]
    )


def _commit(run: FinishedRun) -> str:
    git = run.folder.read_json("environment").get("git") or {}
    return f"{str(git.get('commit') or 'unknown')[:8]}{' with changes' if git.get('dirty') else ''}"


def _repeat(run: FinishedRun) -> dict[str, Any]:
    keys = ("seed", "split.seed", "split.fold")
    return {key: OmegaConf.select(run.folder.config, key) for key in keys}
