"""Turn the clone into your own project: `python scripts/rename.py NEW_NAME [--drop-examples] [--fresh-history]`.

Renames the package and every mention, resets README.md, lets uv.lock be committed, and records the template's
commit in .template.json. Later improvements of the template: `python scripts/rename.py --update [SOURCE]`.
Needs Python and git only. Interrupted, it leaves the old tree, or is completed by the next call.
"""

import argparse
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

TEMPLATE = "groundwork"  # this file keeps its own words
RECORD = ".template.json"
STAGED = ".rename"
# The licence asks for its notice; these words draw the splits, and equal data must keep equal splits.
KEPT_FILES = {"LICENSE", "scripts/rename.py"}
KEPT_WORDS = re.compile(rf'f"{TEMPLATE} (?:split|folds|subset) \{{')
ONLY_TEMPLATE = (
    "tests/test_rename.py",
    "tests/test_readme.py",
    ".github/report.png",
    ".vscode/schema/",
)  # schema.py writes it anew for what the project keeps
EXAMPLES = (
    "conf/data/solar_cells.yaml", "conf/experiment/solar_cells.yaml", "conf/experiment/solar_cells_regression.yaml",
    "conf/experiment/solar_cells_trained.yaml",
    f"src/{TEMPLATE}/data/readers/solar_cells.py", "tests/groundwork/data/readers/test_solar_cells.py", "notebooks/",
    "scripts/benchmarks/solar_cells.py", "scripts/benchmarks/advice.py", "scripts/benchmarks/search.py",
    "scripts/benchmarks/advice_cost.py",
    ".github/workflows/notebooks.yml",
)  # fmt: skip
README = """# {name}

```
pip install uv && uv run scripts/train.py      # trains the default experiment
pip install uv && uv run pytest                # checks everything
uv run scripts/schema.py                       # lets an editor complete and check the keys of conf/
```

`uv run scripts/train.py --help` lists what one may choose; each file in `conf/` says what it is for.

Made from the template {template}; `.template.json` says which commit. What the template learns later:
`python scripts/rename.py --update`.
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, as every other command does."""
        print(f"error: {message}. See rename.py --help.", file=sys.stderr)
        raise SystemExit(2)


def main(words: list[str]) -> int:
    parser = Parser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", nargs="?", help="the new package, such as birds")
    parser.add_argument(
        "--drop-examples", action="store_true", help="drop solar cells, their weights, the notebooks"
    )
    parser.add_argument("--fresh-history", action="store_true", help="start the git history with one commit")
    parser.add_argument(
        "--update", nargs="?", const="", metavar="SOURCE", help="take what the template has learned"
    )
    chosen = parser.parse_args(words)
    root = Path(__file__).resolve().parents[1]
    try:
        finish(root)
        if chosen.update is not None:
            return update(root, chosen.update)
        check(root, chosen.name)
        commit = read_commit(root)
        record = {"template": TEMPLATE, "source": git(root, "remote", "get-url", "origin") or "", "commit": commit,
                  "name": chosen.name, "drop_examples": chosen.drop_examples}  # fmt: skip
        stage(root, record)
        finish(root)
        if chosen.fresh_history:
            start_history(root, chosen.name, commit)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{TEMPLATE} is {chosen.name} now. Next: uv run ruff check --fix . && uv run ruff format . && uv run pytest, "
        f"then commit, uv.lock too."
    )
    return 0


def git(root: Path, *words: str) -> str | None:
    """Run git and return what it says, None where it fails."""
    done = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def check(root: Path, name: str | None) -> None:
    """Refuse a name that cannot be a package, hides another one, or a tree that cannot be renamed."""
    if not (root / "src" / TEMPLATE).is_dir():
        raise ValueError(
            f"{root} must hold src/{TEMPLATE}, but does not: it is renamed already. See --update."
        )
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
    folders = {path.name for path in root.iterdir()} | {
        path.name for path in (root / "src" / TEMPLATE).iterdir()
    }
    if name in needed | folders | {
        TEMPLATE,
        "test",
        "src",
    } | sys.stdlib_module_names or importlib.util.find_spec(name):
        raise ValueError(f"NEW_NAME must be free, but {name} is a package or folder already. Choose another.")
    if git(root, "status", "--porcelain"):
        raise ValueError(
            "the clone must have no uncommitted change, so that renaming can be undone. Commit first."
        )


def read_commit(root: Path) -> str:
    """Name the commit of the template that this tree is."""
    return git(root, "rev-parse", "HEAD") or "unknown"


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


def renamed(text: str, name: str) -> str:
    """Replace every mention of the template by the new name, whole and as part of a class's name."""
    camel = "".join(part.capitalize() for part in name.split("_"))
    kept = KEPT_WORDS.findall(text)
    pieces = KEPT_WORDS.split(text)
    for old, new in ((TEMPLATE, name), (TEMPLATE.capitalize(), camel), (TEMPLATE.upper(), name.upper())):
        pieces = [piece.replace(old, new) for piece in pieces]
    return "".join(piece + word for piece, word in zip(pieces, [*kept, ""], strict=True))


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
    """Say what the project is, and let the lines stand that a longer name makes too long."""
    text = re.sub(
        r'^description = ".*"', f'description = "Made from the template {TEMPLATE}"', text, flags=re.M
    )
    return text if len(name) <= len(TEMPLATE) else re.sub(r"(?m)^ignore = \[", 'ignore = ["E501", ', text)


def stage(root: Path, record: dict[str, object]) -> None:
    """Write the new files and a journal beside the old ones; the journal's last move decides."""
    name, staged = str(record["name"]), root / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    dropped = (*ONLY_TEMPLATE, *(EXAMPLES if record["drop_examples"] else ()))
    new: dict[str, bytes] = {}
    files = tracked(root)
    for file in files:
        if file in KEPT_FILES:
            continue
        if not file.startswith(dropped):
            content = (root / file).read_bytes()
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError:
                new[renamed(file, name)] = content
                continue
            text = without_examples(file, text) if record["drop_examples"] else text
            new[renamed(file, name)] = renamed(text, name).encode("utf-8")
    new["README.md"] = README.format(**record).encode("utf-8")
    new["pyproject.toml"] = project_file(new["pyproject.toml"].decode("utf-8"), name).encode("utf-8")
    ignored = new[".gitignore"].decode("utf-8")
    new[".gitignore"] = re.sub(r"^(?:# A lock .*|uv\.lock)\n", "", ignored, flags=re.M).encode("utf-8")
    new[RECORD] = (json.dumps(record, indent=2) + "\n").encode("utf-8")
    for file, content in new.items():
        (staged / "new" / file).parent.mkdir(parents=True, exist_ok=True)
        (staged / "new" / file).write_bytes(content)
        if (root / file).is_file():
            shutil.copymode(root / file, staged / "new" / file)
    journal = {"write": sorted(new), "remove": sorted({*files} - {*new} - KEPT_FILES)}
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


def start_history(root: Path, name: str, commit: str) -> None:
    """Begin the branch anew with one commit; the template stays as a remote of that name."""
    branch = git(root, "branch", "--show-current") or "main"
    steps = [["checkout", "--orphan", f"{name}-start"], ["add", "--all"],
             ["commit", "-m", f"Start {name} from {TEMPLATE} {commit[:12]}"], ["branch", "-M", branch]]  # fmt: skip
    for step in steps:
        if git(root, *step) is None:
            raise ValueError(f"git {' '.join(step)} must work, but fails. Set user.name and user.email.")
    git(root, "remote", "rename", "origin", "template")


def update(root: Path, source: str) -> int:
    """Merge what the template has changed since this project was made: base and news renamed alike, then picked."""
    if not (root / RECORD).is_file():
        raise ValueError(f"{root} must have {RECORD}, but does not: rename it first.")
    record = json.loads((root / RECORD).read_text(encoding="utf-8"))
    if git(root, "status", "--porcelain"):
        raise ValueError("the project must have no uncommitted change. Commit or stash first.")
    source = source or record["source"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        clone = Path(place) / "template"
        if git(root, "clone", "--quiet", source, str(clone)) is None:
            raise ValueError(f"SOURCE must be a repository, but {source!r} cannot be cloned. Name another.")
        news = read_commit(clone)
        if news == record["commit"]:
            print(f"{record['name']} is up to date with {TEMPLATE} {news[:12]}")
            return 0
        picked = rename_both(clone, record, news)
        git(root, "fetch", "--quiet", str(clone), picked)
        merged = git(root, "cherry-pick", picked)
    if merged is None:
        print(
            "some files changed on both sides: resolve them, git add, git cherry-pick --continue.",
            file=sys.stderr,
        )
        return 1
    print(f"{record['name']} has what {TEMPLATE} changed from {record['commit'][:12]} to {news[:12]}")
    return 0


def rename_both(clone: Path, record: dict[str, object], news: str) -> str:
    """Commit the recorded and the newest template, both renamed, one after the other; return the second commit."""
    me = ["-c", "user.name=template", "-c", "user.email=template@localhost"]
    git(clone, "config", "core.autocrlf", "false")
    base, text = str(record["commit"]), f"Take {TEMPLATE} up to {news[:12]}"
    if git(clone, "cat-file", "-e", base) is None:
        raise ValueError(f"SOURCE must hold commit {base}, but does not. Name another.")
    for commit in (base, news):
        if git(clone, "checkout", "--quiet", "--force", "--detach", commit) is None:
            raise ValueError(f"commit {commit} must be one that can be checked out, but is not.")
        stage(clone, {**record, "commit": commit})
        finish(clone)
        git(clone, "add", "--all")
        tree = git(clone, "write-tree")
        parent = ["-p", base] if commit == news else []
        base = git(clone, *me, "commit-tree", str(tree), *parent, "-m", text) or ""
        git(clone, "reset", "--quiet", "--hard")
    git(clone, "branch", "news", base)
    return base


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
