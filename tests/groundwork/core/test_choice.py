import pytest

from groundwork.core.choice import build, choose, has_choice
from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run


@pytest.mark.parametrize(
    ("group", "name"),
    [("optim", "adamw"), ("schedule", "cosine"), ("transfer", "small_different"), ("augment", "strong")],
)
def test_a_choice_reads_as_hydra_composes_it(group: str, name: str):
    composed = compose_run(["data=digits", f"{group}={name}"]).config
    assert choose(group, name) == composed[group]


def test_keys_change_and_references_inside_of_a_choice_follow():
    loss = build(choose("loss", "cross_entropy", {"label_smoothing": 0.25}).function)
    assert loss.label_smoothing == 0.25


def test_a_choice_of_the_whole_configuration_holds_several_groups():
    task = choose("task", "regression")
    assert task.monitor == "rmse"
    head = build(task.task.head, num_features=2, num_targets=1, center=[0.0], scale=[1.0], dropout=0.0)
    assert head.linear.out_features == 1


def test_what_does_not_exist_is_refused_in_one_line():
    assert has_choice("balance", "oversample")
    assert not has_choice("balance", "smote")
    with pytest.raises(UserError, match="loss_weights, none, oversample, undersample, but got smote"):
        choose("balance", "smote")
    with pytest.raises(UserError, match=r"optim=adamw .* but got momentum. Choose from lr, "):
        choose("optim", "adamw", {"momentum": 0.9})


def test_an_object_is_built_already():
    assert build("anything") == "anything"
