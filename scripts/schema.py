"""Schema: `schema.py` writes what editors need to complete and check the keys of conf/ into .vscode/schema/."""

from groundwork.core.errors import DONE
from groundwork.launch.cli import enter, key_values


def main(words: list[str]) -> int:
    key_values(words, {})
    from groundwork.launch.config.schema import write_schemas

    print(f"{len(write_schemas())} schemas written to .vscode/schema/")
    return DONE


if __name__ == "__main__":
    raise SystemExit(enter(main))
