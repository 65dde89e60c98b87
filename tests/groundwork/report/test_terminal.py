from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from groundwork.report import summary


def shown(folder: Path, width: int = 200) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(summary(folder))
    return capture.get()


def test_the_summary_says_what_is_beaten_where_the_run_lies_and_what_to_type(
    write_regression: Callable[..., Path],
) -> None:
    folder = write_regression(num_val=5)
    text = shown(folder)
    assert "10.20 [9.300, 11.10]" in text
    assert "ridge: beaten beyond the model's interval (rmse)" in text
    assert "gradient boosting: not beaten: within the model's interval (rmse)" in text
    assert f"uv run scripts/evaluate.py run={folder.resolve().as_posix()} split=test" in text
    assert "n = 5" in text


def test_a_sealed_run_shows_its_test_and_the_count_instead_of_a_command(
    write_classification: Callable[..., Path],
) -> None:
    text = shown(write_classification(num_val=20, sealed=True))
    assert "test, 95 % interval" in text
    assert "3 distinct configurations have been tested on these test rows." in text
    assert "evaluate.py" not in text


def test_names_in_brackets_are_no_markup(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", baselines={"[bold]": {"rmse": 50.0}})
    assert "[bold]: beaten" in shown(folder)


def test_eighty_letters_hold_every_number(write_regression: Callable[..., Path]) -> None:
    text = shown(write_regression(num_val=5, sealed=True), width=80)
    assert all(number in text for number in ("10.20", "[9.300, 11.10]", "60.10", "14.20", "10.00"))
    assert "…" not in text
