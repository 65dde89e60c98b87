from pathlib import Path

import pytest

from groundwork.core.console import Console
from groundwork.launch.audit import start
from groundwork.launch.config.compose import compose_run


def test_an_audit_says_what_the_reader_left_out(
    tmp_path: Path, image_folder: Path, capsys: pytest.CaptureFixture[str]
):
    (image_folder / "grey").mkdir()
    (image_folder / "dark" / "notes.txt").write_text("text")
    own = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}", "data.unreadable=drop"]
    tiny = [
        "model=timm",
        "model.name=test_resnet",
        "model.pretrained=false",
        "data.image_size=32",
        "trainer=cpu",
    ]
    start(compose_run(["data=image_folder", f"data.root={image_folder}", *tiny, *own]), Console())
    said = capsys.readouterr().out
    assert "'grey' (empty)" in said
    assert "1 .txt ('dark' 1)" in said
