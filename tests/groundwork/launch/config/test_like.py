"""A new run like another one: its configuration and split, but for the words beside."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.api import fit
from groundwork.launch.config.compose import complete, compose_run
from groundwork.launch.config.like import adopt_split, restore, with_like
from groundwork.train.samples import read_samples


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place = tmp_path_factory.mktemp("like")
    rng = np.random.default_rng(0)
    size = rng.normal(50, 10, 60)
    frame = pd.DataFrame({"size": size, "weight": rng.normal(0, 1, 60), "price": 3 * size})
    frame.to_csv(place / "houses.csv", index=False)
    words = ["data=table", f"data.table={place / 'houses.csv'}", "data.target=price", "split.seed=3", "optim.lr=0.02",
             f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
             "trainer=cpu", "trainer.max_epochs=1", "metrics.resamples=20"]  # fmt: skip
    folder = fit(words, quiet=True).folder
    config = folder.config
    # That conf/ says something else by now does not matter, and a key that it has got since is added.
    config.optim.weight_decay = 0.0123
    del config.callbacks.early_stopping["patience"]
    folder.write_config(config)
    return folder


def test_configuration_and_split_stay_but_for_the_words(source: RunFolder):
    found = fit([f"like={source.path}", "optim.lr=0.5", "model.dropout=0.25"], quiet=True)
    config = found.config
    assert config.optim.lr == 0.5
    assert config.model.dropout == 0.25
    assert config.optim.weight_decay == 0.0123
    assert config.trainer.max_epochs == 1
    assert config.callbacks.early_stopping.patience == 10
    assert config.like == str(source.path)
    assert found.folder.splits.read_bytes() == source.splits.read_bytes()
    assert f"like={source.path}" in found.folder.read_json("environment.json")["overrides"]


def test_another_option_replaces_the_keys_of_its_group(source: RunFolder):
    words = with_like([f"like={source.path}", "optim=sgd"])
    assert "optim.lr=0.02" not in words
    assert words[-2:] == ["optim=sgd", f"like={source.path}"]


def test_changed_data_is_refused_in_one_line(source: RunFolder, tmp_path: Path):
    table = Path(source.config.data.table)
    before = table.read_bytes()
    frame = pd.read_csv(table)
    frame.loc[0, "weight"] += 1
    frame.to_csv(table, index=False)
    with pytest.raises(UserError, match=r"must be that of like=.* 1 are gone") as error:
        adopted(source, tmp_path)
    assert "\n" not in str(error.value)
    table.write_bytes(before)


def adopted(source: RunFolder, place: Path, *words: str) -> RunFolder:
    """Do what a new run does with the split before it trains."""
    run, changed = restore(compose_run(complete(with_like([f"like={source.path}", *words]))))
    folder = RunFolder(place)
    adopt_split(folder, run.config, read_samples(run.config)[0], changed, Console(quiet=True))
    return folder


def test_rows_keep_their_split_when_columns_are_dropped(source: RunFolder, tmp_path: Path):
    folder = adopted(source, tmp_path, "data.drop=[weight]")
    assert folder.splits.read_bytes() == source.splits.read_bytes()
    assert not folder.read_json("data.json")  # other content is expected
    assert adopted(source, tmp_path, "seed=1").read_json("data.json") == {
        "content_hash": source.read_json("data.json")["content_hash"]
    }


def test_a_split_is_drawn_anew_when_the_words_or_the_rows_ask_for_it(source: RunFolder, tmp_path: Path):
    assert not adopted(source, tmp_path, "split.seed=4").splits.exists()
    assert not adopted(source, tmp_path, "data.id_column=size").splits.exists()


def test_other_data_and_folders_that_are_no_runs_are_refused(source: RunFolder, tmp_path: Path):
    with pytest.raises(UserError, match="data= must stay that of like="):
        with_like([f"like={source.path}", "data=digits"])
    with pytest.raises(UserError, match=r"like=.* must be a run folder"):
        with_like([f"like={tmp_path}"])
