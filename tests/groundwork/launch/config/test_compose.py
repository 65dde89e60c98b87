"""Words become one configuration; every mistake is one line that says what to do."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT, absolute, machine_paths, quote_path
from groundwork.launch.config.compose import complete, compose_choices, compose_run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data=nothing"], "data=nothing is not an option of data. Choose one of: "),
        (["data=image_folder", "data.rot=x"], "data.rot is not a key. Did you mean data.root?"),
        (["modle=timm"], "modle is not a key. Did you mean model?"),
        (["data=image_folder", "batch_size=3"], "batch_size is not a key. "),
        (["data=["], "data=["),
        (
            ["data=table", "model.hidden=[8]"],
            "model.hidden is not a key of what is chosen here. Choose model= first: mlp",
        ),
    ],
)
def test_a_wrong_word_is_told_in_one_line(words: list[str], said: str):
    with pytest.raises(UserError) as error:
        compose_run(words)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_task_chooses_loss_metrics_and_monitor():
    config = compose_run(["data=table", "task=regression"]).config
    assert (config.loss.name, config.monitor) == ("mse", "rmse")
    config = compose_run(["data=table", "task=classification"]).config
    assert (config.loss.name, config.monitor) == ("cross_entropy", "balanced_accuracy")


def test_the_command_line_wins_over_the_task():
    config = compose_run(["data=table", "task=regression", "loss=mae", "monitor=r2"]).config
    assert (config.loss.name, config.monitor) == ("mae", "r2")


def test_a_derived_choice_replaces_auto_and_nothing_else():
    composition = compose_run(["data=table", "loss=huber"])
    chosen = composition.choose(task="regression", model="mlp", loss="mse")
    assert chosen.choices["task"] == "regression"
    assert chosen.choices["model"] == "mlp"
    assert chosen.choices["loss"] == "huber"


def test_the_default_experiment_stands_only_where_nothing_else_is_chosen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groundwork.launch.config.compose.local_overrides", list)
    assert complete([]) == ["experiment=solar_cells"]
    assert complete(["seed=0"]) == ["experiment=solar_cells", "seed=0"]
    assert complete(["data=table"]) == ["data=table"]
    assert complete(["experiment=digits"]) == ["experiment=digits"]


@pytest.mark.parametrize(
    "path", ["my birds/", "runs/lr=0.1", "a[1]/b", "it's", r"C:\data\birds", "plain/path", "ключ,другое"]
)
def test_any_path_survives_hydras_grammar(path: str):
    config = compose_run(["data=image_folder", f"data.root={path}"]).config
    assert config.data.root == absolute(path, Path.cwd())


def test_paths_of_the_command_line_start_where_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    config = compose_run(["data=image_folder", "data.root=birds"]).config
    assert Path(config.data.root) == (tmp_path / "birds").resolve()
    assert Path(config.paths.cache) == ROOT / "cache"


def test_the_path_inside_a_database_address_becomes_absolute(tmp_path: Path):
    address = absolute("sqlite:///a/b.db?table=t", tmp_path)
    assert address == f"sqlite:///{(tmp_path / 'a' / 'b.db').resolve()}?table=t"


def test_machine_paths_are_those_of_a_run(tmp_path: Path):
    assert Path(machine_paths().runs) == ROOT / "runs"
    assert Path(machine_paths([f"paths.runs={tmp_path}"]).runs) == tmp_path.resolve()


def test_seed_zero_is_a_seed():
    assert compose_run(["data=table", "seed=0"]).config.seed == 0


def test_quoting_leaves_other_words_alone():
    assert quote_path("optim.lr=1e-3") == "optim.lr=1e-3"
    assert quote_path("data.root='a b'") == "data.root='a b'"


@pytest.mark.parametrize("words", [["experiment=diabetes"], ["data=digits", "model=efficientnet_lite0"]])
def test_choices_alone_are_those_of_the_whole_configuration(words: list[str]) -> None:
    assert compose_choices(words) == compose_run(words).choices


def test_choices_refuse_what_the_configuration_refuses() -> None:
    with pytest.raises(UserError, match="model=nonsense is not an option of model"):
        compose_choices(["data=digits", "model=nonsense"])


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ([], 3e-3),
        (["model=mlp"], 1e-3),
        (["optim.lr=0.1"], 0.1),
        (["optim=sgd"], 0.01),
        (["model.usual_lr=2e-3"], 2e-3),
    ],
)
def test_a_model_may_name_its_usual_rate(words: list[str], rate: float):
    config = compose_run(["data=diabetes", "model=tabm", *words]).config
    assert config.optim.lr == rate


@pytest.mark.parametrize(
    ("words", "epochs"),
    [
        ([], 100),
        (["model=mlp"], 30),
        (["trainer.max_epochs=7"], 7),
        (["model.usual_epochs=50"], 50),
        (["trainer=cpu"], 100),
    ],
)
def test_a_model_may_name_its_usual_number_of_epochs(words: list[str], epochs: int):
    config = compose_run(["data=diabetes", "model=tabm", *words]).config
    assert config.trainer.max_epochs == epochs
