"""Text as it was typed -> the same text in Hydra's grammar."""

import re

FUNCTION = re.compile(r"(choice|glob|range|interval|shuffle|sort|tag|extend_list)\(.*\)", re.DOTALL)


def key_of(override: str) -> str:
    """Give the key of an override without the signs before it."""
    return override.partition("=")[0].lstrip("+~")


def quote_text(text: str) -> str:
    """Quote one value, so that Hydra and OmegaConf take every character for itself."""
    # A backslash is itself to Hydra, except before a quote: `C:\\data` stays, `it's` becomes `it\\'s`.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return f"'{escaped}'"


def quote_values(value: str, plain: re.Pattern[str], *, lists: bool, sweeps: bool) -> str:
    """Quote the value of an override where it is not plain: as one text, or each of several.

    Args:
        value: As typed after `key=`. What is quoted already, and `null`, stays.
        plain: What Hydra reads as text anyway.
        lists: Whether `[a,b]` is a list, each element of which is quoted.
        sweeps: Whether commas outside of quotes part the values of a sweep.
    """
    if sweeps and FUNCTION.fullmatch(value):
        return value
    if sweeps and len(parts := split_values(value)) > 1:
        return ",".join(quote_values(part.strip(), plain, lists=lists, sweeps=False) for part in parts)
    if lists and value[:1] == "[" and value[-1:] == "]":
        parts = split_values(value[1:-1])
        inner = (quote_values(part.strip(), plain, lists=False, sweeps=False) for part in parts)
        return f"[{','.join(inner)}]"
    if value in ("", "null") or is_quoted(value) or plain.fullmatch(value):
        return value
    return quote_text(value)


def is_quoted(value: str) -> bool:
    """Tell whether a value is one quoted text already."""
    return re.fullmatch(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", value, re.DOTALL) is not None


def split_values(text: str) -> list[str]:
    """Split at commas outside of quotes and brackets; a quote opens at the start of a value only."""
    parts, mark, depth, escaped = [""], "", 0, False
    for character in text:
        if mark:
            mark = "" if character == mark and not escaped else mark
        elif character in "'\"" and not parts[-1].strip(" ["):
            mark = character
        elif character in "[]":
            depth += 1 if character == "[" else -1
        elif character == "," and depth == 0:
            parts.append("")
            continue
        escaped = character == "\\" and not escaped
        parts[-1] += character
    return parts
