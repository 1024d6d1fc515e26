"""Fonts of the system: which is chosen, by its name and by what it can draw."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import pytest

from reelnet._support.font_file import FontFile
from reelnet.render.system_fonts import InstalledFont, find_character, find_family, list_installed
from reelnet.render.typography import TextStyle, note_fonts
from tests.make_run import MakeRun
from tests.tiny_fonts import write_font

BUNDLED = Path(matplotlib.get_data_path(), "fonts", "ttf")


def test_of_matplotlibs_own_fonts_only_dejavu_sans_is_used() -> None:
    own = {each.family for each in list_installed() if Path(each.font.file).is_relative_to(BUNDLED)}
    assert own == {"DejaVu Sans"}


@pytest.mark.parametrize("character", "✓→שمℕ")
def test_what_dejavu_sans_has_looks_the_same_on_every_machine(character: str) -> None:
    assert find_character(character) == FontFile(str(BUNDLED / "DejaVuSans.ttf"))
    found = find_character(character, bold=True)
    assert found is not None
    assert Path(found.file).parent == BUNDLED


def test_families_are_found_whatever_the_case() -> None:
    assert find_family("dejavu sans", bold=True) is not None
    assert "Bold" in str(find_family("DejaVu Sans", bold=True))
    assert "Bold" not in str(find_family("DejaVu Sans"))
    assert find_family("DejaVu Nothing") is None


def rank(
    family: str, region: str = "SC", weight: int = 400, *, upright: bool = True, bold: bool = False
) -> tuple[Any, ...]:
    return InstalledFont(family, FontFile("a.ttf"), weight, upright, bundled=False).rank(region, bold=bold)


def test_the_order_in_which_fonts_suit() -> None:
    families = [
        "Noto Sans CJK SC",
        "Noto Sans CJK TC",
        "A Kind",
        "Noto Sans Mono CJK SC",
        "Noto Serif CJK SC",
    ]
    assert all(rank(one) < rank(other) for one, other in pairwise(families))
    assert rank("Noto Sans CJK JP", "JP") < rank("Noto Sans CJK SC", "JP")
    assert rank("A", weight=400) < rank("A", weight=700)
    assert rank("A", weight=700, bold=True) < rank("A", weight=400, bold=True)
    assert rank("A", weight=900) < rank("A", upright=False)


def test_a_font_of_the_system_draws_what_open_sans_lacks(
    tmp_path: Path, install_fonts: Callable[..., None]
) -> None:
    install_fonts({
        "Some Sans": write_font(tmp_path / "some.ttf", "Some Sans", {"漢": 700}),
        "Other": write_font(tmp_path / "other.ttf", "Other", {"漢": 900, "字": 900, "g": 900}),
        "Broken": Path(__file__),
    })  # fmt: skip
    style = TextStyle(100)
    with note_fonts() as usage:
        assert [style.width(each) for each in "漢字"] == [70, 90]
        assert style.width("g") < 70
        assert style.width("典") == 60
    assert {Path(file).name for file in usage.files} == {"some.ttf", "other.ttf"}
    assert [*usage.missing] == ["典"]
    named = TextStyle(100, fonts=("other",))
    assert [named.width(each) for each in "漢g"] == [90, 90]


def test_fonts_that_are_not_installed_are_named_in_a_note(
    tmp_path: Path, make_run: MakeRun, install_fonts: Callable[..., None]
) -> None:
    install_fonts({"Some Sans": write_font(tmp_path / "some.ttf", "Some Sans", {"漢": 700})})
    run = make_run()
    file = tmp_path / "mine.yaml"
    file.write_text("extends: article\ntheme: {font: [Other Serif, Some Sanz, Some Sans]}\n")
    notes = run.reel(str(file)).scene.notes
    assert notes == (
        f"{file}:2:9: theme.font: no font 'Other Serif' is installed, so the next one draws the text; "
        "choose from Some Sans",
        f"{file}:2:9: theme.font: no font 'Some Sanz' is installed, so the next one draws the text; "
        "did you mean 'Some Sans'?",
    )


def test_characters_that_no_font_has_are_named_once_with_their_place(
    tmp_path: Path, make_run: MakeRun, no_system_fonts: None
) -> None:
    run = make_run(labels=["漢字", "漢", "\ue123"])
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: article\npanels:\n  title: {kind: text, text: '漢 典 {step}'}\n"
        "layout: {column: [title, inputs, channels]}\n"
    )
    for template, place in (("article", None), (str(file), f"{file}:3:23: panels.title.text: ")):
        notes = run.reel(template).scene.notes
        assert notes[0] == (
            "label '漢字' and 2 more of the run: no font has 漢 (U+6F22), 字 (U+5B57), U+E123, drawn as boxes; "
            "install a font that has them, or name its file in theme.font"
        )
        assert [note.split("no font")[0] for note in notes[1:]] == ([place] if place else [])
        run.reel(template).frame(0)
    assert not run.reel("plain").scene.notes
