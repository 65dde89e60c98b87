"""Words of closed sets, labels, times and names that are known before data are read: each is told then, in one line."""

import shlex
from pathlib import Path
from typing import get_args

import pytest

from groundwork.core.errors import UserError
from groundwork.data.normalize import _IMAGE, _TABLE, Method
from groundwork.data.readers.image_folder import UNREADABLE
from groundwork.data.store.resize import Resize
from groundwork.launch.config.bounds import SOME
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import compose_run
from groundwork.model.initialize import INITIALIZERS, Init
from groundwork.model.mlp import ACTIVATIONS, Activation

IMAGES = "data=image_folder data.root=x task=classification"
TIMM = f"{IMAGES} model=timm model.name=resnet18"
TABLE = "data=table data.table=x.csv data.target=y task=regression model=mlp"
SLURM = f"{IMAGES} cluster=slurm"
WRONG = [
    # words of a closed set
    (TABLE, "model.activation=foo", "model.activation must be one of gelu, relu, silu, tanh"),
    (TABLE, "model.init=foo", "model.init must be one of default"),
    (TIMM, "model.init=foo", "model.init must be one of default"),
    (TABLE, "missing.numeric=zero", "missing.numeric must be one of constant, drop"),
    (TABLE, "missing.categorical=mean", "missing.categorical must be one of"),
    (TABLE, "missing.target=mean", "missing.target must be one of"),
    (TABLE, "missing.infinite=drop", "missing.infinite must be one of"),
    (TABLE, "+missing.columns.age=zero", "missing.columns.age must be one of"),
    (TABLE, "normalize.method=zscore", "normalize.method must be one of"),
    (TABLE, "normalize=backbone", "normalize for tables must be one of"),
    (IMAGES, "normalize=minmax", "normalize for images must be one of"),
    (
        IMAGES,
        "data.task=boxes",
        "data.task must be one of classification, multilabel, regression, but got boxes",
    ),
    (IMAGES, "data.resize=fit", "data.resize must be one of crop, pad, squash"),
    (IMAGES, "data.unreadable=skip", "data.unreadable must be one of drop, error"),
    (TABLE, "data.decimal=point", 'data.decimal must be ".", "," or auto'),
    (TABLE, "data.thousands=dot", "data.thousands must be one character"),
    # what an option calls itself
    (TABLE, "loss.name=mae", "loss.name must be mse, as loss=mse says, but got mae. Use loss=NAME"),
    (TABLE, "model.name=resnet18", "Use model=timm model.name=NAME"),
    (TABLE.replace("model=mlp", "model=auto"), "model.name=resnet18", "model.name must be auto"),
    (TABLE, "task.name=multilabel", "task.name must be regression"),
    (TABLE, "task.target=labels", "task.target must be values"),
    (IMAGES, "data.kind=table", "data.kind must be image"),
    (IMAGES, "cluster.kind=slurm", "cluster.kind must be local, as cluster=local says"),
    (IMAGES, "transfer.scenario=lora", "transfer.scenario must be auto"),
    # metrics of a task
    (TABLE, "monitor=zzz", "monitor=zzz is not a metric of task=regression. Choose one of: "),
    (TABLE, "monitor=accuracy", "monitor=accuracy is not a metric of task=regression"),
    (IMAGES, "monitor=rmse", "monitor=rmse is not a metric of task=classification"),
    (IMAGES, "monitor=rank_mae", "monitor=rank_mae must go with ordered classes. Use loss=ordinal"),
    (IMAGES, "metrics.monitor=zzz", "metrics.monitor=zzz is not a metric of task=classification"),
    ("data=image_folder data.root=x", "monitor=zzz", "monitor=zzz is not a metric. Choose one of: accuracy"),
    # names of timm
    (
        TIMM,
        "model.name=resnet81",
        "model.name must be a model of timm, but got resnet81. Did you mean resnet18?",
    ),
    (IMAGES, "model.name=qqq", "model.name must be a model of timm, but got qqq"),
    (IMAGES, "model=timm model.name=local-dir:/nowhere", "must reach a config.json"),
    # times and resources
    (IMAGES, "trainer.max_time=1h", "trainer.max_time must be written as days:hours:minutes:seconds"),
    (SLURM, "trainer.val_check_interval=1h", "trainer.val_check_interval must be written as days"),
    (SLURM, "cluster.time=abc", "cluster.time must be written as Slurm does"),
    (SLURM, "cluster.memory=much", "cluster.memory must be written as Slurm does"),
    (SLURM, "cluster.nodes=0", "cluster.nodes must be a whole number in [1, inf)"),
    (SLURM, "cluster.gpus_per_node=two", "cluster.gpus_per_node must be"),
    (SLURM, "cluster.tasks_per_node=1.5", "cluster.tasks_per_node must be"),
    (SLURM, "cluster.cpus_per_task=all", "cluster.cpus_per_task must be auto or a whole number"),
    (SLURM, "cluster.signal_seconds=-1", "cluster.signal_seconds must be"),
    (SLURM, "cluster.extra=[a]", "cluster.extra must be a mapping"),
    # the type of what is null in every file, and of what is in a list
    (IMAGES, "data.window=5", "data.window must be a list of numbers"),
    (IMAGES, "data.positive_above=high", "data.positive_above must be a number"),
    (IMAGES, "data.classes=owl", "data.classes must be a list"),
    (IMAGES, "data.group=[a]", "data.group must be"),
    (IMAGES, "data.num_workers=[2]", "data.num_workers must be"),
    (IMAGES, "predict.per=[a]", "predict.per must be"),
    (IMAGES, "metrics.top_k=[a]", "metrics.top_k must be a list of whole numbers"),
    (IMAGES, "metrics.top_k=[0]", "each number of metrics.top_k must be a whole number in [1, inf)"),
    (
        f"{IMAGES} transfer=large_similar",
        "transfer.frozen=-3",
        "transfer.frozen must be all or a whole number",
    ),
    (f"{IMAGES} transfer=large_similar", "transfer.phases=[a]", "transfer.phases must be a list of mappings"),
    (IMAGES, "augment.scale=[0.5]", "augment.scale must be [LOWEST, HIGHEST], but got [0.5]"),
    (IMAGES, "augment.scale=[2,3]", "each number of augment.scale must be in (0, 1], but got 2"),
    (IMAGES, "augment.ratio=[1.2,0.8]", "augment.ratio must be [LOWEST, HIGHEST]"),
    (IMAGES, "data.window=[5,1]", "data.window must be [LOWEST, HIGHEST]"),
    (IMAGES, "transfer.strengths=[]", "transfer.strengths must hold one number or more"),
    (IMAGES, "transfer.strengths=[0]", "each number of transfer.strengths must be in (0, inf)"),
    (TIMM, "+model.backbone.name=x", "model.backbone.name is there already. Leave out the +"),
    (f"{IMAGES} augment=strong", "augment.mix.prob=2", "augment.mix.prob must be in [0, 1]"),
    (f"{IMAGES} augment=strong", "augment.mix.mixup_alpha=-1", "augment.mix.mixup_alpha must be in [0, inf)"),
]
RIGHT = [
    f"{TABLE} monitor=rmse metrics.monitor=r2 data.decimal=. 'data.thousands=null' missing.numeric=mean",
    f"{IMAGES} monitor=recall/owl metrics.top_k=[3] data.classes=[a,b] data.positive_class=true",
    f"{IMAGES} monitor=top_3_accuracy model.name=resnet18.a1_in1k data.group=2",
    f"{IMAGES} loss=ordinal monitor=rank_mae model=timm model.name=hf-hub:timm/resnet18.a1_in1k",
    f"{IMAGES} monitor=f1_micro trainer.max_time=00:12:00:00 data.window=[0,4096]",
    "data=image_folder data.root=x monitor=rmse paths.runs=2026",
    f"{TABLE} loss=quantile monitor=interval_width",
    f"{SLURM} cluster.time=30 cluster.memory=64000 'trainer.max_time={{hours: 3}}' 'cluster.extra={{qos: low}}'",
    f"{SLURM} cluster.time=2-12 cluster.memory=64GB cluster.gpus_per_node=0 cluster.cpus_per_task=null",
]


def check(words: list[str]) -> None:
    """Check as every command does before it reads."""
    composition = compose_run(words)
    check_keys(composition)
    check_combination(composition)


@pytest.mark.parametrize(("beside", "typed", "said"), WRONG, ids=[typed for _, typed, _ in WRONG])
def test_what_is_known_before_data_are_read_is_told_then(beside: str, typed: str, said: str):
    with pytest.raises(UserError) as error:
        check([*beside.split(), *(typed.split() if "=[" not in typed else [typed])])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("typed", RIGHT)
def test_what_can_be_passes(typed: str):
    check(shlex.split(typed))


def test_the_words_of_a_key_are_those_that_its_code_knows():
    assert SOME["data.resize"] == get_args(Resize)
    assert SOME["data.unreadable"] == UNREADABLE
    assert set(get_args(Method)) == {*_IMAGE, *_TABLE}
    assert set(get_args(Init)) == {"default", *INITIALIZERS}
    assert set(get_args(Activation)) == ACTIVATIONS.keys()


def test_a_label_of_ones_own_is_ones_own(tmp_path: Path):
    group = tmp_path / "loss"
    group.mkdir()
    (group / "mine.yaml").write_text("defaults: [mse]\nname: mine\n", encoding="utf-8")
    found = [f"hydra.searchpath=[{tmp_path}]", *TABLE.split(), "loss=mine"]
    check(found)
    with pytest.raises(UserError, match=r"loss\.name must be mine, as loss=mine says"):
        check([*found, "loss.name=mse"])
    check([*TABLE.split(), "loss.function._target_=torch.nn.L1Loss", "loss.name=l1"])
