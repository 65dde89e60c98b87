from pathlib import Path

import pytest
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.data.missing import Missing
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.quote import quote_override

NAMES = ["2.5", "1e3", "2020_01", "true", "a=b", "x,y", "price ($)", "größe", " space ", "007", "it's", 'x"y', "#1",
         "50%", "c: kind", "NaN", "-1", "{a}", "a\\", "(a)", "size (m²)"]  # fmt: skip


KEYS = ("target", "group", "id_column", "split_column", "order_column", "inputs", "drop", "categorical")


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_named_as_typed(name: str):
    found = compose_run(["data=table", *(f"data.{key}={name}" for key in KEYS)])
    again = compose_run(found.overrides)  # as a saved run composes it again
    for key in KEYS:
        assert OmegaConf.select(found.config, f"data.{key}") == name
        assert OmegaConf.select(again.config, f"data.{key}") == name


def test_names_in_lists_and_in_quotes_are_as_typed():
    found = compose_run(
        ["data=table", "data.inputs=[2.5, true,'x,y',a=b]", "data.target='[k]'", "data.group='null'"]
    )
    assert list(found.config.data.inputs) == ["2.5", "true", "x,y", "a=b"]
    assert found.config.data.target == "[k]"
    assert found.config.data.group == "null"
    assert compose_run(["data=table", "data.group=null"]).config.data.group is None


def test_signs_and_words_of_numbers_are_as_typed():
    found = compose_run(
        ["data=table", "data.decimal=,", "data.thousands= ", "data.missing_values=[-,?,-999,NA]"]
    )
    assert (found.config.data.decimal, found.config.data.thousands) == (",", " ")
    assert list(found.config.data.missing_values) == ["-", "?", "-999", "NA"]


def test_what_stands_for_another_key_is_refused_as_a_name():
    with pytest.raises(UserError, match="Rename the column"):
        quote_override("data.target=${a}")
    assert quote_override("data.group=${data.target}") == "data.group=${data.target}"


def test_columns_choose_their_own_filling():
    found = compose_run(["data=table", "missing.columns.age=mean", "missing.columns.2.5=drop"])
    columns = OmegaConf.to_container(found.config.missing.columns)
    missing = Missing("median", True, "slot", "error", 0.0, "missing", columns)
    assert missing.columns == {"age": "mean", "2.5": "drop"}
    with pytest.raises(UserError, match="experiment of conf/") as caught:
        compose_run(["data=table", "missing.columns.price ($)=mean"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "quoted"),
    [
        ("data.table=a.csv,b c.csv", "data.table=a.csv,'b c.csv'"),
        ("data.root='x,y',z", "data.root='x,y',z"),
        ("data.table=a b.csv", "data.table='a b.csv'"),
        ("data.target=y,2.5", "data.target=y,'2.5'"),
        ("data.inputs=[a],[b,1]", "data.inputs=[a],[b,'1']"),
        ("optim.lr=0.1,0.2", "optim.lr=0.1,0.2"),
    ],
)
def test_commas_part_the_values_of_a_sweep(typed: str, quoted: str):
    assert quote_override(typed, sweeps=True) == quoted


def test_without_a_sweep_a_comma_belongs_to_the_path(tmp_path: Path):
    found = compose_run(["data=table", f"data.table={tmp_path}/a,b.csv"])
    assert found.config.data.table == str((tmp_path / "a,b.csv").resolve())
