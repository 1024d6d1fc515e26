"""Our own VP8L pictures, decoded by Pillow's libwebp."""

from __future__ import annotations

import io
from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reelnet.export.encoders.prefix import lengths_of
from reelnet.export.encoders.vp8l import grid_of, vp8l
from tests.rendering import Bytes

RGBA = np.random.default_rng(3).integers(0, 256, (256, 4)).astype(np.uint8)


def decoded(data: bytes) -> Bytes:
    """A bitstream as the only picture of a file."""
    length, data = len(data), data + b"\0" * (len(data) % 2)
    file = b"RIFF" + pack("<I", len(data) + 12) + b"WEBPVP8L" + pack("<I", length) + data
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image.convert("RGBA"))


def check(indices: Bytes) -> None:
    assert (decoded(vp8l(indices, RGBA)) == RGBA[indices]).all()


def cells(height: int, width: int, scale: int, seed: int, colours: int = 200) -> Bytes:
    """Cells of which half are of one colour."""
    random = np.random.default_rng(seed)
    maps = random.integers(0, colours, (height, width))
    maps[random.random(maps.shape) < 0.5] = 255
    return np.kron(maps, np.ones((scale, scale))).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 5000), (5000, 1), (3, 4097), (7, 13)])
@pytest.mark.parametrize("colours", [1, 2, 3, 16, 17, 256])
def test_noise_of_any_size(shape: tuple[int, int], colours: int) -> None:
    random = np.random.default_rng(colours)
    check(random.integers(0, colours, shape).astype(np.uint8))


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 6, 8, 12, 16, 20])
@pytest.mark.parametrize("shift", [0, 2, 3, 4])
def test_cells_at_any_place(scale: int, shift: int) -> None:
    indices = cells(9, 20, scale, scale)
    wide = np.full((len(indices) + shift, indices.shape[1] + shift), 255, np.uint8)
    wide[shift:, shift:] = indices
    assert (grid_of(wide) is not None) == (scale in (8, 12, 16, 20) and shift % 4 == 0)
    check(wide)


def test_text_beside_cells() -> None:
    indices = cells(9, 40, 8, 1)
    indices[10:17, 100:180] = np.random.default_rng(2).integers(0, 5, (7, 80))
    indices[40, :3] = 7
    check(indices)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_anything(data: st.DataObject) -> None:
    height, width, scale = (
        data.draw(st.integers(1, most), label=name)
        for name, most in (("height", 9), ("width", 30), ("scale", 12))
    )
    seed, colours = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(1, 256))
    indices = cells(height, width, scale, seed, colours)
    random = np.random.default_rng(seed)
    for _ in range(data.draw(st.integers(0, 3), label="strokes")):
        y, x = random.integers(0, indices.shape[0]), random.integers(0, indices.shape[1])
        indices[y : y + 3, x : x + 9] = random.integers(0, 256)
    check(indices)


def test_rare_colours_take_no_more_bits_than_there_are() -> None:
    # Each as frequent as all rarer ones together: a bit more for each, past the 15 of the format.
    often = 2 ** np.arange(20)
    assert lengths_of(often, 99).max() == 19
    assert lengths_of(often, 15).max() <= 15
    row = np.repeat(np.arange(18), 2 ** np.arange(18) // 8 + 1)
    np.random.default_rng(0).shuffle(row)
    check(row[:32_000].reshape(4, 8000).astype(np.uint8))


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=60))
def test_lengths_make_a_whole_code(often: list[int]) -> None:
    lengths = lengths_of(np.array(often), 15)
    used = lengths[lengths > 0]
    assert ((lengths > 0) == (np.array(often) > 0)).all()
    assert used.max(initial=0) <= 15
    # Kraft's sum: neither two meanings nor a gap.
    if len(used) > 1:
        assert sum(2.0 ** -int(length) for length in used) == 1


def test_smaller_than_libwebps_on_cells() -> None:
    indices = cells(60, 70, 8, 5)
    rgba = RGBA.copy()
    rgba[255] = 0
    sizes = []
    for quality, method in ((50, 2), (100, 4)):
        file = io.BytesIO()
        Image.fromarray(rgba[indices]).save(
            file, "WEBP", lossless=True, exact=True, quality=quality, method=method
        )
        sizes.append(len(file.getvalue()))
    assert len(vp8l(indices, rgba)) < 0.95 * min(sizes)
