"""Data that was read as an earlier run read it -> what this run says and counts of it."""

from dataclasses import replace

from groundwork.data import Store, Stream, TableSource
from groundwork.data.prepared import Prepared
from groundwork.train.warm import Warm, count_more
from groundwork.transfer import Plan


def adopt(prepared: Prepared, warm: Warm, plan: Plan) -> Prepared:
    """Say what is kept of the run that the backbone comes from, and count what training shows it beside.

    Raises:
        UserError: If its first layer cannot read the images.
    """
    notes = (*prepared.notes, warm.says(), *warm.left_out(prepared.samples))
    if isinstance(prepared.source, Store | Stream):
        warm.check_images(prepared.source.shape[0])
    columns = prepared.columns
    if columns is not None and isinstance(prepared.source, TableSource) and not plan.head_only:
        columns = count_more(columns, prepared.source.array.numpy()[prepared.rows["train"]])
    return replace(prepared, columns=columns, notes=notes)
