"""The kernel's side of the widget."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

import pytest

import reelnet
from reelnet.errors import TemplateError
from reelnet.preview.files.template_files import hash_text
from reelnet.preview.widget.widget import ReelWidget
from reelnet.reel import Reel
from tests.figure.browser import wait_until
from tests.preview.conftest import MINE
from tests.preview.widget.conftest import Explore
from tests.preview.widget.kernel import Client

PNG = b"\x89PNG\r\n\x1a\n"


def count_threads() -> int:
    """Threads of previews and widgets."""
    return sum(each.name.startswith("reelnet") for each in threading.enumerate())


def test_answers_have_the_number_of_the_question_and_buffers(explore: Explore) -> None:
    _, wire = explore("mine")
    client, other = Client(wire, "one"), Client(wire, "two")
    opened = client.ask("open").content
    assert opened["start"] == {"template": "mine", "layer": None, "step": 110, "text": None}
    assert [layer["name"] for layer in opened["run"]["layers"]] == ["conv1", "conv2"]
    laid_out = other.lay_out()
    assert laid_out.content["layer"] == "conv2"
    assert [buffer.startswith(PNG) for buffer in laid_out.buffers] == [True]


def test_mistakes_of_calls_reach_the_page(explore: Explore) -> None:
    _, wire = explore("mine")
    client = Client(wire)
    assert "no method 'opne'; did you mean 'open'?" in client.ask("opne").content["error"]
    assert "view is missing" in client.ask("check").content["error"]


def test_the_reel_is_the_one_that_was_laid_out_last(explore: Explore) -> None:
    widget, wire = explore("mine")
    assert widget.template == MINE
    assert widget.reel.layer == "conv2"
    client = Client(wire)
    text = MINE + "theme: dark\n"
    assert client.lay_out(text, layer="conv1").content["diagnostics"] == []
    assert widget.template == text
    assert widget.reel.layer == "conv1"
    assert widget.reel.template.theme.background == (18, 20, 24)
    # While the text has mistakes, the reel stays.
    assert client.lay_out(MINE + "thme: light\n").content["diagnostics"]
    assert widget.template == text
    # A reel of the widget can be explored again.
    again = widget.reel.explore()
    assert isinstance(again, ReelWidget)
    assert again.template == text
    again.close()


def test_a_saved_text_is_the_template_of_the_reel(explore: Explore, folder: Path) -> None:
    widget, wire = explore("mine")
    client = Client(wire)
    text = "extends: plain\n"
    client.lay_out(text)
    saved = client.ask("save_as", name="own", text=text, **{"from": "mine"}).content
    assert saved["template"] == "own"
    assert widget.template == (folder / "templates" / "own.yaml").read_text() == text
    assert widget.reel.template.name == "templates/own.yaml"
    changed = text + "theme: dark\n"
    client.lay_out(changed, template="own")
    client.ask("save", template="own", text=changed, sha256=saved["sha256"])
    start = client.ask("open").content["start"]
    assert (start["template"], start["text"]) == ("own", None)
    assert widget.reel.save("a.gif").bytes == (folder / "a.gif").stat().st_size


@pytest.mark.parametrize(
    ("template", "options", "text"),
    [
        ({"extends": "plain", "theme": "dark"}, {}, "extends: plain\ntheme: dark\n"),
        (
            "# mine\nextends: plain\n",
            {"settings": {"theme": "dark"}},
            "# mine\nextends: plain\ntheme: dark\n",
        ),
        ("mine", {"settings": ["theme=dark"]}, "extends: mine\ntheme: dark\n"),
        ("plain", {"scale": 3, "fps": 5}, "extends: plain\ncanvas: {scale: 3}\ntimeline: {fps: 5}\n"),
    ],
)
def test_a_reel_from_python_is_a_text(
    explore: Explore, template: object, options: dict[str, object], text: str
) -> None:
    widget, wire = explore(template, **options)
    client = Client(wire)
    start = client.ask("open").content["start"]
    assert start["template"] == "this reel"
    file = client.ask("read", template="this reel").content
    assert (file["text"], file["file"], file["writable"]) == (text, "", False)
    assert widget.template == text
    reel = reelnet.open(widget.reel.run.location).reel(template, **options)  # type: ignore[arg-type]
    assert widget.reel.frame(110).tobytes() == reel.frame(110).tobytes()


def test_a_text_that_cannot_be_edited_becomes_what_it_means(explore: Explore) -> None:
    text = "extends: plain\npanels: {title: &title {kind: text, text: Hello}, other: *title}\n"
    widget, _ = explore(text, settings={"panels.title.text": "Bye"})
    assert "Bye" in widget.template
    assert "&" not in widget.template


def test_mistakes_of_the_text_are_placed(explore: Explore) -> None:
    _, wire = explore({"extends": "plain"})
    view = {"template": "this reel", "text": "extends: plain\nthme: dark\n", "layer": None}
    (found,) = Client(wire).ask("check", view=view).content["diagnostics"]
    assert (found["file"], found["line"], found["column"], found["here"]) == ("this reel", 2, 1, True)


def test_the_page_learns_of_changed_files(explore: Explore, folder: Path) -> None:
    _, wire = explore("mine")
    client = Client(wire)
    client.lay_out()
    text = MINE + "theme: dark\n"
    (folder / "templates" / "mine.yaml").write_text(text)
    assert client.wait_for("file") == {"template": "mine", "sha256": hash_text(text)}


def test_nothing_runs_unless_a_page_shows_it(explore: Explore) -> None:
    before = count_threads()
    widget, wire = explore("mine")
    assert count_threads() == before
    one, two = Client(wire, "one"), Client(wire, "two")
    one.ask("open")
    two.ask("open")
    text = MINE + "theme: dark\n"
    two.lay_out(text)
    assert count_threads() >= before + 2
    one.send("leave")
    assert one.ask("read", template="mine").content["text"] == MINE
    two.send("leave")
    one.send("leave")
    wait_until(lambda: count_threads() == before)
    # A page that comes back goes on where the last one was.
    start = Client(wire, "three").ask("open").content["start"]
    assert (start["template"], start["text"]) == ("mine", text)
    widget.close()
    wait_until(lambda: count_threads() == before)
    # Closing it ends it, whatever a page still asks.
    wire.send_to_kernel({"page": "one", "id": 9, "method": "open", "arguments": {}})
    wait_until(lambda: count_threads() == before)


def test_pages_without_a_kernel_have_the_figure(explore: Explore) -> None:
    widget, _ = explore("mine")
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert "<iframe" in bundle["text/html"]
    assert widget.get_state()["_figure"] == bundle["text/html"]


def test_without_anywidget_the_reel_is_returned(
    run_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "reelnet.preview.widget.widget")
    reel = reelnet.open(run_path).reel("plain")
    with caplog.at_level(logging.WARNING, "reelnet"):
        assert reel.explore() is reel
    assert caplog.messages == [
        "reel.explore() needs anywidget: pip install 'reelnet[notebook]'. Here is the figure."
    ]


def test_a_template_that_is_gone_is_an_error(explore: Explore, folder: Path) -> None:
    widget, _ = explore("mine")
    (folder / "templates" / "mine.yaml").write_text("thme: dark\n")
    assert isinstance(widget.reel, Reel)
    with pytest.raises(TemplateError, match="did you mean 'theme'"):
        reelnet.open(widget.reel.run.location).reel("mine")
