"""Templates: what they may say, and what is answered to anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelnet.compose.panels import PANELS
from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError
from reelnet.reel import Reel
from reelnet.runs.run import Run
from reelnet.scene.resolve import Scene, resolve
from reelnet.template.load import load_template, parse_template
from tests.rendering import noise, pixels, write_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "run", noise(2, 3, 2, 7), layer="conv6", metrics={"loss": [2.0, 1.0]})


def scene(run: Run, content: Any) -> Scene:
    """What a template's content means for a run."""
    return resolve(parse_template("mine", content, "mine.yaml"), run, PANELS)


@pytest.mark.parametrize(("name", "near"), [("artical", "article"), ("plian", "plain")])
def test_an_unknown_template(run: Run, name: str, near: str) -> None:
    with pytest.raises(TemplateError, match=f"{name}.*did you mean '{near}'") as caught:
        run.reel(name)
    assert caught.value.exit_code == 3


def test_a_template_like_none_lists_all(run: Run) -> None:
    with pytest.raises(TemplateError, match="article, plain"):
        run.reel("zzz")


@pytest.mark.parametrize("name", ["article", "plain"])
def test_built_in_templates_load(name: str) -> None:
    assert load_template(name).name == name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"layout": "chanels"}, "chanels.*did you mean 'channels'"),
        ({"layout": {"counter": {"sise": 3}}}, "sise.*did you mean 'size'"),
        ({"layout": {"counter": {"size": "big"}}}, "size 'big'.*int"),
        ({"layout": {"counter": {"size": 1.5}}}, "size 1.5.*int"),
        ({"layout": {"counter": {"size": True}}}, "size True.*int"),
        ({"layout": {"inputs": {"labels": 1}}}, "labels 1.*bool"),
        ({"layout": {"text": {"text": 3}}}, "text 3.*str"),
        ({"layout": {"text": {"text": "{layr}"}}}, "layr.*did you mean 'layer'"),
        ({"layout": {"text": {"text": "{layer"}}}, "layer"),
        ({"layout": {"text": {"text": "{}"}}}, "choose from layer"),
        ({"layout": {"text": {"text": "{layer.__class__}"}}}, "__class__"),
        ({"layout": {"text": {"text": "{layer:d}"}}}, "layer:d"),
        ({"layout": {"text": {"text": "a", "size": 0}}}, "size"),
        ({"layout": {"text": {"text": "a", "size": -4}}}, "size"),
        ({"layout": {"counter": {"size": -4}}}, "size"),
        ({"layout": {"colorbar": {"length": -400}}}, "length"),
        ({"layout": {"curve": {"height": 3}}}, "height"),
        ({"layout": "channels", "theme": {"text": 0}}, "text"),
        ({"layout": {"column": {"items": []}}}, "items"),
        ({"layout": {"column": {"items": ["channels"], "gaps": 3}}}, "gaps.*did you mean 'gap'"),
        ({"layout": {"column": {"items": ["channels"], "gap": -3}}}, "-3"),
        ({"layout": {"column": {"items": ["channels"], "padding": 1.5}}}, "1.5"),
        ({"layout": {"column": {"items": ["channels"], "gap": True}}}, "True"),
        ({"layout": {"column": ["channels"]}}, "column"),
        ({"layout": ["channels"]}, "layout"),
        ({"layout": {"channels": {}, "inputs": {}}}, "layout"),
        ({"layuot": "channels"}, "did you mean 'layout'"),
        ({}, "layout"),
        (None, "layout"),
        ("channels", "channels"),
        ({"layout": "channels", "fps": 0}, "fps"),
        ({"layout": "channels", "fps": "fast"}, "fast"),
        ({"layout": "channels", "fps": True}, "fps"),
        ({"layout": "channels", "fps": float("nan")}, "fps"),
        ({"layout": "channels", "theme": {"inc": "#000000"}}, "inc.*did you mean 'ink'"),
        ({"layout": "channels", "theme": {"ink": "red"}}, "'red'"),
        ({"layout": "channels", "theme": {"ink": "#12345"}}, "#12345"),
        ({"layout": "channels", "theme": {"ink": 5}}, "5"),
        ({"layout": "channels", "theme": {"diverging": ["#000000", "#ffffff"]}}, "odd"),
        ({"layout": "channels", "theme": {"cell": -1}}, "-1"),
        ({"layout": "curve", 5: 1}, "5"),
    ],
)
def test_what_a_template_may_not_say(run: Run, content: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        scene(run, content)
    assert "\n" not in str(caught.value)


def test_a_template_that_has_nothing_to_show(tmp_path: Path) -> None:
    bare = write_run(tmp_path / "bare", noise(2, 3, 2, 7))
    with pytest.raises(TemplateError, match="mine"):
        scene(bare, {"layout": "curve"})


def test_a_theme_changes_the_colours(run: Run) -> None:
    theme = {"background": "#102030", "diverging": ["#ff0000", "#00ff00", "#0000ff"], "cell": 28}
    layout = {"column": {"items": ["channels"], "padding": 8}}
    shown = pixels(Reel(scene(run, {"layout": layout, "theme": theme}), run).frame(0))
    assert (shown[:7] == (16, 32, 48)).all()
    assert (shown[:, -7:] == (16, 32, 48)).all()
    # A hairline runs around the cells. One of red and blue is none everywhere on a map over green.
    cells = shown[8:-8, -8 - 28 : -8]
    assert (cells.min(axis=2) == 0).all()


def test_an_unknown_layer(run: Run) -> None:
    with pytest.raises(UsageError, match=r"conv7.*did you mean 'conv6'") as caught:
        run.reel(layer="conv7")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("scale", [0, -1, 100_000])
def test_a_scale_that_cannot_be(run: Run, scale: int) -> None:
    with pytest.raises(UsageError, match=str(scale)):
        run.reel(scale=scale)


@pytest.mark.parametrize("fps", [0, -10, 1e9, float("nan"), float("inf")])
def test_a_pace_that_cannot_be(run: Run, fps: float) -> None:
    with pytest.raises(UsageError, match="fps"):
        run.reel(fps=fps)


def test_a_frame_that_is_too_large(tmp_path: Path) -> None:
    wide = write_run(tmp_path / "wide", noise(1, 300, 1, 2))
    with pytest.raises(UsageError, match="too large"):
        wide.reel("plain")
    assert wide.reel("plain", scale=4).scene.size.width == 2400


def test_an_empty_run(tmp_path: Path) -> None:
    empty = write_run(tmp_path / "empty", noise(1, 3, 2, 7)[:0])
    with pytest.raises(RunError, match="empty"):
        empty.reel()


def test_every_mistake_is_of_one_kind() -> None:
    for kind in (TemplateError, UsageError, RunError):
        assert issubclass(kind, ReelnetError)
