"""A contact sheet: one static page that shows many files."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from reelnet._support.atomic_path import atomic_path
from reelnet._support.byte_size import format_size
from reelnet._support.text import format_count, make_printable
from reelnet.export.encoders.png import list_files
from reelnet.export.platforms.model import VIDEO_FORMATS
from reelnet.many.render_many import RenderResult

SHEET_NAME = "index.html"

MARK = '<meta name="generator" content="reelnet contact sheet">'
"""By this line a sheet is known: no other file is replaced by one."""

PICTURE_SUFFIXES = (".gif", ".webp", ".apng", ".avif", ".png")

STYLE = """
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; font-weight: 600; }
h2 { margin: 2.5rem 0 1rem; font-size: 1.125rem; font-weight: 600; }
section { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 2rem 1.5rem; }
figure { margin: 0; }
img, video { display: block; width: 100%; height: auto; border: 1px solid #8884; box-sizing: border-box; }
figcaption { margin-top: 0.5rem; font-size: 0.875rem; overflow-wrap: anywhere; }
figcaption span { display: block; opacity: 0.75; }
"""


def find_sheet(outputs: Sequence[Path]) -> Path:
    """Where the sheet of some files goes: into the folder that has all of them."""
    return (
        Path(os.path.commonpath([os.path.normpath(path.parent.absolute()) for path in outputs])) / SHEET_NAME
    )


def is_replaceable(sheet: Path) -> bool:
    """Whether nothing but an older sheet is at a path."""
    return not sheet.exists() or (sheet.is_file() and MARK.encode() in sheet.read_bytes()[:1000])


def write_sheet(sheet: Path, results: Sequence[tuple[str, RenderResult]]) -> None:
    """Write a page that shows the files of some tasks, and says why others are missing.

    It loads nothing but these files, and runs no script.

    Args:
        sheet: The page.
        results: The name of the run, and what became of the task; those of a run follow each other.

    Raises:
        ReelnetError: It cannot be written.
    """
    with atomic_path(sheet) as temporary:
        temporary.write_text("\n".join(_write_lines(sheet.parent, results)) + "\n", "utf-8")


def _write_lines(folder: Path, results: Sequence[tuple[str, RenderResult]]) -> Iterator[str]:
    checksum = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    # A page that is opened from the disk has no origin, so that 'self' allows nothing there.
    policy = (
        f"default-src 'none'; style-src 'sha256-{checksum}'; img-src 'self' file:; media-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )
    made = sum(result.report is not None for _, result in results)
    title = format_count(made, "reel")
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">'
    yield MARK
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>"
    for name, group in groupby(results, lambda pair: pair[0]):
        yield f"<h2>{_escape(name)}</h2>\n<section>"
        for _, result in group:
            yield _write_figure(folder, name, result)
        yield "</section>"
    yield "</html>"


def _write_figure(folder: Path, name: str, result: RenderResult) -> str:
    """The picture or video of a task, and below it what it is."""
    task = result.task
    what = " · ".join(filter(None, (result.layer, task.options.platform))) or Path(task.output).name
    if result.report is None:
        lines = [what, f"No file: {result.error}"]
        return f"<figure><figcaption>{_write_caption(lines)}</figcaption></figure>"
    report, path = result.report, list_files(Path(task.output))[-1]
    address = quote(Path(os.path.relpath(path, folder)).as_posix(), errors="surrogateescape")
    steps = report["steps_shown"]
    alt = f"{result.layer} of the run {name} from step {steps[0]} to step {steps[-1]}"
    size = f'width="{report["width"]}" height="{report["height"]}"'
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        shown = f'<img src="{address}" alt="{_escape(alt)}" {size} loading="lazy">'
    elif suffix[1:] in VIDEO_FORMATS:
        shown = (
            f'<video src="{address}" aria-label="{_escape(alt)}" {size} controls muted loop playsinline '
            'preload="metadata"></video>'
        )
    else:
        shown = f'<p><a href="{address}">{_escape(alt)}</a></p>'
    facts = [format_size(report["bytes"]), f"{report['width']} × {report['height']}"]
    facts += [format_count(report["frames"], "frame"), f"{report['duration']:.1f} s"]
    lines = [what, ", ".join(facts), *report["traded"]]
    return f"<figure>{shown}<figcaption>{_write_caption(lines)}</figcaption></figure>"


def _write_caption(lines: Sequence[str]) -> str:
    first, *others = map(_escape, lines)
    return first + "".join(f"<span>{line}</span>" for line in others)


def _escape(text: str) -> str:
    return escape(make_printable(text))
