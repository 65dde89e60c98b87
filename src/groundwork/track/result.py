"""`result.json` -> the numbers of a run as a whole, as loggers show them."""

from collections.abc import Mapping
from typing import Any

RESULT = "result/"  # of the weights that were kept, beside the curves of the same names


def numbers(result: Mapping[str, Any], sealed: bool, prefix: str = RESULT) -> dict[str, float]:
    """Give the metrics of train and val, or those of the sealed test, by name."""
    if sealed:
        return {
            f"test/{name}": one["value"] for name, one in result["test"].items() if one["value"] is not None
        }
    values = {
        f"{prefix}{split}/{name}": value
        for split in ("train", "val")
        for name, value in (result.get(split) or {}).items()
    }
    values |= {
        f"{prefix}corrected/{name}{end}": one[key]
        for name, one in (result.get("corrected") or {}).items()
        for key, end in (("value", ""), ("low", "/low"), ("high", "/high"))
    }
    values[f"{prefix}best_epoch"] = result.get("best_epoch")
    values[f"{prefix}seconds"] = (result.get("seconds") or {}).get("total")
    return {name: value for name, value in values.items() if value is not None}
