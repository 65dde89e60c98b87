"""Drawings and tables -> report.html: one file that needs no network."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from yaml import CSafeDumper, dump

from groundwork.report.drawing import Drawing, Format
from groundwork.report.folder import ReportedRun
from groundwork.report.glossary import glossary
from groundwork.report.map import read_map
from groundwork.report.next_step import next_step
from groundwork.report.number import show, show_seconds
from groundwork.report.page import data_facts, describe, lead, shown_path, sizes
from groundwork.report.photos import Shown
from groundwork.report.table import Table, audit_table, count_table, metric_names, metric_table
from groundwork.report.words import SECONDS, label, written

# Keys of result.json that a run may not have; the page asks for them all.
_ABSENT = dict.fromkeys(
    ("status", "seconds", "test_count", "choices", "notes", "changes", "seal", "parameters")
)


@dataclass(frozen=True)
class Picture:
    """Hold one picture of the page: a drawing, or one that the run wrote itself."""

    title: str
    caption: str
    png: bytes
    is_photo: bool = False

    @property
    def source(self) -> str:
        """Return the picture as a data address."""
        return data_address(self.png, "image/png")

    @property
    def width(self) -> int:
        """Return the width on the page in px; drawings hold three pixels for two."""
        return round(int.from_bytes(self.png[16:20], "big") / 1.5)  # PNG header: width at byte 16


@dataclass(frozen=True)
class Section:
    """Hold one chapter of the page: pictures, then tables that the reader may sort."""

    title: str
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Return the name that a link within the page leads to."""
        return self.title.lower().replace(" ", "-")


@dataclass(frozen=True)
class Gallery:
    """Hold photographs, as data addresses, with what they are and what they were taken for."""

    title: str
    caption: str
    entries: Sequence[tuple[Shown, str]]


def render(
    run: ReportedRun, sections: Sequence[Section], galleries: Sequence[Gallery], sources: Mapping[str, str]
) -> str:
    """Fill the page of a run.

    Args:
        sources: sample_id -> address of the small photographs of the map.
    """
    data_map = read_map(run)
    metrics, usual = metric_table(run), metric_names(run, only_usual=True)
    return fill(
        "report.html.j2",
        run=run,
        place=shown_path(run.path),
        result={**_ABSENT, **run.result},
        title=str(run.config.get("name") or run.path.parent.name or "run"),
        description=describe(run),
        lead=lead(run),
        sizes=sizes(run),
        metrics=metrics,
        usual=Table(metrics.title, metrics.head, [row for row in metrics.rows if row[0].text in usual]),
        facts=data_facts(run),
        counts=count_table(run),
        audit=audit_table(run),
        sections=sections,
        galleries=galleries,
        map=data_map,
        map_photos=[] if data_map is None else data_map.photos(sources),
        next_step=next_step(run),
        seconds_labels=SECONDS,
        configuration=dump(run.config, Dumper=CSafeDumper, sort_keys=False, allow_unicode=True),
    )


def save_pictures(drawings: Sequence[Drawing], figures: Path, formats: Sequence[Format]) -> list[Picture]:
    """Write drawings into a folder of figures and return them as pictures of the page."""
    return [Picture(each.title, each.caption, each.save(figures, formats)) for each in drawings]


def data_address(content: bytes, kind: str) -> str:
    """Write bytes into the page itself."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def fill(template: str, **values: Any) -> str:
    """Fill one of the templates, with the look, the script and the words that all pages share."""
    environment = _environment()
    shared = {
        "style": _source(environment, "report.css"),
        "script": _source(environment, "sort.js"),
        "words": glossary(),
    }
    return environment.get_template(template).render(**values, **shared)


@cache
def _environment() -> Environment:
    """Compile a template once in a process, which takes longer than filling it."""
    environment = Environment(
        loader=PackageLoader("groundwork.report", "template"),
        autoescape=True,  # class names, file names and messages are the user's data
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        coded=_coded, show=show, show_seconds=show_seconds, label=label, written=written
    )
    return environment


def _coded(text: str) -> Markup:
    """Set what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # escaped before


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
