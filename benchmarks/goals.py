"""The performance goals of reelnet, the measured results, and the tables that show both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from common import markdown_table
from processes import Figures

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
        recording: The median seconds of a training step, of recording it, and of writing it.
        memory: The peak bytes of `reelnet render`, by suffix and number of frames.
        start: The median seconds of `reelnet --help` and of an interpreter that does nothing.
    """

    renders: Mapping[tuple[str, str], Sequence[Figures]]
    pairs: Sequence[tuple[float, float]]
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
        _mp4_goal(results),
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


def _mp4_goal(results: Results) -> Goal:
    own, alone = (median(column) for column in zip(*results.pairs, strict=True))
    paired = median(first / second for first, second in results.pairs)
    reached = f"{own / alone:.2f}× ({own:.2f} s to {alone:.2f} s; median of {len(results.pairs)} pairs {paired:.2f}×)"
    name = "MP4, compared with x264 alone on frames composed beforehand"
    return Goal(name, "≤ 1.15× its time", reached, own / alone <= 1.15)


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
