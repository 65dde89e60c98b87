"""A table -> samples, one per row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.check_target import check_digits
from groundwork.data.contents import content_ids
from groundwork.data.formats import Source, read_frame
from groundwork.data.formats.infer import read_dates
from groundwork.data.formats.style import AUTO, Style
from groundwork.data.formats.written import read_numbers
from groundwork.data.readers.hints import date_notes, hints
from groundwork.data.readers.inputs import check_inputs, choose_inputs, read_inputs
from groundwork.data.readers.leftover import leftover_columns, leftover_notes
from groundwork.data.readers.roles import Roles, as_names, require
from groundwork.data.readers.sentinels import sentinel_notes
from groundwork.data.samples import Samples


def read_table(
    table: str | None,
    target: str | Sequence[str] | None,
    inputs: Sequence[str] | None,
    drop: Sequence[str] | None,
    categorical: Sequence[str] | None,
    id_column: str | None,
    group: str | None,
    split_column: str | None,
    order_column: str | None,
    query: str | None,
    trust_pickle: bool,
    decimal: str = "auto",
    thousands: str | None = "auto",
    missing_values: Sequence[str] = (),
    date_parts: Sequence[str] = (),
) -> Samples:
    """Read one sample per row.

    Args:
        table: File, or `sqlite:///file.db?table=name`.
        target: One column or several; None where they are unknown, for prediction.
        inputs: Columns to learn from; None takes all that play no other part.
        drop: Columns to leave out.
        categorical: Columns of numbers that are names of categories.
        id_column: Unique name of each row; None takes a hash of the row's content.
        group: Column whose equal values never span two splits.
        split_column: Column that holds the data set's own split.
        order_column: Column that the chronological split sorts by; an input only if `inputs` names it.
        query: SQL that selects the rows, for a database.
        trust_pickle: Read a .pkl file although it can run any code.
        decimal: Sign before the decimals of numbers: ".", "," or auto.
        thousands: Sign between thousands: one character, None or auto.
        missing_values: Words for a missing value, beside an empty cell.
        date_parts: Of dates, as inputs beside their days. Configurations of the first edition have none of the last
            four keys, which is why they have defaults.
    """
    source = Source.parse(table, "data.table")
    style = Style(decimal, thousands, tuple(as_names(missing_values)))
    frame = read_frame(source, query, trust_pickle, style)
    roles = Roles(as_names(target), id_column, group, split_column, order_column)
    names = (as_names(drop), as_names(categorical))
    return table_samples(frame, source.path, str(source), roles, inputs, *names, style, as_names(date_parts))


def table_samples(
    frame: DataFrame,
    root: Path,
    where: str,
    roles: Roles,
    inputs: Sequence[str] | None,
    drop: Sequence[str],
    categorical: Sequence[str],
    style: Style = AUTO,
    date_parts: Sequence[str] = (),
) -> Samples:
    """Share the columns of a table out among inputs and the other parts of samples."""
    roles.check(frame, where)
    for key, names in (("drop", drop), ("categorical", categorical)):
        require(frame, names, key, where)
    sample_id = content_ids(frame) if roles.id_column is None else roles.sample_id(frame)
    chosen = choose_inputs(frame, roles, inputs, drop, where)
    as_typed = {*categorical, *roles.as_typed()}
    named = dict.fromkeys([*chosen, *roles.target, *as_names(roles.order_column)])
    reading = read_numbers(frame, [name for name in named if name not in as_typed], style, categorical)
    notes = [*frame.attrs.get("notes", ()), *reading.notes]
    frame = read_dates(reading.frame, [name for name in named if name not in {*as_typed, *categorical}])
    frame.attrs = {}  # which pandas copies at each look at a column
    left_out: dict[str, str] = {}
    if inputs is None:
        left_out = leftover_columns(frame, [name for name in chosen if name not in categorical])
        notes += leftover_notes(left_out)
        chosen = [name for name in chosen if name not in left_out]
        check_inputs(chosen, where, left_out)
    if idle := [name for name in categorical if name not in chosen]:
        raise UserError(f"data.categorical must name inputs, but {quoted(idle)} is not an input. Remove it.")
    notes += sentinel_notes(
        frame, [name for name in dict.fromkeys([*chosen, *roles.target]) if name not in categorical]
    )
    found = read_inputs(frame, chosen, categorical, date_parts, where)
    texts = [name for name in chosen if name in found.categorical]
    notes += [*found.notes, *date_notes(frame, [name for name in texts if name not in categorical])]
    for name in [name for name in chosen if name not in texts]:
        check_digits(frame[name], f"input {name!r}")
    return Samples(
        kind="table",
        sample_id=sample_id,
        target=roles.targets(frame),
        inputs=found.table,
        categorical=found.categorical,
        root=root,
        group=roles.groups(frame),
        official=roles.official(frame),
        order=roles.order(frame),
        notes=(*notes, *roles.group_notes(frame)),
        left_out=left_out,
        moments=found.moments,
        decimal=reading.decimal,
        units=reading.units,
        **hints(frame, roles, roles.no_part(frame)),
    )
