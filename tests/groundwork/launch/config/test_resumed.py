"""What may be changed on resume has the types, and is refused with the words, of a new run."""

from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.trust import checked_config
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.resumed import changed, joined, refuse_changes

WORDS = ("data=image_folder", "data.root=/birds", "trainer=cpu", "task=classification", "paths.runs=/runs")


@pytest.fixture(scope="module")
def saved() -> DictConfig:
    """A configuration as a run folder has it: resolved, read back, checked."""
    config = compose_run(
        [*WORDS, "optim.lr=3e-3", "model=plain", "model.backbone._target_=torch.nn.Flatten"]
    ).config
    content = OmegaConf.to_container(config, resolve=True)
    return checked_config(
        OmegaConf.to_container(OmegaConf.create(OmegaConf.to_yaml(OmegaConf.create(content)))), "it"
    )


LR = "{_target_: lightning.pytorch.callbacks.LearningRateMonitor, logging_interval: step}"
MINE = "{_target_: lightning.pytorch.loggers.CSVLogger, save_dir: a}"
ALLOWED = [
    ("trainer.max_epochs=8", "trainer.max_epochs", 8),
    ("trainer.devices=2", "trainer.devices", 2),
    ("trainer.limit_train_batches=0.5", "trainer.limit_train_batches", 0.5),
    ("trainer.val_every_n_steps=null", "trainer.val_every_n_steps", None),
    ("trainer.deterministic=true", "trainer.deterministic", True),
    ("trainer.max_time={hours: 2}", "trainer.max_time", {"hours": 2}),
    ("callbacks.checkpoint.minutes=3", "callbacks.checkpoint.minutes", 3),
    ("~callbacks.early_stopping", "callbacks.early_stopping", None),
    (f"+callbacks.lr={LR}", "callbacks.lr.logging_interval", "step"),
    ("logger=tensorboard", "logger.tensorboard._target_", "groundwork.track.TensorBoard"),
    (f"+logger.mine={MINE}", "logger.mine.save_dir", "a"),
    ("cluster=slurm", "cluster.kind", "slurm"),
    ("cluster.jobs=4", "cluster.jobs", 4),
    ("paths.cache=/scratch", "paths.cache", "/scratch"),
    ("paths.cache_gb=2.5", "paths.cache_gb", 2.5),
    ("data.root=/moved=[a]/birds", "data.root", "/moved=[a]/birds"),
    ("", "data.reader.root", "/moved=[a]/birds"),
    ("", "optim.lr", 3e-3),
]


@pytest.fixture(scope="module")
def after(saved: DictConfig) -> DictConfig:
    """Every allowed change at once; they are independent of each other."""
    before = OmegaConf.to_yaml(saved)
    found = changed(saved, [word for word, _, _ in ALLOWED if word], WORDS)
    assert OmegaConf.to_yaml(saved) == before
    return found


@pytest.mark.parametrize(("word", "key", "value"), ALLOWED)
def test_a_change_has_the_type_of_a_new_run(after: DictConfig, word: str, key: str, value: object):
    found = OmegaConf.select(after, key)
    found = OmegaConf.to_container(found) if OmegaConf.is_config(found) else found
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("trainer.max_epochs=many", "trainer.max_epochs must be"),
        ("trainer.max_epochs=0", "trainer.max_epochs must be"),
        ("trainer.max_epoch=3", "Did you mean trainer.max_epochs"),
        ("trainer.logger=true", "Use the group logger"),
        ("callbacks.checkpoint.minutes=soon", "callbacks.checkpoint.minutes must be"),
        ("callbacks.lr=1", "callbacks.lr"),
        ("logger=birds", "logger=birds is not an option of logger"),
        ("data.table=/a.csv", "data.table is not a key"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(saved: DictConfig, word: str, said: str):
    with pytest.raises(UserError) as refused:
        changed(saved, [word], WORDS)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "word", ["optim.lr=1", "data.batch_size=8", "seed=1", "trainer=gpu", "data.rooted=a"]
)
def test_what_a_run_must_keep_is_refused(word: str):
    with pytest.raises(UserError, match=r"cannot be changed on resume, only trainer\.\*, callbacks\.\*"):
        refuse_changes([word])


def test_a_group_is_chosen_once_among_the_overrides_that_a_later_resume_reads():
    assert joined(["a=1", "cluster=slurm", "cluster.jobs=2"], ["cluster=local", "trainer.devices=2"]) == [
        "a=1", "cluster.jobs=2", "cluster=local", "trainer.devices=2",
    ]  # fmt: skip


def test_a_relative_path_is_that_of_where_one_stands(
    saved: DictConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert changed(saved, ["data.root=birds"], WORDS).data.root == str(tmp_path / "birds")
