"""A configuration -> what is told of it without torch: values, times, parts that deal with samples, networks."""

from omegaconf import DictConfig, OmegaConf

from groundwork.core.choice import build
from groundwork.core.ranges import check_choice
from groundwork.core.timm_names import FOLDER, is_defined, is_hub
from groundwork.launch.config.bounds import check_values
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.explain import options
from groundwork.launch.config.files import lacking
from groundwork.launch.config.searchpath import searched_folders
from groundwork.launch.config.times import check_times
from groundwork.train.custom import is_own

PACKAGE = __name__.partition(".")[0]
DEALING = ("missing", "subset", "split", "balance", "normalize")  # with samples
TIMM = f"{PACKAGE}.model.TimmBackbone"


def check_plain(composition: Composition) -> None:
    """Refuse what is told without torch; a sweep asks it of every combination before the first one begins.

    Raises:
        UserError: With the key, the rule and what to change.
    """
    config = composition.config
    with lacking(composition.choices):
        check_values(config)
        check_times(config)
        if not is_own(config):
            check_task(composition)
            check_samples(config)


def check_task(composition: Composition) -> None:
    """Refuse a task that the data are said to have and that is no option.

    Raises:
        UserError: With the options.
    """
    named = composition.config.data.get("task")
    folders = searched_folders(composition.overrides)
    known = [*options("task"), *(path.stem for folder in folders for path in folder.glob("task/*.yaml"))]
    if named is not None:
        check_choice("data.task", named, [one for one in known if one not in ("auto", "module")])


def check_samples(config: DictConfig) -> None:
    """Let our parts that deal with samples say what they cannot be; none of them reads anything."""
    from groundwork.data.formats.style import Style  # pandas, as the parts: not for --help
    from groundwork.data.normalize import Normalize

    for group in DEALING:
        if str(config[group].get("_target_")).partition(".")[0] == PACKAGE:
            part = build(config[group])
            if isinstance(part, Normalize):
                part.for_tables() if config.data.kind == "table" else part.for_images(pretrained=True)
    if "decimal" in config.data:
        Style(config.data.decimal, config.data.thousands)


def check_network(config: DictConfig) -> None:
    """Refuse a network of timm that there is not; model=auto becomes one for images."""
    target = OmegaConf.select(config, "model.backbone._target_")
    named = config.model.get("name")
    if target == TIMM or (target is None and config.data.kind == "image" and named not in (None, "auto")):
        name = str(named)
        if name.startswith(FOLDER):
            from groundwork.model import read_hub  # timm, as below: not for what its source says

            read_hub(name)
        elif not is_hub(name) and not is_defined(name):
            from groundwork.model.create import check_name

            check_name(name)
