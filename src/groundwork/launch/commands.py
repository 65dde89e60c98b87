"""Words after a command -> what it does. Hydra reads the overrides of `train`; torch is imported only after that."""

import sys
from pathlib import Path
from shlex import join

from groundwork.core.errors import DONE, UserError
from groundwork.core.paths import machine_paths
from groundwork.launch.application import compositions, run_or_sweep
from groundwork.launch.keys import ONE_OR_MANY, averaged, key_values, names_many, required_keys


def train(overrides: list[str]) -> int:
    """Train one run, or go on with the run that `run=` names."""
    if resumed := [one for one in overrides if one.startswith("run=")]:
        return _resume(resumed[0].removeprefix("run="), [one for one in overrides if one not in resumed])
    if any(override.startswith("like=") for override in overrides):
        from groundwork.launch.config.like import with_like  # pandas: not for --help

        overrides = with_like(overrides)
    found = run_or_sweep(overrides)
    if not isinstance(found, list):
        return found
    if not found:
        return DONE
    from groundwork.launch.dispatch import start  # pandas: not for --help

    status = DONE
    for one in found:
        status = max(status, start(one))
    return status


def audit(overrides: list[str]) -> int:
    """Look at the data of a configuration before anyone trains on it."""
    for composition in compositions(overrides):
        from groundwork.core.console import Console
        from groundwork.launch.audit import start  # torch: not before the overrides are understood

        start(composition, Console())
    return DONE


def convert(words: list[str]) -> int:
    """Write a table in another format, or the images of a configuration as shards."""
    if asked := [word for word in words if word.startswith("shards=")]:
        return _shard([word for word in words if word not in asked], asked[-1].removeprefix("shards="))
    keys = {"query": "SQL that selects the rows of a database", "trust_pickle": "true reads a .pkl file"}
    if {"--help", "-h"} & {*words}:
        key_values(words, keys)
    places, options = words[:2], key_values(words[2:], keys)
    if len(places) < 2:
        raise UserError("convert must have SOURCE and TARGET. Example: convert.py houses.csv houses.parquet.")
    from groundwork.data import convert_table  # pandas: not before the arguments are understood

    trusted = options.get("trust_pickle", "false") == "true"
    for note in convert_table(places[0], places[1], options.get("query"), trusted):
        print(f"note: {note}", file=sys.stderr)
    return DONE


def _shard(overrides: list[str], url: str) -> int:
    found = compositions(overrides)
    if len(found) > 1:
        raise UserError("shards= must have one data set, but -m gives several. Leave -m out.")
    for composition in found:
        from groundwork.core.console import Console
        from groundwork.launch.shards import start  # torch: not before the overrides are understood

        start(composition, url, Console())
    return DONE


def search(overrides: list[str]) -> int:
    """Search over the keys of a space, or go on with a search."""
    if not (found := compositions(overrides)):
        return DONE
    from groundwork.launch.search.search import start  # pandas: not for --help

    return max(start(one) for one in found)


def _resume(run: str, changes: list[str]) -> int:
    from groundwork.launch.config.resumed import refuse_changes  # pandas: not for --help

    refuse_changes(changes)
    from groundwork.launch.dispatch import go_on

    return go_on(run, changes)


def advise(overrides: list[str]) -> int:
    """Recommend a transfer scenario for data and model, with the evidence."""
    for composition in compositions(overrides):
        from groundwork.core.console import Console  # rich and pandas: not for --help
        from groundwork.launch.advise import advise as start_advice

        start_advice(composition, Console())
    return DONE


def clear(arguments: list[str]) -> int:
    """Remove what is cached: decoded images and features; runs keep everything that they need."""
    keys = key_values(arguments, {"paths.cache": "which cache; else that of conf/paths"})
    from groundwork.core.cache import clear_cache

    cache = Path(machine_paths(keys).cache)
    freed = clear_cache(cache) if cache.is_dir() else 0
    print(f"{freed / 1e6:,.0f} MB freed in {cache}")
    return DONE


def evaluate(arguments: list[str]) -> int:
    """Seal the test metrics of one run, or of several."""
    keys = key_values(
        arguments,
        {
            "run": "a run folder or latest",
            "runs": "or a glob of run folders: seeds, folds",
            "join": "mean seals the mean prediction of these runs as one model, weights a run of their mean weights",
            "best": "join only so many of them, the best on val",
            "split": "test",
            "paths.runs": "where the runs and the ledger of tests lie",
        },
    )
    several = names_many(keys)
    if "split" not in keys:
        whole = join([*arguments, "split=test"])
        raise UserError(
            "split=test must be given, because a test is opened once and counted. "
            f"Type: uv run scripts/evaluate.py {whole}"
        )
    if keys["split"] != "test":
        raise UserError(f"split={keys['split']} must be test; val is in result.json already. Use split=test.")
    keys = averaged(keys)
    if several and {"join", "best"} & set(keys):
        from groundwork.evaluate.joint.seal import seal_joint  # torch, as below

        return seal_joint(keys)
    from groundwork.evaluate.seal import seal_runs  # torch: not before the arguments are understood

    return seal_runs(keys)


def predict(arguments: list[str]) -> int:
    """Predict new files by a finished run; exit status 1 tells that some files could not be read."""
    keys = required_keys(
        arguments,
        {
            "input": "a folder of images, an image or a table",
            "output": "the table to write: .parquet, .csv, ...",
        },
        {
            **ONE_OR_MANY,
            "image_root": "the folder that the paths of a table of images are relative to",
            "max_pixels": "of one image; a file that claims more is not predicted",
            "serve": "network (default), or gradient_boosting of a run on a table",
            "trust_pickle": "true reads a .pkl file",
            "paths.runs": "where latest looks",
        },
    )
    if "runs" in keys and "serve" in keys:
        raise UserError("serve= must go with run=, of one run, but got runs=. Use one of them.")
    keys = averaged(keys)
    if names_many(keys):
        from groundwork.evaluate.joint.predict import predict_joint  # torch, as below

        return predict_joint(keys)
    from groundwork.evaluate.predict import predict_inputs  # torch: not before the arguments are understood

    return predict_inputs(keys)


def export(arguments: list[str]) -> int:
    """Write a finished run as a model that needs nothing of this project."""
    keys = required_keys(
        arguments,
        {"format": "onnx, torch or safetensors"},
        {
            **ONE_OR_MANY,
            "output": "a folder; else export/<format> in the run",
            "paths.runs": "where latest looks",
        },
    )
    keys = averaged(keys)
    if names_many(keys):
        from groundwork.evaluate.joint.export import export_joint  # torch, as below

        return export_joint(keys)
    from groundwork.evaluate.export import export_run  # torch: not before the arguments are understood

    return export_run(keys)


def compare(arguments: list[str]) -> int:
    """Put many runs into one table and one picture."""
    keys = required_keys(
        arguments,
        {"runs": "a glob of run folders"},
        {
            "split": "val (default) or test, of sealed runs",
            "output": "a folder for table and picture",
            "paths.runs": "where that folder is made without output=",
        },
    )
    if (split := keys.setdefault("split", "val")) not in ("val", "test"):
        raise UserError(f"split={split} must be val or test. Use split=val.")
    from groundwork.evaluate.compare import compare_runs  # pandas: not before the arguments are understood

    return compare_runs(keys)


def report(arguments: list[str]) -> int:
    """List many runs on one page."""
    keys = required_keys(
        arguments,
        {"runs": "a glob of run folders, in quotes"},
        {
            "output": "the page to write; else runs.html in the folder of all runs",
            "paths.runs": "that folder",
        },
    )
    from groundwork.core.run_folder import RunFolder  # pandas: not before the arguments are understood
    from groundwork.report.page import shown_path
    from groundwork.report.runs import write_runs_page

    runs = Path(machine_paths(keys).runs)
    output = Path(keys["output"]).expanduser().resolve() if keys.get("output") else runs / "runs.html"
    folders = RunFolder.match(keys["runs"])
    if not output.parent.is_dir():
        raise UserError(
            f"output={output} must be in a folder that exists, but {output.parent} does not. Make it."
        )
    print(f"page    {shown_path(write_runs_page(folders, output))}")
    return DONE
