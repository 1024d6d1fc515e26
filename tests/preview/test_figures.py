"""The figure of a view: the same as that of a saved file, and interrupted by more urgent questions."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.preview.preview import Preview
from reelnet.preview.products import figures
from reelnet.reel import open_run
from tests.export.html.reading import ReadFigure
from tests.preview.conftest import MINE, layout, view

FIGURE = {"view": view(), "client": "page", "serial": 2}


def test_the_figure_is_that_of_a_file(preview: Preview, run_path: Path, tmp_path: Path) -> None:
    answer = preview.call("figure", FIGURE)
    open_run(run_path).reel("mine", density=1).save(tmp_path / "reel.html")
    saved = ReadFigure.read(tmp_path / "reel.html")
    scene: Any = json.loads(json.dumps(answer.json["scene"]))
    for key in ("size", "steps", "frames", "title", "alt"):
        assert scene[key] == saved.scene[key]
    (layer,), (saved_layer,) = scene["layers"], saved.scene["layers"]
    assert layer["data"] == 0
    assert layer["bytes"] == len(answer.buffers[0])
    assert [panel["name"] for panel in layer["panels"]] == [panel["name"] for panel in saved_layer["panels"]]
    for number, block in enumerate(layer["maps"]):
        shape = len(block["channels"]), *block["map"], len(block["samples"]), len(scene["steps"])
        levels = np.frombuffer(answer.buffers[0], np.uint8)[block["offset"] :][: int(np.prod(shape))]
        own = levels.reshape(shape).transpose(4, 3, 0, 1, 2)
        np.testing.assert_array_equal(own, saved.levels(block=number))


def test_the_figure_has_the_density_of_the_layout(preview: Preview) -> None:
    laid_out = layout(preview, MINE + "canvas: {max_width: 300}\n", pixel_ratio=2)
    asked = {**FIGURE, "view": view(text=MINE + "canvas: {max_width: 300}\n")}
    layer = preview.call("figure", asked).json["scene"]["layers"][0]
    boxes = {panel["name"]: panel["box"] for panel in layer["panels"]}
    assert {panel["name"]: panel["box"] for panel in laid_out["panels"]}.items() <= boxes.items()


def test_colors_are_those_of_the_file_in_every_scheme(preview: Preview) -> None:
    scene = preview.call("figure", FIGURE).json["scene"]
    assert scene["colors"]["dark"] is None
    assert scene["fixedScheme"]


def test_a_figure_that_is_too_large(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MAX_VALUES", 12 * 3 * 4 * 16 - 1)
    answer = preview.call("figure", FIGURE).json
    assert answer["serial"] == 2
    assert answer["too_large"].startswith("2,304 values in 12 steps; up to 2,303")


def test_an_invalid_template_has_no_figure(preview: Preview) -> None:
    answer = preview.call("figure", {**FIGURE, "view": view(text="x: 1\n")})
    assert not answer.buffers
    assert answer.json["diagnostics"][0]["key"] == "x"


class SlowSteps:
    """Lets a figure stop at its third step until a test goes on."""

    def __init__(self, preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_there, self.go_on, self.steps = threading.Event(), threading.Event(), 0
        pause = preview._worker.pause

        def slow_pause() -> None:
            self.steps += 1
            if self.steps == 3:
                self.is_there.set()
                assert self.go_on.wait(10)
            pause()

        monkeypatch.setattr(preview._worker, "pause", slow_pause)


def ask_in_thread(preview: Preview, question: dict[str, Any]) -> tuple[threading.Thread, list[Any]]:
    """Ask for a figure in another thread; the list receives the answer."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(preview.call("figure", question)))
    thread.start()
    return thread, answers


def test_pictures_pass_a_figure(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    layout(preview)
    slow = SlowSteps(preview, monkeypatch)
    thread, answers = ask_in_thread(preview, FIGURE)
    assert slow.is_there.wait(10)
    pictures: list[Any] = []
    asked = {"view": view(), "step": 30, "pixel_ratio": 1, "client": "page", "serial": 3}
    other = threading.Thread(target=lambda: pictures.append(preview.call("picture", asked)))
    other.start()
    while not preview._worker._tasks:
        pass
    slow.go_on.set()
    other.join(10)
    thread.join(10)
    assert pictures[0].json == {"serial": 3, "step": 30}
    assert "scene" in answers[0].json


def test_a_new_layout_ends_a_figure(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowSteps(preview, monkeypatch)
    thread, answers = ask_in_thread(preview, FIGURE)
    assert slow.is_there.wait(10)
    other = threading.Thread(target=lambda: layout(preview, MINE + "# new\n", serial=3))
    other.start()
    while not preview._worker._tasks:
        pass
    slow.go_on.set()
    thread.join(10)
    other.join(10)
    assert (answers[0].json, slow.steps) == ({"serial": 2, "overtaken": True}, 3)


def test_the_layout_of_another_page_does_not(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowSteps(preview, monkeypatch)
    thread, answers = ask_in_thread(preview, FIGURE)
    assert slow.is_there.wait(10)
    slow.go_on.set()
    assert layout(preview, client="another", serial=100)["serial"] == 100
    thread.join(10)
    assert "scene" in answers[0].json
