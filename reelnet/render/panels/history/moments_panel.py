"""What panels share that show one layer at several training steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.runs.header import require_activation
from reelnet.scene.cell import Cell
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Size
from reelnet.scene.limits import Limits
from reelnet.scene.panel import Panel
from reelnet.scene.timeline.moments import choose_moments
from reelnet.scene.timeline.selection import resolve_step

MAX_STEPS = 256
"""The most steps of such a panel."""

CELL_SIZES = (480, 400, 320, 272, 240, 208, 176, 152, 128, 112, 96, 80, 72, 64, 56, 48, 40, 32, 24, 16, 8)
"""Sides of cells in pixels of the layout that are tried, descending."""
MARGINS = 112, 184
"""Pixels of the layout of the width and of the height of a frame that others take, about."""
PAGE = 1600, 1000
"""Pixels of the layout of a page in landscape format, where the canvas has no limits."""

StepCount = Annotated[int, Field(ge=1, le=MAX_STEPS)]
StepList = tuple[Annotated[int, Field(ge=0)], ...]


class MomentsPanel(Panel):
    """A panel that shows a layer at several training steps, and is the same in every frame."""

    has_cells: ClassVar[bool] = True

    steps: StepCount | StepList = Field(
        5,
        description="A list of training steps, or how many to select. Selected steps include the first and "
        "the last, and each picture differs from the next one by about the same amount.",
    )
    tap: str | None = Field(None, description="The layer; by default the reel's.")

    @field_validator("steps", mode="before")
    @classmethod
    def _check_steps(cls, value: Any) -> Any:
        listed = [*value] if isinstance(value, list | tuple) else None
        numbers = [value] if listed is None else listed
        if not numbers or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(
                f"{value!r} is neither a number of steps nor a list of steps such as [0, 10, 100]"
            )
        if listed is None and not 1 <= value <= MAX_STEPS:
            raise ValueError(f"{value} steps; give 1 to {MAX_STEPS}")
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{listed!r} names a step twice")
        return value if listed is None else tuple(listed)

    def require_layer(self, context: SceneContext) -> str:
        """The layer that is shown.

        Raises:
            OptionError: It was not recorded, or is not an activation.
        """
        tap = self.tap or context.layer
        with error_context("tap"):
            require_activation(tap, context.require(tap))
        return tap

    def choose_steps(
        self,
        context: SceneContext,
        channels: tuple[int, ...],
        count: int | None = None,
        preferred: NDArray[np.bool_] | None = None,
    ) -> tuple[int, ...]:
        """The steps that are shown.

        Args:
            context: The run.
            channels: The channels that are shown, as they are displayed.
            count: How many, if there is no room for as many as the author asks for.
            preferred: Which recorded steps are better than others; see `choose_moments`.

        Raises:
            OptionError: A step was not recorded.
        """
        if isinstance(self.steps, int):
            tap, wanted = self.require_layer(context), count or self.steps
            return context.get_cached(
                (repr(self), tap, channels, context.sample_indices, wanted, context.view(tap).limits),
                lambda: choose_moments(context, tap, channels, wanted, preferred),
            )
        self.check_steps(context)
        return self.steps

    def check_steps(self, context: SceneContext) -> None:
        """Check that the listed steps were recorded.

        Raises:
            OptionError: A step was not recorded.
        """
        errors = ErrorCollector()
        for number, step in enumerate(() if isinstance(self.steps, int) else self.steps):
            with errors.collect("steps", number):
                resolve_step(context.steps, step)
        errors.raise_errors()

    def is_choice(self, context: SceneContext, count: int) -> bool:
        """Whether of `count` steps those between the first and the last were chosen by how much changes."""
        is_number = isinstance(self.steps, int) and 2 < count < len(context.steps)
        return is_number and bool(context.statistics.changes(self.tap or context.layer).by_step.any())

    def map_layers(self, context: SceneContext) -> tuple[str, ...]:
        """The layer."""
        return (self.tap or context.layer,)

    def color_limits(self, context: SceneContext) -> dict[str, Limits]:
        """The limits of the layer."""
        tap = self.tap or context.layer
        return {tap: context.view(tap).limits}


def find_cell_size(context: SceneContext, tap: str, measure: Callable[[SceneContext], Size]) -> int:
    """The largest of `CELL_SIZES` with which a panel fits the largest frame, beside others; 0 if none does.

    Args:
        context: The run, with cells of any size.
        tap: The layer that the panel shows.
        measure: The size of the panel with the cells of a context.
    """
    frame = context.max_frame or tuple(map(context.px, PAGE))
    width, height = (side - context.px(margin) for side, margin in zip(frame, MARGINS, strict=True))
    for size in CELL_SIZES:
        cell = Cell.fit(*context.require(tap).map_shape[1:], context.px(size), context.grid, reduce=True)
        needed = measure(context.with_scale(cell.exact_scale))
        if needed.width <= width and needed.height <= height:
            return size
    return 0
