"""What files were made from, kept in a file beside them, so that they can be made again."""

from __future__ import annotations

import hashlib
import json
import platform as system
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import av

from reelnet import __version__
from reelnet._support.atomic_path import atomic_path
from reelnet.config.diagnostics import OptionError
from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError
from reelnet.export.encoders.png import list_files
from reelnet.export.report import Report
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.render.registry import registry
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.run import RunReader
from reelnet.template.builder import build_template
from reelnet.template.load import iter_file_keys
from reelnet.template.model import Template

FORMAT = 1

PARTS = ("av", "matplotlib", "numpy", "pillow", "safetensors")
"""The packages that have a hand in a file's bytes."""


@dataclass(frozen=True)
class Figure:
    """A file that can be made again.

    Attributes:
        planned: The file.
        sha256: Of its bytes when it was first made, in hexadecimal.
    """

    planned: ExportRequest
    sha256: str

    @property
    def same(self) -> bool:
        """Whether the file that is there has the same bytes."""
        return sha256_of(self.planned.path) == self.sha256


@dataclass(frozen=True)
class Provenance:
    """What a file of provenance says.

    Attributes:
        path: Where it lies.
        content: What stands in it.
    """

    path: Path
    content: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Provenance:
        """Read what `keep_provenance` wrote.

        Raises:
            UsageError: There is no such file.
            ReelnetError: It cannot be read, or is another one.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            if content["format"] != FORMAT:
                raise ReelnetError(
                    f"{path}: format {content['format']!r}, but this reelnet reads format {FORMAT}; "
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
            raise ReelnetError(f"{path}: not a file that --report wrote ({_lacks(error)})") from error

    @property
    def run(self) -> str:
        """Where the run lay."""
        return str(self.content["run"]["path"])

    def require_same_run(self, run: RunReader) -> None:
        """Make sure that a run is the one that the files were made from.

        Raises:
            RunError: It is another one, or was recorded further.
        """
        if identity(run) != self.content["run"]["sha256"]:
            raise RunError(
                f"{run.location}: not as it was when {self.path} was written; name the folder of that run with --run"
            )

    def changed(self) -> list[str]:
        """The parts whose version is another one today, such as `numpy 2.1.0 was 2.0.2`."""
        before, now = self.content["versions"], versions()
        return [f"{name} {now[name]} was {old}" for name, old in before.items() if now.get(name, old) != old]

    def figures(self, run: RunReader, folder: Path | None = None) -> Iterator[Figure]:
        """The files, ready to be made again.

        Args:
            run: What was recorded.
            folder: Where the files go; by default where they were.

        Raises:
            TemplateError: A template does not fit what is installed today.
            ReelnetError: A part is missing.
        """
        try:
            for each in self.content["files"]:
                template = _template(each["template"]["name"], each["template"]["content"])
                request = LayoutRequest(template, each["layer"], each["scale"], each["fps"])
                rendition = Rendition.from_request(run, request)
                path = Path(each["report"]["path"])
                path = path if folder is None else folder / path.name
                yield Figure(
                    ExportRequest(
                        rendition, path, each["step"], ExportOptions.from_keywords(**each["asked"])
                    ),
                    str(each["sha256"]),
                )
        except (KeyError, TypeError) as error:
            raise ReelnetError(f"{self.path}: not a file that --report wrote ({_lacks(error)})") from error


def _lacks(error: Exception) -> str:
    """What is wrong with a file's content, in words: a KeyError's own are but the key."""
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def keep_provenance(path: Path, made: Sequence[tuple[ExportRequest, Report]]) -> None:
    """Write what files were made from, with their reports, as JSON.

    Args:
        path: Where to. The file is complete when it appears.
        made: The files of one run, at least one.

    Raises:
        ReelnetError: The file cannot be written.
    """
    run = made[0][0].rendition.run if made else None
    content = {
        "format": FORMAT,
        "versions": versions(),
        "run": None if run is None else told(run),
        "files": [_entry(job, report) for job, report in made],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")


def versions() -> dict[str, str]:
    """The version of everything that has a hand in a file's bytes, by name."""
    codecs = ("libavcodec", "libavformat")
    return {
        "reelnet": __version__,
        "python": system.python_version(),
        **{name: metadata.version(name) for name in PARTS},
        **{name: ".".join(map(str, av.library_versions[name])) for name in codecs},
        "machine": f"{system.system()} {system.machine()}",
    }


def told(run: RunReader) -> dict[str, Any]:
    """Which run it is."""
    return {
        "path": run.location,
        "seed": run.about.get("seed"),
        "steps": len(run.steps),
        "sha256": identity(run),
        "about": dict(run.about),
    }


def identity(run: RunReader) -> str:
    """What no other run has, in hexadecimal: SHA-256 of its header and its log, which hold a checksum of all else.

    Raises:
        RunError: They cannot be read.
    """
    try:
        return hashlib.sha256(run.store.read_bytes("run.json") + run.store.read_log(None).lines).hexdigest()
    except OSError as error:
        raise RunError(f"{run.location}: cannot be read ({error.strerror})") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, or of a sequence's files behind each other, in hexadecimal."""
    return _sha256(list_files(path))


def _sha256(files: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while part := stream.read(1 << 20):
                found.update(part)
    return found.hexdigest()


def _entry(job: ExportRequest, report: Report) -> dict[str, Any]:
    """All that one file was made from."""
    request, template = job.rendition.request, job.rendition.request.template
    content = _absolute({key: each for key, each in template.content.items() if key != "outputs"})
    return {
        "report": report.as_json(),
        "sha256": sha256_of(job.path),
        "layer": job.rendition.layer,
        "step": job.step,
        "scale": request.scale,
        "fps": request.fps,
        "asked": asdict(job.options),
        "template": {"name": template.name, "content": content, "files": _files(content)},
    }


def _absolute(content: dict[str, Any]) -> dict[str, Any]:
    """A template's content with the files that it names where they are seen from anywhere."""
    content = json.loads(json.dumps(content))
    for *path, last in iter_file_keys(content, registry()):
        inside = content
        for step in path:
            inside = inside[step]
        inside[last] = str(Path(inside[last]).resolve())
    return content


def _files(content: dict[str, Any]) -> dict[str, str]:
    """For each file that a template names its SHA-256, in hexadecimal."""
    found = {}
    for path in iter_file_keys(content, registry()):
        value: Any = content
        for step in path:
            value = value[step]
        found[str(value)] = sha256_of(Path(value))
    return found


def _template(name: str, content: Mapping[str, Any]) -> Template:
    try:
        return build_template(name, content, registry())
    except OptionError as error:
        path, message = error.errors[0]
        raise TemplateError(
            f"template {name!r} no longer fits: {'.'.join(map(str, path))}: {message}"
        ) from None
