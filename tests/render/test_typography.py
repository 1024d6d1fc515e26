"""Text that is measured and cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reelnet.render.typography import TextStyle, shorten_text
from tests.make_run import noise, write_run

STYLE = TextStyle(12)


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


@pytest.mark.parametrize("text", ["step مرحبا", "שלום", "हिन्दी"])
def test_scripts_that_would_be_misread_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"the script of .* cannot be drawn.*show an image of the text"):
        STYLE.width(text)
