"""Text that is measured and cut."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from importlib import resources
from math import ceil
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from reelnet.render.bidi import base_direction
from reelnet.render.typography import TextStyle, note_fonts, rasterize_text, shorten_text, wrap_text
from tests.make_run import noise, write_run
from tests.tiny_fonts import write_font

Bytes = NDArray[np.uint8]

STYLE = TextStyle(12)
DEJAVU = str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
"""Matplotlib brings it along; it has Hebrew and Arabic."""
OPEN_SANS = resources.files("reelnet") / "data" / "fonts" / "OpenSans-Regular.ttf"

raqm = pytest.mark.skipif(not features.check("raqm"), reason="this build of Pillow has no Raqm")


@pytest.mark.parametrize(
    "text", ["AVAVAVAVAVAVAVAV", "conv1.weight", "WA. To, 11 fi ffi", "a  b   c    d", "iiiiiiii"]
)
@pytest.mark.parametrize("width", [0, 1, 5, 17, 40, 41, 42, 43, 44, 90])
def test_the_longest_beginning_that_fits(text: str, width: int) -> None:
    beginnings = [text[:length].rstrip() + "…" for length in range(1, len(text))]
    fitting = (
        [text] if STYLE.width(text) <= width else [each for each in beginnings if STYLE.width(each) <= width]
    )
    assert shorten_text(text, width, STYLE) == (max(fitting, key=len) if fitting else "")


def test_labels_of_thousands_of_letters_are_cut_quickly(tmp_path: Path) -> None:
    labels = [letters * 1000 for letters in ("word ", "xxxxx", "1 2 3", "a_b_c")]
    run = write_run(tmp_path / "run", noise(2, 4, 3, 8), labels=labels)
    for settings in (
        [],
        ["samples.transposed=true", "panels.inputs.hidden=true", "panels.channels.inputs=true"],
    ):
        start = time.process_time()
        run.reel("article", settings=settings).frame(0)
        assert time.process_time() - start < 2


@pytest.mark.parametrize("bold", [False, True])
def test_the_own_font_has_digits_of_one_width_whatever_is_beside_them(bold: bool) -> None:
    style = TextStyle(16, bold)
    for character in filter(str.isprintable, map(chr, range(0x20, 0x180))):
        widths = {style.width(f"{character}{digit}{character}" * 8) for digit in "0123456789"}
        assert len(widths) == 1, character
    assert style.widen_digits("step 190, 3.5 %") == "step 000, 0.0 %"


@pytest.mark.parametrize("text", ["step مرحبا", "שלום"])
def test_scripts_that_would_be_misread_are_refused_without_raqm(
    text: str, monkeypatch: pytest.MonkeyPatch, no_system_fonts: None
) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(ValueError, match=r"the script of .* needs Raqm.*show an image of the text"):
        TextStyle(13, fonts=(DEJAVU,)).width(text)


def test_thai_needs_no_raqm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_system_fonts: None) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    thai = write_font(tmp_path / "thai.ttf", "Thai", {"ก": 600, "\u0e48": 200})
    assert TextStyle(50, fonts=(str(thai),)).width("ก\u0e48") == 40


def test_text_that_open_sans_covers_is_drawn_without_raqm_and_without_matplotlib() -> None:
    script = (
        "import sys\nfrom PIL import features\nfeatures.check = None\n"
        "from reelnet.render.typography import TextStyle, rasterize_text\n"
        "assert rasterize_text('Größe, Ελληνικά, Привет: 97.5 %', TextStyle(12)).any()\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def draw_whole(text: str, size: int) -> Bytes:
    """A line drawn by Pillow alone, with its own bidirectional layout."""
    font = ImageFont.truetype(DEJAVU, size, layout_engine=ImageFont.Layout.RAQM)
    image = Image.new("L", (ceil(font.getlength(text)), sum(font.getmetrics())))
    ImageDraw.Draw(image).text((0, 0), text, 255, font)
    return np.asarray(image)


@raqm
@pytest.mark.parametrize("text", ["مرحبا", "كتاب", "שלום", "بسم الله الرحمن", "נִקּוּד"])
def test_letters_are_joined_and_ordered_as_pillow_does(text: str) -> None:
    assert np.array_equal(rasterize_text(text, TextStyle(20, fonts=(DEJAVU,))), draw_whole(text, 20))


@raqm
@pytest.mark.parametrize("text", ["step שלום 190 (abc)", "שלום 12 abc", "abc مرحبا def", "שלום (iii) 5%"])
def test_lines_of_two_directions_are_ordered_as_pillow_does(text: str) -> None:
    ours, whole = rasterize_text(text, TextStyle(20, fonts=(DEJAVU,))), draw_whole(text, 20)
    assert abs(ours.shape[1] - whole.shape[1]) <= 4
    # Kerning and the rounding of starts may move a word by some pixels.
    width = min(ours.shape[1], whole.shape[1])
    shifted = [np.roll(whole, by, axis=1)[:, :width].astype(int) for by in range(-3, 4)]
    columns = np.min([np.abs(ours[:, :width] - each).sum(axis=0) for each in shifted], axis=0)
    assert columns.sum() < 0.12 * ours.sum()


@raqm
@pytest.mark.parametrize(
    ("text", "is_left"),
    [
        ("שלום עולם ומלואו", True),
        ("step עולם ומלואו", False),
        ("goldfish and more", False),
        ("שלום goldfish", True),
    ],
)
def test_the_ellipsis_is_where_the_rest_would_be(text: str, is_left: bool) -> None:
    style = TextStyle(20, fonts=(DEJAVU,))
    shortened = shorten_text(text, round(0.7 * style.width(text)), style)
    assert "…" in shortened
    mask = rasterize_text(shortened, style)
    dots, height = style.width("…"), style.line_height
    is_dots = [not side[: height // 2].any() and side.any() for side in (mask[:, :dots], mask[:, -dots:])]
    inside = "step" in text or ("goldfish" in text and text[0] == "ש")
    assert is_dots == ([is_left, not is_left] if not inside else [False, False])


@raqm
def test_marks_are_never_cut_from_their_letters() -> None:
    style = TextStyle(20, fonts=(DEJAVU,))
    text = "נִקּוּד נִקּוּד"
    for width in range(8, style.width(text)):
        cut = shorten_text(text, width, style).removesuffix("…")
        assert not unicodedata.combining(text[len(cut) : len(cut) + 1] or "a")


def test_missing_characters_are_boxes_of_one_width(no_system_fonts: None) -> None:
    one, three = rasterize_text("漢", STYLE), rasterize_text("漢字典", STYLE)
    assert three.shape[1] == 3 * one.shape[1] == STYLE.width("漢字典")
    assert np.array_equal(np.tile(one, 3), three)
    rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
    outline = one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert all(side.all() for side in (outline[0], outline[-1], outline[:, 0], outline[:, -1]))
    assert not outline[1:-1, 1:-1].any()


def test_characters_come_from_the_first_font_that_has_them(tmp_path: Path, no_system_fonts: None) -> None:
    one = write_font(tmp_path / "one.ttf", "One", {"漢": 1000, "x": 400})
    two = write_font(tmp_path / "two.ttf", "Two", {"漢": 600, "字": 800})
    style = TextStyle(50, fonts=(str(one), str(two)))
    assert [style.width(each) for each in "漢x字"] == [50, 20, 40]
    # What neither has is drawn in Open Sans, and what that lacks as a box.
    assert style.width("a") == TextStyle(50).width("a")
    assert style.width("典") == 30
    assert style.width("漢x字a典") == pytest.approx(140 + style.width("a"), abs=1)
    with note_fonts() as usage:
        style.width("漢字 a典")
    assert usage.missing == {"典": "漢字 a典"}
    assert {Path(file).name for file in usage.files} == {"one.ttf", "two.ttf"}


def test_high_letters_of_other_fonts_fit_the_line(tmp_path: Path, no_system_fonts: None) -> None:
    high = write_font(tmp_path / "high.ttf", "High", {"漢": 1000}, bottom=-400, top=1300)
    own, style = TextStyle(40), TextStyle(40, fonts=(str(OPEN_SANS), str(high)))
    assert style.line_height == own.line_height
    assert style.width("漢") < 40
    mask = rasterize_text("漢", style)
    rows = np.flatnonzero(mask.any(axis=1))
    assert rows[0] <= 1 or rows[-1] >= len(mask) - 2
    # Beside other text it has the same size.
    assert style.width("a漢") - style.width("a") == pytest.approx(style.width("漢"), abs=1)


@pytest.mark.parametrize("fonts", [(), (DEJAVU,)])
def test_lines_of_chinese_and_japanese_break_between_characters(fonts: tuple[str, ...]) -> None:
    text = "これは、とても長い文章です。「はい」と言った conv1.weight。"
    style = TextStyle(16, fonts=fonts)
    for width in range(5 * 16, style.width(text), 7):
        lines = wrap_text(text, width, style)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(style.width(line) <= width for line in lines)
        assert not any(line.startswith(("、", "。", "」")) or line.endswith("「") for line in lines)


@raqm
def test_every_line_of_a_paragraph_has_its_direction() -> None:
    style = TextStyle(16, fonts=(DEJAVU,))
    lines = wrap_text("שלום עולם abc שלום", style.width("שלום עולם") + 1, style)
    assert [base_direction(line) for line in lines] == [1] * len(lines)
    assert len(lines) == 2


def test_invisible_characters_take_no_room() -> None:
    plain = rasterize_text("abc", STYLE)
    for text in ("a\u200bbc", "\u200fabc", "ab\ufe0fc", "a\u2060bc"):
        assert np.array_equal(rasterize_text(text, STYLE), plain)
