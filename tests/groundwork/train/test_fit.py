"""Each scenario trains what it says and nothing else, exactly where it can."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from safetensors.torch import load_file

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate import concluding
from groundwork.evaluate.network import load_network
from groundwork.launch.advise import advise
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.loss import Penalty
from groundwork.train import ready
from groundwork.train.advice import race
from groundwork.train.advice.decide import Verdict
from groundwork.train.advice.price import Entry
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples


@pytest.fixture
def words(pretrained: list[str]) -> list[str]:
    return [*pretrained, "trainer.max_epochs=4", "metrics.resamples=20"]


def latest(tmp_path: Path) -> RunFolder:
    return RunFolder.find("latest", tmp_path / "runs")


def backbone_state(path: Path) -> dict[str, torch.Tensor]:
    state = network_state(load(path))
    return {
        name.removeprefix("backbone.model."): value for name, value in state.items() if "backbone" in name
    }


def moved(tmp_path: Path, folder: RunFolder) -> list[str]:
    """Name the tensors of the backbone that differ from the file of weights."""
    model = timm.create_model("test_resnet", pretrained=False, num_classes=0)
    before = load_file(tmp_path / "weights.safetensors")
    own = backbone_state(folder.best)
    assert set(own) <= set(model.state_dict())
    return [name for name, value in own.items() if not torch.equal(value, before[name])]


@pytest.mark.parametrize("solver", ["exact", "sgd"])
@pytest.mark.parametrize("scenario", ["small_similar", "small_different"])
def test_a_frozen_backbone_keeps_every_bit(tmp_path: Path, words: list[str], scenario: str, solver: str):
    assert start(compose_run([*words, f"transfer={scenario}", f"transfer.solver={solver}"])) == 0
    folder = latest(tmp_path)
    assert moved(tmp_path, folder) == []
    transfer = folder.read_json("result.json")["transfer"]
    assert (transfer["solver"], transfer["cached"] > 0) == (solver, True)


def test_where_nothing_trains_no_step_is_measured_or_compiled(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("a step was measured")

    monkeypatch.setattr("groundwork.train.execute.choose_execution", refuse)
    start(compose_run([*words, "transfer=small_similar", "execution=auto", "report.write=false"]))
    assert latest(tmp_path).config.execution.compile == "auto"


def test_the_saved_network_predicts_what_the_cached_features_did(tmp_path: Path, words: list[str]):
    start(compose_run([*words, "transfer=small_different"]))
    folder = latest(tmp_path)
    network = load_network(folder)
    samples, target = read_samples(folder.config)
    prepared = prepare(folder.config, samples, target, Console(quiet=True), read_splits(folder))
    with torch.no_grad():
        inputs = prepared.source.batch(prepared.rows["val"])
        prob = network.decode(network(inputs)).numpy()
    written = pd.read_parquet(folder.predictions("val"))[["prob/dark", "prob/light"]].to_numpy()
    assert np.abs(prob - written).max() < 1e-5


def test_augmentation_trains_the_head_through_the_network(tmp_path: Path, words: list[str]):
    start(compose_run([*words, "transfer=small_similar", "augment=light"]))
    folder = latest(tmp_path)
    transfer = folder.read_json("result.json")["transfer"]
    assert (transfer["solver"], transfer["cached"]) == ("sgd", 0)
    assert moved(tmp_path, folder) == []
    assert len(pd.read_csv(folder.history)) == 4


@pytest.mark.parametrize("scenario", ["large_similar", "large_different", "gradual"])
def test_a_trained_backbone_moves(tmp_path: Path, words: list[str], scenario: str):
    start(compose_run([*words, f"transfer={scenario}", "optim.lr=1e-2"]))
    names = moved(tmp_path, latest(tmp_path))
    assert any("weight" in name for name in names)
    # LP-FT keeps the statistics that BatchNorm was trained with; the other scenario lets them adapt.
    assert any("running_mean" in name for name in names) == (scenario == "large_different")


def test_scratch_starts_from_other_weights(tmp_path: Path, words: list[str]):
    # At a rate at which pretrained weights would stay what they are, to four digits.
    start(compose_run([*words, "transfer=scratch", "optim.lr=1e-9", "optim.weight_decay=0"]))
    own, before = backbone_state(latest(tmp_path).best), load_file(tmp_path / "weights.safetensors")
    far = [
        name
        for name in own
        if name.endswith("conv1.weight") and not torch.allclose(own[name], before[name], atol=1e-3)
    ]
    assert len(far) == sum(name.endswith("conv1.weight") for name in own) > 1


def test_l2_sp_holds_every_phase_to_where_the_first_began(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    starts = []
    original = Penalty.__init__

    def spy(self: Penalty, *arguments: object, **named: object) -> None:
        original(self, *arguments, **named)  # type: ignore[arg-type]
        starts.append({name: value.clone() for name, value in self.state_dict().items()})

    monkeypatch.setattr(Penalty, "__init__", spy)
    start(compose_run([*words, "transfer=gradual", "loss.l2_sp=0.1", "optim.lr=1e-2"]))
    trained = [each for each in starts if each]
    assert len(trained) >= 3
    for each in trained[1:]:
        assert each.keys() == trained[0].keys()
        assert all(torch.equal(each[name], trained[0][name]) for name in each)


def test_a_head_that_must_be_solved_but_cannot_be_is_refused(words: list[str]):
    with pytest.raises(
        UserError, match=r"transfer\.solver=exact must find a head to solve, but model\.dropout=0\.2"
    ):
        start(compose_run([*words, "transfer=small_similar", "transfer.solver=exact", "model.dropout=0.2"]))


@pytest.mark.parametrize("more", [["transfer.cut=last"], ["transfer.views=2"]])
def test_advice_looks_at_every_cut_and_every_view_all_the_same(
    tmp_path: Path, words: list[str], more: list[str]
):
    start(compose_run([*words, "transfer=auto", *more]))
    folder = latest(tmp_path)
    evidence = folder.read_json("advice.json")["evidence"]
    assert len(evidence["error_by_stage"]) > 1


def test_folds_that_chose_the_cut_of_a_trained_head_are_told(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
):
    start(compose_run([*words, "transfer=small_different", "transfer.solver=sgd", "transfer.folds=3"]))
    transfer = latest(tmp_path).read_json("result.json")["transfer"]
    assert (transfer["solver"], transfer["folds"]) == ("sgd", 3)
    assert "has no effect" not in capsys.readouterr().out


@pytest.mark.parametrize("balance", ["oversample", "undersample"])
def test_resampled_rows_are_learned_from_by_gradient_descent(tmp_path: Path, words: list[str], balance: str):
    start(compose_run([*words, "transfer=small_similar", f"balance={balance}"]))
    transfer = latest(tmp_path).read_json("result.json")["transfer"]
    assert transfer["solver"] == "sgd"
    assert "balance" in transfer["why"]


def test_advice_names_a_scenario_and_auto_takes_it(tmp_path: Path, words: list[str]):
    advised = advise(compose_run(words), Console(quiet=True)).read_json("advice.json")["scenario"]
    start(compose_run([*words, "transfer=auto"]))
    folder = latest(tmp_path)
    assert folder.config.transfer.scenario == advised
    assert folder.read_json("result.json")["transfer"]["scenario"] == advised


def test_advice_is_asked_of_the_data_whichever_scenario_an_experiment_names(tmp_path: Path, words: list[str]):
    composition = compose_run(["experiment=digits", *words])
    assert composition.choices["transfer"] == "scratch"
    composition = compose_run(
        ["experiment=digits", *words, "transfer=scratch", "transfer=auto"]
    )  # the last one counts
    advice = advise(composition, Console(quiet=True)).read_json("advice.json")
    (line,) = advice["not_tried"]
    assert "transfer=large_similar (about" in line
    assert "transfer=large_different (about" in line
    with pytest.raises(UserError, match="transfer=scratch must be left out"):
        advise(compose_run([*words, "transfer=scratch"]), Console(quiet=True))


def test_the_winner_of_a_race_is_served_from_its_checkpoint(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    compete = "groundwork.train.advice.compete"
    won = Verdict(gain=0.1, error=0.01, pays=True, guesses=False, hopeless=False)
    monkeypatch.setattr(f"{compete}.undecidable", lambda *_: None)
    monkeypatch.setattr("groundwork.train.advice.judge.decide", lambda *_: won)
    monkeypatch.setattr(f"{compete}.entries", lambda *_: [Entry("large_different", 2)])
    words = [*words, "transfer=auto", "transfer.budget=null", "trainer.max_epochs=2", "optim.lr=1e-2"]
    start(compose_run([*words, "metrics.resamples=10", "report.write=false"]))
    folder = latest(tmp_path)
    advice, result = folder.read_json("advice"), folder.read_json("result")
    assert (advice["scenario"], advice["changes"]) == ("large_different", ["transfer.frozen=2"])
    assert [each["share"] for each in advice["race"]] == [1.0]
    assert (folder.config.transfer.scenario, folder.config.transfer.frozen) == ("large_different", 2)
    assert result["transfer"]["phases"] == ["all"]
    raced = pd.read_csv(next(folder.path.glob("race/*/history.csv")))
    history = pd.read_csv(folder.history)
    assert history["epoch"].dropna().tolist() == [1, 2]
    pd.testing.assert_frame_equal(raced, history)
    assert "candidates" in result["corrected"]["accuracy"]["method"]
    assert not list(folder.path.glob("race/*/checkpoints"))
    assert moved(tmp_path, folder)


@pytest.mark.slow
def test_a_race_that_adapters_win_ends_the_same_wherever_its_run_is_stopped(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    compete = "groundwork.train.advice.compete"
    won = Verdict(gain=0.1, error=0.01, pays=True, guesses=False, hopeless=False)
    lost = Entry("large_different", rate=1e-6)
    monkeypatch.setattr(f"{compete}.undecidable", lambda *_: None)
    monkeypatch.setattr("groundwork.train.advice.judge.decide", lambda *_: won)
    monkeypatch.setattr(f"{compete}.entries", lambda *_: [Entry("lora"), lost])
    words = [*words, "transfer=auto", "transfer.budget=null", "trainer.max_epochs=3", "optim.lr=1e-2"]
    composition = compose_run([*words, "metrics.resamples=10", "report.write=false"])
    start(composition)
    whole = latest(tmp_path)

    def stopped(begin: Callable[[], object], owner: Any, name: str, at: int) -> None:
        """Stop a run where a function is called for the n-th time."""
        real, calls = getattr(owner, name), count(1)

        def stop(*arguments: Any, **named: Any) -> Any:
            if next(calls) == at:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, stop)
            with pytest.raises(KeyboardInterrupt, match="go on with"):
                begin()

    stopped(lambda: start(composition), race.Pause, "on_train_epoch_end", 3)  # half way through
    folder = latest(tmp_path)
    assert folder != whole
    assert folder.config.transfer.scenario == "auto"
    stopped(lambda: resume(str(folder.path), []), ready, "clear", 1)  # what was chosen is written down
    stopped(lambda: resume(str(folder.path), []), concluding, "measure_run", 1)
    assert resume(str(folder.path), []) == 0
    results = [each.read_json("result") for each in (whole, folder)]
    raced = [[one | {"seconds": 0} for one in each.read_json("advice")["race"]] for each in (whole, folder)]
    assert RunFolder(folder.path).config.transfer == whole.config.transfer
    assert (whole.read_json("advice")["scenario"], results[0]["transfer"]["adapters"]["rank"]) == ("lora", 8)
    assert [one["share"] for one in raced[0]] == [1.0, 0.125]
    assert raced[0] == raced[1]
    assert results[0]["corrected"] == results[1]["corrected"]
    assert "candidates" in results[0]["corrected"]["accuracy"]["method"]
    assert whole.history.read_text() == folder.history.read_text()
    weights = [load(each.best)["state_dict"] for each in (whole, folder)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not [*folder.path.glob("race/*/checkpoints"), *folder.path.glob("checkpoints/advised.ckpt")]


def test_a_second_run_computes_no_feature_again(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    start(compose_run([*words, "transfer=small_similar"]))

    def refuse(*_: object) -> None:
        raise AssertionError("a cached feature was computed again")

    monkeypatch.setattr("groundwork.transfer.extract.StageReader.__call__", refuse)
    start(compose_run([*words, "transfer=small_similar", "seed=1"]))


def test_no_test_sample_is_read_before_sealing(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    seen: set[int] = set()
    from groundwork.data.store.store import Store

    batch = Store.batch

    def spy(store: Store, rows: np.ndarray) -> torch.Tensor:
        seen.update(int(row) for row in rows)
        return batch(store, rows)

    monkeypatch.setattr(Store, "batch", spy)
    for scenario in ("small_different", "large_similar"):
        start(compose_run([*words, f"transfer={scenario}"]))
    splits = pd.read_csv(latest(tmp_path).splits)
    test = set(np.flatnonzero(splits.split == "test"))
    assert seen
    assert not seen & test


def test_an_interrupted_run_ends_where_the_whole_one_does(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    words = [*words, "transfer=large_different", "callbacks.early_stopping.patience=null"]
    start(compose_run(words))
    whole = network_state(load(latest(tmp_path).last))

    from groundwork.train.callbacks.history import ProgressBar

    def stop(_: object, trainer: object, *__: object) -> None:
        if trainer.global_step == 9:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt, match="go on with"):
            start(compose_run(words))
    folder = latest(tmp_path)
    assert folder.read_json("result.json")["status"] == "interrupted"
    assert resume(str(folder.path), []) == 0
    resumed = network_state(load(folder.last))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
