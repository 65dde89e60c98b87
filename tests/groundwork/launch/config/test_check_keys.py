"""A wrong key or value is one line and status 2 before anything is read; what a user plugs in is checked, too."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.launch.cli import enter
from groundwork.launch.commands import train
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import compose_run

TIMM = "model=timm model.name=resnet18 "
STOP = "+callbacks.stop={_target_: lightning.pytorch.callbacks.EarlyStopping, "
WRONG = [
    # keys that nobody reads, added by +
    ("+foo=1", "foo is not a key"),
    ("+trainer.max_epoch=3", "Did you mean trainer.max_epochs?"),
    ("+trainer.gpus=2", "trainer.devices=N"),
    ("++trainer.fast_dev=1", "trainer.fast_dev is not a key"),
    ("data=diabetes model=mlp transfer=none +data.num_workers=4", "no workers"),
    ("+data.num_classes=10", "follows from the data"),
    ("+optim.momentum=0.9", "Choose optim= first: sgd"),
    ("+optim.learning_rate=1", "Use optim.lr=RATE"),
    ("+schedule.warmup_steps=10", "schedule.warmup=SHARE"),
    ("+loss.gama=2", "loss.gama is not a key"),
    (TIMM + "+model.backbone.drop_pth=0.1", "Did you mean model.backbone.drop_path?"),
    (TIMM + "+model.drop_pathh=0.1", "Did you mean model.drop_path?"),
    ("+trainer.foo=1", "trainer.foo is not a key. See --help"),
    ("+split.fraction=[0.7,0.15,0.15]", "Did you mean split.fractions?"),
    ("+augment.horizontal_flp=0.5", "Did you mean augment.horizontal_flip?"),
    ("+transfer.foldz=2", "Did you mean transfer.folds?"),
    ("+ckpt_path=last.ckpt", "run=DIR"),
    ("+task_name=train", "name=NAME"),
    ("+lr=0.1", "Use optim.lr=RATE"),
    ("+epochs=3", "trainer.max_epochs=N"),
    ("+metrics.topk=[3]", "Did you mean metrics.top_k?"),
    ("+report.photo=false", "Did you mean report.photos?"),
    ("+paths.run=x", "Did you mean paths.runs?"),
    ("+cluster.partitions=gpu", "cluster.partition"),
    ("task=classification +task.module.foo=1", "task.module.foo is not a key"),
    ("+callbacks.x=3", "callbacks.x is not a key"),
    ("+callbacks.x={_target_: lightning.pytorch.callbacks.EarlyStopping, patiense: 3}", "x.patience?"),
    ("+callbacks.x={_target_: nowhere.Callback}", "No module named 'nowhere'"),
    ("+logger.x={_target_: logging.NoSuchLogger}", "NoSuchLogger"),
    # wrong types, ranges and non-finite numbers
    ("seed=abc", "seed must be a whole number, but got abc"),
    ("seed=1.5", "seed must be a whole number, but got 1.5"),
    ("seed=true", "seed must be a whole number, but got true"),
    ("optim.lr=1e-3x", "optim.lr must be a number"),
    ("optim.lr=nan", "optim.lr must be finite"),
    ("optim.lr=0", "optim.lr must be a number in (0, inf)"),
    ("optim.weight_decay=-1", "optim.weight_decay must be a number in [0, inf)"),
    ("optim.weight_decay=true", "but got true"),
    ("data.batch_size=0", "data.batch_size must be"),
    ("data.batch_size=many", "data.batch_size must be"),
    ("trainer.max_epochs=many", "trainer.max_epochs must be"),
    ("trainer.max_epochs=2.5", "trainer.max_epochs must be"),
    (
        "trainer.min_epochs=9 trainer.max_epochs=2",
        "trainer.min_epochs=9 must be at most trainer.max_epochs=2",
    ),
    ("trainer.min_steps=9 trainer.max_steps=2", "trainer.min_steps=9 must be at most trainer.max_steps=2"),
    ("trainer.max_epochs=0", "trainer.max_epochs must be"),
    (TIMM + "model.dropout=1.5", "model.dropout must be a number in [0, 1)"),
    (TIMM + "model.pretrained=3", "model.pretrained must be true or false or a word"),
    ("schedule.warmup=1", "schedule.warmup must be a number in [0, 1)"),
    ("augment.scale=big", "augment.scale must be a list"),
    ("augment.magnitude=2", "augment.magnitude must be a number in [0, 1]"),
    ("split.fractions=[0.5,0.5]", "sum to 1"),
    ("split.fractions=[0.7,0.7,0.1]", "sum to 1"),
    ("split.seed=x", "split.seed must be a whole number"),
    ("transfer.scenario=tiny", "transfer.scenario must be one of"),
    ("metrics.resamples=0", "metrics.resamples must be"),
    ("tags=now", "tags must be a list"),
    ("name=${nowhere}", "${nowhere} does not"),
    ("optim._target_=3", "optim._target_ must name a class"),
    # groups, choices, grammar
    ("optim=null", "optim must be one of its options"),
    ("~trainer", "trainer must be one of its options"),
    ("~optim.lr", "optim.lr must be there"),
    ("model=timm", "model.name must be given"),
    ("seed=0,1", "Add -m to run each of them"),
    ("optim.lr=0,001", "optim.lr=0.001"),
    ("monitor=acc", "Use monitor=accuracy"),
    ("monitor=val/rmse", "Use monitor=rmse"),
    ("monitor=val_rmse", "Use monitor=rmse"),
    ("monitor=train/loss", "Use monitor=loss"),
    (STOP + "monitor: val_loss}", "Use callbacks.stop.monitor=val/loss"),
    (STOP + "monitor: accuracy}", "Use callbacks.stop.monitor=val/accuracy"),
    ("+callbacks.rate={_target_: lightning.pytorch.callbacks.LearningRateFinder}", "Use debug=lr_find"),
    (
        "+callbacks.swa={_target_: lightning.pytorch.callbacks.StochasticWeightAveraging, swa_lrs: 0.1}",
        "Use callbacks.ema.decay=0.999",
    ),
    # of another shape than the key
    ("+like.x=1", "like must be a word"),
    ("experiment=null", "experiment=null names no option"),
    ("monitor=null", "monitor must be a word, but got null"),
    ("monitor=3", "monitor must be a word, but got 3"),
    ("name={a: 1}", "name must be a word"),
    ("name=[a]", "name must be a word"),
    ("tags=[[a]]", "tags must be a list of words"),
    ("+optim.lr.a=1", "optim.lr must be in (0, inf)"),
    ("optim.betas={a: 1}", "optim.betas={a: 1} does not fit what it changes"),
    ("callbacks.early_stopping=[]", "does not fit what it changes"),
    ("trainer={a: 1}", "trainer is a group"),
    ("optim@x=sgd", "Write optim=OPTION, without @"),
    ("data@model=digits", "Write data=OPTION, without @"),
    ("foo", "foo must be written as KEY=VALUE"),
    ("seed:3", "seed:3 must be written as KEY=VALUE"),
    (
        "name=${oc.env:NO_SUCH_VARIABLE}",
        "name must have a value, but: Environment variable 'NO_SUCH_VARIABLE'",
    ),
    ("name=${foo:bar}", "name must not hold ${foo:...}"),
    ("seed='3'", "seed must be a whole number, but got '3'"),
    ("loss=own", "loss.function._target_ must be given"),
    ("data=diabetes model=mlp model.hidden=[a]", "model.hidden must be a list of whole numbers"),
    (
        "data=diabetes model=mlp model.hidden=[0]",
        "each number of model.hidden must be a whole number in [1, inf)",
    ),
    (
        "+callbacks.x={_target_: torch.nn.Linear, in_features: 3, out_features: 3}",
        "subclass of lightning.pytorch.Call",
    ),
    ("+callbacks.x={_target_: os.system, command: ls}", "os.system is not one"),
    (
        "+callbacks.x={_target_: lightning.pytorch.callbacks.GradientAccumulationScheduler}",
        "x.scheduling must be given",
    ),
    ("+metrics.extra.x=3", "metrics.extra.x must be {_target_: ...}"),
    (
        "+metrics.extra.x={_target_: torchmetrics.MeanSquaredError, foo: 1}",
        "Unexpected keyword arguments: `foo`",
    ),
    ("+metrics.extra.x={_target_: torch.nn.ReLU}", "subclass of torchmetrics.Metric"),
    # as other projects write them
    ("optim.LR=1", "Did you mean optim.lr?"),
    ("+optim.weight-decay=1", "Did you mean optim.weight_decay?"),
    ("+model=timm", "Leave out the + before model=OPTION"),
    ("optim=AdamW", "Did you mean optim=adamw?"),
    ("optim=lion", "Use optim=timm optim.name=lion"),
    ("callbacks=early_stopping", "Each callback is a key"),
    ("logger=none", "Use logger=csv"),
    ("model=resnet50", "model=timm model.name=resnet50"),
    ("optim=adam", "Use optim=adamw"),
]
AT_THE_DOOR = [
    ("hydra.run.dir=X", "paths.runs=DIR"),
    ("hydra.mode=FOO", "'FOO'"),
    ("hydra.launcher.n_jobs=2", "hydra/launcher=joblib"),
    ("hydra/launcher=rq -m seed=0,1", "hydra/launcher=rq is not installed"),
    ("-m seed=0,x", "seed must be a whole number, but got x"),
    ("seed=range(3)", "Add -m to run each of them"),
    ("seed=sort(1,0)", "Add -m to run each of them"),
    ("name=${hydra:job.name}", "name must not hold ${hydra:...}"),
]


def check(overrides: list[str]) -> None:
    """Check as every command does before it reads."""
    composition = compose_run(overrides)
    check_keys(composition)
    check_combination(composition)


def words_of(typed: str) -> list[str]:
    """Part at spaces, but not within a mapping."""
    before, brace, behind = typed.partition("={")
    *words, last = before.split()
    return [*words, f"{last}{brace}{behind}"] if brace else before.split()


@pytest.mark.parametrize(("typed", "said"), WRONG, ids=[typed for typed, _ in WRONG])
def test_what_is_wrong_is_told_in_one_line_before_anything_is_read(typed: str, said: str):
    with pytest.raises(UserError) as error:
        check(["data=digits", *words_of(typed)])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("typed", "said"), [*WRONG[::20], *AT_THE_DOOR])
def test_a_command_ends_with_one_line_and_status_two_and_leaves_no_folder(
    typed: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["train.py", "data=digits", f"paths.runs={tmp_path}/runs", *words_of(typed)]
    )
    assert enter(train) == 2
    out, line = capsys.readouterr()
    assert (out, line.count("\n"), line.startswith("error: ")) == ("", 1, True), line
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_there_are_sixty_rows_and_forty_of_them_are_typos_and_types():
    assert len(WRONG + AT_THE_DOOR) >= 60
    types = ("must be a ", "must be true", "must be one of", "but got ")
    assert sum("+" in typed or any(one in said for one in types) for typed, said in WRONG) >= 40


@pytest.mark.parametrize(
    ("typed", "said"),
    [WRONG[1], WRONG[31], ("trainer.strategy=foo", "trainer.strategy must be one of auto, ddp")],
)
def test_a_process_of_its_own_says_it_in_two_seconds_without_torch(typed: str, said: str, tmp_path: Path):
    code = (
        "import sys; from groundwork.launch.cli import enter; from groundwork.launch.commands import train\n"
        "status = enter(train); print(sorted({'torch', 'lightning'} & set(sys.modules))); raise SystemExit(status)"
    )
    began = time.process_time()
    done = subprocess.run(
        [sys.executable, "-c", code, "data=digits", typed],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert time.process_time() - began < 2
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "[]\n", 1)
    assert said in done.stderr


@pytest.mark.parametrize("path", sorted(CONF.glob("experiment/*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_passes(path: Path):
    check_keys(compose_run([f"experiment={path.stem}"]))


OWN = [
    ["+callbacks.watch={_target_: nests.Watch, every: 3}"],
    ["+logger.mine={_target_: nests.Watch}"],
    ["+metrics.extra.mcc={_target_: torchmetrics.MatthewsCorrCoef, task: multiclass, num_classes: 3}"],
    ["optim._target_=torch.optim.RMSprop", "~optim.betas", "~optim.layer_decay"],
    ["task=classification", "task.module._target_=nests.open_to_all", "+task.module.anything=1"],
    ["optim.lr=1", "trainer.max_epochs=7", "++seed=2", "split.seed=3", "tags=[a,b]", "name=123"],
]


@pytest.fixture
def nests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a package of the user's own."""
    text = "class Watch:\n    def __init__(self, every: int = 1): pass\ndef open_to_all(**kwargs): pass\n"
    (tmp_path / "nests.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "nests", raising=False)


@pytest.mark.usefixtures("nests")
@pytest.mark.parametrize("overrides", OWN, ids=str)
def test_what_a_user_plugs_in_passes(overrides: list[str]):
    check_keys(compose_run(["data=digits", *overrides]))


@pytest.mark.usefixtures("nests")
@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("+callbacks.watch={_target_: nests.Watch, evry: 3}", "nests.Watch takes: every"),
        ("+callbacks.watch={_target_: nests.Watch, every: often}", "watch.every must be a whole number"),
    ],
)
def test_what_a_user_plugs_in_is_checked_by_its_signature(override: str, said: str):
    with pytest.raises(UserError, match=said):
        check_keys(compose_run(["data=digits", override]))


@pytest.mark.usefixtures("nests")
def test_a_folder_of_ones_own_adds_options_and_groups_and_is_checked(tmp_path: Path):
    for name, text in {
        "optim/mine.yaml": "_target_: nests.Watch\nevery: 2\n",
        "zoo/owl.yaml": "size: 3\n",
        "experiment/good.yaml": "# @package _global_\ndefaults: [{override /data: digits}]\nseed: 3\n",
        "experiment/bad.yaml": "# @package _global_\ndefaults: [{override /data: digits}]\noptim: {lrr: 3}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    search = f"hydra.searchpath=[{tmp_path}]"
    check_keys(compose_run([search, "experiment=good", "optim=mine", "+zoo=owl"]))
    with pytest.raises(UserError, match=r"Did you mean optim\.lr"):
        check_keys(compose_run([search, "experiment=bad"]))
    with pytest.raises(UserError, match=r"optim\.every must be a whole number"):
        check_keys(compose_run([search, "experiment=good", "optim=mine", "optim.every=x"]))
