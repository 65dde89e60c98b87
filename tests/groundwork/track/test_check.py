"""What is refused of a logger, in one line, before any data is read."""

import pytest
from lightning.pytorch.loggers import CSVLogger
from omegaconf import DictConfig

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.track import check
from groundwork.track.check import check_logger


def composed(*words: str) -> DictConfig:
    return compose_run(["data=digits", *words]).config


def test_several_loggers_at_once():
    logger = composed("logger=[tensorboard,wandb]", "logger.wandb.project=mine").logger
    assert list(logger) == ["tensorboard", "wandb"]
    assert logger.wandb.project == "mine"


def test_by_default_a_run_has_its_own_files_alone():
    assert composed().logger == {}


def test_nothing_personal_leaves_the_machine_unless_it_is_asked_for():
    assert composed("logger=wandb").logger.wandb.upload == ["metrics", "config", "curves"]


def test_any_lightning_logger_is_taken():
    target = f"{CSVLogger.__module__}.{CSVLogger.__qualname__}"
    check_logger(composed(f"+logger.mine={{_target_: {target}, save_dir: logs}}"))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("logger.wandb.upload=[metrics,photos]", "photos"),
        ("logger.wandb.mode=sometimes", "sometimes"),
        ("+logger.wandb.uplaod=[metrics]", "uplaod is not a key"),
        ("+logger.upload=[metrics]", r"logger\.wandb\.upload"),
        ("+logger.gradients=10", "groundwork.train.Gradients"),
        ("+logger.mine=csv", "_target_"),
        ("+logger.mine={_target_: torch.nn.Linear}", "subclass of lightning.pytorch.loggers.Logger"),
        ("+logger.mine={_target_: torch.nn.Absent}", "can be imported"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(word: str, told: str):
    with pytest.raises(UserError, match=told) as error:
        check_logger(composed("logger=wandb", word))
    assert "\n" not in str(error.value)


def test_a_key_of_an_account_is_refused_and_not_repeated():
    with pytest.raises(UserError, match="WANDB_API_KEY") as error:
        check_logger(composed("logger=wandb", "+logger.wandb.api_key=abcdef"))
    assert "abcdef" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "package"), [("tensorboard", "tensorboard"), ("mlflow", "mlflow"), ("comet", "comet_ml")]
)
def test_an_absent_package_is_named_with_its_cure(name: str, package: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check.importlib.util, "find_spec", lambda _: None)  # type: ignore[attr-defined]
    with pytest.raises(UserError, match=f"package {package}, .* uv sync --extra {name}"):
        check_logger(composed(f"logger={name}"))
