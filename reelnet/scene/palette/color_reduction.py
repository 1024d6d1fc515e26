"""Pictures in few colours.

The colours are split in two where that helps most, across the direction in which they differ most (Orchard and
Bouman 1991), and then moved to the middle of what is nearest to each (Lloyd 1982), in a space where distances are as
large as they look (Oklab, Ottosson 2020). Without dithering, which would grow with the upscaling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.template.color import Rgb

FINE = 4096
"""Colours that are looked at one by one; more are taken together by their leading bits."""

ROUNDS = 3
"""Times that the colours are chosen; after each, pictures that came out worse than others weigh more."""

MOVES = 4
"""Times that the colours move to their middle in each round."""

Floats = NDArray[np.float64]


def few_colours(
    pictures: NDArray[np.uint8], most: int, keep: Rgb | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures (n, height, width, 3) as numbers of at most `most` colours, and those colours (k, 3).

    Pictures of no more colours keep them exactly. Else each picture counts alike, whatever its size, and the one that
    came out worst the most, so that none pays for the others.

    Args:
        pictures: Their colours.
        most: How many colours, at least 2.
        keep: A colour that stays exactly itself, if the pictures have it: of the paper on which they stand.
    """
    values, found = unique(pictures)
    if len(values) <= most:
        return found.astype(np.uint8), values
    if keep is None or not (paper := (values == np.array(keep, np.uint8)).all(axis=1)).any():
        numbers, colours = chosen(values, found, most)
        return numbers[found], colours
    inside = np.flatnonzero(~paper)
    place = np.zeros(len(values), np.intp)
    place[inside] = np.arange(len(inside))
    seen = ~paper[found]
    numbers = np.zeros(len(values), np.uint8)
    pixels = np.where(seen, place[found], -1)
    numbers[inside], colours = chosen(values[inside], pixels, most - 1)
    numbers[inside] += 1
    return numbers[found], np.concatenate([np.array([keep], np.uint8), colours])


def unique(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The colours (k, 3) of pictures, and for each pixel which one it has."""
    packed = pack(pictures)
    values, found = np.unique(packed, return_inverse=True)
    return unpack(values), found.reshape(packed.shape)


def pack(rgb: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Colours (…, 3) as numbers 0xRRGGBB."""
    return rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def unpack(colours: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The colours (…, 3) of numbers 0xRRGGBB."""
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)


def chosen(
    values: NDArray[np.uint8], pixels: NDArray[np.intp], most: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For each of some colours (k, 3) the number of the one that stands for it, and these, at most `most`.

    Args:
        values: More than `most` colours.
        pixels: Which of them each pixel has, (pictures, height, width); -1 for those that do not count.
        most: How many may stand for all.
    """
    points = oklab(values)
    group, centres = grouped(values, points)
    counted = pixels >= 0
    owner = np.broadcast_to(np.arange(len(pixels))[:, None, None], pixels.shape)[counted]
    at = group[pixels[counted]]
    size = np.bincount(owner, minlength=len(pixels)).clip(1)
    heavy, best = np.ones(len(pixels)), None
    for _ in range(ROUNDS):
        weight: Floats = np.bincount(at, (heavy / size)[owner], len(centres)).astype(np.float64)
        middles = settled(centres, weight, divided(centres, weight, most))
        off = ((centres - middles[nearest(centres, middles)]) ** 2).sum(axis=1)
        errors = np.bincount(owner, off[at], len(pixels)) / size
        worst = float(errors.max())
        if best is None or worst < best[0]:
            best = worst, middles
        heavy *= np.sqrt((errors / max(errors.mean(), 1e-12)).clip(0.1, 10))
    colours = rgb(best[1]) if best is not None else values[:most]
    return nearest(points, oklab(colours)).astype(np.uint8), colours


def grouped(values: NDArray[np.uint8], points: Floats) -> tuple[NDArray[np.intp], Floats]:
    """For each colour its group, and the middles of the groups: each its own, or by leading bits if they are many."""
    if len(values) <= FINE:
        return np.arange(len(values)), points
    _, group = np.unique(pack(values >> np.uint8(3)), return_inverse=True)
    count = np.bincount(group)
    middles = np.stack([np.bincount(group, points[:, axis]) / count for axis in range(3)], axis=1)
    return group, middles


def divided(points: Floats, weight: Floats, most: int) -> Floats:
    """The middles of at most `most` parts of the points, each split where it is widest."""
    parts = [np.arange(len(points))]
    spread = [scatter(points, weight, parts[0])]
    while len(parts) < most:
        widest = max(range(len(parts)), key=lambda number: spread[number][0])
        part, (loss, axis, middle) = parts[widest], spread[widest]
        if loss <= 0:
            break
        beyond = points[part] @ axis > middle @ axis
        if beyond.all() or not beyond.any():
            spread[widest] = 0.0, axis, middle
            continue
        parts[widest : widest + 1] = [part[~beyond], part[beyond]]
        spread[widest : widest + 1] = [scatter(points, weight, each) for each in parts[widest : widest + 2]]
    return np.stack([middle for _, _, middle in spread])


def scatter(points: Floats, weight: Floats, part: NDArray[np.intp]) -> tuple[float, Floats, Floats]:
    """How much would be gained by splitting a part, the direction across which, and its middle."""
    own, heavy = points[part], weight[part]
    total = max(float(heavy.sum()), 1e-12)
    middle = heavy @ own / total
    apart = own - middle
    widths, axes = np.linalg.eigh((apart * heavy[:, None]).T @ apart)
    return (float(widths[-1]) if len(part) > 1 else 0.0), axes[:, -1], middle


def settled(points: Floats, weight: Floats, middles: Floats) -> Floats:
    """The middles moved to the means of the points that are nearest to each."""
    for _ in range(MOVES):
        own = nearest(points, middles)
        total = np.bincount(own, weight, len(middles))
        sums = [np.bincount(own, weight * points[:, axis], len(middles)) for axis in range(3)]
        used = total > 0
        middles = np.where(used[:, None], np.stack(sums, axis=1) / np.where(used, total, 1)[:, None], middles)
    return middles


def nearest(points: Floats, middles: Floats) -> NDArray[np.intp]:
    """For each point the middle that is nearest."""
    found: NDArray[np.intp] = ((middles**2).sum(axis=1) - 2 * points @ middles.T).argmin(axis=1)
    return found


TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colours: NDArray[np.uint8]) -> Floats:
    """Colours (n, 3) in Oklab."""
    part = colours / 255
    light = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    found: Floats = np.cbrt(light @ TO_CONES.T) @ TO_LAB.T
    return found


def rgb(points: Floats) -> NDArray[np.uint8]:
    """The nearest colours (n, 3) of points in Oklab."""
    light = (points @ np.linalg.inv(TO_LAB).T) ** 3 @ np.linalg.inv(TO_CONES).T
    light = light.clip(0, 1)
    part = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    found: NDArray[np.uint8] = np.rint(255 * part).astype(np.uint8)
    return found
