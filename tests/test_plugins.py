"""Every part that conf/README.md shows can be plugged in from a package of one's own, by configuration alone."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score

from groundwork import fit
from groundwork.core import admitted
from groundwork.core.errors import UserError
from groundwork.evaluate.export import export_run
from groundwork.evaluate.run import Run
from groundwork.launch.commands import evaluate, predict
from groundwork.launch.start import resume

LABELS = ["owl", "wren", "lark"]
SMALL = ["trainer=cpu", "execution=plain", "trainer.max_epochs=4", "metrics.resamples=20", "optim.lr=0.01"]


@pytest.fixture
def birds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, documented: Callable[[str, int], None]
) -> Iterator[Path]:
    """The package that the document shows, written to a folder outside of this project, and its data."""
    documented("birds", 9)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 4))
    with h5py.File(tmp_path / "birds.h5", "w") as file:
        file["id"] = [f"place {number}" for number in range(200)]
        for column, name in enumerate(["rain", "wind", "heat", "height"]):
            file[name] = inputs[:, column]
        for column, name in enumerate(LABELS):
            file[name] = (inputs[:, column] + inputs[:, 3] > 0).astype(float)
    monkeypatch.setattr("groundwork.core.trust.own_packages", frozenset)  # one of them may be called birds
    forget_birds()  # other tests have birds of their own
    yield tmp_path
    forget_birds()


def forget_birds() -> None:
    """Let the package be imported anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "birds"]:
        del sys.modules[name]


def words(birds: Path, *more: str) -> list[str]:
    places = [f"paths.runs={birds / 'runs'}", f"paths.cache={birds / 'cache'}"]
    return [f"hydra.searchpath=[{birds / 'birds' / 'conf'}]", *SMALL, *places, *more]


@pytest.mark.slow
def test_several_labels_per_sample_are_learned_measured_sealed_and_predicted(
    birds: Path, capsys: pytest.CaptureFixture[str]
):
    table = f"data.table={birds / 'birds.h5'}"
    run = fit(words(birds, "data=birds", table, "task=sounds", "model=wide"))
    said = capsys.readouterr().out
    assert said.count("note:") == 1
    assert re.search(r"note: task.module=birds.*baselines.*pages.*step aside", said.replace("\n", " "))
    assert (run.result["task"], run.result["monitor"], run.result["baselines"]) == ("sounds", "f1", {})
    val = run.predictions("val")
    truth, prob = ([val[f"{part}/{name}"] for name in LABELS] for part in ("target", "prediction"))
    decided = np.stack(prob, axis=1) > 0.5
    assert run.result["val"]["f1"] == pytest.approx(
        f1_score(np.stack(truth, axis=1), decided, average="macro")
    )
    assert run.result["val"]["ap/wren"] == pytest.approx(average_precision_score(truth[1], prob[1]), abs=1e-6)
    assert run.result["val"]["f1"] > 0.7
    assert set(val["sample_id"].str[:6]) == {"place "}
    assert "ultilabel" in (run.path / "report.html").read_text(encoding="utf-8")

    admitted._admitted.clear()  # as in another process: this one was told the names by the words of fit
    with pytest.raises(UserError, match=r"names 'birds\..*Add trust=\[PACKAGE\]"):
        evaluate([f"run={run.path}", "split=test"])
    admitted.admit(["birds"])
    assert evaluate([f"run={run.path}", "split=test", f"paths.runs={birds / 'runs'}"]) == 0
    assert Run(run.path).result["test"]["f1"]["value"] > 0.7
    new = pd.DataFrame({"height": [3.0, -3.0], "rain": [0.0, 0.0], "wind": [0.0, 0.0], "heat": [0.0, 0.0]})
    new.to_csv(birds / "new.csv", index=False)
    predict([f"run={run.path}", f"input={birds / 'new.csv'}", f"output={birds / 'out.csv'}"])
    predicted = pd.read_csv(birds / "out.csv")
    assert (predicted.loc[0, "prediction/owl"] > 0.5) > (predicted.loc[1, "prediction/owl"] > 0.5)
    assert export_run({"run": str(run.path), "format": "torch", "output": str(birds / "exported")}) == 0
    assert resume(str(run.path), []) == 0


@pytest.mark.slow
def test_a_head_of_ones_own_lets_the_exact_head_and_the_advice_step_aside(
    birds: Path, capsys: pytest.CaptureFixture[str]
):
    (birds / "birds" / "deep.py").write_text(
        "from torch import nn\n\n\n"
        "class Deep(nn.Module):\n"
        "    def __init__(self, num_features, num_classes, dropout):\n"
        "        super().__init__()\n"
        "        hidden = nn.Linear(num_features, 8)\n"
        "        self.layers = nn.Sequential(hidden, nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, num_classes))\n\n"
        "    def forward(self, features):\n"
        "        return self.layers(features)\n\n"
        "    def decode(self, output):\n"
        "        return output.softmax(dim=1)\n",
        encoding="utf-8",
    )
    digits = [
        "data=digits",
        "model=timm",
        "model.name=test_efficientnet",
        "subset=stratified",
        "subset.size=100",
    ]
    own = ["task=classification", "task.head._target_=birds.deep.Deep"]
    weights = birds / "weights.pth"
    _save_random_weights("test_efficientnet", weights)
    run = fit(
        words(birds, *digits, *own, "transfer=auto", f"model.pretrained={weights}", "trainer.max_epochs=2")
    )
    said = capsys.readouterr().out.replace("\n", " ")
    assert (
        said.count("note: task.head=birds.deep.Deep: exact head, choice of the cut and advice step aside")
        == 1
    )
    assert "gradient descent" not in said
    assert (run.result["transfer"]["solver"], run.result["transfer"]["scenario"]) == ("sgd", "small_similar")
    assert run.result["baselines"]
    admitted.admit(["birds"])
    assert run.model().head.layers[0].out_features == 8


@pytest.mark.slow
@pytest.mark.parametrize("transfer", ["scratch", "small_similar", "large_similar"])
def test_a_plain_network_is_trained_frozen_predicted_with_and_exported(
    birds: Path, draw_photographs: Callable[..., Path], transfer: str
):
    photographs = draw_photographs(birds / "photographs", {"dark": 60, "light": 190}, 16, 20)
    net = ["model=plain", "model.backbone._target_=birds.net.Net", "+model.backbone.width=8"]
    data = ["data=image_folder", f"data.root={photographs}", "data.image_size=16", "data.batch_size=8"]
    run = fit([*words(birds, *data, *net, f"transfer={transfer}", "report.write=false")[1:]])
    assert run.result["val"]["accuracy"] > 0.8
    assert run.result["transfer"]["stages"] == 1
    assert run.result["transfer"]["solver"] == ("sgd" if transfer == "scratch" else "exact")
    admitted.admit(["birds"])
    out = birds / "out.csv"
    predict([f"run={run.path}", f"input={photographs / 'dark'}", f"output={out}"])
    assert (pd.read_csv(out)["prediction"] == "dark").mean() > 0.8
    assert export_run({"run": str(run.path), "format": "onnx", "output": str(birds / "net.onnx")}) == 0
    assert resume(str(run.path), []) == 0


def _save_random_weights(name: str, path: Path) -> None:
    import timm
    import torch

    torch.manual_seed(0)
    torch.save(timm.create_model(name, pretrained=False).state_dict(), path)


def test_a_search_path_that_is_not_there_is_told_in_one_line(tmp_path: Path):
    with pytest.raises(UserError, match=r"hydra\.searchpath must name folders.*nowhere"):
        fit([f"hydra.searchpath=[{tmp_path / 'nowhere'}]", "data=digits"])


def test_a_task_of_ones_own_must_say_how_it_reads_the_target(birds: Path):
    with pytest.raises(UserError, match=r"task\.target must be classes, values or labels, but got ranks"):
        fit(
            words(
                birds,
                "data=birds",
                f"data.table={birds / 'birds.h5'}",
                "task=sounds",
                "task.target=ranks",
            )
        )
