"""A file for each of several places of publication, each in the format that the place prefers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reelnet.errors import CapError, UsageError
from reelnet.export.encoders.formats import FORMATS
from reelnet.export.platforms.load import find_platform
from reelnet.export.platforms.model import Platform
from reelnet.export.report import Report
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.export.save import save
from reelnet.render.rendition import Rendition


@dataclass(frozen=True)
class Exported:
    """What a platform got.

    Attributes:
        platform: Its name.
        layer: The layer that is shown.
        path: Where the file lies, or would have been.
        report: Of the file; None if there is none.
        error: Why there is none; empty if there is one.
    """

    platform: str
    layer: str
    path: str
    report: Report | None = None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """The figures by name, for `json.dumps`: those of the report, or `error`."""
        found = self.report.as_json() if self.report is not None else {"path": self.path, "error": self.error}
        return {"platform": self.platform, "layer": self.layer, **found}


def export(
    renditions: Sequence[Rendition], names: Collection[str], folder: Path, asked: ExportOptions
) -> list[Exported]:
    """Write a file for each rendition and platform; see `Reel.export`."""
    return [exported(each, save) for each in for_places(renditions, names, folder, asked)]


def for_places(
    renditions: Sequence[Rendition], names: Collection[str], folder: Path, asked: ExportOptions
) -> list[ExportRequest]:
    """The files for some platforms, all of them looked up and none written.

    Args:
        renditions: What is shown; of each there is a file for each platform.
        names: The platforms'; one that is named twice gets one file.
        folder: Where the files go.
        asked: What else is asked of each.

    Raises:
        UsageError: There is no such platform, or it takes no format that can be written.
    """
    places = list({found.name: found for found in map(find_platform, names)}.values())
    if not places:
        raise UsageError("no platform is named; 'reelnet platforms' shows them")
    jobs: list[ExportRequest] = []
    taken: set[str] = set()
    for rendition in renditions:
        for place in places:
            path = _free(folder, rendition.layer, place, taken)
            job = ExportRequest(rendition, path, options=replace(asked, platform=place.name))
            job.check()
            jobs.append(job)
    return jobs


def exported(job: ExportRequest, save: Callable[[ExportRequest], Report]) -> Exported:
    """What came of a file; that there is none under the cap is no reason not to make the others.

    Raises:
        RunError: A step's file is missing, truncated or altered.
        ReelnetError: The file cannot be written.
    """
    name, layer, path = str(job.options.platform), job.rendition.layer, str(job.path)
    try:
        return Exported(name, layer, path, save(job))
    except CapError as error:
        return Exported(name, layer, path, error=str(error))


def _free(folder: Path, layer: str, place: Platform, taken: set[str]) -> Path:
    """`{layer}-{platform}.{suffix}`, with a number where that is taken, on systems that ignore case too."""
    # A slash in a name is no folder.
    stem = f"{layer}-{place.name}".replace("/", "_")
    suffix, number = place.choose_format(FORMATS), 1
    while f"{name_of(stem, number)}{suffix}".casefold() in taken:
        number += 1
    name = f"{name_of(stem, number)}{suffix}"
    taken.add(name.casefold())
    return folder / name


def name_of(stem: str, number: int) -> str:
    """A name, with its number from the second on."""
    return stem if number == 1 else f"{stem}-{number}"
