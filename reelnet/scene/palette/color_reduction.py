"""Reducing the colors of pictures.

Colors are split in two, where that reduces the error most, across the direction in which they vary most (Orchard and
Bouman, "Color Quantization of Images", 1991). The resulting colors then move to the mean of the colors that are
nearest to them (Lloyd, 1982). Both happen in Oklab (Ottosson, 2020), where distances correspond to perceived
differences. There is no dithering: upscaling would make its dots visible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelnet.template.color import Rgb

MAX_EXACT_COLORS = 4096
"""Up to this many colors are handled one by one; more are grouped by their leading bits."""

REWEIGHTINGS = 3
"""How often the palette is computed; each time, pictures with a larger error than others get more weight."""

LLOYD_ITERATIONS = 4
"""How often the colors move to the mean of their nearest points, per reweighting."""

Floats = NDArray[np.float64]


def reduce_colors(
    pictures: NDArray[np.uint8], max_colors: int, keep: Rgb | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reduce pictures to a common palette.

    Pictures with no more than `max_colors` colors stay exact. Otherwise every picture has the same weight, whatever
    its size, and the one with the largest error gets more, so that none suffers for the others.

    Args:
        pictures: uint8 (n, height, width, 3).
        max_colors: At least 2.
        keep: A color that is never changed if the pictures have it, such as the background.

    Returns:
        For each pixel the number of its color, uint8 (n, height, width), and the colors, uint8 (k, 3).
    """
    packed, flat_pixels = np.unique(pack_rgb(pictures), return_inverse=True)
    values, pixels = unpack_rgb(packed), flat_pixels.reshape(pictures.shape[:-1])
    if len(values) <= max_colors:
        return pixels.astype(np.uint8), values
    if keep is None or not (is_kept := (values == np.array(keep, np.uint8)).all(axis=1)).any():
        numbers, colors = _choose_colors(values, pixels, max_colors)
        return numbers[pixels], colors
    others = np.flatnonzero(~is_kept)
    renumbered = np.zeros(len(values), np.intp)
    renumbered[others] = np.arange(len(others))
    numbers = np.zeros(len(values), np.uint8)
    other_pixels = np.where(is_kept[pixels], -1, renumbered[pixels])
    numbers[others], colors = _choose_colors(values[others], other_pixels, max_colors - 1)
    numbers[others] += 1
    return numbers[pixels], np.concatenate([np.array([keep], np.uint8), colors])


def pack_rgb(rgb: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Colors (…, 3) as numbers 0xRRGGBB."""
    return rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def unpack_rgb(packed: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The colors (…, 3) of numbers 0xRRGGBB."""
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def _choose_colors(
    values: NDArray[np.uint8], pixels: NDArray[np.intp], max_colors: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Choose at most `max_colors` colors to replace more of them.

    Args:
        values: The original colors (k, 3); more than `max_colors`.
        pixels: Which of them each pixel has, (pictures, height, width); -1 for pixels to ignore.
        max_colors: The largest number of colors.

    Returns:
        For each original color the number of its replacement, uint8 (k,), and the new colors, uint8 (n, 3).
    """
    points = to_oklab(values)
    group, centers = _group_points(values, points)
    is_counted = pixels >= 0
    picture = np.broadcast_to(np.arange(len(pixels))[:, None, None], pixels.shape)[is_counted]
    pixel_group = group[pixels[is_counted]]
    size = np.bincount(picture, minlength=len(pixels)).clip(1)
    picture_weight, best = np.ones(len(pixels)), None
    for _ in range(REWEIGHTINGS):
        weight: Floats = np.bincount(pixel_group, (picture_weight / size)[picture], len(centers)).astype(
            np.float64
        )
        means = _move_to_means(centers, weight, _split_points(centers, weight, max_colors))
        off = ((centers - means[_find_nearest(centers, means)]) ** 2).sum(axis=1)
        errors = np.bincount(picture, off[pixel_group], len(pixels)) / size
        worst = float(errors.max())
        if best is None or worst < best[0]:
            best = worst, means
        picture_weight *= np.sqrt((errors / max(errors.mean(), 1e-12)).clip(0.1, 10))
    colors = from_oklab(best[1]) if best is not None else values[:max_colors]
    return _find_nearest(points, to_oklab(colors)).astype(np.uint8), colors


def _group_points(values: NDArray[np.uint8], points: Floats) -> tuple[NDArray[np.intp], Floats]:
    """For each color its group, and the mean of each group; many colors are grouped by their leading bits."""
    if len(values) <= MAX_EXACT_COLORS:
        return np.arange(len(values)), points
    _, group = np.unique(pack_rgb(values >> np.uint8(3)), return_inverse=True)
    count = np.bincount(group)
    means = np.stack([np.bincount(group, points[:, axis]) / count for axis in range(3)], axis=1)
    return group, means


def _split_points(points: Floats, weight: Floats, max_parts: int) -> Floats:
    """The means of at most `max_parts` parts of the points; the part with the largest variance is split next."""
    parts = [np.arange(len(points))]
    spread = [_measure_spread(points, weight, parts[0])]
    while len(parts) < max_parts:
        widest = max(range(len(parts)), key=lambda number: spread[number][0])
        part, (variance, axis, mean) = parts[widest], spread[widest]
        if variance <= 0:
            break
        is_beyond = points[part] @ axis > mean @ axis
        if is_beyond.all() or not is_beyond.any():
            spread[widest] = 0.0, axis, mean
            continue
        parts[widest : widest + 1] = [part[~is_beyond], part[is_beyond]]
        spread[widest : widest + 1] = [
            _measure_spread(points, weight, each) for each in parts[widest : widest + 2]
        ]
    return np.stack([mean for _, _, mean in spread])


def _measure_spread(points: Floats, weight: Floats, part: NDArray[np.intp]) -> tuple[float, Floats, Floats]:
    """The weighted variance of a part along its principal axis, that axis, and the mean."""
    own, own_weight = points[part], weight[part]
    total = max(float(own_weight.sum()), 1e-12)
    mean = own_weight @ own / total
    centered = own - mean
    variances, axes = np.linalg.eigh((centered * own_weight[:, None]).T @ centered)
    return (float(variances[-1]) if len(part) > 1 else 0.0), axes[:, -1], mean


def _move_to_means(points: Floats, weight: Floats, means: Floats) -> Floats:
    """Lloyd's algorithm: move each mean to the weighted mean of the points that are nearest to it."""
    for _ in range(LLOYD_ITERATIONS):
        own = _find_nearest(points, means)
        total = np.bincount(own, weight, len(means))
        sums = [np.bincount(own, weight * points[:, axis], len(means)) for axis in range(3)]
        used = total > 0
        means = np.where(used[:, None], np.stack(sums, axis=1) / np.where(used, total, 1)[:, None], means)
    return means


def _find_nearest(points: Floats, means: Floats) -> NDArray[np.intp]:
    """For each point the number of the nearest mean."""
    nearest: NDArray[np.intp] = ((means**2).sum(axis=1) - 2 * points @ means.T).argmin(axis=1)
    return nearest


RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_oklab(colors: NDArray[np.uint8]) -> Floats:
    """Convert sRGB colors (n, 3) to Oklab."""
    encoded = colors / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    points: Floats = np.cbrt(linear @ RGB_TO_LMS.T) @ LMS_TO_LAB.T
    return points


def from_oklab(points: Floats) -> NDArray[np.uint8]:
    """The nearest sRGB colors (n, 3) to points in Oklab."""
    linear = (points @ np.linalg.inv(LMS_TO_LAB).T) ** 3 @ np.linalg.inv(RGB_TO_LMS).T
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colors: NDArray[np.uint8] = np.rint(255 * encoded).astype(np.uint8)
    return colors
