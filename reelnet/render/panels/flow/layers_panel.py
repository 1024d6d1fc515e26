"""What the panels of a whole network have in common: which layers they show."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from reelnet.config.spec import convert_to_tuple
from reelnet.render.panels.answers.answer_panel import AnswerPanel
from reelnet.render.panels.flow.layer_choice import choose_layers, list_layers
from reelnet.scene.context import SceneContext
from reelnet.template.theme import LimitKind


class LayersPanel(AnswerPanel):
    """A panel of several layers, in which the class output, if there is one, becomes the answers."""

    default_grow: ClassVar[float] = 1.0
    has_cells: ClassVar[bool] = True

    layers: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="The layers, in this order; by default all recorded ones, or 8 of them spread by "
        "depth. If space is short, fewer are shown.",
    )

    @field_validator("layers", mode="before")
    @classmethod
    def _convert_list(cls, value: Any) -> Any:
        return convert_to_tuple(value)

    def list_layers(self, context: SceneContext) -> list[str]:
        """All recorded layers but the class output, and class tokens of other layers."""
        return list_layers(context, self.find_scores(context))

    def find_layers(self, context: SceneContext) -> list[str]:
        """The layers that are shown if there is room."""
        if self.layers is not None:
            return list(self.layers)
        return choose_layers(self.list_layers(context), context)

    def absence(self, context: SceneContext) -> str:
        """It always has something to show."""
        return ""

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layers, and the one that gives the scores."""
        return tuple(dict.fromkeys([*self.find_layers(context), *super().taps(context)]))

    def map_layers(self, context: SceneContext) -> tuple[str, ...]:
        """The layers, if they share their limits; otherwise they need no common size of cells."""
        return tuple(self.find_layers(context)) if context.theme.limits.kind is LimitKind.SHARED else ()
