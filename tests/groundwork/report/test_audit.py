"""The page of an audit, from an audit.json written by hand."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from groundwork.report.audit import wanted_samples, write_audit
from groundwork.report.audit_tables import audit_tables, count_rows


def member(name: str, split: str, target: str = "cat") -> dict[str, str]:
    return {"sample_id": name, "split": split, "target": target}


def pair(*members: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"members": list(members), "across": False, "conflict": False, **more}


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    exact = pair(member("a.jpg", "train"), member("t.jpg", "test"), member("b.jpg", "val"), across=True)
    near = pair(member("c.jpg", "val"), member("d.jpg", "train", "<dog>"), conflict=True, correlation=0.91)
    audit = {
        "kind": "image", "task": "classification", "why": "classification", "root": "/data/<pets>",
        "classes": ["cat", "<dog>"], "n": {"train": 8, "val": 3, "test": 2}, "split_hash": "ab",
        "counts": {s: {"cat": n, "<dog>": 1} for s, n in (("train", 7), ("val", 2), ("test", 1))},
        "advice": {"ratio": 7.0, "balance": "loss_weights", "monitor": "balanced_accuracy", "why": "unbalanced"},
        "rules": [{"rule": "1,000 samples per class", "have": 1, "need": 1000, "met": False, "facts": "few"}],
        "files": {"sizes": [{"size": "8 x 8", "n": 13}], "num_sizes": 3, "modes": {"RGB": 13},
                  "formats": {"PNG": 13}, "width": {"low": 8, "median": 8, "high": 9},
                  "height": {"low": 8, "median": 8, "high": 8}},
        "bad": [{"sample_id": "bad.jpg", "reason": "truncated"}], "decode_notes": [], "columns": [],
        "giveaways": [{"column": "width", "target": "label", "skill": 0.99, "suspicious": True}],
        "histograms": {}, "grid": {"cat": ["a.jpg"], "<dog>": ["d.jpg"]}, "notes": ["a note"],
        "likeness": [{"of": "classes", "split": "val", "measure": "TV", "distance": 0.2, "p": 0.4, "differs": False}],
        "duplicates": {"listed": [exact]}, "near_duplicates": {"listed": [near]},
        "findings": [{"level": "problem", "text": "<b>bad</b>", "remedy": "Remove."}],
    }  # fmt: skip
    (tmp_path / "audit.json").write_text(json.dumps(audit), encoding="utf-8")
    return tmp_path


class Page(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def sources(self) -> list[str]:
        return [str(attrs["src"]) for tag, attrs in self.tags if tag == "img"]


def test_the_page_stands_alone_and_escapes_what_the_data_says(
    audited: Path, draw_photographs: Callable[..., Any]
):
    html = write_audit(audited, draw_photographs(wanted_samples(audited))).read_text(encoding="utf-8")
    page = Page(html)
    assert all(source.startswith("data:") for source in page.sources())
    assert not [attrs for tag, attrs in page.tags if tag in ("link", "script") and "http" in str(attrs)]
    assert "&lt;b&gt;bad&lt;/b&gt;" in html
    assert "<dog>" not in html


def test_photographs_of_test_are_named_and_not_asked_for(audited: Path, draw_photographs: Callable[..., Any]):
    assert wanted_samples(audited) == ["a.jpg", "d.jpg", "c.jpg"]
    html = write_audit(audited, draw_photographs(wanted_samples(audited))).read_text(encoding="utf-8")
    assert "t.jpg" in html
    assert '<div class="hidden">test</div>' in html


def test_without_photographs_names_and_charts_remain(audited: Path):
    html = write_audit(audited, {}).read_text(encoding="utf-8")
    assert "image/jpeg" not in html
    assert "image/png" in html
    assert "bad.jpg" in html
    assert "t.jpg" in html


def test_tables_hold_the_numbers_of_the_json(audited: Path):
    audit = json.loads((audited / "audit.json").read_text(encoding="utf-8"))
    assert count_rows(audit) == [["cat", "7", "2", "1"], ["<dog>", "1", "1", "1"]]
    tables = {table.title: table for table in audit_tables(audit)}
    assert [cell.text for cell in tables["Files that cannot be read"].rows[0]] == ["bad.jpg", "truncated"]
    assert "Columns" not in tables  # photographs have none
    kinds = [row[0].text for row in tables["Sizes, modes and formats"].rows]
    assert kinds == ["size 8 x 8", "other sizes: 2", "mode RGB", "format PNG"]
    assert tables["Same pixels"].rows[0][0].remark == "in two splits"
    assert tables["Nearly the same"].rows[0][0].remark == "different targets"
