"""Schema: `schema.py` writes by what the keys of conf/ are checked: signatures for every run, schemas for editors."""

from groundwork.core.errors import DONE
from groundwork.launch.cli import enter
from groundwork.launch.keys import key_values


def main(words: list[str]) -> int:
    key_values(words, {})
    from groundwork.launch.config.schema import write_schemas
    from groundwork.launch.config.signatures import write_signatures

    print(f"signatures written to {write_signatures()}")
    print(f"{len(write_schemas())} schemas written to .vscode/schema/")
    return DONE


if __name__ == "__main__":
    raise SystemExit(enter(main))
