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
    assert "ridge: beaten by the model (rmse, paired difference 2.000 to 6.000)" in text
    assert "gradient boosting: not beaten: the difference may be chance (rmse" in text
    assert f"uv run scripts/evaluate.py run={folder.resolve().as_posix()} split=test" in text
    assert "n = 5" in text


def test_a_sealed_run_shows_its_test_and_the_count_instead_of_a_command(
    write_classification: Callable[..., Path],
) -> None:
    text = shown(write_classification(num_val=20, sealed=True))
    assert "test, 95 % interval" in text
    assert "3 distinct configurations have been tested on these test rows." in text
    assert "evaluate.py" not in text
    assert "uv run scripts/export.py run=" in text


def test_names_in_brackets_are_no_markup(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    told = {"verdict": "better", "low": 1, "high": 2, "metric": "rmse"}
    change_json(folder / "result.json", baselines={"[bold]": {"rmse": 50.0}}, verdicts={"[bold]": told})
    assert "[bold]: beaten" in shown(folder)


def test_baselines_are_named_in_words(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    told = {"verdict": "worse", "low": 1, "high": 2, "metric": "rmse"}
    one = {"gradient_boosting": {"rmse": 5.0}}
    change_json(folder / "result.json", baselines=one, verdicts={"gradient_boosting": told})
    text = shown(folder)
    assert "gradient boosting: better than the model" in text
    assert "gradient boosting" in text.partition("rmse  ")[0]


def test_what_chose_has_no_interval_and_what_is_corrected_has(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    one = {
        "value": 10.9,
        "low": 9.9,
        "high": 11.9,
        "method": "bootstrap bias correction over 9 candidates",
        "n": 5,
    }
    change_json(folder / "result.json", corrected={"rmse": one})
    text = shown(folder)
    assert "10.90 [9.900, 11.90]" in text
    assert "10.20 [" not in text
    assert "corrected takes the choosing out and is the evidence" in text
    change_json(folder / "result.json", corrected={})
    assert "it could not be corrected here" in shown(folder)


def test_a_verdict_that_the_interval_seems_to_deny_is_explained(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    assert "the verdict compares both" not in shown(folder)
    told = {"verdict": "better", "low": 0.1, "high": 0.4, "metric": "rmse"}
    change_json(folder / "result.json", verdicts={"gradient boosting": told})
    assert "the verdict compares both on the same samples" in shown(folder)


def test_eighty_letters_hold_every_number(write_regression: Callable[..., Path]) -> None:
    text = shown(write_regression(num_val=5, sealed=True), width=80)
    assert all(number in text for number in ("10.20", "[9.300, 11.10]", "60.10", "14.20", "10.00"))
    assert "…" not in text


def test_a_module_that_logs_nothing_is_said_to_have_chosen_nothing(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", monitor="auto", val={}, baselines={}, corrected={}, verdicts={})
    text = shown(folder)
    assert "chose the checkpoint: the last weights count" in text
    assert "auto" not in text
    assert "95 % interval" not in text
    assert "GLOSSARY.md explains sealed\n" in text


def test_of_a_sealed_run_the_test_is_the_evidence(write_classification: Callable[..., Path]) -> None:
    text = shown(write_classification(num_val=20, sealed=True))
    assert "corrected" not in text
