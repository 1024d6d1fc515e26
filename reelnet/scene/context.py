"""What panels know when they are measured, placed and drawn: the run, the theme, and the state of a frame."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import UsageError, suggest_names
from reelnet.runs.header import TapInfo, displayable_layers, require_activation
from reelnet.runs.run import RunReader
from reelnet.runs.snapshot import Snapshot
from reelnet.scene.cell import (
    MIN_GRID_GAP,
    VALUE_ASPECTS,
    Cell,
    choose_pitch,
    describe_means,
    describe_reduction,
)
from reelnet.scene.channel_choice import ChannelChoice, ChannelOrder
from reelnet.scene.layout.arrangement import Arrangement
from reelnet.scene.layout.snap import MIN_PREFERRED, SnapGrid
from reelnet.scene.limits import Limits
from reelnet.scene.statistics import RunStatistics
from reelnet.scene.tap_view import TapView, describe_cell, describe_rows_and_columns
from reelnet.scene.wording import (
    count_inputs,
    describe_layer,
    describe_picture,
    name_layer,
    name_network,
)
from reelnet.template.model import SamplesSpec
from reelnet.template.selector import Selector, select_indices
from reelnet.template.theme import Theme

MAX_WHOLE_CLASSES = 24
"""Layers that give the scores of at most this many classes are shown whole."""

T = TypeVar("T")


@dataclass(frozen=True)
class SceneContext:
    """A run in one theme, with one layer as its subject.

    Attributes:
        layer: Name of the tap that panels show if they name none.
        cell_size: Side of a square in pixels whose area cells do not exceed, for maps that are not larger.
        taps: Shape and range of every tap.
        pictures: The samples that are shown, uint8 (samples, height, width) or (samples, height, width, 3).
        labels: One short text per sample that is shown; None if the run has none.
        sample_indices: Which of the recorded samples are shown, from 0.
        samples_spec: How the samples are arranged.
        steps: The recorded steps, ascending.
        metrics: Per metric one value per step, NaN where it was not logged, or logged as NaN.
        measured: Per metric whether each step has a value, bool (steps,); the value may be NaN.
        run_labels: One short text per recorded sample; None if the run has none.
        classes: Names of the classes, in the order of the class output; None if the run has none.
        class_output: The tap that gives the model's output, one value per class; empty if none does, None if that is
            not known.
        about: Facts about the run: model, data, seed.
        theme: Colors, fonts and sizes.
        statistics: Statistics over the whole run.
        choice: Which channels of the layer are shown; None for all.
        arrangement: Into how many blocks panels divide the cells of the layer, if they let the frame decide.
        frame_samples: All samples in the frame, where this context is for a part of them; see `select_samples`.
        may_turn_labels: Whether the names of samples above columns may be turned, where they take room from cells.
        may_turn_answers: Whether the names of answers may be turned where they do not fit otherwise.
        may_name_classes: Whether the channels of the class output may have names, where they take room from cells.
        value_aspect: Width to height of the layer's cells if each shows a single value.
        least_pitch: Pixels that samples are apart at least, from one to the next, so that names fit; 0 for any.
        shows_charts: Whether there is room for charts beside maps.
        max_chart_height: The greatest height of a chart in pixels; None for no limit.
        max_channels: How many channels of a layer are shown at most, for lack of room or bytes; None for no limit.
        transposed: Whether rows are samples and columns are channels.
        color_limits: The limits of the layers and weights that the layout shows in colors, unless each has a color
            bar in its panel.
        map_layers: The layers of which maps are shown; empty for the layer alone.
        grid: Where cells begin.
        scale: Factor by which the maps of the layer are upscaled, see `Cell.at_scale`; None for the largest in
            `cell_size`.
        density: Output pixels per pixel of the layout; lengths in the theme and in options are output pixels already.
        max_frame: Width and height of the largest frame in pixels; None if the canvas does not limit both.
        map_span: The first column of all maps in the frame and the column after the last; None without maps, and
            until these are placed.
    """

    layer: str
    cell_size: int
    taps: dict[str, TapInfo]
    pictures: NDArray[np.uint8]
    labels: tuple[str, ...] | None
    sample_indices: tuple[int, ...]
    samples_spec: SamplesSpec
    steps: tuple[int, ...]
    metrics: dict[str, NDArray[np.float64]]
    measured: dict[str, NDArray[np.bool_]]
    run_labels: tuple[str, ...] | None
    classes: tuple[str, ...] | None
    class_output: str | None
    about: Mapping[str, Any]
    theme: Theme
    statistics: RunStatistics
    choice: ChannelChoice | None = None
    arrangement: Arrangement = field(default_factory=Arrangement)
    frame_samples: tuple[int, ...] = ()
    may_turn_labels: bool = True
    may_turn_answers: bool = True
    may_name_classes: bool = True
    value_aspect: Fraction = VALUE_ASPECTS[0]
    least_pitch: int = 0
    shows_charts: bool = True
    max_chart_height: int | None = None
    max_frame: tuple[int, int] | None = None
    max_channels: int | None = None
    transposed: bool = False
    color_limits: Mapping[str, Limits] = field(default_factory=dict)
    map_layers: tuple[str, ...] = ()
    grid: SnapGrid = field(default_factory=SnapGrid)
    scale: Fraction | None = None
    density: int = 1
    map_span: tuple[int, int] | None = None
    _views: dict[str, TapView] = field(default_factory=dict, repr=False, compare=False)
    _cache: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)
    _field_texts: dict[tuple[str, str], tuple[str, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def from_run(
        cls,
        run: RunReader,
        layer: str | None,
        theme: Theme,
        samples: SamplesSpec,
        grid: SnapGrid,
        density: int = 1,
    ) -> SceneContext:
        """Collect what panels need to know of a run.

        Args:
            run: A run with at least one step.
            layer: The layer to show; None for the last one that has maps.
            theme: Colors, fonts and sizes.
            samples: Which samples are shown, and how.
            grid: Where cells begin.
            density: Output pixels per pixel of the layout; the lengths of the others are in output pixels.

        Raises:
            UsageError: The layer was not recorded, or is not an activation.
            OptionError: A sample does not exist.
            RunError: The run is empty or damaged.
        """
        run.require_steps()
        if layer is None:
            layer = displayable_layers(run.taps)[-1]
        try:
            require_activation(layer, run.tap(layer))
        except ValueError as error:
            raise UsageError(f"{run.location}: layer {error}") from None
        indices = select_indices(samples.show, len(run.samples), "sample")
        pictures, labels = run.samples, run.labels
        return cls(
            layer=layer,
            cell_size=theme.cell or density * Cell.choose_size(run.taps, layer),
            taps=run.taps,
            pictures=pictures[list(indices)],
            labels=tuple(labels[index] for index in indices) if labels is not None else None,
            sample_indices=indices,
            samples_spec=samples,
            steps=tuple(run.steps),
            metrics=run.metrics,
            measured=run.measured,
            run_labels=labels,
            classes=run.classes,
            class_output=run.class_output,
            about=run.about,
            theme=theme,
            statistics=RunStatistics.for_run(run),
            transposed=samples.transposed is True,
            grid=grid,
            density=density,
        )

    def with_scale(self, scale: int | Fraction) -> SceneContext:
        """The same with cells in which the maps of the layer have this scale; see `Cell.at_scale`."""
        shape = self.require(self.layer).map_shape[1:]
        cell = Cell.at_scale(*shape, scale, self.grid, self.value_aspect)
        return replace(self, cell_size=round(cell.size), scale=Fraction(scale), _views={})

    def with_preferred_scale(self) -> SceneContext:
        """The same with cells of about the same size in which the layer's values meet most lines of the grid.

        Nothing changes if the maps of several layers are shown, or if the author gives a size.
        """
        if self.theme.cell or self.map_layers != (self.layer,):
            return self
        wanted = Fraction(self.cell_size) * self.cell.scale / Fraction(self.cell.size)
        return self.with_scale(
            self.grid.prefer_scale(self.cell.scale, wanted * MIN_PREFERRED, wanted / MIN_PREFERRED)
        )

    def select_samples(self, indices: tuple[int, ...]) -> SceneContext:
        """The same with a part of the shown samples, given as they are numbered in the run.

        Names are written in the same way beside all parts.
        """
        places = [self.sample_indices.index(index) for index in indices]
        return replace(
            self,
            pictures=self.pictures[places],
            labels=None if self.labels is None else tuple(self.labels[place] for place in places),
            sample_indices=indices,
            frame_samples=self.frame_samples or self.sample_indices,
        )

    def keep_samples(self, count: int) -> SceneContext:
        """The same if the author had asked for the first of the shown samples only."""
        fewer = self.select_samples(self.sample_indices[:count])
        return replace(fewer, frame_samples=(), _cache={}, _field_texts={})

    @property
    def whole(self) -> SceneContext:
        """The same with all samples in the frame."""
        return replace(self, sample_indices=self.frame_samples) if self.frame_samples else self

    def px(self, length: float) -> int:
        """A length of the layout, such as a margin that the code decides, in output pixels."""
        return round(length * self.density)

    def to_layout(self, pixels: int) -> int:
        """Output pixels as pixels of the layout, in which authors think, rounded up."""
        return -(-pixels // self.density)

    def format_size(self, size: tuple[int, int]) -> str:
        """A width and a height in pixels of the layout, for messages to authors: `56×48`."""
        return "×".join(str(self.to_layout(side)) for side in size)

    def compute_changes(self) -> NDArray[np.float64]:
        """How much the layer changes from the previous recorded step to each step, float64 (steps,)."""
        return self.statistics.changes(self.layer).by_step

    def view(self, tap: str) -> TapView:
        """A tap in the theme.

        Raises:
            ValueError: The tap was not recorded.
        """
        if tap not in self._views:
            info = self.require(tap)
            limits = Limits.find(tap, self.taps, self.theme, self.statistics, self.map_layers)
            shape = info.map_shape[1:]
            if tap == self.layer and self.scale is not None:
                cell = Cell.at_scale(*shape, self.scale, self.grid, self.value_aspect)
            else:
                # Beside a layer whose scale is settled, larger maps are reduced to its size.
                is_limited = self.theme.cell is not None or self.scale is not None
                cell = Cell.fit(*shape, self.cell_size, self.grid, reduce=is_limited)
            self._views[tap] = TapView(tap, info, cell, limits, limits.select_anchors(self.theme))
        return self._views[tap]

    def choose_channels(self, show: Selector, order: ChannelOrder, tap: str) -> ChannelChoice:
        """The channels of a tap that are shown.

        Raises:
            ValueError: The tap was not recorded, or has no such channel.
        """
        count = self.require(tap).map_shape[0]
        if self.name_channels(tap):
            # Classes have an order, in which right answers are a diagonal, and none goes without saying. A few of
            # them could lack the very answers.
            if show.top is not None and count <= MAX_WHOLE_CLASSES:
                show = Selector()
            return replace(ChannelChoice.choose(show, "recorded", tap, count, self.statistics), most=None)
        return ChannelChoice.choose(show, order, tap, count, self.statistics, self.max_channels)

    def name_channels(self, tap: str) -> tuple[str, ...]:
        """The names of the classes, if the channels of a tap are their scores; else none."""
        info, classes = self.require(tap), self.classes or ()
        are_classes = tap == self.class_output and info.channels is None
        return classes if are_classes and len(classes) == info.map_shape[0] else ()

    def require(self, tap: str) -> TapInfo:
        """The shape and range of a tap.

        Raises:
            ValueError: The tap was not recorded.
        """
        if tap not in self.taps:
            raise ValueError(f"no layer {tap!r} was recorded; {suggest_names(tap, self.taps)}")
        return self.taps[tap]

    def __getstate__(self) -> dict[str, Any]:
        # Keys and values of the cache may have a meaning in this process only.
        return {**self.__dict__, "_cache": {}}

    def get_cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What was computed before for this run and template, whatever the size of cells, or `compute()`."""
        if key not in self._cache:
            self._cache[key] = compute()
        result: T = self._cache[key]
        return result

    def field_texts(self, name: str, spec: str, compute: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """The texts that a field takes over the run, computed once for all cell sizes.

        Args:
            name: Name of the field.
            spec: Its format specification.
            compute: Computes the texts.
        """
        if (name, spec) not in self._field_texts:
            self._field_texts[name, spec] = tuple(compute())
        return self._field_texts[name, spec]

    @property
    def cell(self) -> Cell:
        """The cell of the layer."""
        return self.view(self.layer).cell

    @cached_property
    def cell_extent(self) -> int:
        """Pixels along the samples, that is from left to right unless rows are samples, of the largest cell."""
        return max(self._extent(self.view(layer).cell) for layer in self._shown_layers)

    @cached_property
    def cell_pitch(self) -> int:
        """Pixels from the start of one sample's cells to the start of the next sample's, in all layers."""
        # All layers share the grid that is right for the one with the best scale, so that columns line up.
        shown = list(map(self.view, self._shown_layers))
        grid = max((self._grid_along_samples(view.cell) for view in shown), key=lambda each: each.step)
        smallest = min((view.cell for view in shown), key=lambda cell: min(cell.width, cell.height))
        is_grid, extent = any(view.tap.is_grid for view in shown), self.cell_extent
        pitch = extent + self.choose_gap(extent, smallest, grid, self.samples_spec.gap, is_grid=is_grid)
        return max(pitch, self.grid.round_up(self.least_pitch))

    @property
    def sample_count(self) -> int:
        """How many samples were recorded."""
        return self.require(self.layer).shape[0]

    @property
    def samples_extent(self) -> int:
        """Pixels that the cells of all samples take side by side."""
        return (len(self.sample_indices) - 1) * self.cell_pitch + self.cell_extent

    def cell_inset(self, cell: Cell) -> int:
        """Pixels between the start of a sample's space and its cell, which is in the middle of the space."""
        # At even pixels at least, so that the pictures above may be on the samples of chroma.
        grid = SnapGrid(max(self._grid_along_samples(cell).step, min(2, self.grid.step)))
        return grid.center(self.cell_extent - self._extent(cell))

    def choose_channel_gap(self, view: TapView, gap: int | None) -> int:
        """Pixels between the cells of two channels.

        Args:
            view: The layer.
            gap: The least number of pixels; None to choose by the size of the cells.
        """
        cell = view.cell
        size, grid = (cell.width, cell.grid_x) if self.transposed else (cell.height, cell.grid_y)
        return self.choose_gap(size, cell, grid, gap, is_grid=view.tap.is_grid)

    def choose_gap(
        self, extent: int, cell: Cell, grid: SnapGrid, gap: int | None, *, is_grid: bool = False
    ) -> int:
        """Pixels between cells that are `extent` pixels large in this direction.

        Args:
            extent: Pixels of the largest cell.
            cell: The cell by whose size the gap is chosen.
            grid: Where cells should begin.
            gap: The least number of pixels; None to choose.
            is_grid: Whether the cells show grids of single values.
        """
        if gap is None:
            side = min(cell.width, cell.height)
            return choose_pitch(extent, side, self.grid, grid, self.density) - extent
        return grid.round_up(extent + max(gap, self.px(MIN_GRID_GAP) if is_grid else 0)) - extent

    @property
    def _shown_layers(self) -> tuple[str, ...]:
        return self.map_layers or (self.layer,)

    def _extent(self, cell: Cell) -> int:
        """Pixels of a cell along the samples."""
        return cell.height if self.transposed else cell.width

    def _grid_along_samples(self, cell: Cell) -> SnapGrid:
        return cell.grid_y if self.transposed else cell.grid_x

    @property
    def inputs_in_words(self) -> str:
        """The shown samples in a sentence: `ten digits`, or `16 of 64 pictures` of those that were recorded."""
        are_pictures, shown = self.pictures.ndim == 4, len(self.sample_indices)
        return count_inputs(self.about, self.labels, shown, self.sample_count, are_pictures=are_pictures)

    @property
    def text_fields(self) -> dict[str, object]:
        """The fields of texts that have the same value in every frame."""
        tap, samples = self.taps[self.layer], len(self.sample_indices)
        channels, height, width = tap.map_shape
        choice = self.choice or ChannelChoice(tuple(range(channels)))
        channels = len(choice.channels)
        rows, columns = ("samples", "channels") if self.transposed else ("channels", "samples")
        # Empty unless maps are reduced.
        reduction = describe_reduction(self.cell) and f"; {describe_reduction(self.cell)}"
        means = describe_means(self.cell) and f", shown as {describe_means(self.cell)}"
        shown = describe_rows_and_columns(
            tap, channels, samples, transposed=self.transposed, are_different=choice.are_different
        )
        seen = describe_layer(
            self.layer,
            tap,
            channels,
            transposed=self.transposed,
            are_different=choice.are_different,
            attention=self.statistics.is_attention(self.layer),
            are_classes=bool(self.name_channels(self.layer)),
            dead=choice.dead,
            are_dead_last=choice.are_dead_last,
            at_end=len(self.steps) > 1,
        )
        return {
            "layer": self.layer,
            "channels": channels,
            "samples": samples,
            "shown": shown + reduction,
            "seen": seen + reduction,
            "order": choice.describe_order(),
            "layer_name": name_layer(self.layer),
            "network": name_network(self.about),
            "inputs": self.inputs_in_words,
            "cell": describe_cell(tap) + means,
            "picture": describe_picture(
                self.layer,
                tap,
                describe_cell(tap) + means,
                attention=self.statistics.is_attention(self.layer),
                are_classes=bool(self.name_channels(self.layer)),
            ),
            "rows": rows,
            "columns": columns,
            "height": height,
            "width": width,
            "first_step": self.steps[0],
            "last_step": self.steps[-1],
        }


@dataclass(frozen=True)
class FrameState:
    """What one frame shows.

    Attributes:
        snapshot: The step, with the arrays of the taps that are drawn.
        step_index: Index of the step in `SceneContext.steps`, from 0.
        progress: How far the animation is, from 0 at the first frame to 1 at the last.
        levels: Per quantized tap the levels to draw in place of the snapshot's values, uint8 (samples, channels,
            height, width); entries that no panel shows are undefined. None draws the recorded values.
    """

    snapshot: Snapshot
    step_index: int
    progress: Fraction = Fraction(0)
    levels: Mapping[str, NDArray[np.uint8]] | None = None
