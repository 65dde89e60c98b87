"""What an experiment says of a sweep in another form than Hydra knows is told in one line, with the form."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.config.sweeping import check_sweeper

WRONG = [
    ("sweeper: {params: {optim: {lr: '0.1,0.2'}}}", "params.optim must name its values as text, but is a mapping. Write"
     " keys with dots: optim.lr."),
    ("sweeper: {params: {a: {b: {c: 1}, d: 2}}}", "Write keys with dots: a.b.c, a.d."),
    ("sweeper: {params: {seed: {}}}", "Write keys with dots: seed."),
    ("sweeper: {params: {seed: null}}", "params.seed must name its values as text, but is null"),
    ("sweeper: {params: {seed: [0, 1]}}", "params.seed must name its values as text, but is a list"),
    ("sweeper: {params: 'seed=0,1'}", "params must be a mapping such as {seed: '0,1'}, but got seed=0,1"),
    ("sweeper: {params: [seed=0]}", "params must be a mapping"),
    ("sweeper: optuna", "defaults override /hydra/sweeper: NAME"),
    ("sweeper: null", "hydra.sweeper must be a mapping of its keys, but got null"),
    ("launcher: joblib", "defaults override /hydra/launcher: NAME"),
    ("launcher: {n_jobs: 2}", "hydra.launcher.n_jobs is not a key of this launcher"),
]  # fmt: skip


def mine(folder: Path, hydra: str) -> list[str]:
    """Write an experiment, and give the words that choose it."""
    (folder / "experiment").mkdir()
    text = f"# @package _global_\nhydra: {{{hydra}}}\n"
    (folder / "experiment" / "owls.yaml").write_text(text, encoding="utf-8")
    return [f"hydra.searchpath=[{folder}]", "experiment=owls"]


@pytest.mark.parametrize(("hydra", "said"), WRONG)
def test_another_form_is_told(hydra: str, said: str, tmp_path: Path):
    with pytest.raises(UserError) as error:
        check_sweeper(mine(tmp_path, hydra))
    assert said in str(error.value)


@pytest.mark.parametrize("hydra", ["sweeper: {params: {seed: '0,1', optim.lr: 1}}", "mode: RUN"])
def test_what_hydra_knows_passes(hydra: str, tmp_path: Path):
    check_sweeper(mine(tmp_path, hydra))


@pytest.mark.parametrize("part", ["sweeper", "launcher"])
def test_a_choice_is_written_with_a_slash(part: str):
    with pytest.raises(UserError, match=rf"Use hydra/{part}=optuna\."):
        check_sweeper([f"hydra.{part}=optuna"])
