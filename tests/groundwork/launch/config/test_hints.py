"""Words of other projects are answered by what they are called here, and every answer exists."""

import re

import pytest

from groundwork.core.paths import CONF
from groundwork.launch.config.documented import read_root
from groundwork.launch.config.explain import known_keys, options, unknown_key, unknown_option
from groundwork.launch.config.hints import ANSWERS, HINTS, METRICS, OPTIONS, metric_of
from groundwork.launch.config.schema_types import parameters

# Typed -> what the line must contain.
TYPED = {
    "ckpt_path": "run=DIR", "task_name": "name=NAME", "trainer.gpus": "trainer.devices=N trainer=ddp",
    "gpus": "trainer.devices", "data.num_workers": "no workers", "num_workers": "no workers", "lr": "optim.lr=RATE",
    "optim.learning_rate": "optim.lr=RATE", "model.lr": "optim.lr=RATE", "epochs": "trainer.max_epochs=N",
    "max_epochs": "trainer.max_epochs=N", "num_train_epochs": "trainer.max_epochs=N", "batch_size": "data.batch_size=N",
    "bs": "data.batch_size=N", "per_device_train_batch_size": "data.batch_size=N", "resume": "run=DIR",
    "resume_from_checkpoint": "like=DIR", "wandb": "logger=wandb", "report_to": "logger=wandb",
    "test": "scripts/evaluate.py", "train": "always trains", "fp16": "trainer.precision=bf16-mixed",
    "gradient_accumulation_steps": "trainer.accumulate_grad_batches=N",
    "max_grad_norm": "trainer.gradient_clip_val=NORM", "patience": "callbacks.early_stopping.patience=N",
    "optimizer": "optim=adamw", "scheduler": "schedule=cosine", "lr_scheduler_type": "schedule=cosine",
    "warmup_ratio": "schedule.warmup", "warmup_steps": "schedule.warmup", "criterion": "loss=cross_entropy",
    "loss_func": "loss=", "smoothing": "loss.label_smoothing", "data_dir": "data=image_folder data.root=DIR",
    "csv": "data=table data.table=FILE", "dataset": "data=NAME", "datamodule": "data=NAME", "y_names": "data.target",
    "dep_var": "data.target", "label_col": "data.target", "cat_names": "categorical", "test_size": "split.fractions",
    "valid_pct": "split.fractions", "train_val_test_split": "split.fractions", "n_splits": "split=folds split.k=5",
    "cv": "split=folds", "random_state": "seed=N", "manual_seed": "seed=N", "class_weight": "balance=loss_weights",
    "batch_tfms": "augment=light", "mixup": "augment=strong", "arch": "model=timm model.name=NAME",
    "model_name": "model=timm model.name=NAME", "backbone": "model=timm", "pretrained": "model.pretrained=true",
    "drop_path_rate": "model.drop_path", "freeze": "transfer=small_similar", "num_classes": "follows from the data",
    "img_size": "data.image_size=PIXELS", "output_dir": "paths.runs=DIR", "run_name": "name=NAME",
    "metric_for_best_model": "monitor=NAME", "model_ema": "callbacks.ema.decay", "weight_decay": "optim.weight_decay",
    "fast_dev_run": "debug=fast", "auto_lr_find": "debug=lr_find", "stratify": "split=stratified",
    "shuffle": "by seed", "pin_memory": "nothing to pin", "logging_steps": "trainer.log_every_n_steps",
    "n_trials": "scripts/search.py", "print_config": "--cfg job",
}  # fmt: skip
CHOSEN = {
    "model/resnet50": "model=timm model.name=resnet50",
    "data//my/folder": "data=image_folder data.root=/my/folder",
    "data/../birds": "data=image_folder data.root=../birds",
    "data/x.csv": "data=table data.table=x.csv",
    "data/digit": "Did you mean data=digits?",
    "optim/adam": "optim=adamw",
    "loss/bce": "loss=cross_entropy",
    "split/kfold": "split=folds",
    "hydra/launcher/ray": "uv pip install hydra-ray-launcher",
}


@pytest.mark.parametrize(("typed", "said"), TYPED.items())
def test_a_word_of_another_project_is_answered_in_one_line(typed: str, said: str):
    line = unknown_key(typed)
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(("typed", "said"), CHOSEN.items())
def test_an_option_of_another_project_is_answered_in_one_line(typed: str, said: str):
    assert said in unknown_option(typed)


def test_the_table_has_sixty_words_and_none_is_a_key_of_its_own():
    assert len(TYPED) >= 60
    assert len(HINTS) == sum(len(words.split()) for words in ANSWERS.values()) + len(
        HINTS.keys() - _answered()
    )
    assert HINTS.keys() & {*read_root().example, *(path.name for path in CONF.iterdir())} == set()


def test_every_answer_names_keys_and_options_that_exist():
    known = {*known_keys(), *(f"trainer.{name}" for name in parameters("lightning.Trainer"))}
    coming = {"callbacks.early_stopping.patience", "callbacks.ema.decay", "trainer.val_every_n_steps"}
    for answer in ANSWERS:
        for key, value in re.findall(r"(?<![\w/])([a-z][\w.]*)=(\w*)", answer.replace("scripts/", "")):
            if "scripts" in answer or key in ("run", "like"):
                continue
            assert key in known | coming, answer
            if (CONF / key).is_dir() and value.islower():
                assert value in options(key), answer
    for group, others in OPTIONS.items():
        assert {*others.values()} <= {*options(group)}
        assert not {*others} & {*options(group)}


def test_a_metric_of_another_project_has_its_name_here():
    assert (metric_of("acc"), metric_of("val/acc"), metric_of("val_loss"), metric_of("accuracy")) == (
        "accuracy",
        "accuracy",
        "loss",
        None,
    )
    assert not {*METRICS} & {*METRICS.values()}


def _answered() -> set[str]:
    return {word for words in ANSWERS.values() for word in words.split()}
