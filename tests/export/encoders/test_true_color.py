"""The exact conversion of true color, beside FFmpeg's."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.export.encoders.pixel_formats import (
    CONVERTERS,
    Yuv420pConverter,
    plane_rows,
    to_bt709,
    to_u,
    to_v,
    to_y,
)
from reelnet.export.encoders.true_color.colors import pack_colors, unpack_colors, unpack_with_alpha
from tests.make_run import Bytes

RANDOM = np.random.default_rng(0)


def decode(y: Bytes, u: Bytes, v: Bytes) -> NDArray[np.float64]:
    """RGB by ITU-R BT.709-6, limited range, rounded and clipped."""
    luma, blue, red = (y - 16.0) / 219, (u - 128.0) / 224 * 1.8556, (v - 128.0) / 224 * 1.5748
    rgb = np.stack([luma + red, luma - 0.0722 / 0.7152 * blue - 0.2126 / 0.7152 * red, luma + blue], axis=-1)
    return np.rint(255 * rgb).clip(0, 255)


def cells(side: int = 8) -> Bytes:
    """A picture of 32 × 40 flat cells of random colors."""
    return RANDOM.integers(0, 256, (32, 40, 3), np.uint8).repeat(side, 0).repeat(side, 1)


def read_planes(picture: av.VideoFrame) -> list[Bytes]:
    y, u, v = (plane_rows(plane).copy() for plane in picture.planes)
    return [y, u.repeat(2, 0).repeat(2, 1), v.repeat(2, 0).repeat(2, 1)]


def test_flat_cells_are_exact_where_swscale_is_not() -> None:
    rgb = cells()
    picture = av.VideoFrame(rgb.shape[1], rgb.shape[0], "yuv420p")
    CONVERTERS["yuv420p"](None).convert(pack_colors(rgb), picture)
    error = np.abs(decode(*read_planes(picture)) - rgb)
    assert error.mean() <= 0.6
    assert error.max() <= 3
    by_swscale = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
    )
    assert np.abs(decode(*read_planes(by_swscale)) - rgb).mean() > error.mean()


def test_planes_of_colors_equal_those_of_a_palette() -> None:
    palette = RANDOM.integers(0, 256, (256, 3), np.uint8)
    indices = RANDOM.integers(0, 255, (48, 64)).astype(np.uint8)
    indices[:, :32] = indices[::8, :32:8].repeat(8, 0).repeat(8, 1)
    pictures = [av.VideoFrame(64, 48, "yuv420p") for _ in range(2)]
    Yuv420pConverter(palette).convert(indices, pictures[0])
    Yuv420pConverter(None).convert(pack_colors(palette[indices]), pictures[1])
    for one, other in zip(*map(read_planes, pictures), strict=True):
        assert (one == other).all()


@pytest.mark.parametrize("pixel_format", ["gbrp", "rgb24", "yuv444p10le"])
def test_other_formats(pixel_format: str) -> None:
    palette = RANDOM.integers(0, 256, (256, 3), np.uint8)
    indices = RANDOM.integers(0, 255, (16, 32)).astype(np.uint8)
    pictures = [av.VideoFrame(32, 16, pixel_format) for _ in range(2)]
    CONVERTERS[pixel_format](palette).convert(indices, pictures[0])
    CONVERTERS[pixel_format](None).convert(pack_colors(palette[indices]), pictures[1])
    one, other = (picture.to_ndarray(format="rgb24") for picture in pictures)
    assert (one == other).all()
    if pixel_format != "yuv444p10le":
        assert (one == palette[indices]).all()


def test_conversion_is_exact() -> None:
    rgb = RANDOM.integers(0, 256, (200, 1000, 3), np.uint8)
    wanted = [plane.reshape(200, 1000) for plane in to_bt709(rgb.reshape(-1, 3))]
    for convert, exact in zip((to_y, to_u, to_v), wanted, strict=True):
        assert np.abs(convert(pack_colors(rgb)) - exact).max() <= 0.5 + 1e-9


def test_packing() -> None:
    rgb = RANDOM.integers(0, 256, (3, 5, 3), np.uint8)
    packed = pack_colors(rgb)
    assert packed.dtype == np.uint32
    assert packed[1, 2] == 0xFF000000 + rgb[1, 2] @ np.array([1 << 16, 1 << 8, 1])
    assert (unpack_colors(packed) == rgb).all()
    packed[0, 0] = 255
    assert unpack_with_alpha(packed)[0, 0, 3] == 0
    assert (unpack_with_alpha(packed)[1:, :, 3] == 255).all()
