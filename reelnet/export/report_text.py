"""Reports of files, in the words of the command line."""

from __future__ import annotations

from reelnet._support.byte_size import format_size
from reelnet._support.text import format_count, make_printable
from reelnet.export.encoders.formats import find_format, is_figure
from reelnet.export.report import Report
from reelnet.scene.palette.palette import ColorDepth


def format_report(report: Report) -> str:
    """A report on one line; MB is 10^6 bytes."""
    noun = "step" if is_figure(report.path) else "frame"
    what = f"{format_count(report.frames, noun)}, {report.duration:.2f} s" if report.duration else "still"
    parts = [f"{make_printable(str(report.path))}: {format_size(report.bytes)}"]
    if report.cap is not None:
        parts.append(f"{format_fill(report)} of {format_size(report.cap)}")
    parts += [what, f"{report.width}x{report.height}", format_quality(report)]
    if report.clipped:
        parts.append(f"{report.clipped:.2%} of the values clipped")
    if report.encodes > 1:
        parts.append(f"{report.encodes} encodes")
    parts.append(f"took {report.seconds:.1f} s")
    return ", ".join(parts) + "".join(f"; {each}" for each in report.traded)


def format_embedding(report: Report) -> str:
    """The line by which a page shows an interactive figure; empty for other files."""
    # Reports of other files do without the modules of figures.
    from reelnet.export.html.embed import write_embedding

    if not is_figure(report.path):
        return ""
    return write_embedding(report.path, report.width, report.height, report.least_zoom)


def format_fill(report: Report) -> str:
    """The size of a file as a percentage of its cap, rounded down so that only a full file says 100 %."""
    return "-" if report.fill is None else f"{int(1000 * report.fill) / 10:.1f}%"


def format_quality(report: Report) -> str:
    """What a file lost, in a few words."""
    if report.lossless:
        return "lossless"
    if not report.steps_shown:
        # A film of anything.
        return "lossy"
    if report.max_error_levels == 0:
        # A format with 256 colors loses nothing but colors of photos.
        is_reduced = find_format(report.path).color_depth is ColorDepth.EIGHT_BIT
        return "values exact, photos with fewer colors" if is_reduced else "values exact, lossy codec"
    mean, most = report.mean_error_levels, report.max_error_levels
    return f"values off by {mean:.2f} of 240 levels on average, {most:.2f} at most"
