"""Contradictions are refused before any data is read."""

import re

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.config.bounds import check_values
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import compose_run, derived_choices
from groundwork.train.idle import idle_keys


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["data=table", "task=regression", "loss=cross_entropy"],
            "loss=cross_entropy must go with task=classification",
        ),
        (["data=table", "task=classification", "loss=mse"], "loss=mse must go with task=regression"),
        (
            ["data=table", "task=regression", "balance=oversample"],
            "balance=oversample must go with task=classification",
        ),
        (["data=table", "transfer=small_similar"], "transfer=small_similar must go with images"),
        (
            ["data=table", "task=regression", "task.target_scale=log", "task.activation=softplus"],
            "task.target_scale=log must go with tables and task.activation=none, but got task.activation=softplus",
        ),
        (
            ["data=table", "task=regression", "task.target_scale=root"],
            "task.target_scale must be one of auto, none",
        ),
        (["data=table", "augment=light"], "augment=light must go with images"),
        (["data=table", "data.date_parts=[month,moon]"], "data.date_parts must be one of year, day, month"),
        (["data=image_folder", "model=mlp"], "model=mlp must read what the data holds"),
        (
            ["data=table", "task=classification", "balance=oversample", "+loss.function.class_weights=[1,2]"],
            "would correct twice",
        ),
        (["data=digits", "trainer.precision=half"], "trainer.precision must be one of auto, 32-true"),
        (
            ["data=digits", "execution.grad_checkpointing=maybe"],
            "execution.grad_checkpointing must be true or false",
        ),
        (["data=digits", "execution.compile=1"], "execution.compile must be one of auto, true, false"),
        (["data=digits", "transfer.refit=maybe"], "transfer.refit must be true or false"),
        (
            ["data=digits", "split=chronological", "transfer.folds=5"],
            "transfer.folds=5 must not go with split=chronological",
        ),
        (
            ["data=digits", "execution.memory_format=nhwc"],
            "execution.memory_format must be one of auto, contiguous",
        ),
    ],
)
def test_a_contradiction_is_refused(words: list[str], said: str):
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        check_combination(compose_run(words))


@pytest.mark.parametrize("value", ["-3", "abc"])
@pytest.mark.parametrize(
    "key",
    [
        "transfer.budget", "transfer.folds", "transfer.views", "augment.num_operations", "data.image_size",
        "trainer.devices", "trainer.num_nodes", "trainer.check_val_every_n_epoch", "cluster.jobs", "metrics.threshold",
        "execution.threads", "trainer.gradient_clip_algorithm",
    ],
)  # fmt: skip
def test_a_value_that_no_run_can_have_is_told_before_data_is_read(key: str, value: str):
    words = ["data=image_folder", "data.root=x", "task=classification", f"{key}={value}"]
    composition = compose_run(words)
    with pytest.raises(UserError, match=rf"^{key} must be .*, but got .*\. (Change it|Choose one)\.$"):  # noqa: PT012
        check_keys(composition)
        check_combination(composition)


def test_what_a_part_of_ones_own_means_by_a_key_is_left_to_it():
    own = ["data=digits", "augment._target_=torch.nn.Identity", "augment.brightness=-3"]
    check_values(compose_run(own).config)
    with pytest.raises(UserError, match=r"augment\.brightness must be in \[0, inf\), but got -3"):
        check_values(compose_run(["data=digits", "augment.brightness=-3"]).config)


@pytest.mark.parametrize("experiment", ["solar_cells"])
def test_the_shipped_experiments_hold_together(experiment: str):
    check_combination(compose_run([f"experiment={experiment}"]))


def test_choices_follow_from_the_kind_of_data():
    table = derived_choices(compose_run(["data=table"]).config, "regression")
    assert table == {"task": "regression", "model": "tabm", "transfer": "none"}
    image = derived_choices(
        compose_run(["data=image_folder", "model=efficientnet_lite0"]).config, "classification"
    )
    assert image["transfer"] is None
    words = ["data=image_folder", "model=efficientnet_lite0", "model.pretrained=false"]
    assert derived_choices(compose_run(words).config, "classification")["transfer"] == "scratch"


def test_keys_without_effect_are_named():
    words = ["optim.lr=1", "optim=sgd", "data.image_size=64", "trainer.max_epochs=3", "seed=2"]
    words.append("trainer.precision=bf16-mixed")  # features are read in it
    descent = ["optim.lr", "optim", "trainer.max_epochs", "seed"]
    assert idle_keys(words, solves=True, trains=False, crosses=True, augments=False, stays=False) == descent
    words += ["transfer.strengths=[1]", "transfer.views=4"]
    assert idle_keys(words, solves=False, trains=True, crosses=False, augments=False, stays=True) == [
        "transfer.strengths"
    ]
    # A head that is solved first, and a network that is trained then: both have their keys.
    assert idle_keys(words, solves=True, trains=True, crosses=False, augments=True, stays=True) == [
        "transfer.views"
    ]
    words = ["transfer.folds=5", "transfer.refit=true", "execution.resident=true"]
    folds, refit, resident = "transfer.folds", "transfer.refit", "execution.resident"
    assert idle_keys(words, solves=True, trains=False, crosses=True, augments=False, stays=True) == [resident]
    assert idle_keys(words, solves=True, trains=True, crosses=False, augments=False, stays=True) == [
        folds,
        refit,
    ]
    assert idle_keys(words, solves=False, trains=True, crosses=False, augments=False, stays=False) == [
        folds,
        refit,
        resident,
    ]


def test_adapters_need_a_whole_pretrained_base_and_ordered_classes_their_own_head():
    images = ["data=image_folder", "data.root=/nowhere"]
    check_combination(compose_run([*images, "transfer=lora"]))
    refused = {
        ("transfer=lora", "model.pretrained=false"): "not with model.pretrained=false",
        ("transfer=lora", "trainer.strategy=fsdp"): "not with trainer.strategy=fsdp; use trainer=ddp",
        ("transfer=lora", "loss.l2_sp=0.1"): "not with loss.l2_sp=0.1",
        ("loss=ordinal", "task=regression"): "loss=ordinal must go with task=classification",
        ("loss=ordinal", "metrics=classification", "metrics.threshold=0.5"): "must bring its own head",
        ("loss=quantile", "task=classification"): "loss=quantile must go with task=regression",
        (
            "loss=quantile",
            "task=regression",
            "loss.quantiles=[0.5,0.5]",
        ): "loss.quantiles must be different numbers",
        ("loss=quantile", "task=regression", "loss.quantiles=[1.2]"): "(0, 1), 0.5 and others, but got [1.2]",
        (
            "loss=quantile",
            "task=regression",
            "loss.quantiles=[0.1,0.9]",
        ): "but got [0.1, 0.9]. Use loss.quantiles=",
        ("loss=quantile", "task=regression", "task.head._target_=birds.Head"): "must bring its own head",
    }
    for words, said in refused.items():
        with pytest.raises(UserError, match=re.escape(said)):
            check_combination(compose_run([*images, *words]))
