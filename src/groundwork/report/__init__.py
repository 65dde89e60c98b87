"""run folder -> figures, report.html, a summary for the terminal."""

from groundwork.report.assemble import write_report
from groundwork.report.photos import wanted_photos
from groundwork.report.terminal import summary

__all__ = ["summary", "wanted_photos", "write_report"]
