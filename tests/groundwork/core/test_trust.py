"""Nothing that a run folder or a checkpoint names is imported or called before it is known."""

import sys
from pathlib import Path

import pytest
from omegaconf import DictConfig

from groundwork.core import admitted
from groundwork.core.admitted import admit_arguments, admit_typed
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.trust import checked_config, refuse_untrusted
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.trusted import checked_overrides


@pytest.fixture(autouse=True)
def _nobody_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admitted, "_admitted", set())
    monkeypatch.setattr("groundwork.core.trust.own_packages", frozenset)  # one of them may be called birds


@pytest.mark.parametrize(
    "target",
    [
        "os.system", "builtins.eval", "subprocess.Popen", "hydra.utils.get_method", "torch.hub.load", "torch.load",
        "pandas.io.common.os.system", "torch.nn.modules.module.os.system", "groundwork.data.clear_cache",
        "groundwork.launch.commands.sys.exit", "groundwork.core.batch.UserError", "evil.payload", "timm.create_model",
        "torchmetrics.MetricCollection", "torchvision.models.get_model", "torch.nn.Parameter", "torch.nn", "os",
        "groundwork.data.Store", "groundwork.transfer.FeatureCache", "torch.nn.init.constant_", "", 7, None, ["os"],
    ],
)  # fmt: skip
def test_a_target_that_is_not_known_is_refused(target: object):
    with pytest.raises(UserError, match=r"may run any code.*trust="):
        checked_config({"model": {"parts": [{"_target_": target, "_args_": ["true"]}]}}, "config.yaml")


@pytest.mark.parametrize(
    "target",
    [
        "torch.optim.AdamW", "groundwork.data.read_table", "groundwork.model.Network", "torch.nn.Linear",
        "torch.optim.SGD", "torch.optim.lr_scheduler.StepLR", "torchmetrics.MatthewsCorrCoef", "timm.layers.SEModule",
        "torchvision.ops.FrozenBatchNorm2d", "timm.optim.Lion", "torch.optim.RMSprop",
        "torchvision.transforms.v2.RandAugment", "torchvision.transforms.v2.Compose", "timm.scheduler.TanhLRScheduler",
        "torch.optim.lr_scheduler.ReduceLROnPlateau", "groundwork.optim.timm_optimizer",
    ],
)  # fmt: skip
def test_a_part_of_a_network_or_its_training_is_known(target: str):
    assert checked_config({"part": {"_target_": target}}, "config.yaml").part._target_ == target


def test_every_shipped_choice_passes():
    config = compose_run(["experiment=digits"]).config
    from omegaconf import OmegaConf

    plain = OmegaConf.to_container(config, resolve=True)
    assert checked_config(plain, "config.yaml") == OmegaConf.create(plain)


def test_a_run_of_the_package_under_its_old_name_is_built_under_the_present_one():
    config = checked_config({"s": {"_target_": "once.optim.Constant", "warmup": 0.0}}, "config.yaml")
    assert type(instantiate(config.s)).__module__ == "groundwork.optim.schedule"


@pytest.mark.usefixtures("_packages")
def test_a_package_that_has_the_old_name_of_the_engine_hides_only_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("groundwork.core.own.own_packages", lambda: frozenset({"birds"}))
    monkeypatch.setattr("groundwork.core.trust.own_packages", lambda: frozenset({"birds"}))
    parts = {"old": "birds.model.Network", "own": "birds.Net", "before": "project.Net"}
    config = checked_config({name: {"_target_": target} for name, target in parts.items()}, "config.yaml")
    assert [config[name]._target_ for name in parts] == ["groundwork.model.Network", "birds.Net", "birds.Net"]
    with pytest.raises(UserError, match=r"birds\.Gone.*cannot be imported"):
        checked_config({"m": {"_target_": "birds.Gone"}}, "config.yaml")


def test_optimizers_that_were_once_ours_are_those_of_torch():
    config = checked_config({"s": {"_target_": "groundwork.optim.AdamW", "lr": 0.1}}, "config.yaml")
    assert config.s._target_ == "torch.optim.AdamW"


@pytest.fixture
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give two packages of colleagues: birds also passes on what is not its own."""
    (tmp_path / "birds.py").write_text("import os\nclass Net: pass\nclass Watch: pass\n", encoding="utf-8")
    (tmp_path / "nests.py").write_text("class Net: pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("birds", "nests"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("_packages")
def test_a_colleagues_package_is_admitted_by_name():
    assert admit_arguments(["run=x", "trust=[birds, nests]"]) == ["run=x"]
    assert checked_config({"m": {"_target_": "birds.Net"}}, "x").m._target_ == "birds.Net"
    with pytest.raises(UserError, match="may run any code"):
        checked_config({"m": {"_target_": "birdsnest.Net"}}, "x")
    with pytest.raises(UserError, match="must name packages"):
        admit_arguments(["trust=[../x]"])


@pytest.mark.usefixtures("_packages")
@pytest.mark.parametrize("target", ["birds.os.system", "birds.os.path.join", "pickle.loads", "pickle._loads"])
def test_a_trusted_package_vouches_only_for_what_it_defines(target: str):
    admit_arguments(["trust=[birds,pickle]"])
    with pytest.raises(UserError, match=r"must be defined in birds|may run any code"):
        checked_config({"m": {"_target_": target}}, "x")


def test_an_unknown_callback_or_logger_is_kept_as_text_and_stops_training_alone():
    stored = {
        "callbacks": {"x": {"_target_": "birds.Watch", "every": 3}},
        "logger": {"y": {"_target_": "os.system"}},
    }
    config = checked_config(stored, "config.yaml")
    assert config.callbacks.x == {"_untrusted_": "birds.Watch", "every": 3}
    assert config.logger.y == {"_untrusted_": "os.system"}
    assert isinstance(instantiate(config.logger).y, DictConfig)  # nothing is called
    with pytest.raises(UserError, match=r"birds\.Watch.*trust="):
        refuse_untrusted(config, "config.yaml")
    refuse_untrusted(checked_config({"callbacks": {"x": {"_target_": "torch.nn.ReLU"}}}, "x"), "x")


def test_a_stored_value_is_text_and_is_never_computed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET", "key")
    config = checked_config({"a": "${oc.env:SECRET}", "b": "echo ${HOME}"}, "x")
    assert (config.a, config.b) == ("${oc.env:SECRET}", "echo ${HOME}")
    with pytest.raises(UserError, match="computed"):
        checked_config({"a": "\\${oc.env:SECRET}"}, "x")


def test_a_table_that_is_a_pickle_is_read_only_if_the_user_says_so():
    stored = {"data": {"trust_pickle": True, "reader": {"trust_pickle": True}}}
    config = checked_config(stored, "x")
    assert (config.data.trust_pickle, config.data.reader.trust_pickle) == (False, False)
    admit_arguments(["trust=[pickle]"])
    assert checked_config(stored, "x").data.trust_pickle


@pytest.mark.usefixtures("_packages")
def test_a_process_that_this_one_starts_trusts_what_it_does(monkeypatch: pytest.MonkeyPatch):
    admitted.admit(["nests", "birds"])
    assert admitted.handed_on() == {admitted.TRUST: "birds,nests"}
    monkeypatch.setattr(admitted, "_admitted", set())
    monkeypatch.setenv(admitted.TRUST, "birds,nests")
    assert checked_config({"m": {"_target_": "nests.Net"}}, "x").m._target_ == "nests.Net"


EVIL = "+callbacks.evil={_target_: os.system, command: 'true'}"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["data=digits", EVIL], "may run any code"), (["data=digits", "name=${oc.env:HOME}"], "is computed"),
        (["data=digits", "name='${oc.select:seed,${oc.env:HOME}}'"], "is computed"), (["data=digits", 7], "a list"),
        ("data=digits", "a list"), (["data=table", "data.table=t.pkl", "data.trust_pickle=true"], "trust=.pickle"),
    ],
)  # fmt: skip
def test_words_of_a_run_folder_are_checked_by_what_they_compose(words: object, reason: str):
    with pytest.raises(UserError, match=reason):
        checked_overrides(words, "environment.json")


def test_harmless_words_pass_and_a_typed_target_is_known_from_then_on():
    words = ["data=digits", "optim.lr=0.1", "trainer.max_epochs=2"]
    assert checked_overrides(words, "environment.json") == words
    own = "+callbacks.birds={_target_: birds.Watch}"
    admit_typed(compose_run(["data=digits", own]).config)
    assert checked_overrides(["data=digits", own], "environment.json")
    with pytest.raises(UserError, match=r"birds\.Other"):
        checked_overrides(["data=digits", "+callbacks.birds={_target_: birds.Other}"], "environment.json")


def test_a_package_that_words_search_in_is_imported_only_if_it_is_trusted():
    with pytest.raises(UserError, match=r"birds\.conf.*trust="):
        checked_overrides(["hydra.searchpath=[pkg://birds.conf]", "data=digits"], "environment.json")
