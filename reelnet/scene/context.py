"""What a run means for the panels: the numbers that they measure and draw by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import OptionError
from reelnet.errors import UsageError, suggest_names
from reelnet.runs.header import TapInfo, displayable_layers, require_activation
from reelnet.runs.run import RunReader
from reelnet.runs.snapshot import Snapshot
from reelnet.scene.statistics import RunStatistics
from reelnet.scene.tap_view import Cell, Limits, TapView, describe_cell, describe_rows_and_columns
from reelnet.template.model import SamplesSpec
from reelnet.template.selector import Selector
from reelnet.template.theme import Theme


@dataclass(frozen=True)
class SceneContext:
    """A run in one style, with one layer in its centre.

    Attributes:
        layer: Name of the tap that is shown where a panel names none.
        cell_size: Side of a cell in pixels, where maps are no larger than that.
        taps: Form and range of every tap.
        pictures: The samples that are shown, uint8 (samples, height, width) or (…, 3).
        labels: One short text for each sample that is shown, or None.
        sample_indices: Which of the recorded samples are shown, counted from 0.
        samples: How their columns stand.
        steps: The recorded steps.
        metrics: For each metric one value a step, NaN where there is none.
        classes: Names of the classes of the data, where the run knows them.
        channel_count: How many channels of the layer are shown; None for all of them.
        transposed: Whether rows are samples and columns channels.
        by_change: Whether the channels that are shown are those that change most.
    """

    layer: str
    cell_size: int
    taps: dict[str, TapInfo]
    pictures: NDArray[np.uint8]
    labels: tuple[str, ...] | None
    sample_indices: tuple[int, ...]
    samples: SamplesSpec
    steps: tuple[int, ...]
    metrics: dict[str, NDArray[np.float64]]
    classes: tuple[str, ...] | None
    theme: Theme
    statistics: RunStatistics
    channel_count: int | None = None
    transposed: bool = False
    by_change: bool = False
    _views: dict[str, TapView] = field(default_factory=dict, repr=False, compare=False)
    _field_texts: dict[tuple[str, str], tuple[str, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def from_run(cls, run: RunReader, layer: str | None, theme: Theme, samples: SamplesSpec) -> SceneContext:
        """Look a run up; the layer is the last one that gives maps unless it is named.

        Raises:
            UsageError: There is no such layer.
            OptionError: There is no such sample.
            RunError: The run is empty or damaged.
        """
        run.require_steps()
        if layer is None:
            layer = displayable_layers(run.taps)[-1]
        try:
            require_activation(layer, run.tap(layer))
        except ValueError as error:
            raise UsageError(f"{run.location}: layer {error}") from None
        columns = pick_indices(samples.show, len(run.samples), "sample")
        pictures, labels = run.samples, run.labels
        return cls(
            layer=layer,
            cell_size=theme.cell or Cell.choose_size(run.taps, layer),
            taps=run.taps,
            pictures=pictures[list(columns)],
            labels=tuple(labels[column] for column in columns) if labels is not None else None,
            sample_indices=columns,
            samples=samples,
            steps=tuple(run.steps),
            metrics=run.metrics,
            classes=class_names(run.about),
            theme=theme,
            statistics=RunStatistics.for_run(run),
            transposed=samples.transposed is True,
        )

    def with_cell_size(self, size: int) -> SceneContext:
        """The same in cells of another size."""
        return replace(self, cell_size=size, _views={})

    def with_scale(self, scale: int) -> SceneContext:
        """The same with the maps of the layer in the centre upscaled by that factor."""
        return self.with_cell_size(Cell.size_at_scale(self.require(self.layer), scale))

    def view(self, tap: str) -> TapView:
        """A tap in the theme.

        Raises:
            ValueError: It was not recorded.
        """
        if tap not in self._views:
            info = self.require(tap)
            limits = Limits.from_theme(info, tap, self.theme, self.statistics)
            cell = Cell.for_tap(info, self.cell_size)
            self._views[tap] = TapView(tap, info, cell, limits, limits.select_anchors(self.theme))
        return self._views[tap]

    def require(self, tap: str) -> TapInfo:
        """A tap's form and range.

        Raises:
            ValueError: It was not recorded.
        """
        if tap not in self.taps:
            raise ValueError(f"no layer {tap!r} was recorded; {suggest_names(tap, self.taps)}")
        return self.taps[tap]

    def field_texts(self, name: str, spec: str, find: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """The forms that a field of a text takes over the run, looked for once, whatever the size of cells.

        Args:
            name: Of the field.
            spec: How it is written.
            find: Finds them.
        """
        if (name, spec) not in self._field_texts:
            self._field_texts[name, spec] = tuple(find())
        return self._field_texts[name, spec]

    @property
    def cell(self) -> Cell:
        """A cell of the layer in the centre; the inputs stand in cells of its size."""
        return self.view(self.layer).cell

    @property
    def cell_pitch(self) -> int:
        """Pixels from one sample's cells to the next one's."""
        return self.cell.size + self.samples.gap

    @property
    def samples_extent(self) -> int:
        """Pixels that the cells of all samples take, side by side."""
        return len(self.sample_indices) * self.cell_pitch - self.samples.gap

    @property
    def text_fields(self) -> dict[str, object]:
        """What a text can name in braces and what never changes."""
        tap = self.taps[self.layer]
        every, height, width = tap.map_shape
        channels = every if self.channel_count is None else self.channel_count
        across, down = ("channels", "samples") if self.transposed else ("samples", "channels")
        return {
            "layer": self.layer,
            "channels": channels,
            "samples": len(self.sample_indices),
            "shown": describe_rows_and_columns(
                tap, channels, len(self.sample_indices), transposed=self.transposed, by_change=self.by_change
            ),
            "cell": describe_cell(tap),
            "rows": down,
            "columns": across,
            "height": height,
            "width": width,
            "first_step": self.steps[0],
            "last_step": self.steps[-1],
        }


@dataclass(frozen=True)
class FrameState:
    """What a frame shows: one snapshot, and its place among the recorded steps.

    Attributes:
        snapshot: With the arrays of the taps that are drawn.
        step_index: Position of its step in `SceneContext.steps`, from 0.
        progress: How far the frame is on the way from the first frame to the last, 0 to 1.
        levels: For taps that are held steady, the levels to draw in place of the snapshot's values: uint8
            (samples, channels, height, width), of which those that no panel shows may be anything.
    """

    snapshot: Snapshot
    step_index: int
    progress: Fraction = Fraction(0)
    levels: Mapping[str, NDArray[np.uint8]] | None = None


def format_positions(positions: Sequence[int]) -> str:
    """Positions for an error: `0 to 15`, or `0, 2, 5`."""
    if len(positions) > 2 and list(positions) == list(range(positions[0], positions[-1] + 1)):
        return f"{positions[0]} to {positions[-1]}"
    shown = ", ".join(map(str, positions[:12]))
    return f"{shown} … ({len(positions)} in all)" if len(positions) > 12 else shown


def class_names(about: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Names of classes among the free facts of a run."""
    names = about.get("classes")
    return tuple(map(str, names)) if isinstance(names, list) and names else None


def pick_indices(
    pick: Selector, count: int, what: str, change: NDArray[np.float64] | None = None, of: str = ""
) -> tuple[int, ...]:
    """The positions that a pick means among `count`.

    Args:
        pick: What the author wrote.
        count: How many there are.
        what: `sample` or `channel`, for errors.
        change: How much each of them changes; asked of by `top`.
        of: Whose they are, for errors.

    Raises:
        ValueError: Some of them do not exist.
    """
    if pick.positions is not None:
        missing = [position for position in pick.positions if position >= count]
        if missing:
            named = f"{what}s" if len(missing) > 1 else what
            whose = f" of {of}" if of else ""
            raise ValueError(
                f"no {named} {format_positions(missing)}{whose}; they are numbered from 0 to {count - 1}"
            )
        return pick.positions
    if pick.first is not None:
        return tuple(range(min(pick.first, count)))
    if pick.top is not None:
        if change is None:
            raise OptionError(
                f"the top {pick.top} cannot be asked of {what}s; give a list, a range or first: {pick.top}",
                "top",
            )
        return tuple(sorted(np.argsort(-change, kind="stable")[: pick.top].tolist()))
    return tuple(range(count))
