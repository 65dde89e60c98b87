"""Figure + its numbers -> png for people, pdf and csv for papers."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from pandas import DataFrame

from groundwork.core.atomic import write_bytes, write_text
from groundwork.core.patches import fonts_of_glyphs

Format = Literal["png", "pdf", "csv"]
Look = dict[str, Any]  # arguments of a matplotlib artist that several calls share

INK, MUTED, GRID = "#1f2328", "#6b7280", "#e3e6ea"
# Dark blue and amber differ in hue for every kind of color vision and in lightness when printed in grey.
MODEL, OTHER, PALE = "#1d4e89", "#e69f00", "#b8c4d6"
# One hue from white to dark: an empty cell is empty paper, and grey print keeps the order.
SHARE = LinearSegmentedColormap.from_list("share", ["#ffffff", "#c9d8ea", "#6f9bc8", MODEL, "#0b2545"])
FULL, HALF = 7.16, 3.5  # inches: two columns and one of a journal page; 688 and 336 px on ours
MOST_NAMED = 30  # classes below their bars
DPI = 144  # three pixels for each two of the page

# Scripts that DejaVu lacks; whichever of these the machine has is asked next.
_FALLBACKS = ("Noto Sans CJK JP", "Noto Sans", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei", "Segoe UI")


@dataclass(frozen=True)
class Drawing:
    """Hold one picture of the report and the numbers behind it.

    Attributes:
        name: File name under figures/, without its ending.
        title: Heading in the report.
        caption: What to read from it, in a sentence or two.
        figure: The picture itself.
        numbers: What was drawn, as a table.
    """

    name: str
    title: str
    caption: str
    figure: Figure
    numbers: DataFrame

    def png(self) -> bytes:
        """Render for the screen."""
        return self._render("png")

    def save(self, folder: Path, formats: Sequence[Format]) -> bytes:
        """Write the files of this drawing and return its png."""
        if formats:
            folder.mkdir(parents=True, exist_ok=True)
        png = self.png()
        self.figure.set_layout_engine(
            "none"
        )  # laid out by the first rendering; the second need not repeat it
        if "png" in formats:
            write_bytes(folder / f"{self.name}.png", png)
        if "pdf" in formats:
            write_bytes(folder / f"{self.name}.pdf", self._render("pdf"))
        if "csv" in formats:
            write_text(folder / f"{self.name}.csv", self.numbers.to_csv(index=False, lineterminator="\n"))
        return png

    def _render(self, kind: Literal["png", "pdf"]) -> bytes:
        page = BytesIO()
        with warnings.catch_warnings():
            # A class named in a script that no installed font has is drawn as boxes; the html has its name.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            # savefig draws everything once more, to find the layout; drawing finds it as well.
            self.figure.set_dpi(DPI)
            canvas: Any = FigureCanvasAgg if kind == "png" else FigureCanvasPdf  # their methods are untyped
            with fonts_of_glyphs():
                getattr(canvas(self.figure), f"print_{kind}")(page)
        return page.getvalue()


@contextmanager
def style() -> Iterator[None]:
    """Draw with the report's type, lines and colors, leaving matplotlib's own settings as they were."""
    with rc_context(
        {
            "font.family": _fonts(),
            "font.size": 9.0,
            "text.color": INK,
            "text.parse_math": False,  # a class may be called $a$
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 9.5,
            "axes.titlelocation": "left",
            "axes.unicode_minus": True,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "legend.frameon": False,
            "grid.color": GRID,
            "grid.linewidth": 0.7,
            "lines.linewidth": 1.6,
            "pdf.fonttype": 42,  # journals refuse type 3
        }
    ):
        yield


def new_figure(height: float, width: float = FULL) -> Figure:
    """Return an empty white page, sizes in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def grid(axes: Axes, axis: Literal["both", "x", "y"] = "y") -> None:
    """Put quiet lines behind the data."""
    axes.grid(True, axis=axis)
    axes.set_axisbelow(True)


def ring(axes: Axes, x: Any, y: Any) -> None:
    """Draw a ring around what was chosen."""
    axes.plot(x, y, "o", markersize=11, markerfacecolor="none", color=OTHER, zorder=4)


def whole_numbers(axis: Axis) -> None:
    """Put ticks at whole numbers only."""
    axis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def plain_log(axes: Axes) -> None:
    """Make the horizontal axis logarithmic with labels such as 1e-05, which need no markup."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def legend_above(axes: Axes, columns: int = 4) -> None:
    """Put the legend above the axes, at the right, where it covers no data."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.2)


def short(name: str, most: int = 24) -> str:
    """Cut a long class name in its middle: both ends tell classes apart."""
    head = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - head]}…{name[len(name) - head :]}"


def name_classes(axes: Axes, classes: Sequence[str]) -> bool:
    """Name the classes below their bars, or count them where there are too many; tell whether the names are steep."""
    names = [short(name, 16) for name in classes] if len(classes) <= MOST_NAMED else []
    steep = sum(map(len, names)) > 70
    axes.set_xticks(range(len(names)), names, rotation=45 if steep else 0)
    for label in axes.get_xticklabels() if steep else ():
        label.set(ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(classes) - 0.4)
    if not names:
        axes.set_xlabel(f"{len(classes)} classes, from the largest to the smallest")
    return steep


@cache
def _fonts() -> list[str]:
    present = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in present)]
