"""Pickles, checkpoints and configurations that try to run code; see `attacks.py`."""

import builtins
import functools
import io
import json
import os
import pickle
import subprocess
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
import yaml

from groundwork.data import convert_table, read_frame
from groundwork.data.formats import Source
from groundwork.evaluate.compare import compare_runs
from groundwork.evaluate.predict import predict_inputs
from groundwork.evaluate.run import Run
from groundwork.evaluate.seal import seal_runs
from groundwork.launch.config.compose import complete, compose_run
from groundwork.launch.config.like import with_like
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.model.weights import read_weights
from groundwork.train.checkpoint.checkpoint import COMMENT_BYTES, MARK, load, save

Attack = tuple[str, Callable[[], object]]
PAYLOAD = "echo ATTACK > ATTACK"


class Reduced:
    """Unpickle as the result of a call."""

    def __init__(self, call: Callable[..., Any], *arguments: Any):
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call, self.arguments


TRAPS = {
    "os.system": Reduced(os.system, PAYLOAD),
    "subprocess": Reduced(subprocess.Popen, ["sh", "-c", PAYLOAD]),
    "eval": Reduced(builtins.eval, f"__import__('os').system({PAYLOAD!r})"),
    "partial": Reduced(functools.partial, os.system, PAYLOAD),
    "nested": {"rows": [1, {"a": (2, [Reduced(os.system, PAYLOAD)])}]},
}
TARGETS: dict[str, Any] = {
    "os.system": {"_target_": "os.system", "command": PAYLOAD},
    "_args_": {"_target_": "builtins.exec", "_args_": [f"import os; os.system({PAYLOAD!r})"]},
    "_partial_": {"_target_": "subprocess.Popen", "args": ["sh", "-c", PAYLOAD], "_partial_": True},
    "torch.hub.load": {"_target_": "torch.hub.load", "repo_or_dir": ".", "model": "x", "source": "local"},
    "os by way of pandas": {"_target_": "pandas.io.common.os.system", "command": PAYLOAD},
    "os by way of torch.nn": {"_target_": "torch.nn.modules.module.os.system", "command": PAYLOAD},
    "subprocess by way of ours": {
        "_target_": "groundwork.launch.process.child.subprocess.run", "args": ["sh", "-c", PAYLOAD],
    },
    "functools.partial": {"_target_": "functools.partial", "_args_": [{"_target_": "os.system", "command": PAYLOAD}]},
    "hydra.utils.instantiate": {"_target_": "hydra.utils.instantiate", "config": {"_target_": "os.system"}},
    "hydra.utils.get_method": {"_target_": "hydra.utils.get_method", "path": "os.system"},
    "nested in a layer": {"_target_": "torch.nn.Sequential", "_args_": [{"_target_": "os.system", "command": PAYLOAD}]},
    "runpy": {"_target_": "runpy.run_path", "path_name": "attack.py"},
    "torch.load": {"_target_": "torch.load", "f": "attack.pkl", "weights_only": False},
}  # fmt: skip


def attacks(run: Callable[[], Path], place: Path, words: list[str]) -> list[Attack]:
    """Prepare every attack; what each gives is done under the judge's eyes.

    Args:
        run: Copies a finished run and gives its folder.
        place: Where files are written.
        words: That train a run on a table, without `data.table`.
    """
    return [*tables(run, place, words), *checkpoints(run, place), *configurations(run), *texts(run)]


def tables(run: Callable[[], Path], place: Path, words: list[str]) -> list[Attack]:
    """Pickled tables."""
    found = []
    for name, trap in TRAPS.items():
        path = place / f"{name}.pkl"
        path.write_bytes(pickle.dumps(trap))
        found.append((f"table: {name}", read_table(path)))
    path = place / "os.system.pkl"
    keys = {"run": str(run()), "input": str(path), "output": str(place / "out.csv")}
    return [
        *found,
        ("table: convert", lambda: convert_table(str(path), str(place / "out.csv"), None, False)),
        ("table: train", lambda: start(compose_run([*words, f"data.table={path}"]))),
        ("table: predict", lambda: predict_inputs(keys)),
    ]


def read_table(path: Path) -> Callable[[], object]:
    """Give the reading of a table."""
    return lambda: read_frame(Source.parse(str(path), "data.table"), None, False)


def checkpoints(run: Callable[[], Path], place: Path) -> list[Attack]:
    """Checkpoints and weights that hold pickles, with and without a right checksum."""
    trap = TRAPS["os.system"]
    bare, unsigned, signed, last, weights = run(), run(), run(), run(), place / "weights.pth"
    (bare / "checkpoints" / "best.ckpt").write_bytes(pickle.dumps({"state_dict": trap}))
    torch.save({"state_dict": {"w": trap}}, unsigned / "checkpoints" / "best.ckpt")
    write_signed({"state_dict": {"w": trap}}, signed / "checkpoints" / "best.ckpt")
    write_signed({"state_dict": {}, "phase": trap}, last / "checkpoints" / "last.ckpt")
    torch.save({"conv.weight": TRAPS["nested"]}, weights)
    described = run()
    checkpoint = load(described / "checkpoints" / "best.ckpt")
    checkpoint["config"]["model"]["backbone"] = TARGETS["os.system"]
    save(checkpoint, described / "checkpoints" / "best.ckpt")

    return [
        ("checkpoint: a pickle", lambda: load(bare / "checkpoints" / "best.ckpt")),
        ("checkpoint: without checksum", lambda: Run(unsigned).model()),
        ("checkpoint: with checksum", lambda: Run(signed).model()),
        ("checkpoint: last", lambda: load(last / "checkpoints" / "last.ckpt")),
        ("checkpoint: model.pretrained=FILE", lambda: read_weights(weights)),
        ("checkpoint: its configuration", lambda: Run(described).model()),
    ]


def write_signed(content: dict[str, Any], path: Path) -> None:
    """Write what `save` writes, but with objects in it."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    body = buffer.getvalue()[:-2] + COMMENT_BYTES.to_bytes(2, "little")
    path.write_bytes(body + MARK + blake2b(body, digest_size=32).hexdigest().encode())


def configurations(run: Callable[[], Path]) -> list[Attack]:
    """Run folders whose config.yaml names targets."""
    found: list[Attack] = []
    for number, (name, target) in enumerate(TARGETS.items()):
        folder = run()
        place = ("callbacks", "optim", "metrics", "model", "loss")[number % 5]
        content = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        content[place]["extra"] = {"attack": target}
        (folder / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        if number % 5 == 0:
            (folder / "result.json").write_text('{"status": "interrupted"}', encoding="utf-8")
        found.append((f"configuration: {name}", readers(folder)[number % 5]))
    return found


def readers(folder: Path) -> list[Callable[[], object]]:
    """List the commands that read a configuration; the first goes on with a run that is not finished."""
    return [
        lambda: resume(str(folder), []),
        lambda: Run(folder).config,
        lambda: with_like([f"like={folder}"]),
        lambda: compare_runs({"runs": str(folder), "split": "val"}),
        lambda: seal_runs({"run": str(folder)}),
    ]


def texts(run: Callable[[], Path]) -> list[Attack]:
    """YAML tags, resolvers, and words that a run folder says it was begun with."""
    tag, resolver, like, begun = run(), run(), run(), run()
    (tag / "config.yaml").write_text(f"a: !!python/object/apply:os.system [{PAYLOAD!r}]\n", encoding="utf-8")
    (resolver / "config.yaml").write_text("a: \\${oc.env:HOME}\nb: ${eval:'1+1'}\n", encoding="utf-8")
    word = "+callbacks.attack={_target_: os.system, command: 'echo ATTACK > ATTACK'}"
    for folder, extra in ((like, {}), (begun, {"packages": None})):
        start_of = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
        start_of["overrides"] = [*start_of["overrides"], word]
        content = {key: value for key, value in start_of.items() if key not in extra}
        (folder / "environment.json").write_text(json.dumps(content), encoding="utf-8")
    (begun / "result.json").write_text("{}", encoding="utf-8")
    return [
        ("text: YAML tag", lambda: Run(tag).config),
        ("text: resolver", lambda: Run(resolver).config),
        ("text: words of like=", lambda: start(compose_run(complete(with_like([f"like={like}"]))))),
        ("text: words of a run not begun", lambda: resume(str(begun), [])),
    ]
