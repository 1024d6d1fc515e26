"""Loading from a file: every error is reported at once, with its position."""

from __future__ import annotations

import random
from contextlib import suppress
from importlib import resources
from pathlib import Path

import pytest

from reelnet.errors import TemplateError, UsageError
from reelnet.render.registry import panel_registry
from reelnet.template.load import load_template
from reelnet.template.settings import parse_options
from tests.make_run import MakeRun
from tests.tiny_fonts import write_font


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def load_errors(text: str) -> list[str]:
    """Return the lines of the error of an invalid template."""
    Path("mine.yaml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_template("mine.yaml", panel_registry())
    return str(caught.value).splitlines()


def test_a_duplicate_key_hides_no_other_error() -> None:
    lines = load_errors(
        "extends: article\ntheme: dark\ntheme: paper\npanels: {channels: {shwo: 0-5}}\ntimeline: {fps: fast}\n"
    )
    assert [line.split(": ")[0] for line in lines] == ["mine.yaml:3:1", "mine.yaml:4:21", "mine.yaml:5:12"]


def test_a_duplicate_key_is_reported_together_with_a_missing_template() -> None:
    twice, nowhere = load_errors("layer: a\nlayer: b\nextends: artcle\n")
    assert "mine.yaml:2:1: the key 'layer' is given twice" in twice
    assert "did you mean 'article'" in nowhere


def test_one_error_is_reported_once() -> None:
    assert len(load_errors("extends: article\ncanvas: {width: 1234567890123456789012}\n")) == 1


def test_a_removed_panel_is_reported_at_the_null() -> None:
    (line,) = load_errors("extends: article\npanels:\n  title: null\n")
    assert line.startswith("mine.yaml:3:3: panels.title: is removed by null, but the layout names it")


def test_null_and_then_a_panel_is_that_panel() -> None:
    Path("first.yaml").write_text("extends: article\npanels: {title: null}\n")
    Path("mine.yaml").write_text("extends: ./first.yaml\npanels: {title: {kind: counter}}\n")
    template = load_template("mine.yaml", panel_registry())
    assert type(template.panels["title"]).__name__ == "Counter"
    assert "curve" in load_template("article", panel_registry(), parse_options(["panels.curve=null"])).panels


def test_a_panel_that_stands_nowhere_is_checked_and_load_errors(make_run: MakeRun) -> None:
    run = make_run()
    Path("mine.yaml").write_text("extends: article\npanels:\n  extra: {kind: channels, taps: [conv9]}\n")
    with pytest.raises(TemplateError, match=r"^mine.yaml:3:27: panels.extra.taps: no layer 'conv9'"):
        run.reel("mine.yaml")
    scene = run.reel("mine.yaml", settings=["panels.extra.taps=[conv1]"]).scene
    assert scene.notes == ("mine.yaml:3:3: panels.extra: is not in the layout, so it is not drawn",)
    hidden = run.reel("mine.yaml", settings=["panels.extra={taps: null, hidden: true}"]).scene
    assert hidden.notes == ()
    # What an extended template describes and another layout has no place for is no oversight.
    Path("bare.yaml").write_text("extends: article\nlayout: {column: [channels]}\n")
    assert run.reel("bare.yaml").scene.notes == ()


LONG = "x" * 300


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("~nobody-of-this-name/a.png", "there is no user '~nobody-of-this-name'"),
        (f"{LONG}.png", "File name too long"),
        (f"{'a/' * 3000}b.png", "File name too long"),
        (".", "is not a regular file"),
        ("mine.yaml/a.png", "Not a directory"),
    ],
    ids=["user", "name", "path", "folder", "below a file"],
)
@pytest.mark.parametrize("key", ["panels.image.file", "theme.font"])
def test_paths_that_no_file_can_have(file: str, problem: str, key: str) -> None:
    image = file if key == "panels.image.file" else "mine.yaml"
    font = file if key == "theme.font" else ""
    text = f"extends: article\npanels: {{image: {{file: '{image}'}}}}\n"
    (line,) = load_errors(text + (f"theme: {{font: '{font}'}}\n" if font else ""))
    assert line.startswith("mine.yaml:")
    assert key in line
    assert problem in line


def test_the_null_of_an_unknown_name_is_reported() -> None:
    (line,) = load_errors("extends: article\nlayout: {at: {curv: null}}\n")
    assert (
        "mine.yaml:2:15: layout.at.curv: is not in the layout that is changed; did you mean 'curve'?" in line
    )


def damaged_fonts() -> list[bytes]:
    good = (resources.files("reelnet") / "data" / "fonts" / "OpenSans-Regular.ttf").read_bytes()
    return [b"", b"not a font", good[:50], good[:5000], bytes(len(good)), good[4000:]]


@pytest.mark.parametrize("data", damaged_fonts(), ids=len)
def test_no_font_of_the_system_replaces_a_damaged_one(data: bytes, make_run: MakeRun) -> None:
    Path("DejaVuSans.ttf").write_bytes(data)
    Path("mine.yaml").write_text("extends: article\ntheme: {font: DejaVuSans.ttf}\n")
    with pytest.raises(TemplateError, match=r"DejaVuSans.ttf: .*give a .ttf or .otf file"):
        make_run().reel("mine.yaml").frame(0)


def test_lists_of_fonts_are_files_beside_the_template_and_names() -> None:
    Path("part").mkdir()
    write_font(Path("part/one.ttf"), "One", {"a": 500})
    write_font(Path("part/bare"), "Bare", {"a": 500})
    Path("part/mine.yaml").write_text("extends: article\ntheme: {font: [one.ttf, Some Sans, ./bare]}\n")
    Path("bare.yaml").write_text("extends: article\ntheme: {font: [Some Sans]}\n")
    fonts = load_template("part/mine.yaml", panel_registry()).theme.font
    assert fonts == ("part/one.ttf", "Some Sans", "part/bare")
    assert load_template("bare.yaml", panel_registry()).theme.font_bold == ("Some Sans",)


@pytest.mark.parametrize("fonts", ["[gone.ttf, Some Sans, ./mine.yaml]", "[gone.ttf, ./mine.yaml]"])
def test_each_unusable_font_of_a_list_is_reported(fonts: str) -> None:
    lines = load_errors(f"extends: article\ntheme: {{font: {fonts}}}\n")
    assert len(lines) == 2
    assert lines[0].startswith("mine.yaml:2:16: theme.font[0]: ")
    assert "gone.ttf: no such file" in lines[0]
    assert "is not a font" in lines[1]
    assert f"theme.font[{fonts.count(',')}]" in lines[1]


def test_a_font_with_a_damaged_byte_is_drawn_or_refused(make_run: MakeRun) -> None:
    good = (resources.files("reelnet") / "data" / "fonts" / "OpenSans-Regular.ttf").read_bytes()
    run, chance = make_run(), random.Random(4)
    Path("mine.yaml").write_text("extends: article\ntheme: {font: damaged.ttf}\n")
    for number in range(40):
        data = bytearray(good)
        # The directory of tables, and the tables.
        for _ in range(1 + number % 8):
            data[chance.randrange(400 if number % 2 else len(data))] = chance.randrange(256)
        Path(f"{number}.ttf").write_bytes(data)
        Path("mine.yaml").write_text(f"extends: article\ntheme: {{font: {number}.ttf}}\n")
        with suppress(TemplateError, UsageError):
            run.reel("mine.yaml").frame(0)
