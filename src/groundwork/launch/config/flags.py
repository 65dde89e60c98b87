"""The arguments after a command -> Hydra's flags, and the overrides, whatever their order on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.launch.config.searchpath import SEARCHPATH

HELP = {"--help", "-h"}
MULTIRUN = {"--multirun", "-m"}
# Answered by Hydra from what was typed, without composing a run.
ANSWERED = {"--hydra-help", "--version", "--shell-completion", "-sc"}
# Hydra shows the configuration instead of running it.
SHOWN = {"--cfg", "-c", "--info", "-i"}
WITH_VALUE = {"--cfg", "-c", "--package", "-p", "--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp",
              "--experimental-rerun"}  # fmt: skip
INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")  # `--info` may stand alone
OTHERS = {"--run", "-r", "--resolve"}
PACKAGE = {"--package", "-p"}  # of what --cfg shows
FOLDER_FLAGS = {"--config-dir", "-cd"}
LOGGED = "A run prints what it does, and keeps it in train.log of its folder. Leave it out"
# What groundwork decides, and what to use instead.
REFUSED = {
    "--config-name": "conf/train.yaml is the one start. Put your choices into an experiment: experiment=NAME",
    "--config-path": "conf/ is the one start. Add a folder of your own with --config-dir DIR",
    "--experimental-rerun": "a run folder of groundwork is resumed with run=DIR and varied with like=DIR",
    "hydra.run.dir": "Set paths.runs=DIR and name=NAME; the run folder is <paths.runs>/<name>/<run id>",
    "hydra.sweep.dir": "Set paths.runs=DIR and name=NAME; every combination is an ordinary run folder",
    "hydra.sweep.subdir": "Set name=NAME; every combination is an ordinary run folder",
    "hydra.output_subdir": "The configuration of a run is in its config.yaml",
    **dict.fromkeys(("hydra.verbose", "hydra/job_logging", "hydra/hydra_logging"), LOGGED),
    "hydra.job.chdir": "Paths are relative to where the command is typed. Leave it out",
    "hydra.job.name": "Set name=NAME, the folder of the run",
}
# What groundwork leaves to Hydra; no other key of Hydra's own has an effect on a run.
HEARD = ("hydra.mode", "hydra.searchpath", "hydra.launcher", "hydra.sweeper", "hydra.callbacks",
         "hydra.job.env_set", "hydra.job.env_copy")  # fmt: skip
ROOT_KEYS = ("name", "tags", "seed", "monitor", "like")  # of conf/train.yaml
SHORT = {"-cn": "--config-name", "-cp": "--config-path"}


@dataclass(frozen=True)
class Arguments:
    """Hold what was typed after a command.

    Attributes:
        flags: Hydra's, each with its value; neither `-m` nor `--config-dir`.
        overrides: `key=value`; folders of `--config-dir` stand in `hydra.searchpath`, as every run keeps it.
        multirun: Whether `-m` was typed.
    """

    flags: tuple[str, ...]
    overrides: tuple[str, ...]
    multirun: bool

    def has(self, names: set[str]) -> bool:
        """Tell whether one of some flags was typed."""
        return any(flag.partition("=")[0] in names for flag in self.flags)


def part(arguments: Sequence[str]) -> Arguments:
    """Part flags and overrides.

    Raises:
        UserError: If a flag or a key of Hydra names what groundwork decides, or a flag has no value.
    """
    flags: list[str] = []
    overrides: list[str] = []
    folders: list[str] = []
    multirun = False
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.partition("=")
        if not argument.startswith("-"):
            refuse(name.lstrip("+~"))
            overrides.append(argument)
            continue
        if equals and _is_key(name):
            refuse(name.lstrip("-"))
            overrides.append(argument.lstrip("-"))
            continue
        refuse(SHORT.get(name, name))
        if argument in MULTIRUN:
            multirun = True
        elif name in WITH_VALUE:
            if not equals and not rest:
                raise UserError(f"{name} must be followed by a value, but is the last word. Add it.")
            value = value if equals else rest.pop(0)
            (folders.append(value) if name in FOLDER_FLAGS else flags.extend([name, value]))
        else:
            flags.append(argument)
            if argument in ("--info", "-i"):  # what follows would be read as what to show
                flags.append(_what(rest))
    if unknown := [flag for flag in flags if flag.startswith("-") and not _is_known(flag)]:
        raise UserError(f"{unknown[0]} is not a flag of this command. --hydra-help lists the flags.")
    parted = Arguments(tuple(flags), (*_searched(folders, overrides),), multirun)
    if parted.has(PACKAGE) and not parted.has({"--cfg", "-c"}):
        raise UserError(
            "--package must go with --cfg, of which it shows a part. Add --cfg job, or leave it out."
        )
    if parted.has({"--resolve"}) and not parted.has(SHOWN):
        raise UserError("--resolve must go with --cfg or --info, which show. Add --cfg job, or leave it out.")
    return parted


def _what(rest: list[str]) -> str:
    """Take what `--info` is to show from the words behind it."""
    if rest and rest[0] in INFO:
        return rest.pop(0)
    if rest and "=" not in rest[0] and not rest[0].startswith(("-", "~")):
        raise UserError(f"{rest[0]} is not what --info shows. Choose one of: {', '.join(INFO)}.")
    return "all"


def _is_known(flag: str) -> bool:
    return flag.partition("=")[0] in HELP | ANSWERED | SHOWN | WITH_VALUE | OTHERS


def _is_key(flag: str) -> bool:
    """Tell whether a flag is a key as the agent of a W&B sweep writes it, such as `--optim.lr=0.1` or `--seed=1`."""
    name = flag.removeprefix("--")
    return name != flag and ("." in name or name in ROOT_KEYS or (CONF / name).is_dir())


def refuse(name: str, where: str = "") -> None:
    """Refuse a flag or a key of Hydra that groundwork decides.

    Args:
        name: As it is typed, without signs before it.
        where: It stands, before the line.

    Raises:
        UserError: With what to use instead.
    """
    if name in REFUSED:
        raise UserError(f"{where}{name} cannot be changed here. {REFUSED[name]}.")


def refuse_unheard(name: str, where: str = "") -> None:
    """Refuse a key or a group of Hydra that groundwork decides, or that nothing here reads; see `refuse`."""
    refuse(name, where)
    dotted = name.partition("@")[0].replace("/", ".")
    if not any(dotted == one or dotted.startswith(f"{one}.") for one in HEARD):
        raise UserError(
            f"{where}{name} has no effect here. Leave it out; of Hydra's own keys a run reads {', '.join(HEARD)}."
        )


def _searched(folders: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Put the folders of `--config-dir` before those of `hydra.searchpath`."""
    if not folders:
        return list(overrides)
    typed = [override for override in overrides if override.startswith(f"{SEARCHPATH}=")]
    others = [override for override in overrides if override not in typed]
    inner = [*folders, *(override.partition("=")[2].strip("[]") for override in typed)]
    return [f"{SEARCHPATH}=[{','.join(one for one in inner if one)}]", *others]
