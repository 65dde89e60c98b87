"""The short audit of every run: what the data holds, said in lines and kept as numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from groundwork.core.console import Console
from groundwork.launch.config.compose import compose_run
from groundwork.train.audit.brief import audit_briefly, brief_lines
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples


def test_the_short_form_says_what_matters_before_a_run(tmp_path: Path, table: Path):
    frame = pd.read_csv(table)
    frame["dear"] = np.where(np.arange(200) % 20 == 0, "yes", "no")
    frame["same"] = "x"
    pd.concat([frame, frame.iloc[[0, 1]]]).to_csv(table, index=False)
    words = [
        "data=table",
        f"data.table={table}",
        "data.target=dear",
        "data.inputs=[size,color,price,weight,same]",
    ]
    words.append(f"paths.cache={tmp_path / 'cache'}")
    config = compose_run(words).config
    prepared = prepare(config, *read_samples(config), Console(quiet=True))
    audit = audit_briefly(prepared, is_balanced=False)
    lines = brief_lines(audit)
    text = "\n".join(lines)
    assert "202 samples" in lines[0]
    assert "1,000 samples per class" in text
    assert "10 samples per input column" in text
    assert "balance=loss_weights" in text
    assert "balance=" not in "\n".join(brief_lines(audit_briefly(prepared, is_balanced=True)))
    assert "columns of one value in train: same" in text
    assert any("4 samples share their inputs with another one (2 sets)" in note for note in prepared.notes)
    assert audit["gaps"] == {"size": 13}  # every 17th of 200, and the copy of the first
    assert audit["constant"] == ["same"]
    assert audit["duplicates"] == {"extra": 2, "across": 0}
    assert sum(audit["n"].values()) == 202
