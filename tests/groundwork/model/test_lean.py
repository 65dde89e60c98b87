"""What is imported on the way to a network, and what need not be."""

import subprocess
import sys

import pytest

SAY = "import sys, groundwork.model; print('wandb' in sys.modules); import wandb; print(wandb.__name__); "
MORE = "print({'sklearn', 'tabm', 'rtdl_num_embeddings'} & {*sys.modules})"


@pytest.mark.parametrize(
    ("before", "imported"),
    [
        ("from groundwork.core.patches import settle_command; settle_command(); ", "False"),
        ("", "True"),  # in a notebook timm is what it is without this project
    ],
)
def test_in_a_command_the_networks_come_without_the_logger_of_timm_and_what_tabular_ones_need(
    before: str, imported: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", before + SAY + MORE], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [imported, "wandb", "set()"]
