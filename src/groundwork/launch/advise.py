"""Data and a model -> which transfer scenario to take, into a folder of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lightning.pytorch import seed_everything
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.noise import silence
from groundwork.core.run_folder import RunFolder, safe_name
from groundwork.data import Samples, Target
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.own import refuse_own
from groundwork.launch.recorded import removed_if_refused
from groundwork.report import write_advice
from groundwork.report.advice import next_step
from groundwork.report.page import shown_path
from groundwork.train.adopt import adopt
from groundwork.train.advice.advise import advise_run
from groundwork.train.advice.race import clear
from groundwork.train.build import describe_data
from groundwork.train.context import build_context
from groundwork.train.custom import custom_parts
from groundwork.train.machine.device import choose_device
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples
from groundwork.train.warm import read_warm
from groundwork.transfer import Advice, Plan


def advise(composition: Composition, console: Console) -> RunFolder:
    """Recommend a transfer scenario for the data and the model of a configuration; the folder has `advice.json`.

    Raises:
        UserError: If an override names the scenario, which is what advice is asked for, or data or task are the user's.
    """
    refuse_own(composition.config, "advise.py")
    named = [override for override in composition.overrides if override.startswith("transfer=")]
    if named and named[-1] != "transfer=auto":
        raise UserError(f"{named[-1]} must be left out: advice measures which scenario to take.")
    typed = [one for one in composition.overrides if not one.startswith("transfer=")]
    composition = composition.replace(transfer="auto")  # an experiment may have named one
    config = composition.config
    check_combination(composition)
    folder = RunFolder.create(Path(config.paths.runs), safe_name(config.name or "advice"))
    with removed_if_refused(folder):
        console.log_to(folder.log)
        samples, target = read_samples(config)
        console.say(target.why)
        complete = composition.derive(target.task)
        folder.write_config(complete.config)

        def choose(scenario: str) -> DictConfig:
            return complete.choose(transfer=scenario).config

        advice = advise_data(folder, complete.config, samples, target, console, choose, complete.overrides)
        folder.write_json("advice", {**advice.state(), "overrides": typed})
    write_advice(folder.path)
    console.say(f"take {advice.command}")
    console.say(f"page: {shown_path(folder.report)}")
    console.say(f"next: {next_step(folder.read_json('advice'))}")
    return folder


def advise_data(
    folder: RunFolder,
    config: DictConfig,
    samples: Samples,
    target: Target,
    console: Console,
    choose: Callable[[str], DictConfig],
    typed: Sequence[str] = (),
) -> Advice:
    """Read and split the data of a configuration and recommend a scenario into `advice.json`.

    Raises:
        UserError: If the data are no images, or the model brings no pretrained weights.
    """
    silence()
    seed_everything(config.seed, verbose=False)
    if config.data.kind != "image" or not config.model.pretrained:
        raise UserError(
            f"advice must be asked for images and a pretrained model, but got data of kind {config.data.kind} and "
            f"model.pretrained={config.model.pretrained}. Train with transfer=none or scratch instead."
        )
    if parts := custom_parts(config):
        raise UserError(
            f"advice must rest on a linear head, but got {', '.join(parts)}. Train the scenarios and compare them."
        )
    plan: Plan = instantiate(config.transfer, _convert_="all")
    warm = read_warm(RunFolder.furnish(folder.path), config)
    prepared = prepare(config, samples, target, console)
    prepared = prepared if warm is None else adopt(prepared, warm, plan)
    data = describe_data(config, prepared, warm)
    context = build_context(folder, config, prepared, data, console, warm)
    advice = advise_run(context, plan, choose_device(config), choose, typed)
    clear(folder)
    return advice
