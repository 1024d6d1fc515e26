"""A line of text put together from glyphs is what Pillow draws at once."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelnet.compose.text import Type, coverage, face, text_size

KERNED = str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
CHARACTERS = st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("éßöÅ…−")


def drawn(text: str, style: Type) -> NDArray[np.uint8]:
    """The line as Pillow draws it in one go."""
    font = face(style)
    width = int(np.ceil(font.getlength(text)))
    image = Image.new("L", (max(width, 1), sum(font.getmetrics())))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.asarray(image)


@given(
    text=st.text(CHARACTERS, max_size=20),
    size=st.integers(6, 60),
    bold=st.booleans(),
    file=st.sampled_from([None, KERNED]),
)
def test_glyphs_make_the_line_that_pillow_draws(text: str, size: int, bold: bool, file: str | None) -> None:
    style = Type(size, bold, file)
    np.testing.assert_array_equal(coverage(text, style), drawn(text, style))


@pytest.mark.parametrize("text", ["", " ", "step 70 / 290", "AV To Te", "jfj", "kx wA 1,000,000,000"])
def test_a_line_is_as_wide_as_it_is_said_to_be(text: str) -> None:
    style = Type(16, bold=True)
    size = text_size(text, style)
    assert coverage(text, style).shape == (size.height, max(1, size.width))
    assert size.width == int(np.ceil(face(style).getlength(text)))
