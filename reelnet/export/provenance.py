"""Provenance files: everything that output files were made from, so that they can be made again."""

from __future__ import annotations

import hashlib
import json
import platform as system
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import av

from reelnet._support.atomic_path import atomic_path
from reelnet._support.input_path import require_regular
from reelnet.config.diagnostics import OptionError
from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError
from reelnet.export.encoders.png import list_files
from reelnet.export.report import Report
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.render.registry import panel_registry
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.run import RunReader
from reelnet.template.builder import build_template
from reelnet.template.load import iter_file_keys
from reelnet.template.model import Template

FORMAT_VERSION = 1

MAX_BYTES = 10**8
"""Bytes of the largest provenance file that is read: 100 MB."""

PACKAGES = (
    "reelnet",
    "av",
    "deflate",
    "fonttools",
    "matplotlib",
    "numpy",
    "pillow",
    "safetensors",
    "zlib-ng",
)
"""The packages whose versions can change the bytes of a file."""

LIBRARIES = ("libavcodec", "libavformat")
"""The same for FFmpeg's libraries."""

PATH_ERRORS = "surrogateescape"
"""Paths that are not Unicode keep their bytes."""


@dataclass(frozen=True)
class RecordedFile:
    """One output file of a provenance file, ready to be made again.

    Attributes:
        request: The file.
        sha256: The SHA-256 of its bytes when it was first made, in hexadecimal.
    """

    request: ExportRequest
    sha256: str

    @property
    def is_unchanged(self) -> bool:
        """Whether the existing file has the same bytes."""
        return file_sha256(self.request.path) == self.sha256


@dataclass(frozen=True)
class Provenance:
    """The content of a provenance file.

    Attributes:
        path: The provenance file.
        content: Its JSON.
    """

    path: Path
    content: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Provenance:
        """Read a file that `write_provenance` wrote.

        Raises:
            UsageError: The file does not exist, or is no regular file.
            ReelnetError: It cannot be read or is too large, or is not a provenance file of this version.
        """
        require_regular(path, MAX_BYTES)
        try:
            content = json.loads(path.read_text("utf-8", PATH_ERRORS))
            if content["format"] != FORMAT_VERSION:
                raise ReelnetError(
                    f"{path}: format {content['format']!r}, but this reelnet reads format {FORMAT_VERSION}; "
                    f"use reelnet {content['versions']['reelnet']}"
                )
            return cls(path, content)
        except FileNotFoundError as error:
            raise UsageError(
                f"{path}: no such file; give one that --report of render or export wrote"
            ) from error
        except OSError as error:
            raise ReelnetError(f"{path}: cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise _provenance_error(path, error) from error

    @property
    def run(self) -> str:
        """The path of the run folder."""
        return str(self.content["run"]["path"])

    def require_same_run(self, run: RunReader) -> None:
        """Raise an error unless the files were made from this run.

        Raises:
            RunError: It is a different run, or was recorded further.
        """
        if run_sha256(run) != self.content["run"]["sha256"]:
            raise RunError(
                f"{run.location}: differs from the run that {self.path} was written for; name its folder with --run"
            )

    def changed_versions(self) -> list[str]:
        """The versions that differ today, such as `numpy 2.1.0 was 2.0.2`."""
        recorded, current = self.content["versions"], find_versions()
        return [
            f"{name} {current[name]} was {version}"
            for name, version in recorded.items()
            if current.get(name, version) != version
        ]

    def changed_files(self, files: Iterable[RecordedFile]) -> list[str]:
        """The fonts and pictures that differ today, such as `installed fonts: DejaVuSans.ttf, was NotoSans.ttf`.

        Args:
            files: What `resolve_files` returned.

        Raises:
            ReelnetError: The provenance file is incomplete.
        """
        changed: list[str] = []
        try:
            for entry, file in zip(self.content["files"], files, strict=True):
                given = entry["template"]["files"].items()
                changed += [
                    f"{path} has changed" for path, sha256 in given if file_sha256(Path(path)) != sha256
                ]
                before, now = entry.get("fonts", {}), _describe_fonts(file.request)
                if sorted(before.values()) != sorted(now.values()):
                    changed.append(f"installed fonts: {_compare_names(before, now)}")
        except (KeyError, TypeError, AttributeError) as error:
            raise _provenance_error(self.path, error) from error
        return [*dict.fromkeys(changed)]

    def resolve_files(self, run: RunReader, folder: Path | None = None) -> Iterator[RecordedFile]:
        """The files, ready to be made again.

        Args:
            run: The recording.
            folder: Where the files go; by default to their original paths.

        Raises:
            TemplateError: A template does not fit this version of reelnet.
            ReelnetError: The provenance file is incomplete.
        """
        try:
            for entry in self.content["files"]:
                template = build_described(entry["template"]["name"], entry["template"]["content"])
                layout = LayoutRequest(template, None, entry["scale"], entry["fps"], density=entry["density"])
                rendition, *others = (
                    Rendition.from_request(run, replace(layout, layer=layer))
                    for layer in (entry["layer"], *entry.get("others", ()))
                )
                path = Path(entry["report"]["path"])
                request = ExportRequest(
                    rendition,
                    path if folder is None else folder / path.name,
                    entry["step"],
                    ExportOptions(**entry["asked"]),
                    tuple(others),
                )
                yield RecordedFile(request, str(entry["sha256"]))
        except (KeyError, TypeError) as error:
            raise _provenance_error(self.path, error) from error


def write_provenance(path: Path, files: Sequence[tuple[ExportRequest, Report]]) -> None:
    """Write what files were made from, and their reports, as JSON.

    Args:
        path: The provenance file. It appears complete or not at all.
        files: The files, all of one run.

    Raises:
        ReelnetError: The file cannot be written.
    """
    content = {
        "format": FORMAT_VERSION,
        "versions": find_versions(),
        "run": _describe_run(files[0][0].rendition.run) if files else None,
        "files": [_describe_file(request, report) for request, report in files],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8", PATH_ERRORS)


def require_replaceable(path: Path) -> None:
    """Raise an error if a file that is no provenance file, such as the header of a run, is at `path`.

    Raises:
        UsageError: There is one.
        OSError: It cannot be read.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        content = None
    if not isinstance(content, dict) or not {"format", "versions", "run", "files"} <= content.keys():
        raise UsageError(f"{path}: exists, and is not a file that --report wrote; choose another name")


def find_versions() -> dict[str, str]:
    """The version of everything that can change the bytes of a file, by name."""
    return {
        "python": system.python_version(),
        **{name: _find_version(name) for name in PACKAGES},
        **{name: ".".join(map(str, av.library_versions[name])) for name in LIBRARIES},
        "machine": f"{system.system()} {system.machine()}",
    }


def _find_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        # The sources without an installation, or a distribution that names its packages differently.
        return "unknown"


def run_sha256(run: RunReader) -> str:
    """The SHA-256 of a run's header and log, in hexadecimal. The log contains a checksum of everything else.

    Raises:
        RunError: They cannot be read.
    """
    try:
        return hashlib.sha256(run.store.read_bytes("run.json") + run.store.read_log(None).lines).hexdigest()
    except OSError as error:
        raise RunError(f"{run.location}: cannot be read ({error.strerror})") from error


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, or of the concatenated files of a sequence, in hexadecimal."""
    checksum = hashlib.sha256()
    for file in list_files(path):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                checksum.update(block)
    return checksum.hexdigest()


def _describe_run(run: RunReader) -> dict[str, Any]:
    return {
        "path": run.location,
        "seed": run.about.get("seed"),
        "steps": len(run.steps),
        "sha256": run_sha256(run),
        "about": dict(run.about),
    }


def _describe_file(request: ExportRequest, report: Report) -> dict[str, Any]:
    layout = request.rendition.request
    content, files = describe_template(layout.template)
    return {
        "report": report.as_json(),
        "sha256": file_sha256(request.path),
        "layer": request.rendition.layer,
        "others": [rendition.layer for rendition in request.others],
        "step": request.step,
        "scale": layout.scale,
        "fps": layout.fps,
        "density": layout.density,
        "asked": asdict(request.options),
        "template": {
            "name": layout.template.name,
            "content": content,
            "files": {file: file_sha256(Path(file)) for file in files},
        },
        "fonts": _describe_fonts(request),
    }


def describe_template(template: Template) -> tuple[dict[str, Any], list[str]]:
    """What a template says, with all that it extends, as plain data, and the files that it names.

    Returns:
        The content without `outputs`, for `build_described`; its files have absolute paths, so that they are found
        from any folder. And these paths.
    """
    content = {key: value for key, value in template.content.items() if key != "outputs"}
    content, files = json.loads(json.dumps(content)), list[str]()
    for *keys, last in iter_file_keys(content, panel_registry()):
        parent: Any = content
        for key in keys:
            parent = parent[key]
        parent[last] = str(Path(parent[last]).resolve())
        files.append(parent[last])
    return content, files


def build_described(name: str, content: Mapping[str, Any]) -> Template:
    """The template that `describe_template` described.

    Raises:
        TemplateError: This version of reelnet does not have what it says.
    """
    try:
        return build_template(name, content, panel_registry())
    except OptionError as error:
        path, message = error.errors[0]
        raise TemplateError(
            f"template {name!r} does not fit this version of reelnet: {'.'.join(map(str, path))}: {message}"
        ) from None


def _describe_fonts(request: ExportRequest) -> dict[str, str]:
    """The SHA-256 of each font of the system that draws text, by its path."""
    given = request.rendition.scene.context.theme
    own = {str(Path(font)) for font in (*given.font, *given.font_bold)}
    files = (file for file in request.rendition.scene.font_files if str(Path(file)) not in own)
    return {file: file_sha256(Path(file)) for file in files}


def _compare_names(before: Iterable[str], now: Iterable[str]) -> str:
    """The names of the font files that are used now, and of those before if they differ."""
    was, names = (", ".join(sorted(Path(path).name for path in paths)) or "none" for paths in (before, now))
    return f"another {names}" if was == names else f"{names}, was {was}"


def _provenance_error(path: Path, error: Exception) -> ReelnetError:
    problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return ReelnetError(f"{path}: not a file that --report wrote ({problem})")
