"""What `model.pretrained` names -> the checkpoint of a run of one's own, where it names one; without torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder

# A zip file may end with a comment: the checksum stands there, and torch.load reads the file as any other.
MARK = b"checksum blake2b "
COMMENT_BYTES = len(MARK) + 64
# Keys of a backbone that weights do not depend on.
FREE = ("init", "pretrained", "dropout", "drop_path")


def own_checkpoint(pretrained: object) -> Path | None:
    """Find the checkpoint of the run, or the checkpoint, that `model.pretrained` names; None where it names neither.

    Raises:
        UserError: If it names a folder that is no finished run.
    """
    if not isinstance(pretrained, str):
        return None
    path = Path(pretrained).expanduser().absolute()
    if not path.exists():
        raise UserError(
            f"model.pretrained must be true, false, a run or a file, but {path} does not exist. Check the path."
        )
    if not path.is_dir():
        return path if path.is_file() and _is_own(path) else None
    folder = RunFolder(path)
    if not folder.config_file.is_file():
        raise UserError(
            f"model.pretrained must be a run folder, a checkpoint or a file of weights, but {path} has no "
            f"{folder.config_file.name}. Name another."
        )
    status = folder.read_json("result").get("status", "not")
    if status != "done" or not folder.best.is_file():
        ended = "is not finished" if status == "not" else f"is {status}"
        said = ended if status != "done" else f"has no {folder.best.name}"
        raise UserError(
            f"model.pretrained={path} must be a finished run, but it {said}. Resume it by train.py run={path}."
        )
    return folder.best


def check_alike(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: object) -> None:
    """Refuse a backbone that cannot take the weights of a run.

    Args:
        ours: The group `model` of the new run.
        theirs: That of the run, in plain types.
        path: Of the run, for the message.

    Raises:
        UserError: With the first key that differs.
    """
    if ours.get("kind") != theirs.get("kind"):
        raise UserError(
            f"model.pretrained={path} must be a run on the same kind of data, but it reads a {theirs.get('kind')} "
            f"and model={ours.get('name')} a {ours.get('kind')}. Name another run."
        )
    own, known = _backbone(ours), _backbone(theirs)
    for key in ("_target_", "name", "numbers", *sorted(own.keys() | known.keys())):
        if own.get(key) not in (known.get(key), "auto"):  # which becomes what it is in the run
            wanted, got = known.get(key), own.get(key)
            if key in ("_target_", "numbers"):
                key, wanted, got = "name", theirs.get("name"), ours.get("name")
            raise UserError(
                f"model.{key} must be {wanted}, as in model.pretrained={path}, but got {got}. Choose the model of "
                f"that run, or name another run."
            )


def _backbone(model: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the weights of a backbone depend on."""
    return {key: value for key, value in (model.get("backbone") or {}).items() if key not in FREE}


def _is_own(path: Path) -> bool:
    """Tell whether a file is a checkpoint that this project wrote: it ends with its checksum."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - COMMENT_BYTES))
        return file.read(len(MARK)) == MARK
