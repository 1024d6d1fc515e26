"""Making the widget of a reel, from what the reel was made from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from reelnet.errors import TemplateError
from reelnet.export.html.embed import embed_figure
from reelnet.render.rendition import Rendition
from reelnet.template.edit.write_source import write_source
from reelnet.template.settings import Setting, read_settings
from reelnet.template.source import TemplateSource, TemplateText

if TYPE_CHECKING:
    from reelnet.preview.widget.widget import ReelWidget

LOG = logging.getLogger("reelnet")

R = TypeVar("R")

MAX_STEPS, MAX_BYTES = 50, 1_500_000
"""Steps and bytes of the figure that a notebook keeps beside a widget."""


def make_widget(
    rendition: Rendition,
    source: TemplateSource,
    settings: Sequence[Setting],
    lay_out: Callable[[TemplateText, str | None], R],
    draw_still: Callable[[], str],
) -> ReelWidget[R] | None:
    """Make the widget of a reel, or return None without anywidget, with a warning that says so.

    Args:
        rendition: What the reel shows.
        source: The template that the reel was made from.
        settings: Keys of the template that were changed.
        lay_out: Lays out the text of a template for a layer.
        draw_still: Makes HTML in place of a figure that is too large for a notebook.

    Raises:
        RunError: The file of a step is missing, truncated or altered.
    """
    try:
        from reelnet.preview.widget.widget import ReelWidget
    except ModuleNotFoundError as error:
        if error.name != "anywidget":
            raise
        LOG.warning("reel.explore() needs anywidget: pip install 'reelnet[notebook]'. Here is the figure.")
        return None
    request = rendition.request
    options = {"canvas.scale": request.scale, "canvas.density": request.density, "timeline.fps": request.fps}
    changes = read_settings({key: value for key, value in options.items() if value is not None})
    try:
        template = write_source(source, [*settings, *changes])
    except TemplateError:
        # A text with anchors, for example, cannot be edited; what it means can be.
        template = write_source(request.template.content, changes)
    figure = embed_figure(rendition, MAX_BYTES, MAX_STEPS) or draw_still()
    return ReelWidget(rendition.run.location, template, request.layer, lay_out, figure)
