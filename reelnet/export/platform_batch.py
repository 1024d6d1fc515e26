"""Export to several platforms: one file per platform, in the format that it prefers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reelnet.errors import CapError, UsageError
from reelnet.export.encoders.formats import FORMATS
from reelnet.export.platforms.load import find_platform
from reelnet.export.report import Report
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.export.save import OnProgress, OnTrial, save
from reelnet.render.rendition import Rendition


@dataclass(frozen=True)
class PlatformResult:
    """The result of an export to one platform.

    Attributes:
        platform: The name of the platform.
        layer: The layer that is shown.
        path: The file, whether it could be made or not.
        report: The report of the file; None if it could not be made.
        error: Why it could not be made; empty if it was.
    """

    platform: str
    layer: str
    path: str
    report: Report | None = None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """The result for `json.dumps`: the figures of the report, or `error`."""
        rest = self.report.as_json() if self.report is not None else {"path": self.path, "error": self.error}
        return {"platform": self.platform, "layer": self.layer, **rest}


def export(
    renditions: Sequence[Rendition], names: Collection[str], folder: Path, options: ExportOptions
) -> list[PlatformResult]:
    """Write one file per rendition and platform; see `Reel.export`."""
    return [export_request(request) for request in plan_requests(renditions, names, folder, options)]


def plan_requests(
    renditions: Sequence[Rendition], names: Collection[str], folder: Path, options: ExportOptions
) -> list[ExportRequest]:
    """The files for some platforms, each as `{layer}-{platform}.{suffix}`. None of them is written yet.

    Args:
        renditions: What the files show; each is exported to every platform.
        names: The names of the platforms. A platform that is named twice gets one file.
        folder: The folder of the files.
        options: The other options of each file.

    Raises:
        UsageError: No platform is named, a name is unknown, or a platform accepts no format that can be written.
        TemplateError: The user's platform file is invalid.
    """
    platforms = list({platform.name: platform for platform in map(find_platform, names)}.values())
    if not platforms:
        raise UsageError("name at least one platform; 'reelnet platforms' lists them")
    requests: list[ExportRequest] = []
    used: set[str] = set()
    for rendition in renditions:
        for platform in platforms:
            name = _unused_name(f"{rendition.layer}-{platform.name}", platform.choose_format(FORMATS), used)
            platform_options = replace(options, platform=platform.name)
            request = ExportRequest(rendition, folder / name, options=platform_options)
            request.check()
            requests.append(request)
    return requests


def export_request(
    request: ExportRequest, on_progress: OnProgress | None = None, on_trial: OnTrial | None = None
) -> PlatformResult:
    """Write the file for one platform. If its cap cannot be met, that is the result, so that other files can follow.

    Args:
        request: The file.
        on_progress: See `save`.
        on_trial: See `save`.

    Raises:
        RunError: The file of a step is missing, truncated or altered.
        ReelnetError: The file cannot be written.
    """
    platform, layer, path = str(request.options.platform), request.rendition.layer, str(request.path)
    try:
        return PlatformResult(platform, layer, path, save(request, on_progress, on_trial))
    except CapError as error:
        return PlatformResult(platform, layer, path, error=str(error))


def _unused_name(stem: str, suffix: str, used: set[str]) -> str:
    """A file name that is not in `used`, numbered from the second on. Adds it to `used`, without its case."""
    # A slash in the name of a layer does not start a folder.
    stem = stem.replace("/", "_")
    name, number = f"{stem}{suffix}", 1
    while name.casefold() in used:
        number += 1
        name = f"{stem}-{number}{suffix}"
    used.add(name.casefold())
    return name
