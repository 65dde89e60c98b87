"""Begin something of your own: `python scripts/new.py data|reader|model|head|task|loss|metric|callback NAME`.

Writes a module and a file of conf/ with comments, both working as they are; the tests over conf/ pick them up.
"""

import keyword
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = next(path for path in (ROOT / "src").iterdir() if (path / "core" / "batch.py").is_file())
BEGINNINGS = Path(__file__).resolve().parent / "new"
# kind -> folder of conf/, folder of the package (none: a YAML is all), command that tries it
KINDS = {
    "data": ("data", "", "train.py data={name} data.root=DIR"),
    "reader": ("data", "data/readers", "train.py data={name} data.root=DIR"),
    "model": ("model", "model", "train.py data=digits model={name} transfer=none trainer.max_epochs=2"),
    "head": ("task", "model", "train.py experiment=digits task={name} trainer.max_epochs=2"),
    "task": ("task", "task", "train.py experiment=digits task={name} trainer.max_epochs=2"),
    "loss": ("loss", "loss", "train.py experiment=digits loss={name} trainer.max_epochs=2"),
    "metric": ("metrics", "metrics", "train.py experiment=digits metrics={name} trainer.max_epochs=2"),
    "callback": ("callbacks", "train/callbacks", "train.py experiment=digits callbacks={name} trainer.max_epochs=2"),
}  # fmt: skip


def main(words: list[str]) -> int:
    if {"--help", "-h"} & {*words}:
        print(__doc__)
        return 0
    if len(words) != 2 or words[0] not in KINDS:
        print(f"error: new must have a kind and a name. Example: new.py model birds. Kinds: {', '.join(KINDS)}.",
              file=sys.stderr)  # fmt: skip
        return 2
    kind, name = words
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        print(
            f"error: NAME must be small letters, digits and _, but got {name!r}. Change it.", file=sys.stderr
        )
        return 2
    group, folder, command = KINDS[kind]
    files = {ROOT / "conf" / group / f"{name}.yaml": BEGINNINGS / f"{kind}.yaml"}
    if folder:
        files[PACKAGE / folder / f"{name}.py"] = BEGINNINGS / f"{kind}.py.txt"
    if present := [path for path in files if path.exists()]:
        print(
            f"error: {present[0].relative_to(ROOT)} is there already. Choose another name.", file=sys.stderr
        )
        return 2
    camel = "".join(part.capitalize() for part in name.split("_"))
    for path, beginning in files.items():
        text = beginning.read_text(encoding="utf-8")
        for mark, word in (("PACKAGE", PACKAGE.name), ("NAME", name), ("Name", camel)):
            text = re.sub(rf"\b{mark}\b", word, text).replace(f"read_{mark}", f"read_{word}")
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        print(f"written: {path.relative_to(ROOT).as_posix()}")
    print(f"try it:  uv run scripts/{command.format(name=name)}")
    print("check:   uv run pytest tests/test_conf.py")
    print("editor:  uv run scripts/schema.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
