"""What the Markdown files say is true: their commands work and their paths exist."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from groundwork.launch.config.compose import complete, compose_run
from groundwork.report.glossary import glossary_page

ROOT = Path(__file__).resolve().parents[1]
IGNORED = {".venv", "runs", "cache", "html", "node_modules"}
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(ROOT.rglob("*.md"))
    if not IGNORED & {*path.relative_to(ROOT).parts}
}
README = PAGES["README.md"]
# A name that only exists elsewhere: on this machine alone, or once something has been made.
MADE = {"conf/local.yaml"}
Call = Callable[[list[str], Path], tuple[int, str]]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.S | re.M)


def commands_of(page: str) -> list[str]:
    """Find the commands of a page that call a script: whole lines of its blocks, and those in its tables."""
    blocks = [block for language, block in FENCE.findall(page) if not language]
    lines = [line.split("   #")[0].strip() for block in blocks for line in block.splitlines()]
    lines = [line.removeprefix("pip install uv && ") for line in lines]
    inline = re.findall(r"`((?:uv run|torchrun [\w -]+?) scripts/[^`]+)`", FENCE.sub("", page))
    found = (
        re.sub(r"^(uv run (--no-sync )?|python |torchrun [\w -]+?(?=scripts/))", "", line)
        for line in lines + inline
    )
    return [line for line in found if re.match(r"scripts/\w+\.py\b|scripts/benchmarks/\w+\.py", line)]


COMMANDS = list(dict.fromkeys(command for page in PAGES.values() for command in commands_of(page)))
# The package that conf/README.md shows is tested by tests/test_plugins.py, what changes the clone by tests of its own;
# DIR and the like are what a reader has.
NOT_HERE = (
    *("birds.", "trust=[birds]", "hydra.searchpath", "data=birds", "RUN", "=DIR", "NAME"),
    *("scripts/rename.py", "scripts/new.py", "scripts/schema.py", "scripts/benchmarks/"),
)
CALLED = [command for command in COMMANDS if not any(word in command for word in NOT_HERE)]
COMPOSED = [
    command
    for command in CALLED
    if command.split()[0]
    in ("scripts/train.py", "scripts/audit.py", "scripts/search.py", "scripts/advise.py")
    and not re.search(r" run=|=latest| --", command)
]
# These need an account, a cluster, a GPU or a download, or are many runs: what they compose is tested here, the rest by
# tests of their own.
ELSEWHERE = (
    *("fashion_mnist", "solar_cells_trained", "logger=wandb", ",wandb]", "cluster=slurm", "trainer=gpu"),
    *("range(32)", "range(8)", "price -m", "1e-4,1e-3", "split.seed=0,1", "experiment=digits trainer=ddp"),
)
CODE = next(
    block for language, block in FENCE.findall(PAGES["src/README.md"]) if "import groundwork" in block
)
# Everything but what differs: small pictures, a small network, one epoch.
QUICK = ["trainer.max_epochs=1", "metrics.resamples=20"]
SMALL = ["data.image_size=32", "model=timm", "model.name=test_resnet", "model.pretrained=false"]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_of_a_page_exists(page: str):
    named = set(
        re.findall(
            r"[`(]((?:conf|src|scripts|tests|notebooks|\.github|\.ci|\.devcontainer)/[\w./]*)", PAGES[page]
        )
    )
    links = {link for link in re.findall(r"\]\(([^)#]*)[^)]*\)", PAGES[page]) if link and "://" not in link}
    paths = {ROOT / path for path in named - MADE} | {(ROOT / page).parent / link for link in links}
    assert [str(path) for path in paths if not path.exists()] == []


def test_every_link_to_a_heading_finds_it():
    for page, text in PAGES.items():
        for link, anchor in re.findall(r"\]\(([\w./]*)#([\w-]+)\)", text):
            target = (
                PAGES[((ROOT / page).parent / link).resolve().relative_to(ROOT).as_posix()] if link else text
            )
            titles = re.findall(r"^#+ (.*)$", target, flags=re.M)
            assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, (
                page
            )


def test_the_readme_fits_on_a_page():
    assert len(README.splitlines()) <= 150


def test_no_command_is_cut_short():
    assert [command for command in COMMANDS if "..." in command] == []


def first_of_each(command: str) -> list[str]:
    """Take the first value of each word that a multirun varies."""
    words = [word for word in shlex.split(command)[1:] if word != "-m"]
    if "-m" in shlex.split(command):
        words = [word if re.search(r"=[\[{']", word) else word.split(",")[0] for word in words]
    return [re.sub(r"=range\(\d+\)$", "=0", word) for word in words]


def with_new_words(commands: list[str]) -> list[str]:
    """Keep the commands that between them hold every word of each script: each takes its seconds, and words repeat."""
    seen: set[str] = set()
    kept = []
    for command in sorted(commands, key=lambda one: -len(first_of_each(one))):
        words = {command.split()[0], "-m" if " -m " in command else "", *first_of_each(command)}
        if words - seen:
            kept.append(command)
            seen |= words
    return kept


@pytest.mark.parametrize("command", with_new_words(COMPOSED))
def test_every_training_command_composes(command: str):
    assert compose_run(complete(first_of_each(command))).config


def test_every_script_is_there():
    assert {command.split()[0] for command in COMMANDS} >= {"scripts/train.py", "scripts/evaluate.py"}
    assert all((ROOT / command.split()[0]).is_file() for command in COMMANDS)


def test_every_python_name_is_shown():
    import groundwork

    for name in groundwork.__all__:
        assert f"groundwork.{name}" in PAGES["src/README.md"], name


def test_the_glossary_is_that_of_the_report():
    assert PAGES["GLOSSARY.md"] == glossary_page()


@pytest.fixture(scope="module")
def call() -> Iterator[Call]:
    """Run a command in a folder, and give its exit status and the end of its errors."""
    words = [sys.executable, str(ROOT / "tests" / "preloaded.py")]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(words, env=env, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8") as server:

        def run(words: list[str], place: Path) -> tuple[int, str]:
            script, errors = str(ROOT / words[0]), place / "errors.txt"
            asked = {"words": [script, *words[1:]], "place": str(place), "errors": str(errors)}
            assert server.stdin
            assert server.stdout
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
            return int(server.stdout.readline()), errors.read_text(encoding="utf-8")[-2000:]

        yield run


@pytest.fixture(scope="module")
def place(call: Call, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name: birds/, photos/, new_photos/, houses.csv, houses.xlsx, films.csv."""
    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    for name, level in (("birds/owl", 60), ("birds/wren", 180), ("new_photos", 120)):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            pixels = np.clip(rng.normal(level, 40, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    shutil.copytree(folder / "birds", folder / "photos")
    size = rng.normal(50, 10, 60)
    photo = [f"birds/owl/{number}.png" for number in range(30)] + [f"birds/wren/{n}.png" for n in range(30)]
    grade = np.array(["poor", "fair", "good"])[np.digitize(size, [45, 55])]
    houses = pd.DataFrame(
        {"size": size, "photo": photo, "grade": grade, "price": 3 * size + rng.normal(0, 1, 60)}
    )
    genres = [";".join(name for name in ("comedy", "drama") if rng.random() < 0.5) or ";" for _ in size]
    pd.DataFrame({"length": size, "genres": genres}).to_csv(folder / "films.csv", index=False)
    houses.to_csv(folder / "houses.csv", index=False)
    houses.to_excel(folder / "houses.xlsx", index=False)
    # What the commands after a run need: one finished run, which is the latest.
    first = ["scripts/train.py", "data=image_folder", "data.root=birds", "name=solar_cells", *SMALL, *QUICK]
    status, errors = call(
        [*first, f"paths.runs={folder / 'first'}", f"paths.cache={folder / 'cache'}"], folder
    )
    assert status == 0, errors
    return folder


def quick(command: str, place: Path) -> list[str]:
    """Make a command small: its own words stay, what they leave open is set to what takes seconds."""
    words = [
        re.sub(r"\bruns/(?=solar_cells|\*)", f"{(place / 'first').as_posix()}/", word)
        for word in shlex.split(command)
    ]
    script = words[0].removeprefix("scripts/")
    if script in ("train.py", "audit.py", "advise.py", "search.py") and "run=latest" not in words:
        small = [] if any(word in command for word in ("experiment=", "data=table", "like=")) else SMALL
        if script == "advise.py" or "transfer=lora" in words:
            small = ["data.image_size=32", "data.batch_size=8"]  # asks for weights
        longer = ["trainer.max_epochs=20"] if "val_every" in command else []
        # Drawing is over half of a small run's time: once for each kind of data, not for each key that is shown.
        kinds = len(words) <= 2 or "data=table" in words or "data=image_table" in words
        blank = ["report.write=false"] if script == "train.py" and not kinds else []
        own = [*small, *longer, *blank, *QUICK, f"paths.cache={place / 'cache'}"]
        typed = {word.partition("=")[0] for word in words}
        for word in own:
            if word.partition("=")[0] not in typed:
                words.append(word)
                typed.add(word.partition("=")[0])
        if (
            not typed & {"experiment", "data", "subset", "debug", "like"}
            or "solar_cells_regression" in command
        ):
            words += ["subset=stratified", "subset.size=100"]
        words += ["search.trials=2"] if script == "search.py" else []
        words += ["trainer.accelerator=cpu"] if "trainer=ddp" in command else []
    if script == "clear.py":
        return [*words, f"paths.cache={place / 'none'}"]
    if script == "convert.py":
        return words
    asked = {"run=latest", "like=latest", "model.pretrained=latest"}
    after = asked & {*words} or script in ("compare.py", "evaluate.py", "report.py")
    return [*words, f"paths.runs={place / ('first' if after else 'runs')}"]


@pytest.mark.slow
@pytest.mark.parametrize("command", with_new_words(CALLED))
def test_every_command_works(command: str, call: Call, place: Path):
    if any(word in command for word in ELSEWHERE):
        assert compose_run(complete(first_of_each(command))).config
        return
    shards = place / "birds_shards"
    if "shards=birds_shards" in command:
        shutil.rmtree(shards, ignore_errors=True)
    elif shards.name in command and not shards.exists():  # each process of the tests has a place of its own
        call(["scripts/convert.py", "data=image_folder", "data.root=birds", f"shards={shards.name}"], place)
    status, errors = call(quick(command, place), place)
    assert status == 0, errors


@pytest.mark.slow
def test_the_python_of_the_readme_runs(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(place)
    quick_words = [*QUICK, "subset=stratified", "subset.size=100", f"paths.runs={place / 'runs'}",
                   f"paths.cache={place / 'cache'}"]  # fmt: skip
    code = CODE.replace('"transfer=scratch"]', '"transfer=scratch", *quick_words]')
    code = code.replace('groundwork.Run("latest")', "groundwork.Run(run.path)")
    names: dict[str, object] = {"quick_words": quick_words}
    exec(code, names)
    assert {"samples", "table", "found", "network", "rows", "advice"} <= {*names}
