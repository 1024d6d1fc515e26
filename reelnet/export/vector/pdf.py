"""PDF pictures, by matplotlib: text as text with its fonts inside, curves as paths, maps as images of values."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from reelnet._support.font_file import FontFile
from reelnet._support.font_subset import unpack_font
from reelnet.export.vector.marks import Mark, Picture, Words
from reelnet.render.description.items import DiscItem, LineItem, PolygonItem, RectItem
from reelnet.scene.layout.boxes import Box, Size
from reelnet.template.color import Rgb

POINTS_PER_INCH = 72
TRUETYPE, POSTSCRIPT = (b"\0\1\0\0", b"true"), b"OTTO"
"""How files of one font begin: those that a PDF can contain as they are, and those that are drawn as outlines."""
ANCHORS: Mapping[str, Literal["left", "center", "right"]] = {
    "left": "left",
    "middle": "center",
    "right": "right",
}
SETTINGS: Any = {
    "pdf.fonttype": 42,
    "pdf.compression": 9,
    "image.composite_image": False,
    "path.simplify": False,
}


def make_pdf(marks: Sequence[Mark], size: Size, width: float, title: str) -> bytes:
    """A PDF file of one page. The same arguments give the same bytes.

    Args:
        marks: What it shows, from the bottom to the top.
        size: Of the frame, in the pixels of the marks.
        width: In inches; the height follows.
        title: For the properties of the document.
    """
    # matplotlib takes long to import.
    import matplotlib
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with matplotlib.rc_context(), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # The user's own settings change nothing.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure = Figure((width, width * size.height / size.width), frameon=False)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size.width), ylim=(size.height, 0))
        axes.set_axis_off()
        page = _Page(axes, width * POINTS_PER_INCH / size.width, Path(folder))
        for mark in marks:
            page.draw(mark)
        buffer = io.BytesIO()
        about = {"Title": title, "Creator": "reelnet", "Producer": None, "CreationDate": None}
        canvas: Any = FigureCanvasPdf(figure)
        canvas.print_pdf(buffer, metadata=about)
    return buffer.getvalue()


class _Page:
    """Draws marks as artists of matplotlib.

    Args:
        axes: Whose data coordinates are the pixels of the marks.
        points: Points per pixel.
        folder: For fonts that matplotlib cannot read as they are.
    """

    def __init__(self, axes: Any, points: float, folder: Path) -> None:
        self._axes, self._points, self._folder = axes, points, folder
        self._files: dict[FontFile, Path] = {}

    def draw(self, mark: Mark) -> None:
        """Draw a mark on top."""
        from matplotlib import patches

        match mark:
            case Words():
                self._draw_words(mark)
            case RectItem(box, ink):
                self._fill(patches.Rectangle((box.x, box.y), box.width, box.height), ink.color)
            case PolygonItem(points, ink):
                self._fill(patches.Polygon(points, closed=True), ink.color)
            case LineItem():
                self._draw_lines(mark)
            case DiscItem():
                self._draw_disc(mark)
            case Picture():
                self._draw_picture(mark)

    def _add(self, artist: Any, clip: Box | None = None) -> None:
        from matplotlib import patches

        # Artists of one order are drawn as they were added.
        artist.set_zorder(0)
        self._axes.add_artist(artist)
        artist.set_clip_on(clip is not None)
        if clip is not None:
            area = patches.Rectangle(
                (clip.x, clip.y), clip.width, clip.height, transform=self._axes.transData
            )
            artist.set_clip_path(area)

    def _fill(self, patch: Any, color: Rgb) -> None:
        patch.set(facecolor=_scale(color), edgecolor="none", linewidth=0)
        self._add(patch)

    def _draw_lines(self, item: LineItem) -> None:
        from matplotlib import collections

        dash = (0, [self._points * part for part in item.dash]) if item.dash else "solid"
        self._add(
            collections.LineCollection(
                item.lines,
                linewidths=self._points * item.width,
                colors=[_scale(item.ink.color)],
                linestyles=[dash],
                capstyle="round" if item.has_round_ends else "butt",
                joinstyle="round",
            ),
            item.clip,
        )

    def _draw_disc(self, disc: DiscItem) -> None:
        from matplotlib import patches

        patch = patches.Circle((disc.x, disc.y), disc.radius)
        if disc.stroke is None:
            self._fill(patch, disc.ink.color)
            return
        width = self._points * disc.stroke
        patch.set(fill=False, edgecolor=_scale(disc.ink.color), linewidth=width, capstyle="butt")
        if disc.dash is not None:
            # In units of the width. The outline begins at the top or at the bottom.
            drawn, left_out = (part / disc.stroke for part in disc.dash)
            patch.set_linestyle((drawn / 2, (drawn, left_out)))
        self._add(patch)

    def _draw_picture(self, picture: Picture) -> None:
        from matplotlib.image import AxesImage

        right, bottom = picture.x + picture.width, picture.y + picture.height
        image = AxesImage(
            self._axes,
            extent=(picture.x, right, bottom, picture.y),
            origin="upper",
            interpolation="none",
        )
        image.set_data(picture.pixels)
        self._add(image, picture.clip)

    def _draw_words(self, words: Words) -> None:
        from matplotlib import font_manager, patches, text, textpath, transforms

        file, size = self._find_file(words.font), self._points * words.size
        font = font_manager.FontProperties(fname=str(file))
        if read_kind(file) in TRUETYPE:
            self._add(
                text.Text(
                    words.x,
                    words.y,
                    words.text,
                    fontproperties=font,
                    fontsize=size,
                    color=_scale(words.color),
                    horizontalalignment=ANCHORS[words.anchor],
                    verticalalignment="baseline",
                    rotation=words.angle,
                    rotation_mode="anchor",
                    parse_math=False,
                )
            )
            return
        left = {"left": 0.0, "middle": -words.width / 2, "right": -words.width}[words.anchor]
        path = textpath.TextPath((left, 0), words.text, size=words.size, prop=font)
        turn = transforms.Affine2D().scale(1, -1).rotate_deg(-words.angle).translate(words.x, words.y)
        self._fill(patches.PathPatch(path.transformed(turn)), words.color)

    def _find_file(self, font: FontFile) -> Path:
        """A file of that font alone."""
        if font not in self._files:
            self._files[font] = Path(font.file)
            if read_kind(self._files[font]) not in (*TRUETYPE, POSTSCRIPT):
                self._files[font] = self._folder / f"{len(self._files)}.ttf"
                unpack_font(font, self._files[font])
        return self._files[font]


def read_kind(file: Path) -> bytes:
    """What a font file says that it is."""
    with file.open("rb") as opened:
        return opened.read(4)


def _scale(color: Rgb) -> tuple[float, float, float]:
    red, green, blue = color
    return red / 255, green / 255, blue / 255
