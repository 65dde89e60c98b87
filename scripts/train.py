"""Train: `train.py [experiment=NAME] [key=value ...]`; -m: a run per combination; run=DIR goes on, like=DIR varies.

This file is yours to edit: every run goes through the function below, be it one of a sweep, of a search, of a Slurm
job or of several ranks. An update of the template merges into it.
"""

from omegaconf import DictConfig

from groundwork import (  # they import torch and lightning when something of theirs is first used
    evaluate,
    train,
)
from groundwork.launch.main import main


@main
def train_model(cfg: DictConfig) -> float | None:
    """Train one run and return the monitored value on val."""
    run = train.settle(cfg)  # reads and splits the data; what is `auto` follows from it, is printed and saved
    task = train.build_task(run)  # a LightningModule: network, loss, metrics, optimizer
    trainer = train.build_trainer(run, callbacks=train.build_callbacks(run))
    if not train.solve(run, task):  # exact, where only a linear head on frozen features learns
        trainer.fit(task, datamodule=run.datamodule, ckpt_path=run.ckpt_path)
    return evaluate.conclude(run, trainer)  # metrics, baselines, report, result.json


if __name__ == "__main__":
    train_model()
