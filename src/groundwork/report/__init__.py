"""run folder -> figures, report.html, a summary for the terminal; compared runs -> a table and a picture."""

from groundwork.report.advice import write_advice
from groundwork.report.assemble import write_report
from groundwork.report.attention import keep_attention
from groundwork.report.compare import compare_table, to_latex, to_markdown, write_comparison
from groundwork.report.figures.lr_find import write_rates
from groundwork.report.photos import wanted_attention, wanted_photos
from groundwork.report.terminal import summary

__all__ = [
    "compare_table",
    "keep_attention",
    "summary",
    "to_latex",
    "to_markdown",
    "wanted_attention",
    "wanted_photos",
    "write_advice",
    "write_comparison",
    "write_rates",
    "write_report",
]
