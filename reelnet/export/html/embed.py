"""Figures within other pages: the line for a web page, and what notebooks show."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote

from reelnet.export.html.figure import MAX_STEPS, Figure, count_values
from reelnet.render.rendition import Rendition

CONTROLS_HEIGHT, NARROW_CONTROLS_HEIGHT = 48, 112
"""CSS pixels of the controls below the picture, and of those in a narrow column with the bar that scrolls it."""

NARROW_WIDTH = 600
"""CSS pixels of a frame below which the controls are those of a narrow column."""

MAX_WINDOW_SHARE = 80
"""Percent of the height of the window that a figure in a notebook takes at most."""

MAX_NOTEBOOK_BYTES = 15_000_000
"""A larger figure is not put into a notebook."""

MAX_NOTEBOOK_LEVELS = 500_000_000
"""Values beyond which a figure is surely larger."""


def write_embedding(path: str | Path, width: int, height: int, least_zoom: float) -> str:
    """The line by which a web page shows the figure of a file.

    Args:
        path: The file.
        width: Of its picture, in CSS pixels.
        height: Likewise.
        least_zoom: The zoom below which it is scrolled sideways instead, for which narrow frames are high enough.
    """
    least, whole = _find_least_height(height, least_zoom), height + _find_controls_height(width)
    return (
        f'<iframe src="{escape(quote(Path(path).name))}" loading="lazy" style="width: 100%; max-width: {width}px; '
        f'border: 0; aspect-ratio: {width} / {whole}; min-height: {least}px"></iframe>'
    )


def embed_figure(
    rendition: Rendition, max_bytes: int = MAX_NOTEBOOK_BYTES, max_steps: int = MAX_STEPS
) -> str | None:
    """The HTML by which a notebook shows a figure, all of it within; None if it is too large.

    It is at most as wide as the figure, and at most `MAX_WINDOW_SHARE` of the window high.

    Args:
        rendition: What the figure shows.
        max_bytes: The most bytes of the page.
        max_steps: The most steps of the figure.

    Raises:
        RunError: The file of a step is missing, truncated or altered.
    """
    rendition = rendition.with_default_density(1)
    steps = min(max_steps, len(rendition.scene.context.steps))
    if steps * count_values(rendition) > MAX_NOTEBOOK_LEVELS:
        return None
    figure = Figure.from_renditions([rendition], lambda done, total: None, max_steps=max_steps)
    page = figure.make_page([layer.compress() for layer in figure.layers]).encode()
    if len(page) > max_bytes:
        return None
    width, height = figure.layers[0].size
    least = _find_least_height(height, figure.layers[0].least_zoom)
    controls = _find_controls_height(width)
    limit = f"100cqw, {width}px, ({MAX_WINDOW_SHARE}vh - {controls}px) * {width / height:.4f}"
    size = (
        f"width: min({limit}); height: calc(min({limit}) * {height / width:.4f} + {controls}px); "
        f"min-height: min({MAX_WINDOW_SHARE}vh, {least}px)"
    )
    # The notebook's own page is out of the figure's reach.
    return (
        f'<div style="container-type: inline-size"><iframe sandbox="allow-scripts" title="{escape(figure.alt)}" '
        f'style="display: block; border: 0; {size}" srcdoc="{escape(page.decode("utf-8"))}"></iframe></div>'
    )


def _find_controls_height(width: float) -> int:
    """CSS pixels of the height of the controls in a frame of a width."""
    return NARROW_CONTROLS_HEIGHT if width < NARROW_WIDTH else CONTROLS_HEIGHT


def _find_least_height(height: float, least_zoom: float) -> int:
    """CSS pixels of the height of a frame so narrow that its figure is scrolled sideways."""
    return round(height * least_zoom) + NARROW_CONTROLS_HEIGHT
