"""What conf/cluster/README.md says is true: each of its commands composes, and its keys and paths exist."""

import re
import shlex

import pytest
from omegaconf import OmegaConf

from groundwork.core.paths import ROOT
from groundwork.launch.commands import compositions
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.resources import with_resources
from groundwork.launch.sweep.slurm import parameters

PAGE = (ROOT / "conf" / "cluster" / "README.md").read_text(encoding="utf-8")
CELLS = [line.split("|")[2].strip() for line in PAGE.splitlines() if re.match(r"\| .* \| `", line)]
COMMANDS = [cell.split("`")[1] for cell in CELLS]
# What a row gives: runs, machines and processes per machine; where no GPU is visible, `auto` is left open.
EXPECTED = [(1, 1, 1), (6, 1, 1), (1, 1, 1), (1, 1, "auto"), (2, 1, 1), (1, 1, 8), (1, 4, 8), (2, 1, 1), (1, 1, 1),
            (1, 1, "auto")]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), list(zip(COMMANDS, EXPECTED, strict=True)))
def test_every_command_composes_to_what_its_row_says(
    command: str, expected: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
):
    command = re.sub(r"range\(\d+\)", "range(2)", command)  # each run of a sweep takes a while to compose
    words = [word for word in shlex.split(command) if word == "-m" or "=" in word]
    monkeypatch.setattr("sys.argv", ["train.py"])
    found = compositions(words)
    trainers = [with_resources(one.overrides).config.trainer for one in (found[0], found[-1])]
    assert {(len(found), trainer.num_nodes, trainer.devices) for trainer in trainers} == {expected}


def test_every_key_of_the_page_exists():
    config = OmegaConf.to_container(compose_run(["data=digits", "cluster=slurm", "search=mlp"]).config)
    named = set(re.findall(r"`((?:cluster|trainer|data|paths|search|optim)\.(?!py`|py )\w+)", PAGE))
    assert len(named) > 8
    for key in named:
        group, name = key.split(".")
        assert isinstance(config, dict)
        assert name in config[group], key
    for path in re.findall(r"`((?:scripts|conf)/[\w./]*)", PAGE):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", ["one_gpu", "two_nodes"])
def test_own_scripts_ask_slurm_for_what_cluster_slurm_asks(name: str):
    script = (ROOT / "scripts" / "slurm" / f"{name}.sbatch").read_text(encoding="utf-8")
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)", script, flags=re.M))
    words = re.findall(r"trainer\S*=\S+", script.split('"$@"')[-1])
    trainer = compose_run(["data=diabetes", *words]).config.trainer
    assert (int(asked["nodes"]), int(asked["ntasks-per-node"])) == (trainer.num_nodes, trainer.devices)
    ours = parameters(with_resources(["data=diabetes", "cluster=slurm"]).config, "name")
    assert asked["signal"] == ours["additional_parameters"]["signal"]
    assert asked["time"] == ours["time"]
    assert ours["srun_args"][0] in script
