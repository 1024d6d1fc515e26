"""Heads: the pictures of samples in rings, and the places in which they do not cover each other."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.render.canvas import polyline, rasterize_disc
from reelnet.render.description.coverage import Coverage
from reelnet.render.description.items import DiscItem
from reelnet.render.panels.maps.inputs import are_ink_on_white
from reelnet.template.color import Rgb

Floats = NDArray[np.float64]

DASHES = 14
"""Dashes of a ring."""
DASH_SHARE = 0.58
"""Part of a dash and the gap after it that is drawn."""

PULL = 0.1
"""Part of its displacement by which a head is pulled to its true place in each round."""
FIRST_ROUNDS, ROUNDS, LAST_ROUNDS = 120, 3, 60
"""Rounds of pulls and pushes at the first step and at each other one, and of pushes alone until no head overlaps.

Few rounds per step move heads steadily: with 3 instead of 8, jumps are half as large (99th percentile)."""
NEAR = 0.5
"""Pixels from its true place at which a head is there."""
TOLERANCE = 0.25
"""Pixels by which two heads may overlap in the end."""
MAX_CUT_ASPECT = 1.5
"""Longer photos are shown as a whole."""

GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


def spread_heads(places: Floats, distance: float, center: tuple[float, float], radius: float) -> Floats:
    """Move heads apart that would cover each other.

    In each step, heads are pulled to their true places and pushed away from each other. They start from where they
    were at the step before, so that they move steadily; the result depends on nothing but the arguments.

    Args:
        places: The true places (steps, heads, 2), in pixels.
        distance: Least distance of two heads' centers.
        center: Center of a circle that no head's center leaves.
        radius: Its radius.

    Returns:
        The places (steps, heads, 2) in which the heads are drawn.
    """
    return _spread_heads(places.tobytes(), places.shape, distance, center, radius)


@lru_cache(maxsize=4)
def _spread_heads(
    data: bytes, shape: tuple[int, ...], distance: float, center: tuple[float, float], radius: float
) -> Floats:
    places = np.frombuffer(data).reshape(shape)
    count = shape[1]
    if count < 2:
        return places
    spread = places.copy()
    # Heads in one place go apart in different directions, evenly spread.
    angles = GOLDEN_ANGLE * np.arange(count)
    offset = 0.05 * distance * np.sqrt(np.arange(1, count + 1) / count)
    offset = offset * np.stack([np.cos(angles), np.sin(angles)])
    nudge, middle = offset.copy(), np.array(center)[:, None]
    for step, true in enumerate(places.transpose(0, 2, 1)):
        # A head that goes far in one step, as in runs of few steps, takes no displacement along.
        way = np.linalg.norm(places[step] - places[max(0, step - 1)], axis=1)
        offset = offset * np.clip(1 - way / distance, 0, 1)
        at = _keep_inside(true + offset, middle, radius)
        for _ in range(ROUNDS if step else FIRST_ROUNDS):
            at += PULL * (true - at)
            push = _push_apart(at, distance, nudge)
            if push is not None:
                at = _keep_inside(at + push, middle, radius)
            elif np.abs(true - at).max() < NEAR:
                break
        for _ in range(LAST_ROUNDS):
            push = _push_apart(at, distance - TOLERANCE, nudge)
            if push is None:
                break
            at = _keep_inside(at + 1.2 * push, middle, radius)
        spread[step] = at.T
        offset = at - true
        offset[:, (np.abs(offset) < NEAR).all(axis=0)] = 0
    spread.flags.writeable = False
    return spread


def _push_apart(at: Floats, distance: float, nudge: Floats) -> Floats | None:
    """The pushes (2, heads) that heads give each other; None if no two are closer than `distance`."""
    # From the head of a row to the head of a column.
    between = at[:, None] - at[:, :, None]
    apart = np.hypot(between[0], between[1])
    apart.flat[:: len(apart) + 1] = np.inf
    nearest = apart.min()
    if nearest >= distance:
        return None
    if nearest < 1e-6:
        same = apart < 1e-6
        between = np.where(same, nudge[:, None] - nudge[:, :, None], between)
        apart = np.where(same, np.hypot(between[0], between[1]) + 1e-9, apart)
    overlap = np.maximum(0, distance - apart)
    # Many pushes at once would throw a head far away.
    share = 0.5 / np.sqrt(np.maximum(1, (overlap > 0).sum(axis=0)))
    push: Floats = (between * (share * overlap / apart)).sum(axis=1)
    return push


def _keep_inside(at: Floats, center: Floats, radius: float) -> Floats:
    """Move places (2, heads) outside of a circle to its edge."""
    away = at - center
    length = np.maximum(np.hypot(away[0], away[1]), 1e-9)
    kept: Floats = center + away * np.minimum(1, radius / length)
    return kept


@lru_cache(maxsize=32)
def rasterize_ring(radius: float, width: float, *, dashed: bool = False) -> NDArray[np.uint8]:
    """The coverage of a ring in the middle of a square with an odd side.

    Args:
        radius: Outer radius in pixels.
        width: Width of the line in pixels.
        dashed: Whether it has gaps.
    """
    half = int(np.ceil(radius))
    x, y = np.ogrid[-half : half + 1, -half : half + 1][::-1]
    middle = radius - width / 2
    cover = np.clip(width / 2 + 0.5 - np.abs(np.hypot(x, y) - middle), 0, min(1, width))
    if dashed:
        # A dash is in the middle at the top. Its ends are as soft as its sides.
        turns = np.arctan2(x, -y) / (2 * np.pi) * DASHES
        from_middle = np.abs((turns + 0.5) % 1 - 0.5)
        arc = 2 * np.pi * middle / DASHES
        cover = cover * np.clip(0.5 + (DASH_SHARE / 2 - from_middle) * arc, 0, 1)
    mask: NDArray[np.uint8] = np.rint(255 * cover).astype(np.uint8)
    mask.flags.writeable = False
    center, dashes = half + 0.5, (DASHES, DASH_SHARE) if dashed else None
    return Coverage.of_shape(
        mask, lambda x, y, ink: [DiscItem(x + center, y + center, middle, ink, width, dashes)]
    )


def draw_in_discs(pictures: NDArray[np.uint8], radius: float, *, on_dark: bool) -> list[NDArray[np.uint8]]:
    """Gray pictures as coverage by one color, uint8 (height, width), each as large as has room in a disc.

    Args:
        pictures: uint8 (n, height, width); if they have one row, or one column, they are drawn as lines.
        radius: Of the discs.
        on_dark: Whether the color is lighter than the background.
    """
    height, width = pictures.shape[1:]
    if 1 in (height, width) and height != width:
        return [draw_curve(picture.ravel(), (round(1.7 * radius), round(radius))) for picture in pictures]
    coverage = pictures
    is_ink = are_ink_on_white(pictures)
    is_light = not is_ink and are_ink_on_white(255 - pictures)
    if is_ink or not (is_light or on_dark):
        coverage = 255 - pictures
    reach = math.hypot(height, width) / 2
    if not (is_ink or is_light) and max(height, width) <= MAX_CUT_ASPECT * min(height, width):
        # A photo fills the disc, and its corners are cut off.
        reach = 0.92 * min(height, width) / 2
    elif is_ink or is_light:
        # The paper around the ink may be cut off.
        rows, columns = np.nonzero(coverage.max(axis=0) > 64)
        inked = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
        reach = float(inked.max(initial=0)) + 1
    factor = 0.92 * radius / reach
    size = max(1, round(factor * width)), max(1, round(factor * height))
    method = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    drawn = [np.asarray(Image.fromarray(each).resize(size, method)) for each in coverage]
    return [Coverage.of_picture(_cut_to_disc(each, radius)) for each in drawn]


def draw_curve(values: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The coverage of a curve through values, uint8 (height, width)."""
    stroke = max(1.0, size[1] / 16)
    x = np.linspace(stroke, size[0] - stroke, len(values))
    y = stroke + (1 - values / 255) * (size[1] - 2 * stroke)
    return polyline(list(zip(x.tolist(), y.tolist(), strict=True)), stroke, size)


def _cut_to_disc(mask: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """The part of a mask that is in the disc around its middle."""
    half = math.floor(radius)
    top, left = max(0, mask.shape[0] // 2 - half), max(0, mask.shape[1] // 2 - half)
    cut = mask[top : top + 2 * half + 1, left : left + 2 * half + 1]
    rows, columns = np.ogrid[: cut.shape[0], : cut.shape[1]]
    away = np.hypot(rows - (cut.shape[0] - 1) / 2, columns - (cut.shape[1] - 1) / 2)
    disc: NDArray[np.uint8] = np.where(away <= radius, cut, 0).astype(np.uint8)
    return disc


def cut_discs(pictures: NDArray[np.uint8], radius: int, background: Rgb) -> NDArray[np.uint8]:
    """The middle of color pictures (n, height, width, 3), as discs in squares (n, 2 · radius + 1, …, 3)."""
    side = 2 * radius + 1
    height, width = pictures.shape[1:3]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    method = Image.Resampling.BICUBIC if side > shorter else Image.Resampling.BOX
    cut = pictures[:, top : top + shorter, left : left + shorter]
    resized = np.stack([np.asarray(Image.fromarray(each).resize((side, side), method)) for each in cut])
    part = rasterize_disc(radius)[..., None] / 255
    discs: NDArray[np.uint8] = np.rint(part * resized + (1 - part) * np.array(background)).astype(np.uint8)
    return discs
