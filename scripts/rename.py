"""Turn the clone into your own project: `python scripts/rename.py NEW_NAME [--drop-examples] [--fresh-history]`.

Moves src/project and tests/project to your name, names the distribution, starts a README.md of your own, and lets
uv.lock be committed. The engine keeps its name, so that `python scripts/rename.py --update [SOURCE]` can later merge
what the template has learned. Needs Python and git only. If it is interrupted, the next call completes it, or nothing
has changed.
"""

import argparse
import hashlib
import importlib.util
import json
import keyword
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

ADDRESS = ""  # where the template is published; updates come from there, else from the remote `origin`
ENGINE = "groundwork"
OWN = "project"  # what src/project and tests/project are called before they are renamed
RECORD = ".template.json"
STAGED = ".rename"
KEPT_FILES = {"LICENSE", "scripts/rename.py"}  # the license asks for its notice
ONLY_TEMPLATE = (
    "tests/test_rename.py",
    "tests/test_readme.py",
    ".github/report.png",
    ".vscode/schema/",
)  # schema.py writes it anew for what the project keeps
EXAMPLES = (
    "conf/data/solar_cells.yaml", "conf/experiment/solar_cells.yaml", "conf/experiment/solar_cells_regression.yaml",
    "conf/experiment/solar_cells_trained.yaml",
    f"src/{ENGINE}/data/readers/solar_cells.py", f"tests/{ENGINE}/data/readers/test_solar_cells.py", "notebooks/",
    "scripts/benchmarks/solar_cells.py", "scripts/benchmarks/advice.py", "scripts/benchmarks/search.py",
    "scripts/benchmarks/advice_cost.py",
    ".github/workflows/notebooks.yml", ".github/site/",
)  # fmt: skip
# Updates leave these alone; they are yours from the first day.
YOURS = (
    f"src/{OWN}", f"tests/{OWN}", "conf/experiment/mine.yaml", "README.md", "CHANGELOG.md", "CITATION.cff",
)  # fmt: skip
README = """# {name}

Made from the template {engine}, which is built on Lightning, timm, Hydra, torchmetrics and W&B. Write here what this
project asks, and of which data.

## Start

```
git clone ADDRESS {name}
cd {name}
pip install uv && uv run scripts/train.py      # installs everything, then trains the default experiment
pip install uv && uv run pytest                # runs the tests
```

## From data to a result

```
uv run scripts/audit.py data=image_folder data.root=DIR      # look at the data first
uv run scripts/train.py data=image_folder data.root=DIR      # DIR/<class>/*.jpg
uv run scripts/train.py data=table data.table=FILE data.target=COLUMN
uv run scripts/train.py experiment=digits trainer.max_epochs=2 logger=wandb
uv run scripts/train.py -m seed=0,1,2                        # three runs; the same command again runs what is missing
uv run scripts/compare.py runs='runs/*/*'                    # all runs in one table
uv run scripts/report.py runs='runs/*/*'                     # all runs on one page, to sort and filter
uv run scripts/evaluate.py run=latest split=test             # the test, once
uv run scripts/predict.py run=latest input=DIR output=predicted.csv
uv run scripts/export.py run=latest format=onnx
```

A run folder `runs/<name>/<run id>/` holds everything about a run; open its `report.html`. `GLOSSARY.md` explains the
words. `uv run scripts/train.py --help` lists what can be chosen; each file in `conf/` says what it is for.

## Reproduce a run

`environment.json` in the run folder names the commit, the packages and the command.

```
git checkout COMMIT
uv run scripts/train.py like=RUN_FOLDER                      # the same configuration and split
uv run scripts/train.py run=RUN_FOLDER                       # continue a run that was stopped
```

## Where things are

| path | whose |
|---|---|
| `src/{name}/`, `tests/{name}/`, `conf/experiment/mine.yaml` | yours: data, network, loss, ...; updates skip them |
| `README.md`, `CHANGELOG.md`, `CITATION.cff` | yours; updates skip them |
| `scripts/train.py` | yours to edit; updates merge into it. Scripts of your own go beside it |
| `conf/` | every choice; add files of your own |
| `src/{engine}/`, `tests/{engine}/` | the engine; leave it as it is, so that updates merge without conflicts |

```
uv run scripts/train.py experiment=mine                      # every part of src/{name} in one run
python scripts/new.py loss NAME                              # begin a part; new.py --help lists the kinds
uv run scripts/schema.py                                     # lets an editor complete and check the keys of conf/
python scripts/rename.py --update                            # take what the template has learned since
```

`conf/README.md` has recipes and the shortest working example of each part, `src/README.md` the layout of the code,
`METHOD.md` what intervals and verdicts promise. Address and issues of this project belong into `[project.urls]` of
`pyproject.toml`, its authors into `CITATION.cff`.
"""
CHANGELOG = """# Changelog

## Unreleased

- Started from the template {engine}.
"""
CITATION = """cff-version: 1.2.0
message: If you use this software in your research, please cite it, and the libraries that it is built on.
title: {name}
type: software
authors:
  - name: the {name} authors
"""
BEGINNINGS = {"README.md": README, "CHANGELOG.md": CHANGELOG, "CITATION.cff": CITATION}


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, as every other command does."""
        print(f"error: {message}. See rename.py --help.", file=sys.stderr)
        raise SystemExit(2)


def main(words: list[str]) -> int:
    parser = Parser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", nargs="?", help="the name of your project, such as birds")
    parser.add_argument(
        "--drop-examples", action="store_true", help="drop solar cells, their weights, the notebooks"
    )
    parser.add_argument("--fresh-history", action="store_true", help="start the git history with one commit")
    parser.add_argument(
        "--update", nargs="?", const="", metavar="SOURCE", help="merge what the template has learned"
    )
    chosen = parser.parse_args(words)
    root = Path(__file__).resolve().parents[1]
    try:
        finish(root)
        if chosen.update is not None:
            return update(root, chosen.update)
        check(root, chosen.name)
        record = {"template": ENGINE, "commit": git(root, "rev-parse", "HEAD"), "name": chosen.name,
                  "drop_examples": chosen.drop_examples}  # fmt: skip
        stage(root, record)
        finish(root)
        if chosen.fresh_history:
            start_history(root, chosen.name)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"This project is {chosen.name} now. Next: uv run pytest, then commit, uv.lock too.")
    return 0


def git(root: Path, *words: str) -> str | None:
    """Run git and return what it says, None where it fails."""
    done = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def check(root: Path, name: str | None) -> None:
    """Refuse a name that cannot be a package, hides another one, or a tree that cannot be renamed."""
    if not (root / "src" / OWN).is_dir():
        raise ValueError(f"{root} must hold src/{OWN}, but does not: it is renamed already. See --update.")
    if not name or not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", name) or keyword.iskeyword(name):
        raise ValueError(
            f"NEW_NAME must be small letters, digits and _, as in my_birds, but got {name!r}. Change it."
        )
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    needed = {
        match.replace("-", "_").lower() for match in re.findall(r'^\s*"([A-Za-z][\w-]*)', project, re.M)
    }
    for module in (root / "src").rglob("*.py"):
        needed |= set(re.findall(r"^\s*(?:from|import) (\w+)", module.read_text(encoding="utf-8"), re.M))
    places = (root, root / "src", root / "tests", root / "src" / ENGINE)
    taken = {path.stem for place in places for path in place.iterdir()} | {"test", "hydra_plugins"}
    if name in needed | taken | sys.stdlib_module_names or importlib.util.find_spec(name):
        raise ValueError(f"NEW_NAME must be free, but {name} is a package or folder already. Choose another.")
    if git(root, "status", "--porcelain"):
        raise ValueError(
            "the clone must have no uncommitted change, so that renaming can be undone. Commit first."
        )


def tracked(root: Path) -> list[str]:
    """List the files of the project, by git where it is there."""
    listed = git(root, "ls-files", "-z")
    if listed:
        return [name for name in listed.split("\0") if name and (root / name).is_file()]
    left_out = {".git", ".venv", "runs", "cache", "data", "outputs", "__pycache__", STAGED}
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return [
        file.as_posix() for file in files if file.parts[0] not in left_out and "__pycache__" not in file.parts
    ]


def rewritten(file: str, content: bytes, record: dict[str, object]) -> tuple[str, bytes] | None:
    """Give a file of the template its name and content in the project; None where the project does not have it."""
    name = str(record["name"])
    if name == OWN or file in KEPT_FILES:
        return file, content
    if file.startswith((*ONLY_TEMPLATE, *(EXAMPLES if record["drop_examples"] else ()))):
        return None
    place = re.sub(rf"^(src|tests)/{OWN}/", rf"\1/{name}/", file)
    if file in BEGINNINGS:
        return file, BEGINNINGS[file].format(name=name, engine=ENGINE).encode("utf-8")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return place, content
    text = without_examples(file, text) if record["drop_examples"] else text
    text = renamed(text, name, is_own=place != file)
    if file == "pyproject.toml":
        text = project_file(text, name)
    elif file == ".gitignore":
        text = re.sub(r"^(?:# A lock .*|uv\.lock)\n", "", text, flags=re.M)
    return place, text.encode("utf-8")


def renamed(text: str, name: str, is_own: bool) -> str:
    """Replace the paths and the modules of the own package; the word `project` alone stays."""
    text = re.sub(rf"\b(src|tests)/{OWN}\b", rf"\1/{name}", text)
    modules = r"\w" if is_own else r"(?:data|model|task|loss|metric|callback)\b"
    text = re.sub(rf"(?<![\w.]){OWN}(?=\.{modules})", name, text)
    text = re.sub(rf"(_target_['\"]?[:=]\s*['\"]?){OWN}(?=\.)", rf"\g<1>{name}", text)
    return re.sub(rf"(?m)^(\s*(?:from|import) ){OWN}\b", rf"\g<1>{name}", text)


def without_examples(file: str, text: str) -> str:
    """Take the example data and weights out of a file that stays; digits become the default."""
    if file == "pyproject.toml":
        text = re.sub(r"# Data and weights of the example.*?\n\]\n", "", text, flags=re.S)
        text = text.replace(', "examples"]', "]").replace('"elpv_dataset.*", ', "")
    gone = ("solar_cells", "solar cells") if file.endswith(".md") else ("read_solar_cells",)
    lines = text.splitlines(keepends=True)
    text = "".join(line for line in lines if not any(word in line for word in gone))
    return re.sub(r"\bsolar_cells\b", "digits", text)


def project_file(text: str, name: str) -> str:
    """Name the distribution after the project, and say where it comes from."""
    text = re.sub(rf'(?m)^name = "{ENGINE}"', f'name = "{name}"', text).replace(f'"{ENGINE}[', f'"{name}[')
    text = text.replace(f'yours = ["{OWN}"]', f'yours = ["{name}"]')
    return re.sub(r'(?m)^description = ".*"', f'description = "Made from the template {ENGINE}"', text)


def as_text(record: dict[str, object]) -> str:
    return json.dumps(record, indent=2) + "\n"


def stage(root: Path, record: dict[str, object]) -> None:
    """Write the new files and a journal beside the old ones; the journal's last move decides."""
    staged = root / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    journal: dict[str, list[str]] = {"write": [RECORD], "remove": []}
    for file in tracked(root):
        old = (root / file).read_bytes()
        new = rewritten(file, old, record)
        if new is None or new[0] != file:
            journal["remove"].append(file)
        if new is not None and new != (file, old):
            (staged / "new" / new[0]).parent.mkdir(parents=True, exist_ok=True)
            (staged / "new" / new[0]).write_bytes(new[1])
            shutil.copymode(root / file, staged / "new" / new[0])
            journal["write"].append(new[0])
    (staged / "new").mkdir(parents=True, exist_ok=True)
    (staged / "new" / RECORD).write_bytes(as_text(record).encode("utf-8"))
    part = staged / "journal.part"
    part.write_text(json.dumps(journal), encoding="utf-8")
    part.replace(staged / "journal.json")


def finish(root: Path) -> None:
    """Bring a journal to its end, or clear what was staged before there was one."""
    staged = root / STAGED
    if (staged / "journal.json").is_file():
        before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            carry_out(root, json.loads((staged / "journal.json").read_text(encoding="utf-8")))
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
    shutil.rmtree(staged, ignore_errors=True)


def carry_out(root: Path, journal: dict[str, list[str]]) -> None:
    """Move the new files to their places and remove the old ones; what is done already is left alone."""
    for file in journal["write"]:
        new = root / STAGED / "new" / file
        if new.is_file():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            new.replace(root / file)
    for file in journal["remove"]:
        (root / file).unlink(missing_ok=True)
        remove_empty((root / file).parent)


def remove_empty(folder: Path) -> None:
    """Remove a folder that holds nothing but bytecode, and those above it."""
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    while folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def start_history(root: Path, name: str) -> None:
    """Begin the branch anew with one commit; the template stays as a remote of that name."""
    branch = git(root, "branch", "--show-current") or "main"
    steps = [["checkout", "--orphan", f"{name}-start"], ["add", "--all"],
             ["commit", "-m", f"Start {name} from the template {ENGINE}"], ["branch", "-M", branch]]  # fmt: skip
    for step in steps:
        if git(root, *step) is None:
            raise ValueError(f"git {' '.join(step)} must work, but fails. Set user.name and user.email.")
    git(root, "remote", "rename", "origin", "template")


def update(root: Path, source: str) -> int:
    """Merge what the template has changed since: both states are renamed alike, and their difference is picked."""
    if not (root / "src" / ENGINE / "core").is_dir():
        raise ValueError(
            f"{root} must hold src/{ENGINE}, but does not: it was made from the first edition of the template, which "
            "renamed the engine. Clone the template again and move your own files to src/project."
        )
    if git(root, "status", "--porcelain"):
        raise ValueError("the project must have no uncommitted change. Commit or stash first.")
    record: dict[str, object] = {"template": ENGINE, "commit": None, "name": OWN, "drop_examples": False}
    if (root / RECORD).is_file():
        record |= json.loads((root / RECORD).read_text(encoding="utf-8"))
    remotes = (git(root, "remote", "get-url", remote) or "" for remote in ("template", "origin"))
    source = source or ADDRESS or next(filter(None, remotes), "")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        clone = Path(place) / "template"
        if not source or git(root, "clone", "--quiet", source, str(clone)) is None:
            raise ValueError(
                f"SOURCE must be the template's repository, but {source!r} cannot be cloned. Name another."
            )
        if not (clone / "src" / ENGINE).is_dir() or (clone / RECORD).is_file():
            raise ValueError(
                f"SOURCE must be the template, but {source} is a project made from it. Add its address."
            )
        news = str(git(clone, "rev-parse", "HEAD"))
        base = find_base(root, clone, record)
        if news == base:
            print(f"{record['name']} is up to date with {ENGINE} {news[:12]}")
            return 0
        picked = rename_both(clone, record, base, news)
        git(root, "fetch", "--quiet", str(clone), picked)
    is_clean = git(root, "cherry-pick", "--no-commit", picked) is not None
    (root / RECORD).write_text(as_text({**record, "commit": news}), encoding="utf-8", newline="\n")
    git(root, "add", RECORD)
    if not is_clean:
        print("some files changed on both sides: resolve them, then git add and git commit.", file=sys.stderr)
        return 1
    if git(root, "commit", "--quiet", "-m", f"Update {ENGINE} to {news[:12]}") is None:
        raise ValueError("git commit must work, but fails. Set user.name and user.email, then git commit.")
    print(f"{record['name']} has what {ENGINE} changed from {base[:12]} to {news[:12]}")
    return 0


def find_base(root: Path, clone: Path, record: dict[str, object]) -> str:
    """Find the commit of the template that the project has: the newest known one, else the one most like its start."""
    git(clone, "fetch", "--quiet", "--update-shallow", str(root), "HEAD:refs/heads/own-project")
    known = [str(record["commit"]), git(clone, "merge-base", "HEAD", "own-project") or ""]
    known = [
        one for one in known if git(clone, "merge-base", "--is-ancestor", one or "none", "HEAD") is not None
    ]
    if known:  # of two, the one that the other leads to
        return max(known, key=lambda one: int(git(clone, "rev-list", "--count", one) or 0))
    start = (git(root, "rev-list", "--max-parents=0", "HEAD") or "").splitlines()[-1]
    return nearest(tree(root, start), clone, record)


def tree(folder: Path, commit: str) -> dict[str, str]:
    """Map each file of a commit to the hash of its content."""
    lines = (git(folder, "ls-tree", "-r", "-z", commit) or "").split("\0")
    return {line.partition("\t")[2]: line.partition("\t")[0].split()[-1] for line in lines if line}


def nearest(start: dict[str, str], clone: Path, record: dict[str, object]) -> str:
    """Find the commit of the template of which the most files are as in the first commit of the project."""
    was_renamed = RECORD in start
    known: dict[tuple[str, str], bool] = {}

    def is_same(file: str, content: str) -> bool:
        if start.get(file) == content:
            return True
        if not was_renamed:
            return False
        if (file, content) not in known:
            blob = subprocess.run(
                ["git", "cat-file", "blob", content], cwd=clone, capture_output=True, check=True
            )
            new = rewritten(file, blob.stdout, record)
            known[file, content] = new is None or start.get(new[0]) == hash_of(new[1])
        return known[file, content]

    def unlike(commit: str) -> int:
        files = tree(clone, commit)
        missing = 0 if was_renamed else len(start.keys() - files.keys())
        return missing + sum(not is_same(*item) for item in files.items())

    commits = (
        git(clone, "rev-list", "HEAD") or ""
    ).splitlines()  # the newest first, which is taken of equal ones
    return min(commits, key=unlike)


def hash_of(content: bytes) -> str:
    """Compute git's name of a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def rename_both(clone: Path, record: dict[str, object], base: str, news: str) -> str:
    """Commit both states of the template as the project has them, without what is yours; return the second commit."""
    me = ["-c", "user.name=template", "-c", "user.email=template@localhost"]
    git(clone, "config", "core.autocrlf", "false")
    parents: list[str] = []
    for commit in (base, news):
        if git(clone, "checkout", "--quiet", "--force", "--detach", commit) is None:
            raise ValueError(f"commit {commit} must be one that can be checked out, but is not.")
        git(clone, "rm", "-r", "-q", "--ignore-unmatch", *YOURS)
        stage(clone, record)
        finish(clone)
        (clone / RECORD).unlink()
        git(clone, "add", "--all")
        made = git(
            clone, *me, "commit-tree", str(git(clone, "write-tree")), *parents, "-m", f"Update {ENGINE}"
        )
        parents = ["-p", str(made)]
        git(clone, "reset", "--quiet", "--hard")
    git(clone, "branch", "news", parents[1])
    return parents[1]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
