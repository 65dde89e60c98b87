import re
import zlib
from io import BytesIO
from pathlib import Path

import fontTools.subset
import matplotlib
from fontTools.ttLib import TTFont
from pandas import DataFrame, read_csv

from groundwork.report.drawing import Drawing, new_figure, short, style


def test_a_drawing_is_saved_in_the_formats_that_are_asked_for(tmp_path: Path) -> None:
    with style():
        figure = new_figure(1.0, 2.0)
        figure.add_subplot().plot([0, 1])
        drawing = Drawing("line", "Line", "A line.", figure, DataFrame({"y": [0, 1]}))
        png = drawing.save(tmp_path, ["png", "pdf", "csv"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line.csv", "line.pdf", "line.png"]
    assert (tmp_path / "line.png").read_bytes() == png
    assert png.startswith(b"\x89PNG")
    assert (tmp_path / "line.pdf").read_bytes().startswith(b"%PDF")
    assert read_csv(tmp_path / "line.csv")["y"].tolist() == [0, 1]


def test_names_with_markup_or_unknown_letters_are_drawn_as_they_are(tmp_path: Path) -> None:
    with style():
        figure = new_figure(1.0, 2.0)
        figure.add_subplot().set_title(r"$\frac{a$ 鳥 <b>")
        Drawing("name", "", "", figure, DataFrame()).save(tmp_path, ["pdf"])


def test_a_pdf_embeds_the_glyphs_of_its_fonts_and_no_tables_that_lay_text_out(tmp_path: Path) -> None:
    before = list(fontTools.subset.Options()._drop_tables_default)
    with style():
        figure = new_figure(1.0, 2.0)
        figure.add_subplot().set_title("efficient Ünïcode")
        Drawing("name", "", "", figure, DataFrame()).save(tmp_path, ["pdf"])
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", (tmp_path / "name.pdf").read_bytes(), re.DOTALL)
    written = [zlib.decompress(stream) for stream in streams]
    fonts = [TTFont(BytesIO(each)) for each in written if each.startswith(b"\0\1\0\0")]
    assert fonts
    assert {"e", "n", "t", "Udieresis"} <= {name for font in fonts for name in font.getGlyphSet()}
    assert all("glyf" in font and not {"GSUB", "GPOS", "GDEF"} & set(font.keys()) for font in fonts)
    assert before == fontTools.subset.Options()._drop_tables_default


def test_drawing_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(matplotlib.rcParams)
    with style():
        assert not matplotlib.rcParams["text.parse_math"]
    assert dict(matplotlib.rcParams) == before


def test_a_long_name_keeps_both_ends() -> None:
    assert short("Greenfinch (Chloris chloris)", 11) == "Green…oris)"
    assert short("kite", 4) == "kite"
    assert len(short("x" * 50, 24)) == 24
