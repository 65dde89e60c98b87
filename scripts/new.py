"""Begin something of your own: `python scripts/new.py KIND NAME`.

KIND is reader, data, datamodule, model, head, loss, metric, task, module, optimizer, callback, logger, augmentation,
experiment or sweep. Writes a module into your package, its test, and a file of conf/, all commented and working.
"""

import importlib.util
import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGINNINGS = Path(__file__).resolve().parent / "new"
DIGITS = "uv run scripts/train.py experiment=digits trainer.max_epochs=2"
# kind -> folder of conf/, command that tries it
KINDS = {
    "reader": ("data", "uv run scripts/train.py data={name} data.root=DIR"),
    "data": ("data", "uv run scripts/train.py data={name} data.root=DIR"),
    "datamodule": ("data", "uv run scripts/train.py data={name} task=classification model=mlp transfer=none"),
    "model": ("model", "uv run scripts/train.py data=digits model={name} transfer=scratch trainer.max_epochs=2"),
    "head": ("task", f"{DIGITS} task={{name}}"),
    "loss": ("loss", f"{DIGITS} loss={{name}}"),
    "metric": ("metrics", f"{DIGITS} metrics={{name}} monitor={{name}}"),
    "task": ("task", f"{DIGITS} task={{name}}"),
    "module": ("task", "uv run scripts/train.py data=digits data.image_size=8 task={name} monitor=val_acc"),
    "optimizer": ("optim", f"{DIGITS} optim={{name}}"),
    "callback": ("callbacks", f"{DIGITS} callbacks={{name}}"),
    "logger": ("logger", f"{DIGITS} logger={{name}}"),
    "augmentation": ("augment", f"{DIGITS} augment={{name}}"),
    "experiment": ("experiment", "uv run scripts/train.py experiment={name}"),
    "sweep": ("search", "uv run scripts/search.py search={name} experiment=digits search.trials=2"),
}  # fmt: skip


def main(words: list[str]) -> int:
    if {"--help", "-h"} & {*words}:
        print(__doc__)
        return 0
    try:
        kind, name, files = plan(words)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        print(f"written: {path.relative_to(ROOT).as_posix()}")
    write_schemas()
    tests = f"tests/{own_package()}/test_{name}.py" if len(files) > 1 else "tests/test_conf.py"
    print(f"try it:  {KINDS[kind][1].format(name=name)}")
    print(f"check:   uv run pytest {tests}")
    return 0


def plan(words: list[str]) -> tuple[str, str, dict[Path, str]]:
    """Read kind and name, and fill in the files to write.

    Raises:
        ValueError: If they are wrong, or something of that name is there.
    """
    if len(words) != 2 or words[0] not in KINDS:
        raise ValueError(
            f"new must have a kind and a name. Example: new.py model birds. Kinds: {', '.join(KINDS)}."
        )
    kind, name = words
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise ValueError(f"NAME must be small letters, digits and _, but got {name!r}. Change it.")
    package, group = own_package(), KINDS[kind][0]
    places = {
        f"{kind}.py.txt": ROOT / "src" / package / f"{name}.py",
        f"{kind}.test.txt": ROOT / "tests" / package / f"test_{name}.py",
        f"{kind}.yaml": ROOT / "conf" / group / f"{name}.yaml",
    }
    begun = {path: BEGINNINGS / beginning for beginning, path in places.items()}
    begun = {path: beginning for path, beginning in begun.items() if beginning.is_file()}
    if present := [path for path in begun if path.exists()]:
        raise ValueError(f"{present[0].relative_to(ROOT)} is there already. Choose another name.")
    return kind, name, {path: filled(beginning, package, name) for path, beginning in begun.items()}


def own_package() -> str:
    """Find the package that is yours: src/project, or what rename.py made of it."""
    found = [path.parent.name for path in (ROOT / "src").glob("*/__init__.py")]
    return next(name for name in sorted(found) if name != "groundwork")


def filled(beginning: Path, package: str, name: str) -> str:
    """Put the names in the place of PACKAGE, NAME and Name."""
    text = beginning.read_text(encoding="utf-8")
    camel = "".join(part.capitalize() for part in name.split("_"))
    for mark, word in (("PACKAGE", package), ("NAME", name), ("Name", camel)):
        text = re.sub(rf"\b{mark}\b", word, text).replace(f"read_{mark}", f"read_{word}")
    return text


def write_schemas() -> None:
    """Let editors know the new choice, where the project keeps schemas for them; a test compares these with conf/."""
    if not (ROOT / ".vscode" / "schema" / "conf.json").is_file():
        return
    python = [sys.executable] if importlib.util.find_spec("torch") else ["uv", "run"]
    if shutil.which(python[0]):
        done = subprocess.run([*python, "scripts/schema.py"], cwd=ROOT, capture_output=True, check=False)
        if done.returncode == 0:
            return
    print("editor:  uv run scripts/schema.py")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
