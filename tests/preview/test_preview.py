"""The preview's answers: layouts, pictures, mistakes and saved templates."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import ReelnetError, TemplateError, UsageError
from reelnet.preview.preview import Preview
from reelnet.reel import open_run
from tests.preview.conftest import MINE, layout, view


def test_open_says_what_there_is(preview: Preview) -> None:
    answer: Any = json.loads(json.dumps(preview.call("open", {}).json))
    assert answer["run"]["steps"] == list(range(0, 120, 10))
    assert answer["run"]["layers"] == [
        {"name": "conv1", "shape": [3, 2, 4, 4]},
        {"name": "conv2", "shape": [3, 4, 4, 4]},
    ]
    assert (answer["run"]["samples"], answer["run"]["growing"]) == (3, False)
    assert answer["start"] == {"template": "mine", "layer": None, "step": 110}
    mine, *others = answer["templates"]
    assert mine == {
        "name": "mine",
        "about": "",
        "valid": True,
        "file": "templates/mine.yaml",
        "writable": True,
    }
    article = next(each for each in others if each["name"] == "article")
    assert article["about"].startswith("The default")
    assert not article["writable"]
    assert ".gif" in answer["formats"]
    assert ".html" in answer["formats"]
    github = next(each for each in answer["platforms"] if each["name"] == "github")
    assert github["cap"] == 10_000_000


def test_a_template_that_cannot_be_read_is_listed(folder: Path, preview: Preview) -> None:
    (folder / "templates" / "broken.yaml").write_text("a: [")
    listed = {each["name"]: each for each in preview.call("open", {}).json["templates"]}
    assert not listed["broken"]["valid"]
    assert "broken.yaml:1:5" in listed["broken"]["about"]


def test_the_picture_is_the_frame_of_the_reel(preview: Preview, run_path: Path) -> None:
    asked = {"view": view(), "step": 50, "pixel_ratio": 2, "client": "page", "serial": 1}
    answer = preview.call("layout", asked)
    expected = np.asarray(open_run(run_path).reel("mine").frame(50))
    picture = Image.open(io.BytesIO(answer.buffers[0])).convert("RGB")
    np.testing.assert_array_equal(np.asarray(picture), expected)
    assert answer.json["density"] == 2
    assert answer.json["size"] == [expected.shape[1] / 2, expected.shape[0] / 2]
    scrubbed = preview.call("picture", {**asked, "serial": 2})
    assert (scrubbed.json, scrubbed.buffers) == ({"serial": 2, "step": 50}, answer.buffers)


def test_the_layout_names_its_panels(preview: Preview) -> None:
    answer = layout(preview)
    assert [(each["name"], each["kind"]) for each in answer["panels"]] == [
        ("title", "text"),
        ("channels", "channels"),
    ]
    width, height = answer["size"]
    for x, y, panel_width, panel_height in (each["box"] for each in answer["panels"]):
        assert x >= 0
        assert y >= 0
        assert x + panel_width <= width
        assert y + panel_height <= height
    assert (answer["layer"], answer["background"], answer["frames"]) == ("conv2", "#ffffff", 12)


def test_text_of_the_page_counts_instead_of_the_file(preview: Preview, folder: Path) -> None:
    answer = layout(preview, MINE + "theme: {background: '#123456'}\n")
    assert answer["background"] == "#123456"
    assert (folder / "templates" / "mine.yaml").read_text() == MINE


def test_the_layer_of_the_view_is_shown(preview: Preview) -> None:
    assert layout(preview, view=view(layer="conv1"))["layer"] == "conv1"
    with pytest.raises(UsageError, match="did you mean 'conv2'"):
        layout(preview, view=view(layer="conf2"), serial=2)


@pytest.mark.parametrize(("asked", "shown"), [(0, 0), (57, 50), (10**9, 110)])
def test_a_step_that_was_not_recorded_shows_the_one_before(preview: Preview, asked: int, shown: int) -> None:
    assert layout(preview, step=asked)["step"] == shown


def test_mistakes_have_positions(preview: Preview) -> None:
    wrong = MINE.replace("Hello", "Hi {nothing}") + "theem: dark\n"
    answer = layout(preview, wrong)
    assert [(each["line"], each["key"], each["here"]) for each in answer["diagnostics"]] == [
        (4, "panels.title.text", True),
        (6, "theem", True),
    ]
    assert "did you mean 'theme'" in answer["diagnostics"][1]["message"]
    assert answer["diagnostics"][1]["file"] == "templates/mine.yaml"
    assert preview.call("check", {"view": view(text=wrong)}).json["diagnostics"] == answer["diagnostics"]


def test_a_mistake_in_an_extended_file_is_not_here(preview: Preview, folder: Path) -> None:
    (folder / "templates" / "base.yaml").write_text("extends: plain\ntheem: dark\n")
    (found,) = preview.call("check", {"view": view(text="extends: base\n")}).json["diagnostics"]
    assert (found["file"], found["line"], found["here"]) == ("templates/base.yaml", 2, False)


def test_check_has_notes(preview: Preview) -> None:
    answer = preview.call("check", {"view": view(text=MINE + "# -\n")}).json
    assert answer == {"diagnostics": [], "notes": ()}
    unplaced = MINE.replace("column: [title, channels]", "column: [channels]")
    (note,) = preview.call("check", {"view": view(text=unplaced)}).json["notes"]
    assert "is not in the layout" in note


def test_a_picture_in_the_folder_of_the_template_is_followed(preview: Preview, folder: Path) -> None:
    text = MINE.replace("panels:", "panels:\n  logo: {kind: image, file: logo.png}").replace(
        "[title,", "[logo, title,"
    )
    logo = folder / "templates" / "logo.png"
    Image.new("RGB", (8, 8), "red").save(logo)
    first = layout(preview, text)
    Image.new("RGB", (8, 24), "red").save(logo)
    second = layout(preview, text, serial=2)
    assert [each["panels"][0]["box"][3] for each in (first, second)] == [8, 24]


def test_the_keys_of_a_panel(preview: Preview) -> None:
    text = MINE + "theem: dark\n"
    answer = preview.call("panel", {"view": view(text=text), "panel": "title"}).json
    assert (answer["kind"], answer["file"], answer["line"]) == ("text", "templates/mine.yaml", 4)
    assert next(key["value"] for key in answer["keys"] if key["key"].endswith("text")) == "Hello"
    with pytest.raises(UsageError, match="did you mean 'title'"):
        preview.call("panel", {"view": view(), "panel": "titel"})


def test_read_and_save(preview: Preview, folder: Path) -> None:
    read = preview.call("read", {"template": "mine"}).json
    assert read == {
        "template": "mine",
        "file": "templates/mine.yaml",
        "text": MINE,
        "sha256": hashlib.sha256(MINE.encode()).hexdigest(),
        "writable": True,
        "exists": True,
    }
    saved = preview.call("save", {"template": "mine", "text": "about: é\n", "sha256": read["sha256"]}).json
    assert saved == {"sha256": hashlib.sha256("about: é\n".encode()).hexdigest()}
    assert (folder / "templates" / "mine.yaml").read_bytes() == "about: é\n".encode()


def test_what_changed_on_disk_is_not_overwritten(preview: Preview, folder: Path) -> None:
    sha256 = preview.call("read", {"template": "mine"}).json["sha256"]
    (folder / "templates" / "mine.yaml").write_text("theirs: 1\n")
    answer = preview.call("save", {"template": "mine", "text": "mine: 1\n", "sha256": sha256}).json
    assert answer["conflict"]["text"] == "theirs: 1\n"
    again = preview.call(
        "save", {"template": "mine", "text": "mine: 1\n", "sha256": answer["conflict"]["sha256"]}
    )
    assert "conflict" not in again.json
    assert (folder / "templates" / "mine.yaml").read_text() == "mine: 1\n"


def test_line_breaks_the_mark_and_the_mode_of_a_file_are_kept(preview: Preview, folder: Path) -> None:
    file = folder / "templates" / "mine.yaml"
    file.write_bytes(b"\xef\xbb\xbfabout: a\r\nlayer: b\r\n")
    file.chmod(0o640)
    read = preview.call("read", {"template": "mine"}).json
    preview.call("save", {"template": "mine", "text": "about: c\nlayer: b\n", "sha256": read["sha256"]})
    assert file.read_bytes() == b"\xef\xbb\xbfabout: c\r\nlayer: b\r\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_built_in_templates_are_not_written(preview: Preview) -> None:
    read = preview.call("read", {"template": "article"}).json
    assert not read["writable"]
    with pytest.raises(ReelnetError, match="cannot be changed; save the text under another name"):
        preview.call("save", {"template": "article", "text": "x", "sha256": read["sha256"]})


@pytest.mark.parametrize("name", ["../mine", "/etc/passwd", "templates/mine.yaml", "run", "mine.yaml", ""])
def test_only_offered_names_are_read(preview: Preview, name: str) -> None:
    with pytest.raises(UsageError, match="no template"):
        preview.call("read", {"template": name})


def test_the_given_file_is_offered_as_it_was_given(folder: Path, run_path: Path) -> None:
    given = folder / "elsewhere.yaml"
    given.write_text(MINE)
    with Preview(run_path, given) as preview:
        first = preview.call("open", {}).json["templates"][0]
        assert (first["name"], first["file"], first["writable"]) == (str(given), "elsewhere.yaml", True)
        assert preview.call("read", {"template": str(given)}).json["text"] == MINE
        with pytest.raises(UsageError):
            preview.call("read", {"template": "elsewhere.yaml"})


def test_save_as_makes_a_template_of_ones_own(preview: Preview, folder: Path) -> None:
    text = preview.call("read", {"template": "article"}).json["text"]
    asked = {"name": "own", "text": text, "from": "article", "replace": False}
    answer = preview.call("save_as", asked).json
    assert (answer["template"], answer["file"], answer["writable"]) == ("own", "templates/own.yaml", True)
    schema, rest = (folder / "templates" / "own.yaml").read_text().split("\n", 1)
    assert Path(schema.partition("=")[2]).is_file()
    assert rest == text.split("\n", 1)[1]
    with pytest.raises(UsageError, match="exists already"):
        preview.call("save_as", asked)
    preview.call("save_as", {**asked, "text": "about: x\n", "replace": True})
    assert (folder / "templates" / "own.yaml").read_text() == "about: x\n"


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "a.yaml", "", "a\nb", "a" * 200, "-x"])
def test_save_as_takes_plain_names_only(preview: Preview, folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="give a name"):
        preview.call("save_as", {"name": name, "text": "x", "from": "mine", "replace": True})
    assert [file.name for file in folder.rglob("*.yaml")] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("layuot", {}, "did you mean 'layout'"),
        ("read", {}, "template is missing"),
        ("read", {"template": 3}, "template 3 is not a text"),
        ("read", [], "not a map"),
        ("check", {"view": "mine"}, "view: 'mine' is not a map"),
        ("layout", {"view": view(), "step": "x", "pixel_ratio": 1, "client": "a", "serial": 1}, "step 'x'"),
        ("layout", {"view": view(), "step": 1, "pixel_ratio": 9, "client": "a", "serial": 1}, "from 1 to 3"),
        ("check", {"view": view(text="\ud800")}, "surrogate"),
        ("save_as", {"name": "a", "text": "b", "from": "mine", "replace": 1}, "replace 1 is not true"),
    ],
)
def test_wrong_arguments(preview: Preview, method: str, arguments: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        preview.call(method, arguments)


def test_torch_is_not_imported(folder: Path, run_path: Path) -> None:
    script = (
        "import sys; from reelnet.preview.preview import Preview\n"
        f"with Preview({str(run_path)!r}, 'mine') as p: p.call('open', {{}})\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_thumbnails(preview: Preview, folder: Path) -> None:
    asked = {"template": "mine", "layer": "conv1", "width": 100}
    (picture,) = preview.call("thumbnail", asked).buffers
    image = Image.open(io.BytesIO(picture))
    width, height = layout(preview, view=view(layer="conv1"))["size"]
    assert image.size == (100, round(100 * height / width))
    assert preview.call("thumbnail", asked).buffers[0] is picture
    (folder / "templates" / "mine.yaml").write_text(MINE + "theme: dark\n")
    assert preview.call("thumbnail", asked).buffers[0] != picture


def test_a_template_that_does_not_fit_has_no_thumbnail(preview: Preview) -> None:
    with pytest.raises(TemplateError, match="class"):
        preview.call("thumbnail", {"template": "compass", "layer": None, "width": 100})


def test_controls_and_their_changes(preview: Preview) -> None:
    groups = preview.call("controls", {"view": view()}).json["groups"]
    controls = {each["key"]: each for group in groups for each in group["controls"]}
    assert controls["panels.title.text"]["value"] == "Hello"
    asked = {"view": view(), "key": "panels.title.text", "value": "Bye"}
    assert preview.call("set", asked).json == {"text": MINE.replace("Hello", "Bye")}
    with pytest.raises(TemplateError):
        preview.call("controls", {"view": view(text=MINE + "theem: 1\n")})


def test_completion(preview: Preview) -> None:
    text = MINE + "about: 🙂\nlayer: "
    asked = {"view": view(text=text), "offset": len(text.encode("utf-16-le")) // 2}
    answer = preview.call("complete", asked).json
    assert answer["from"] == asked["offset"]
    assert [option["label"] for option in answer["options"]] == ["conv1", "conv2"]


def test_fields_of_texts_are_offered_with_their_values(preview: Preview) -> None:
    layout(preview, view=view(layer="conv1"))
    text = MINE.replace("Hello", "{")
    asked = {"view": view(text=text), "offset": text.index("{") + 1 + text.partition("{")[2].index("{") + 1}
    options = {each["label"]: each["detail"] for each in preview.call("complete", asked).json["options"]}
    assert (options["layer"], options["samples"], options["metrics.train_loss:.3g"]) == (
        "conv1",
        "3",
        "metric",
    )
