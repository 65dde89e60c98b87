import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.commands import report
from groundwork.report.runs import write_runs_page


def test_the_page_lists_each_run_with_its_numbers_and_links_its_report(
    write_classification: Callable[..., Path], write_regression: Callable[..., Path], tmp_path: Path
) -> None:
    folders = [
        RunFolder(write_classification(num_val=20, sealed=True)),
        RunFolder(write_regression(num_val=5)),
    ]
    folders[1].report.write_text("")
    page = write_runs_page(folders, tmp_path / "runs.html").read_text(encoding="utf-8")
    assert "<h1>2 runs</h1>" in page
    assert len(re.findall(r"<tr><td>", page)) == 2
    assert "10.20 [9.300, 11.10]" in page
    assert ">sealed<" in page
    links = re.findall(r'<td><a href="([^"]*)"', page)
    assert [(tmp_path / link).resolve() for link in links] == [folders[1].report.resolve()]
    assert "http" not in page.replace("http-equiv", "")


def test_names_of_others_are_no_markup(
    write_regression: Callable[..., Path], change_json: Callable[..., None], tmp_path: Path
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", changes={"name": [None, "<script>alert(1)</script>"]})
    page = write_runs_page([RunFolder(folder)], tmp_path / "runs.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no folder has a result\.json"):
        write_runs_page([], tmp_path / "runs.html")
    with pytest.raises(UserError, match="must match run folders"):
        report([f"runs={tmp_path}/*", f"output={tmp_path / 'a.html'}"])


def test_the_command_writes_the_page(
    write_regression: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_regression(num_val=5)
    assert report([f"runs={folder}", f"output={tmp_path / 'all.html'}"]) == 0
    assert "all.html" in capsys.readouterr().out
    with pytest.raises(UserError, match="must be in a folder that exists"):
        report([f"runs={folder}", f"output={tmp_path / 'nowhere' / 'all.html'}"])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser chromium")
def test_the_filter_hides_rows_in_a_real_browser(
    write_classification: Callable[..., Path], write_regression: Callable[..., Path], tmp_path: Path
) -> None:
    folders = [RunFolder(write_classification(num_val=20)), RunFolder(write_regression(num_val=5))]
    page = write_runs_page(folders, tmp_path / "runs.html")
    text = page.read_text(encoding="utf-8")
    asked = "<script>field.value = 'RMSE'; filter();</script></body>"
    page.write_text(text.replace("</body>", asked), encoding="utf-8")
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.resolve().as_uri()]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
    assert ">1 of 2<" in shown
    assert len(re.findall(r"<tr hidden", shown)) == 1
