from pathlib import Path
from types import SimpleNamespace

import pytest

from groundwork.core.errors import UserError
from groundwork.data import read_diamonds
from groundwork.data.readers import diamonds

CONTENT = "carat,cut,price\n0.23,Ideal,326\n0.21,Premium,327\n"


def test_a_table_of_ones_own_is_read(tmp_path: Path):
    (tmp_path / "diamonds.csv").write_text(CONTENT, encoding="utf-8")
    samples = read_diamonds(str(tmp_path / "diamonds.csv"), "price", None, None, None)
    assert samples.categorical == ("cut",)
    assert samples.target["price"].tolist() == [326, 327]


def test_the_packages_table_is_found_without_importing_it(tmp_path: Path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "diamonds.csv").write_text(CONTENT, encoding="utf-8")
    monkeypatch.setattr(
        diamonds, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    )
    assert len(read_diamonds(None, "price", None, None, None)) == 2


def test_a_missing_package_is_told_with_its_cure(monkeypatch):
    monkeypatch.setattr(diamonds, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install plotnine"):
        read_diamonds(None, "price", None, None, None)
