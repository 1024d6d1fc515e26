"""A file that is to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reelnet.export.report import Report
from reelnet.export.request import Asked
from reelnet.export.save import Progress, Trying, require_colours, save, save_still
from reelnet.render.rendition import Rendition


@dataclass(frozen=True)
class Planned:
    """A file to write.

    Attributes:
        rendition: What it shows.
        path: Where it goes.
        step: The step of a still; None for an animation.
        asked: What is asked of an animation.
    """

    rendition: Rendition
    path: Path
    step: int | None = None
    asked: Asked = field(default_factory=Asked)

    def check(self) -> None:
        """Make sure that the file can be as it is asked for.

        Raises:
            UsageError: It cannot.
            TemplateError: Its format has fewer colours than the panels need.
        """
        if self.step is None:
            self.asked.wish(self.path)
            require_colours(self.rendition, self.path, lossless=self.asked.lossless)

    def save(self, progress: Progress | None = None, trying: Trying | None = None) -> Report:
        """Write it; see `Reel.save` and `Reel.save_still`."""
        if self.step is None:
            return save(self.rendition, self.path, self.asked, progress, trying)
        return save_still(self.rendition, self.step, self.path)
