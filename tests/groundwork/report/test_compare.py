import re
from pathlib import Path

from pandas import DataFrame, read_csv
from rich.console import Console

from groundwork.report import compare_table, to_latex, to_markdown, write_comparison


def rows() -> DataFrame:
    return DataFrame(
        {
            "group": ["lr=0.1", "lr=0.1", "a_b & [c]|", "a_b & [c]|"],
            "runs": [3, 3, 1, 1],
            "metric": ["accuracy", "f1", "accuracy", "f1"],
            "mean": [0.8, 0.7, 0.85, None],
            "sd": [0.01, 0.02, None, None],
            "low": [0.78, 0.66, None, None],
            "high": [0.82, 0.74, None, None],
            "difference": [None, None, 0.05, -0.2],
            "difference_low": [None, None, 0.01, -0.3],
            "difference_high": [None, None, 0.09, -0.1],
            "p": [None, None, 0.0004, 0.2],
            "remark": ["reference", "reference", None, None],
        }
    )


def test_the_terminal_shows_every_group_and_metric() -> None:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(compare_table(rows(), "3 distinct configurations"))
    text = re.sub(r" +", " ", capture.get())
    assert "lr=0.1 (reference) 3 0.800 ± 0.010 [0.780, 0.820]" in text
    assert "a_b & [c]| 1 0.850 +0.050 [0.010, 0.090] < 0.001" in text
    assert "a_b & [c]| 1 undefined -0.200 [-0.300, -0.100] 0.200" in text
    assert "3 distinct configurations" in text


def test_without_differences_their_columns_are_left_out() -> None:
    table = compare_table(rows().drop(columns=["difference", "p", "remark"]))
    assert [column.header for column in table.columns] == ["group", "runs", "mean ± sd", "95 % interval"]


def test_markdown_is_one_row_per_group_with_its_signs_escaped() -> None:
    lines = to_markdown(rows(), "footnote").splitlines()
    assert lines[0] == "| group | runs | accuracy | accuracy, difference | f1 | f1, difference | remark |"
    assert (
        lines[2]
        == "| lr=0.1 | 3 | 0.800 ± 0.010 [0.780, 0.820] |  | 0.700 ± 0.020 [0.660, 0.740] |  | reference |"
    )
    assert lines[3].startswith(
        r"| a\_b & [c]\| | 1 | 0.850 | +0.050 [0.010, 0.090], p &lt; 0.001 | undefined |"
    )
    assert lines[-1] == "footnote"


def test_latex_has_equal_columns_and_escaped_signs() -> None:
    lines = to_latex(rows(), "50 %").splitlines()
    assert lines[0] == r"\begin{tabular}{lrrrrrr}"
    body = [line for line in lines if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in body] == [6, 6, 6]
    assert r"a\_b \& [c]|" in body[2]
    assert r"$\pm$" in body[1]
    assert lines[-1].endswith(r"50 \%")


def test_tables_and_pictures_are_written_side_by_side(tmp_path: Path) -> None:
    paths = write_comparison(rows(), tmp_path, "footnote")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    assert {path.suffix for path in paths} == {".html", ".csv", ".md", ".tex", ".png", ".pdf"}
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "a_b &amp; [c]|" in page
    assert page.count("data:image/png") == len([path for path in paths if path.suffix == ".png"])
    assert read_csv(tmp_path / "comparison.csv")["mean"].tolist()[:3] == [0.8, 0.7, 0.85]
