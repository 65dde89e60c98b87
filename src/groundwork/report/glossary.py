"""The words of this project and what they mean: for the page of a run, and for GLOSSARY.md."""

from functools import cache
from importlib.resources import files

from yaml import CSafeLoader, load


@cache
def glossary() -> dict[str, str]:
    """Return word -> its meaning in a sentence or two."""
    text = files("groundwork.report").joinpath("template/glossary.yaml").read_text(encoding="utf-8")
    words: dict[str, str] = load(text, CSafeLoader)
    return words


def glossary_page() -> str:
    """Return GLOSSARY.md, which a test compares with the file in the repository."""
    rows = [f"| {word} | {meaning} |" for word, meaning in glossary().items()]
    intro = "Our words on one screen; every report ends with the same list. Metrics and their intervals: `METHOD.md`."
    return "\n".join(["# Glossary", "", intro, "", "| word | meaning |", "|---|---|", *rows, ""])
