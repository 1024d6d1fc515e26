"""One layer of a figure: what its panels show at every step, in JSON, and the levels of its maps."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.export.html.cell_series import CellSeries, LayerMaps
from reelnet.export.html.color_table import ColorTable
from reelnet.export.html.item_writer import FindDark, ItemWriter, SchemeMismatch
from reelnet.export.html.level_coding import compress_blocks, order_differences, order_levels
from reelnet.export.html.point_lists import Coordinate, Length
from reelnet.render.description.items import CellsItem, Item, PanelDescription, PictureItem, RectItem
from reelnet.render.rendition import Rendition
from reelnet.scene.layout.boxes import Box
from reelnet.scene.panel import HasStepAxis

MIN_TEXT_SIZE, NARROWEST_SCREEN = 8, 320
"""CSS pixels of texts that can be read, and of the width of small phones."""

JsonItem = list[Any]

OnStep = Callable[[int], None]
"""Called with the number of steps described so far."""


@dataclass(frozen=True)
class PanelSeries:
    """What a panel shows.

    Attributes:
        name: Its name in the template.
        box: x, y, width and height in CSS pixels.
        still: The items that all steps show.
        variants: The different lists of items that steps show.
        at: For each step the number of its variant.
    """

    name: str
    box: Sequence[Length]
    still: Sequence[JsonItem]
    variants: Sequence[Sequence[JsonItem]]
    at: Sequence[int]

    def select_steps(self, steps: NDArray[np.intp]) -> PanelSeries:
        """What it shows at some steps."""
        shown = [self.at[step] for step in steps]
        numbers = {variant: number for number, variant in enumerate(dict.fromkeys(shown))}
        return replace(
            self,
            variants=[self.variants[variant] for variant in numbers],
            at=[numbers[variant] for variant in shown],
        )

    def as_json(self) -> dict[str, Any]:
        """The panel for the script."""
        changes = any(self.variants)
        return {
            "name": self.name,
            "box": self.box,
            "still": self.still,
            "variants": self.variants if changes else [],
            "at": self.at if changes else [],
        }


@dataclass(frozen=True)
class StepCursor:
    """A chart over the steps.

    Attributes:
        panel: Number of its panel.
        box: x, y, width and height of its plot in CSS pixels.
        x: For each step its place in CSS pixels; None outside.
    """

    panel: int
    box: Sequence[Length]
    x: Sequence[Coordinate]

    def select_steps(self, steps: NDArray[np.intp]) -> StepCursor:
        """The chart with some steps only."""
        return replace(self, x=[self.x[step] for step in steps])

    def as_json(self) -> dict[str, Any]:
        """The chart for the script."""
        return {"panel": self.panel, "box": self.box, "x": self.x}


@dataclass(frozen=True)
class FigureLayer:
    """One layer.

    Attributes:
        name: Its name.
        size: Width and height in CSS pixels.
        panels: Its panels, in drawing order.
        points: Shared lists of points, x and y in turn.
        maps: Its maps.
        labels: The names of all recorded samples; None if they have none.
        cursors: Its charts over the steps.
    """

    name: str
    size: tuple[Length, Length]
    panels: Sequence[PanelSeries]
    points: Sequence[Sequence[Coordinate]]
    maps: Sequence[LayerMaps]
    labels: Sequence[str] | None
    cursors: Sequence[StepCursor] = field(default_factory=list)

    def select_steps(self, steps: Sequence[int]) -> FigureLayer:
        """The layer with some of its steps, given by their numbers from 0, ascending."""
        chosen = np.asarray(steps, np.intp)
        return replace(
            self,
            panels=[panel.select_steps(chosen) for panel in self.panels],
            maps=[maps.select_steps(chosen) for maps in self.maps],
            cursors=[cursor.select_steps(chosen) for cursor in self.cursors],
        )

    def as_json(self) -> dict[str, Any]:
        """The layer for the script, but for where its data is."""
        offset, maps = 0, list[dict[str, Any]]()
        for each in self.maps:
            maps.append(each.as_json(offset))
            offset += each.levels.size
        return {
            "name": self.name,
            "size": self.size,
            "least": self.least_zoom,
            "bytes": offset,
            "panels": [panel.as_json() for panel in self.panels],
            "points": self._select_points(),
            "maps": maps,
            "labels": self.labels,
            "cursor": [cursor.as_json() for cursor in self.cursors],
        }

    @property
    def least_zoom(self) -> float:
        """The zoom below which its smallest text cannot be read, or it is narrower than any screen; at most 1."""
        smallest = min((item[5] for item in self._list_items("t")), default=math.inf)
        zoom = max(MIN_TEXT_SIZE / smallest, NARROWEST_SCREEN / self.size[0])
        return round(min(1.0, zoom), 3)

    @property
    def is_still(self) -> bool:
        """Whether it looks the same at all steps."""
        return all(len(panel.variants) <= 1 for panel in self.panels) and all(
            maps.is_still and maps.revealed is None for maps in self.maps
        )

    def looks_like(self, other: FigureLayer) -> bool:
        """Whether it shows the same as another one at all steps."""
        mine, theirs = ({**layer.as_json(), "name": ""} for layer in (self, other))
        pairs = zip(self.maps, other.maps, strict=False)
        return mine == theirs and all(np.array_equal(one.levels, two.levels) for one, two in pairs)

    @property
    def image_numbers(self) -> set[int]:
        """The numbers of the images that it shows."""
        return {item[5] for item in self._list_items("i")}

    def _list_items(self, *kinds: str) -> Iterator[JsonItem]:
        """The items of some kinds."""
        for panel in self.panels:
            for items in (panel.still, *panel.variants):
                yield from (item for item in items if item[0] in kinds)

    def _select_points(self) -> list[Sequence[Coordinate]]:
        """The lists of points, each as far as it is used: steps may have been left out."""
        ends = [0] * len(self.points)
        for item in self._list_items("l", "p"):
            part = item[2] if item[0] == "l" else len(self.points[item[1]])
            ends[item[1]] = max(ends[item[1]], part[1] if isinstance(part, list) else part)
        return [points[: 2 * end] for points, end in zip(self.points, ends, strict=True)]

    def compress(self) -> bytes:
        """The compressed levels of all maps."""
        return compress_blocks(self.order_data())

    def list_levels(self) -> bytes:
        """The levels of all maps at all steps, as the script has them once it has read a figure."""
        return b"".join(order_levels(maps.levels) for maps in self.maps)

    def order_data(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """The levels of all maps at all steps, or from `first` to before `last`, ready to be compressed.

        Maps that never change are among those of the first step.
        """
        for maps in self.maps:
            if not maps.is_still:
                yield order_differences(maps.levels[first:last])
            elif first == 0:
                yield order_differences(maps.levels)


def describe_layer(
    rendition: Rendition,
    dark: Rendition | None,
    steps: Sequence[int],
    colors: ColorTable,
    images: list[str],
    on_step: OnStep = lambda done: None,
) -> FigureLayer:
    """Describe a layer at some steps.

    Args:
        rendition: The layer.
        dark: The same with the colors of the dark scheme; None for a figure with one scheme.
        steps: Training steps, ascending.
        colors: The colors of the figure.
        images: Data URLs of the figure's pictures, to which those of the layer are added.
        on_step: Called after each step.

    Raises:
        SchemeMismatch: Both renditions differ in more than colors.
        RunError: The file of a step is missing, truncated or altered.
    """
    unsteady: set[int] = set()
    while True:
        try:
            return _LayerWriter(rendition, dark, colors, images, unsteady).write(steps, on_step)
        except _UnsteadyCells as found:
            unsteady.add(found.panel)


class _UnsteadyCells(Exception):  # noqa: N818 - it is caught, and the cells are written as pictures
    """The cells of a panel move or come and go from step to step.

    Attributes:
        panel: The number of the panel.
    """

    def __init__(self, panel: int) -> None:
        super().__init__(panel)
        self.panel = panel


class _LayerWriter:
    """Describes a layer step by step.

    Args:
        rendition: The layer.
        dark: The same in dark colors; None for a figure with one scheme.
        colors: The colors of the figure.
        images: The pictures of the figure.
        unsteady: Numbers of the panels whose changing cells are pictures.
    """

    def __init__(
        self,
        rendition: Rendition,
        dark: Rendition | None,
        colors: ColorTable,
        images: list[str],
        unsteady: Collection[int],
    ) -> None:
        self._rendition, self._dark, self._unsteady = rendition, dark, unsteady
        self._rgb = rendition.palette_rgb, (dark or rendition).palette_rgb
        self._writer = ItemWriter(self._rgb, rendition.density, colors, images)
        self._series: dict[int, list[CellSeries]] = {}
        self._still_series: list[CellSeries] = []
        self._is_first_step = True

    def write(self, steps: Sequence[int], on_step: OnStep) -> FigureLayer:
        rendition, context, count = self._rendition, self._rendition.scene.context, len(steps)
        still = self._write_panels(
            rendition.describe_still(),
            None if self._dark is None else self._dark.describe_still,
            is_still=True,
        )
        variants: list[dict[str, int]] = [{} for _ in still]
        at: list[list[int]] = [[] for _ in still]
        for number, step in enumerate(steps, 1):
            described = rendition.describe_step(step)
            dark = None if self._dark is None else _Later(self._dark, step)
            for panel, items in enumerate(self._write_panels(described, dark, is_still=False)):
                text = json.dumps(items)
                at[panel].append(variants[panel].setdefault(text, len(variants[panel])))
            self._is_first_step = False
            on_step(number)
        panels = [
            PanelSeries(
                name,
                self._writer.measure_box(box),
                items,
                [json.loads(text) for text in own],
                shown,
            )
            for (name, box), items, own, shown in zip(rendition.scene.boxes, still, variants, at, strict=True)
        ]
        for panel, own in self._series.items():
            if not all(each.is_steady for each in own):
                raise _UnsteadyCells(panel)
        series = [*self._still_series, *(each for own in self._series.values() for each in own)]
        # On top of maps, but below all that changes.
        covers = list(self._write_covers(series, count))
        width, height = map(self._writer.measure, (rendition.size.width, rendition.size.height))
        return FigureLayer(
            name=rendition.layer,
            size=(width, height),
            panels=[*covers, *panels],
            points=self._writer.points.lists,
            maps=[maps for each in series for maps in each.finish(len(covers))],
            labels=context.run_labels,
            cursors=list(self._find_cursors(steps, len(covers))),
        )

    def _write_panels(
        self,
        panels: Sequence[PanelDescription],
        describe_dark: Callable[[], Sequence[PanelDescription]] | None,
        *,
        is_still: bool,
    ) -> list[list[JsonItem]]:
        """The items of each panel; cells are added to the series."""
        dark_panels: list[Sequence[PanelDescription]] = []

        def find_dark(panel: int, number: int) -> Item:
            assert describe_dark is not None
            if not dark_panels:
                dark_panels.append(describe_dark())
            items = dark_panels[0][panel].items
            if len(items) != len(panels[panel].items):
                raise SchemeMismatch(panels[panel], dark_panels[0][panel])
            return items[number]

        written: list[list[JsonItem]] = []
        for panel, description in enumerate(panels):
            own: list[JsonItem] = []
            cells = 0
            for number, item in enumerate(description.items):
                find = None if describe_dark is None else lambda at=(panel, number): find_dark(*at)
                if not isinstance(item, CellsItem):
                    own += self._writer.write(item, find)
                elif panel in self._unsteady and not is_still:
                    own += self._write_pictures(item, find)
                else:
                    self._find_series(panel, cells, item, is_still=is_still).add(item, find)
                    cells += 1
            if not is_still and cells != len(self._series.get(panel, ())):
                raise _UnsteadyCells(panel)
            written.append(own)
        return written

    def _find_series(self, panel: int, number: int, item: CellsItem, *, is_still: bool) -> CellSeries:
        """The series to which cells belong: those at the same position among the cells of a panel."""
        own = self._still_series if is_still else self._series.setdefault(panel, [])
        if is_still or (number == len(own) and self._is_first_step):
            own.append(CellSeries(item, panel, self._rendition.scene.context, self._rgb, self._writer))
            return own[-1]
        if number == len(own) or not own[number].matches(item):
            raise _UnsteadyCells(panel)
        return own[number]

    def _write_pictures(self, item: CellsItem, find_dark: FindDark | None) -> Iterator[JsonItem]:
        """Cells as pictures, one per cell."""
        for row, column in np.ndindex(item.indices.shape[:2]):

            def cut(cells: Item, at: tuple[int, int] = (row, column)) -> PictureItem:
                if not isinstance(cells, CellsItem) or cells.indices.shape != item.indices.shape:
                    raise SchemeMismatch(item, cells)
                return PictureItem(item.cell_box(*at), cells.indices[at])

            find = None if find_dark is None else lambda cut=cut: cut(find_dark())
            yield from self._writer.write(cut(item), find)

    def _write_covers(self, series: Sequence[CellSeries], count: int) -> Iterator[PanelSeries]:
        """What lies on top of cells, as a panel of its own below all that changes."""
        covers = [cover for each in series for cover in each.covers() if cover.width and cover.height]
        if not covers:
            return
        items = self._cover(covers)
        size = self._rendition.size
        box = [0, 0, self._writer.measure(size.width), self._writer.measure(size.height)]
        yield PanelSeries("", box, [], [items], [0] * count)

    def _cover(self, boxes: Sequence[Box]) -> list[JsonItem]:
        """Boxes of background."""
        background, dark = self._rendition.scene.background, self._dark
        find_dark = None if dark is None else lambda: RectItem(boxes[0], dark.scene.background)
        return [item for box in boxes for item in self._writer.write(RectItem(box, background), find_dark)]

    def _find_cursors(self, steps: Sequence[int], first_panel: int) -> Iterator[StepCursor]:
        """The charts over the steps; the number of the first panel is given."""
        context = self._rendition.scene.context
        indices = [context.steps.index(step) for step in steps]
        for panel, drawing in enumerate(self._rendition.scene.drawings, first_panel):
            for box, columns in drawing.step_axes() if isinstance(drawing, HasStepAxis) else ():
                x = [
                    None if np.isnan(column) else self._writer.measure(box.x + float(column))
                    for column in columns[indices]
                ]
                yield StepCursor(panel, self._writer.measure_box(box), x)


@dataclass(frozen=True)
class _Later:
    """A step that is described only if it has to be."""

    rendition: Rendition
    step: int

    def __call__(self) -> Sequence[PanelDescription]:
        return self.rendition.describe_step(self.step)
