"""run folder -> figures, report.html, a summary for the terminal."""

from groundwork.report.photos import wanted_photos
from groundwork.report.write_report import write_report

__all__ = ["wanted_photos", "write_report"]
