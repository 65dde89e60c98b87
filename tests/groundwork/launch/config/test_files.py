"""A broken file in a folder of one's own ends a command in one line that names it, with status 2 and no run folder."""

import sys
from pathlib import Path

import pytest

from groundwork.launch.cli import enter
from groundwork.launch.commands import train

GLOBAL = "# @package _global_\n"
BROKEN = [
    ("experiment", "seed: [1\n", "owls.yaml must be YAML, but line 2 is not"),
    ("experiment", f"{GLOBAL}- seed\n", "owls.yaml must hold KEY: VALUE"),
    (
        "experiment",
        f"{GLOBAL}seed: 1\nseed: 2\n",
        "owls.yaml must be YAML, but line 3 is not: found duplicate key",
    ),
    ("experiment", f"{GLOBAL}defaults: {{a: 1}}\n", "experiment/owls.yaml has no list of defaults"),
    ("experiment", f"{GLOBAL}defaults: [override /optim: nope]\n", "optim=nope is not an option of optim"),
    ("experiment", f"{GLOBAL}defaults: [/optim: sgd]\n", "in a file write 'override /optim: OPTION'"),
    ("experiment", f"{GLOBAL}defaults: [override optim: sgd]\n", "Write override /optim: OPTION"),
    (
        "experiment",
        f"{GLOBAL}defaults: [override /nowhere: sgd]\n",
        "override nowhere in experiment/owls.yaml",
    ),
    ("experiment", f"{GLOBAL}trainer: [a]\n", "experiment/owls.yaml does not fit what it changes"),
    ("experiment", f"{GLOBAL}hydra: {{mode: 3}}\n", "hydra.mode in experiment/owls.yaml does not fit"),
    ("experiment", "seed: 3\n", "Begin the file of experiment=owls with the line '# @package _global_'"),
    ("debug", "seed: 3\n", "Begin the file of debug=owls with the line"),
    ("optim", "lr: [1\n", "owls.yaml must be YAML, but line 2 is not"),
    ("optim", "lr: 1\nlr: 2\n", "found duplicate key lr"),
    ("optim", "defaults: {a: 1}\n", "optim/owls.yaml has no list of defaults"),
    ("optim", "defaults: [sgdd]\n", "Did you mean optim=sgd?"),
    ("optim", "- lr\n", "optim must be one of its options"),
    ("optim", "lr: \xff\n", "owls.yaml must be YAML in UTF-8"),
    ("loss", "_target_: groundwork.loss.MSE\n", "loss.name must be given, but owls.yaml does not"),
    (
        "data",
        "kind: table\n",
        "data.task must be given, but owls.yaml does not. Write it as the files of conf/data do",
    ),
    ("experiment", f"{GLOBAL}tags: 3\n", "tags must be a list"),
    ("data", "kind: *nothing\n", "owls.yaml must be YAML, but line 1 is not: found undefined alias"),
]


@pytest.mark.parametrize(
    ("group", "text", "said"), BROKEN, ids=[f"{one[0]}: {one[1][-20:]!r}" for one in BROKEN]
)
def test_a_broken_file_is_named(
    group: str,
    text: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "conf" / group).mkdir(parents=True)
    (tmp_path / "conf" / group / "owls.yaml").write_text(text, encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    beside = [] if group == "data" else ["data=digits"]
    words = [
        *beside,
        f"paths.runs={tmp_path / 'runs'}",
        f"{group}=owls",
        "--config-dir",
        str(tmp_path / "conf"),
    ]
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    assert enter(train) == 2
    out, line = capsys.readouterr()
    assert (out, line.count("\n"), line.startswith("error: ")) == ("", 1, True), line
    assert said in line
    assert [path.name for path in tmp_path.iterdir()] == ["conf"]
