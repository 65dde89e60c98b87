"""What is known of decoded images, and how a finished store is found again."""

import json
from pathlib import Path

import numpy as np

from groundwork.data.store.record import Images, find, read_record, remember
from groundwork.data.store.resize import Form


def test_the_key_changes_with_any_image_and_with_their_order() -> None:
    keys = {
        Images(np.array(digest), [], []).key
        for digest in (["a", "b"], ["b", "a"], ["a", "c"], ["a", "b", "b"])
    }
    assert len(keys) == 4
    assert Images(np.array(["a", "b"]), [("x", "reason")], []).key in keys


def test_a_pointer_leads_to_a_finished_store_only(tmp_path: Path) -> None:
    assert find(tmp_path, "status") is None
    remember(tmp_path, "status", "key")
    assert find(tmp_path, "status") is None
    (tmp_path / "key").mkdir()
    assert find(tmp_path, "status") is None
    (tmp_path / "key" / "store.json").write_text("{}", encoding="utf-8")
    assert find(tmp_path, "status") == tmp_path / "key"
    remember(tmp_path, "status", "other")
    assert find(tmp_path, "status") is None
    assert [path.name for path in (tmp_path / ".status").iterdir()] == ["status"]


def test_rows_are_named_by_the_ids_of_today(tmp_path: Path) -> None:
    record = {
        "form": {"size": [4, 5], "channels": 1, "dtype": "float32", "resize": "pad", "window": [0.0, 9.0]},
        "digest": ["d0", "", "d2"],
        "note": {"2": "first of several frames"},
        "bad": {"1": "is truncated"},
    }
    (tmp_path / "store.json").write_text(json.dumps(record), encoding="utf-8")
    form, digest, bad, note = read_record(tmp_path, ["a.png", "b.png", "c.gif"])
    assert form == Form((4, 5), 1, "float32", "pad", (0.0, 9.0))
    assert digest.tolist() == ["d0", "bad b.png", "d2"]
    assert bad == [("b.png", "is truncated")]
    assert note == [("c.gif", "first of several frames")]
