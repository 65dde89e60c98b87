"""A package says once where each of its public names lives, and imports it when it is asked for."""

import sys
from pathlib import Path

import pytest

PACKAGE = """
from typing import TYPE_CHECKING
from groundwork.core.lazy import lazy_names
if TYPE_CHECKING:
    from lazy_birds.owls import Barn, Snowy
    from lazy_birds.waders import Ibis
__getattr__, __dir__ = lazy_names(__name__, __file__)
"""


def test_a_name_is_imported_from_its_home_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "lazy_birds"
    folder.mkdir()
    (folder / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    (folder / "owls.py").write_text("Barn, Snowy = 'barn owl', 'snowy owl'", encoding="utf-8")
    (folder / "waders.py").write_text("raise ImportError('not asked for')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import lazy_birds  # type: ignore[import-not-found]

    assert dir(lazy_birds) == ["Barn", "Ibis", "Snowy"]
    assert "lazy_birds.owls" not in sys.modules
    assert (lazy_birds.Barn, lazy_birds.Snowy) == ("barn owl", "snowy owl")
    assert not hasattr(lazy_birds, "Heron")
    with pytest.raises(ImportError, match="not asked for"):
        _ = lazy_birds.Ibis
