"""What a page wants written or forecast: a file for a platform, or of a format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reelnet.errors import UsageError, suggest_names
from reelnet.export.encoders.formats import FIGURE, FORMATS
from reelnet.export.platform_batch import plan_requests
from reelnet.export.platforms.load import find_platform
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.render.rendition import Rendition


@dataclass(frozen=True)
class Target:
    """A file that is wanted.

    Attributes:
        suffix: Its format.
        platform: The name of the platform whose limits it keeps; None for no limits.
    """

    suffix: str
    platform: str | None = None

    def __post_init__(self) -> None:
        known = [*FORMATS, FIGURE.suffix]
        if self.suffix not in known:
            raise UsageError(f"no format {self.suffix!r}; {suggest_names(self.suffix, known)}")

    @classmethod
    def for_platform(cls, name: str) -> Self:
        """The file that a platform prefers.

        Raises:
            UsageError: There is no such platform, or it takes no format that can be written.
        """
        platform = find_platform(name)
        return cls(platform.choose_format(FORMATS), platform.name)

    def make_request(self, rendition: Rendition, folder: Path) -> ExportRequest:
        """The request of the file in a folder.

        Raises:
            UsageError: The platform does not take it.
            TemplateError: The format has too few colors.
        """
        if self.platform is not None:
            (request,) = plan_requests([rendition], [self.platform], folder, ExportOptions())
            return request
        # A slash in the name of a layer does not start a folder.
        return ExportRequest(rendition, folder / f"{rendition.layer.replace('/', '_')}{self.suffix}")
