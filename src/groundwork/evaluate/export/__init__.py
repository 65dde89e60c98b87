"""a finished run -> a folder with the model in an open format, its preprocessing and a card."""

from groundwork.evaluate.export.export import export_run

__all__ = ["export_run"]
