"""The pictures of the documentation: all are there, all are shown, and all can be made again."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner
from gallery import IMAGES, PAGES, ROOT, Page, Picture, find_pictures
from PIL import Image

from reelnet.cli import main
from reelnet.render.registry import PANELS
from reelnet.template.search_path import find_builtin_folder
from tests.docs.pages import broken

MAX_BYTES, MAX_HERO_BYTES = 6_000_000, 1_500_000

WITHOUT_PICTURE = {
    "spacer": "shows nothing",
    "image": "shows a file of the author's",
}
"""Panels that need no picture, and why."""

SAME_PICTURE = {"slow", "rest", "slips", "schema"}
"""Templates of the guide that change the pace only, or are wrong."""

ALL_PAGES = tuple(map(Page, PAGES))
PICTURES = list(find_pictures(ALL_PAGES))
GALLERY = Page(ROOT / "docs" / "gallery.md")


def test_pages_show_the_pictures_that_are_there() -> None:
    assert {picture.name for picture in PICTURES} == {file.name for file in IMAGES.iterdir()}


def test_pictures_are_light() -> None:
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) <= MAX_BYTES
    assert max(file.stat().st_size for file in IMAGES.iterdir()) <= MAX_HERO_BYTES


def test_every_template_has_its_picture() -> None:
    for file in find_builtin_folder().glob("*.yaml"):
        assert f"{file.stem}.png" in GALLERY.images, file.stem
        assert f"--template {file.stem} " in GALLERY.commands[f"{file.stem}.png"] or file.stem == "article"


def test_every_panel_has_its_picture() -> None:
    assert {f"panel-{kind}.png" for kind in PANELS if kind not in WITHOUT_PICTURE} <= set(GALLERY.images)


def test_every_template_of_a_page_has_its_result() -> None:
    for page in ALL_PAGES:
        assert {f"{name}.png" for name in page.templates if name not in SAME_PICTURE} <= set(page.images)


@pytest.mark.parametrize(
    "picture", [each for each in PICTURES if not each.is_filmed], ids=lambda picture: picture.name
)
def test_commands_are_right(picture: Picture) -> None:
    # Without the run, a command that is written correctly gets as far as looking for it.
    words = re.sub(r"runs/\w+", "no-such-run", picture.command)
    result = CliRunner().invoke(main, shlex.split(words)[1:])
    assert "no-such-run" in result.output, result.output


def test_the_readme_shows_commands_of_the_gallery() -> None:
    cells = re.findall(
        r'docs/images/([\w-]+\.png)".*?<code>(.*?)</code>', Page(ROOT / "README.md").text, re.DOTALL
    )
    assert len(cells) == 9
    for name, command in cells:
        assert GALLERY.commands[name] == command


def test_the_animation_on_top_takes_twelve_seconds_at_most() -> None:
    with Image.open(IMAGES / "hero.gif") as image:
        seconds = sum(duration(image, number) for number in range(image.n_frames)) / 1000
    assert 8 <= seconds <= 15


def test_the_film_of_the_preview_is_short_and_as_wide_as_a_page() -> None:
    with Image.open(IMAGES / "preview.gif") as image:
        seconds = sum(duration(image, number) for number in range(image.n_frames)) / 1000
        assert image.width <= 900
    assert 12 <= seconds <= 20


def duration(image: Image.Image, number: int) -> float:
    image.seek(number)
    return float(image.info["duration"])


def test_links_lead_somewhere() -> None:
    assert broken("gallery.md") == []
