"""Stills: one step as a PNG, or as a PDF or SVG for print."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from reelnet._support.arguments import require_number
from reelnet._support.atomic_path import atomic_path
from reelnet._support.length import UNITS, parse_length
from reelnet.errors import ReelnetError, UsageError
from reelnet.export.encoders.formats import is_sequence
from reelnet.export.encoders.png import encode_png
from reelnet.export.report import Report
from reelnet.render.rendition import Rendition

STILL_SUFFIXES = (".png", ".pdf", ".svg")

MIN_DPI, MAX_DPI = 10.0, 10_000.0

VECTOR_DENSITY = 4
"""Default density of a PDF or SVG. It sets the resolution of photos; text, lines and maps do not depend on it."""
DENSITIES = range(1, 5)


def is_still(path: str | Path) -> bool:
    """Whether a path is that of one picture."""
    return Path(path).suffix.lower() in STILL_SUFFIXES and not is_sequence(path)


@dataclass(frozen=True)
class StillRequest:
    """A still that a user asks for.

    Attributes:
        path: The file.
        width: Width on paper in inches; None for what follows from the pixels.
        dpi: Pixels per inch of a PNG; None for what follows from the width.
    """

    path: Path
    width: float | None = None
    dpi: float | None = None

    @classmethod
    def resolve(cls, path: Path, width: str | None = None, dpi: float | None = None) -> StillRequest:
        """Check what a user asks for.

        Args:
            path: The file.
            width: Width on paper with its unit, such as `17cm`.
            dpi: Pixels per inch of a PNG.

        Raises:
            UsageError: The suffix is unknown, a value is out of range, or `dpi` is given for a PDF or SVG.
        """
        suffix = path.suffix.lower()
        if suffix not in STILL_SUFFIXES:
            names = ", ".join(path.with_suffix(each).name for each in STILL_SUFFIXES)
            raise UsageError(f"{path}: a still is a PNG, PDF or SVG; name it {names}")
        if is_sequence(path):
            raise UsageError(f"{path}: is the name of a sequence, but this is one still; remove the % part")
        if dpi is not None and suffix != ".png":
            raise UsageError(f"{path}: dpi is for PNG; PDF and SVG have no pixels, but take a width")
        return cls(
            path,
            None if width is None else parse_length("width", width),
            None if dpi is None else require_number("dpi", dpi, MIN_DPI, MAX_DPI),
        )

    def save(self, rendition: Rendition, step: int) -> Report:
        """Write the frame of one recorded step.

        Raises:
            UsageError: The step was not recorded.
            RunError: The file of the step is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        rendition.run.require_step(step)
        if self.path.suffix.lower() == ".png":
            return self._save_png(rendition, step)
        return self._save_vector(rendition, step)

    def _save_png(self, rendition: Rendition, step: int) -> Report:
        notes: tuple[str, ...] = ()
        dpi = self.dpi
        if self.width is not None:
            rendition = self._choose_density(rendition, self.width)
            written = rendition.size.width / self.width
            if dpi is not None and written < dpi:
                notes = (
                    f"has {written:.0f} dpi at this width, fewer than {dpi:g}; give a greater density or canvas, "
                    "or write a PDF",
                )
            dpi = written
        with atomic_path(self.path) as temporary:
            temporary.write_bytes(encode_png(rendition.draw_step(step), rendition.palette_rgb, dpi))
        return self._report(rendition, step, notes)

    def _choose_density(self, rendition: Rendition, width: float) -> Rendition:
        """The smallest density with as many pixels per inch as the user asks for, unless that is fixed."""
        if self.dpi is None:
            return rendition
        for density in DENSITIES:
            chosen = rendition.with_default_density(density)
            if chosen.size.width >= width * self.dpi:
                break
        return chosen

    def _save_vector(self, rendition: Rendition, step: int) -> Report:
        rendition = rendition.with_default_density(VECTOR_DENSITY)
        size = rendition.size
        width = self.width or size.width / rendition.density * UNITS["px"]
        try:
            data = _make_picture(self.path.suffix.lower(), rendition, step, width)
        except ValueError as error:
            raise ReelnetError(f"{self.path}: {error}") from error
        with atomic_path(self.path) as temporary:
            temporary.write_bytes(data)
        # A PDF or SVG has no pixels of its own: those of style sheets say how large it is.
        pixels = width / UNITS["px"]
        return replace(
            self._report(rendition, step, ()),
            width=round(pixels),
            height=round(pixels * size.height / size.width),
            scale=max(1, rendition.scale // rendition.density),
            density=1,
        )

    def _report(self, rendition: Rendition, step: int, notes: tuple[str, ...]) -> Report:
        scene, run = rendition.scene, rendition.run
        notes = (*notes, *scene.text_notes, *run.warnings(scene.taps))
        return Report.from_rendition(rendition, self.path, step=step, frames=1, lossless=True, notes=notes)


def _make_picture(suffix: str, rendition: Rendition, step: int, width: float) -> bytes:
    """A PDF or SVG file."""
    # Other files are written without these imports.
    from reelnet.export.vector.marks import list_marks
    from reelnet.export.vector.pdf import make_pdf
    from reelnet.export.vector.svg import make_svg

    marks, title = list_marks(rendition, step), f"{rendition.layer} at step {step}"
    if suffix == ".pdf":
        return make_pdf(marks, rendition.size, width, title)
    return make_svg(marks, rendition.size, width, title).encode()
