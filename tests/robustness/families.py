"""Build the smallest model of every family of timm and take a training step of each phase of each scenario.

    uv run --no-sync tests/robustness/families.py [output=FILE] [most=100] [families=hrnet,levit]

A family is a module of timm.models. Weights are random, a batch holds two images. Each family is built at 96 pixels
for every scenario (small_different at every cut), then with 1 and 4 channels, at the odd sizes of 33 and 97 pixels,
and at its own size where it does not take 96. Prints one row for each family: works, refused in one line, or traceback.
Families whose smallest model has more than `most` million parameters are named and left out. Fails on a traceback.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from copy import deepcopy
from multiprocessing import get_context
from pathlib import Path

import timm
import torch
from omegaconf import OmegaConf
from torch import nn

from groundwork.core.errors import UserError, innermost
from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.model import ImageNormalize, Network, StagePool, TimmBackbone
from groundwork.transfer import Plan

USUAL, ODD = 96, (33, 97)
SCENARIOS = ("small_similar", "small_different", "large_similar", "large_different", "scratch")
Case = tuple[str, int, int]  # scenario, pixels per side, channels


def families() -> dict[str, list[str]]:
    """Name the models of every module of timm.models."""
    return {module: timm.list_models(module=module) for module in timm.list_modules()}


def smallest(names: Sequence[str]) -> tuple[str, float]:
    """Find the model with the fewest parameters, in millions; models that can't be built without memory count last."""
    counts = {}
    for name in names:
        try:
            with torch.device("meta"):
                counts[name] = sum(value.numel() for value in timm.create_model(name).parameters()) / 1e6
        except Exception:  # some compute with values while they are built
            counts[name] = float("inf")
    name = min(names, key=lambda one: (counts[one], one))
    if counts[name] == float("inf"):
        return name, sum(value.numel() for value in timm.create_model(name).parameters()) / 1e6
    return name, counts[name]


def plan_of(scenario: str) -> Plan:
    """Read a scenario as the command line does."""
    config = OmegaConf.load(CONF / "transfer" / f"{scenario}.yaml")
    while defaults := config.pop("defaults", None):
        base = OmegaConf.load(CONF / "transfer" / f"{defaults[0]}.yaml")
        config = OmegaConf.merge(base, config)
    plan: Plan = instantiate(config, _convert_="all")
    return plan


def build(name: str, size: int, channels: int, cut: int | None = None) -> Network:
    """Build a network of two classes that reads the last stage, or the one of a cut."""
    backbone = TimmBackbone(name, False, channels, size, 0.0, "default")
    stage = backbone.num_stages - 1 if cut is None else cut
    backbone.prune(stage)
    pool = StagePool((stage,), ("mean",))
    head = nn.Linear(pool.num_features(backbone.channels, backbone.spatial), 2)
    network = Network(ImageNormalize(backbone.mean, backbone.std, channels), backbone, pool, head)
    return network.arrange(torch.channels_last)


def step(network: Network, plan: Plan, size: int, channels: int) -> None:
    """Take a training step of each phase, then evaluate."""
    image = torch.randint(0, 256, (2, channels, size, size), dtype=torch.uint8)
    for phase in plan.phases:
        network.train()
        network.train_stages(
            phase.stages(network.num_stages, plan.frozen_stages(network.num_stages)), plan.batch_norm
        )
        optimizer = torch.optim.SGD(network.trainable_parameters(), lr=1e-3)
        loss = nn.functional.cross_entropy(network(image), torch.tensor([0, 1]))
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        output = network.eval()(image)
    if output.shape != (2, 2):
        raise ValueError(f"output must be (2, 2), but is {tuple(output.shape)}")


def check_cut(network: Network, size: int, cut: int) -> None:
    """See that a network that ends after a stage computes what it did before."""
    shortened = deepcopy(network).eval()
    shortened.stem.prune(cut)
    image = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    with torch.no_grad():
        whole = network.eval().stem(network.normalize(image))[cut]
        after = shortened.stem(shortened.normalize(image), [cut])[0]
    if not torch.allclose(whole, after, atol=1e-4, rtol=1e-4):
        raise ValueError("the network computes something else once it ends here")


def attempt(name: str, case: Case) -> str:
    """Try one case: "" where it works, else a line that begins with `refused` or `traceback`."""
    scenario, size, channels = case
    plan, cut = plan_of(scenario), None
    try:
        network = build(name, size, channels)
        if scenario == "small_different":
            for cut in range(network.num_stages):
                check_cut(network, size, cut)
                step(build(name, size, channels, cut), plan, size, channels)
        else:
            network.parameter_layers()
            step(network, plan, size, channels)
    except UserError as error:
        return f"refused: {error}"
    except Exception as error:
        where = "" if cut is None else f" at cut {cut}"
        return f"traceback{where}: {innermost(error)}"
    return ""


def own_size(name: str) -> int:
    """Return the pixels per side that a model was made for."""
    registered = timm.get_pretrained_cfg(name)
    return int(registered.input_size[-1]) if registered else 224


def cases(usual: int) -> Iterator[Case]:
    """Give the cases of a model that takes this size."""
    for scenario in SCENARIOS:
        yield scenario, usual, 3
    for channels in (1, 4):
        yield "scratch", usual, channels
    for size in ODD:
        for scenario in ("small_similar", "large_different"):
            yield scenario, size, 3


def row(family: str, names: Sequence[str], most: float) -> tuple[str, bool]:
    """Try a family; give its row of the table, and whether there was a traceback."""
    begun = time.monotonic()
    name, millions = smallest(names)
    opening = f"| {family} | {name} | {millions:.1f} |"
    if millions > most:
        return f"{opening} not tried | more than {most:g} million parameters |", False
    usual = USUAL if not attempt(name, ("small_similar", USUAL, 3)).startswith("refused") else own_size(name)
    found = {case: attempt(name, case) for case in cases(usual)}
    by_line: dict[str, list[str]] = {}
    for (scenario, size, channels), line in found.items():
        by_line.setdefault(line.replace("|", "/"), []).append(f"{scenario} {size}x{channels}")
    broken = any(line.startswith("traceback") for line in found.values())
    outcome = "traceback" if broken else "works" if not any(found.values()) else "works, or one line"
    if all(line.startswith("refused") for line in found.values()):
        outcome = "refused"
    said = "; ".join(f"{', '.join(places)}: {line}" for line, places in by_line.items() if line)
    print(f"{time.monotonic() - begun:6.0f} s  {family}", file=sys.stderr)
    return f"{opening} {outcome} | at {usual} pixels{'; ' if said else ''}{said} |", broken


def apart(family: str, names: Sequence[str], most: float) -> tuple[str, bool]:
    """Try a family in a process of its own, so that one that ends it does not end the walk."""
    context = get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=lambda: send.send(row(family, names, most)))
    process.start()
    send.close()
    try:
        return receive.recv()  # type: ignore[no-any-return]  # what `row` gave
    except EOFError:
        process.join()
        return f"| {family} | | | traceback | the process ended with status {process.exitcode} |", True


def main(arguments: Sequence[str]) -> int:
    """Walk the families that are asked for."""
    keys = dict(argument.split("=", 1) for argument in arguments)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    known = families()
    chosen = keys["families"].split(",") if "families" in keys else list(known)
    most = float(keys.get("most", 100))
    lines = [
        "| family | smallest model | million parameters | outcome | what was said |",
        "|---|---|---|---|---|",
    ]
    num_broken = 0
    for family in chosen:
        line, broken = apart(family, known[family], most)
        num_broken += broken
        lines.append(line)
        print(line, flush=True)
        if "output" in keys:
            Path(keys["output"]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(chosen)} families, {num_broken} with a traceback")
    return int(num_broken > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
