"""A file that is to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reelnet.export.asked import Asked
from reelnet.export.report import Report
from reelnet.export.saving import Progress, Trying, require_colours, save, save_still
from reelnet.reel import Reel


@dataclass(frozen=True)
class Planned:
    """A file to write.

    Attributes:
        reel: What it shows.
        path: Where it goes.
        step: The step of a still; None for an animation.
        asked: What is asked of an animation.
    """

    reel: Reel
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
            require_colours(self.reel, self.path, lossless=self.asked.lossless)

    def save(self, progress: Progress | None = None, trying: Trying | None = None) -> Report:
        """Write it; see `Reel.save` and `Reel.save_still`."""
        if self.step is None:
            return save(self.reel, self.path, self.asked, progress, trying)
        return save_still(self.reel, self.step, self.path)
