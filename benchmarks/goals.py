"""The performance goals of reelnet, the measured results, and the tables that show both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from common import markdown_table
from processes import CompletedCommand, Figures

LIBRARIES = ("moviepy", "Pillow", "imageio")


@dataclass(frozen=True)
class Goal:
    """A performance goal and its result.

    Attributes:
        name: What is measured.
        limit: The limit, as text.
        result: The measured figure, as text.
        is_met: Whether the figure is within the limit.
    """

    name: str
    limit: str
    result: str
    is_met: bool


@dataclass(frozen=True)
class Results:
    """All measurements of `peers.py`.

    Attributes:
        renders: The figures of each repeat, by tool and suffix.
        pairs: The seconds of reelnet's MP4 and of x264 alone, measured alternately.
        processes: Whole processes of reelnet's MP4 and of moviepy given an array, measured alternately.
        equal_psnr: The figures of `measure_equal_psnr`.
        recording: The median seconds of a training step, of recording it, and of writing it.
        memory: The peak bytes of `reelnet render`, by suffix and number of frames.
        start: The median seconds of `reelnet --help` and of an interpreter that does nothing.
    """

    renders: Mapping[tuple[str, str], Sequence[Figures]]
    pairs: Sequence[tuple[float, float]]
    processes: Sequence[tuple[CompletedCommand, CompletedCommand]]
    equal_psnr: Figures
    recording: Figures
    memory: Mapping[tuple[str, int], float]
    start: tuple[float, float]

    def seconds(self, tool: str, suffix: str) -> float:
        """The median seconds of a tool."""
        return median(each["seconds"] for each in self.renders[tool, suffix])


def make_render_table(results: Results) -> str:
    """A table with one row per tool and format, fastest first."""
    rows = [("tool", "format", "seconds", "times reelnet", "file, MB", "peak, MB")]
    order = sorted(results.renders, key=lambda key: (key[1], results.seconds(*key)))
    for tool, suffix in order:
        measured, seconds = results.renders[tool, suffix], results.seconds(tool, suffix)
        size, peak = (median(each[name] for each in measured) / 1e6 for name in ("bytes", "peak"))
        ratio = seconds / results.seconds("reelnet", suffix)
        kind = suffix[1:].upper()
        rows.append((tool, kind, f"{seconds:.2f}", f"{ratio:.1f}", f"{size:.1f}", f"{peak:.0f}"))
    return markdown_table(rows)


def make_goal_table(goals: Iterable[Goal]) -> str:
    """A table with one row per goal; missed goals are marked."""
    rows = [("goal", "limit", "result")]
    rows += [
        (each.name, each.limit, each.result + ("" if each.is_met else " **(missed)**")) for each in goals
    ]
    return markdown_table(rows)


def list_goals(results: Results) -> list[Goal]:
    """All goals with their results."""
    return [
        *_gif_goals(results),
        *_mp4_goals(results),
        *_size_goals(results.equal_psnr),
        _recording_goal(results),
        *_memory_goals(results),
        _help_goal(results),
    ]


def _gif_goals(results: Results) -> list[Goal]:
    own = results.seconds("reelnet", ".gif")
    best = min(LIBRARIES, key=lambda tool: results.seconds(tool, ".gif"))
    library = results.seconds(best, ".gif") / own
    plots = results.seconds("matplotlib", ".gif") / own
    name = "GIF, compared with the fastest of moviepy, Pillow and imageio"
    return [
        Goal(name, "≥ 6× faster", f"{library:.1f}× ({best})", library >= 6),
        Goal("GIF, compared with matplotlib", "≥ 40× faster", f"{plots:.1f}×", plots >= 40),
    ]


def _mp4_goals(results: Results) -> Iterable[Goal]:
    own, other = ([pair[side] for pair in results.processes] for side in (0, 1))
    wall, cpu = (
        median(getattr(each, name) for each in other) / median(getattr(each, name) for each in own)
        for name in ("seconds", "cpu")
    )
    name = "MP4, whole process, compared with moviepy given an array"
    yield Goal(
        name, "≥ 2.5× faster", f"{wall:.1f}× in wall time, {cpu:.1f}× in CPU time", min(wall, cpu) >= 2.5
    )
    best = min(("moviepy", "imageio"), key=lambda tool: results.seconds(tool, ".mp4"))
    faster = results.seconds(best, ".mp4") / results.seconds("reelnet", ".mp4")
    name = "MP4 without imports, compared with the fastest of moviepy and imageio"
    yield Goal(name, "≥ 3.5× faster", f"{faster:.1f}× ({best})", faster >= 3.5)
    seconds, alone = (median(column) for column in zip(*results.pairs, strict=True))
    paired = median(first / second for first, second in results.pairs)
    count = len(results.pairs)
    reached = (
        f"{seconds / alone:.2f}× ({seconds:.2f} s to {alone:.2f} s; median of {count} pairs {paired:.2f}×)"
    )
    name = "MP4, compared with x264 alone (medium) on frames composed beforehand"
    yield Goal(name, "≤ 0.4× its time", reached, seconds / alone <= 0.4)


def _size_goals(figures: Figures) -> Iterable[Goal]:
    limits = {"x264_23": (0.5, 0.3), "x264_28": (0.5, 0.25), "moviepy": (None, 0.3)}
    titles = {"x264_23": "x264 (CRF 23)", "x264_28": "x264 (CRF 28)", "moviepy": "moviepy"}
    for other, (recorded, quantized) in limits.items():
        for kind, limit in (("recorded", recorded), ("quantized", quantized)):
            if limit is None:
                continue
            part = figures[f"{other}_{kind}"] / figures[other]
            name = (
                f"MP4, bytes at the PSNR of {titles[other]}, values {kind.replace('recorded', 'as recorded')}"
            )
            yield Goal(
                name, f"≤ {limit:.0%}", f"{part:.0%} at {figures[f'{other}_psnr']:.1f} dB", part <= limit
            )


def _recording_goal(results: Results) -> Goal:
    train, record, write = (results.recording[name] for name in ("train", "record", "write"))
    share = record / train
    reached = (
        f"{share:.1%} ({record * 1e3:.2f} ms, {write / record:.0%} of it writing, to {train * 1e3:.0f} ms)"
    )
    return Goal("recording ten samples at six taps", "≤ 3 % of the training step", reached, share <= 0.03)


def _memory_goals(results: Results) -> Iterable[Goal]:
    for suffix in dict.fromkeys(suffix for suffix, _ in results.memory):
        peaks = {count: peak / 1e6 for (kind, count), peak in results.memory.items() if kind == suffix}
        reached = ", ".join(f"{peak:.0f} MB at {count:,}" for count, peak in peaks.items())
        name = f"{suffix[1:].upper()}, peak memory at {' and '.join(f'{count:,}' for count in peaks)} frames"
        # Equal except for the log of the steps, which is read whole.
        kept = max(peaks.values()) < 250 and max(peaks.values()) < 1.25 * min(peaks.values())
        yield Goal(name, "< 250 MB, the same", reached, kept)


def _help_goal(results: Results) -> Goal:
    shown, bare = results.start
    reached = f"{shown - bare:.2f} s ({shown:.2f} s to {bare:.2f} s)"
    return Goal(
        "`reelnet --help`, compared with `python -c pass`", "≤ 0.3 s more", reached, shown - bare <= 0.3
    )
