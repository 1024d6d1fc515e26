"""Controls: each changes the picture or the time of every built-in template that has it, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.config.source import parse_yaml, to_plain
from reelnet.errors import TemplateError, UsageError
from reelnet.export.fitting_template import load_template_for
from reelnet.preview.keys.controls import list_controls
from reelnet.preview.keys.selections import format_selection, parse_selection
from reelnet.preview.keys.set_control import set_control
from reelnet.reel import Run
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.header import TapKind
from reelnet.template.search_path import SearchPath, find_builtin_folder
from reelnet.template.source import TemplateText
from tests.make_run import write_run

TEMPLATES = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))
CLASSES = ("cat", "dog", "bird", "fish")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that every built-in template can show."""
    random = np.random.default_rng(0)
    shapes = {"conv1": (4, 3, 8, 8), "conv2": (4, 6, 8, 8), "out": (4, 4, 1, 1), "conv1.weight": (6, 3, 5, 5)}
    taps = {name: random.normal(size=(6, *shape)).astype(np.float32) for name, shape in shapes.items()}
    taps["out"] += 9 * np.linspace(0, 1, 6)[:, None, None, None, None] * np.eye(4)[None, :, :, None, None]
    metrics = {"train_loss": [*np.linspace(2, 0.1, 6)], "test_accuracy": [*np.linspace(0.1, 0.9, 6)]}
    return write_run(
        tmp_path_factory.mktemp("controls") / "run",
        taps,
        steps=range(0, 60, 10),
        metrics=metrics,
        kinds={"conv1.weight": TapKind.WEIGHT},
        bounds=None,
        labels=CLASSES,
        classes=CLASSES,
        class_output="out",
    )


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)


def lay_out(run: Run, source: TemplateText) -> Rendition:
    layer = "conv2"
    return Rendition.from_request(
        run, LayoutRequest(load_template_for(run, source, (), layer), layer, density=1)
    )


def look(rendition: Rendition) -> tuple[Any, ...]:
    """All that a viewer can see: the picture of a step, and when each step is shown."""
    picture = rendition.palette_rgb[rendition.draw_step(30)]
    times = [(frame.step, frame.pts, frame.duration) for frame in rendition.timeline]
    return picture.shape, picture.tobytes(), times


def controls_of(rendition: Rendition, source: TemplateText) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for group in list_controls(rendition, source) for each in group["controls"]}


def choose(control: Mapping[str, Any]) -> Iterator[Any]:
    """Values other than that of a control."""
    key, value = control["key"], control["value"]
    match control["kind"]:
        case "list":
            yield ["At first", "Then: more"]
        case "choice":
            others = [choice for choice in control["choices"] if choice not in (value, None)]
            yield from others if key == "curve.place" else others[-1:]
        case "text":
            yield "Other words for {layer}"
        case "color":
            yield "#c04080"
        case "selection":
            yield "0-1" if value != "0-1" else "0"
        case "number" if key.endswith("gap"):
            yield (value or 4) + 9
        case "number" if "pause" in key:
            yield value + 1
        case "number" if key.endswith("channels"):
            yield 1
        case "number":
            yield max(1, value // 2) if isinstance(value, int) else value / 2


def source_of(name: str, *, is_copy: bool) -> TemplateText:
    """A built-in template, or one that extends it."""
    if is_copy:
        return TemplateText(SearchPath().find(name).read_text(), Path("mine.yaml"))
    return TemplateText(f"extends: {name}  # mine\n", Path("mine.yaml"))


@pytest.mark.parametrize(
    ("name", "is_copy"),
    [
        *((name, True) for name in TEMPLATES),
        *((name, False) for name in ("annotated", "square", "table", "flow")),
    ],
)
def test_every_control_changes_what_is_seen(name: str, run: Run, is_copy: bool) -> None:
    source = source_of(name, is_copy=is_copy)
    rendition = lay_out(run, source)
    before, controls = look(rendition), controls_of(rendition, source)
    assert len(controls) >= 5
    for key, control in controls.items():
        assert control["info"].endswith("."), key
        for value in choose(control):
            text = set_control(source, key, value)
            changed = TemplateText(text, source.file)
            shown = lay_out(run, changed)
            assert look(shown) != before, (key, value)
            after = controls_of(shown, changed).get(key)
            assert after is not None
            if key == "curve.place" or control["kind"] != "number":
                assert after["value"] == value, (key, value)
            if not is_copy:
                assert after["is_set"], key
                assert set_control(changed, key, None) == source.text, key


def test_controls_and_their_values(run: Run) -> None:
    text = "extends: article\ntheme: dark\npanels: {title: {text: Mine}}\nsamples: {show: [0, 2-3]}\n"
    source = TemplateText(text, Path("mine.yaml"))
    controls = controls_of(lay_out(run, source), source)
    title, theme, background = (
        controls[key] for key in ("panels.title.text", "theme.base", "theme.background")
    )
    assert (title["label"], title["kind"], title["value"]) == ("Title", "text", "Mine")
    assert (title["default"], title["is_set"]) == ("What {network} makes of {inputs}", True)
    assert (theme["value"], theme["default"], theme["is_set"]) == ("dark", "light", True)
    assert (background["value"], background["default"], background["is_set"]) == ("#121418", "#121418", False)
    assert (controls["samples.show"]["value"], controls["samples.show"]["max"]) == ("0, 2-3", 4)
    assert controls["panels.channels.show"]["value"] == "top 16"
    assert controls["panels.channels.show"]["max"] == 6
    assert controls["theme.diverging"]["value"] == "ember"
    assert controls["curve.place"]["value"] == "below"
    assert controls["captions"]["value"] == []


@pytest.mark.parametrize(
    ("text", "key", "value", "edited"),
    [
        ("extends: article\n", "theme.base", "dark", "extends: article\ntheme: dark\n"),
        ("theme: dark\n", "theme.base", "paper", "theme: paper\n"),
        ("panels: {v1.2: {text: a}}\n", "panels.v1.2.text", "b", "panels: {v1.2: {text: b}}\n"),
        ("theme: {base: dark, text: 20}\n", "theme.base", "paper", "theme: {base: paper, text: 20}\n"),
        ("theme: dark\n", "theme.accent", "#e91", "theme: {base: dark, accent: '#e91'}\n"),
        (
            "extends: article\n",
            "canvas",
            "1080x1920",
            "extends: article\ncanvas: {width: 540, height: 960, density: 2}\n",
        ),
        ("extends: compass\n", "canvas", "1080x1920", "extends: compass\ncanvas: 1080x1920\n"),
        ("extends: article\n", "canvas", "1280x720", "extends: article\ncanvas: 1280x720\n"),
        ("samples: {show: all}\n", "samples.show", "top 3", "samples: {show: {top: 3}}\n"),
        ("samples: {show: {top: 3}}\n", "samples.show", "0-2, 5", "samples: {show: [0-2, 5]}\n"),
        ("samples: {show: {top: 3}}\n", "samples.show", None, ""),
        ("extends: article\n", "curve.place", "none", "extends: article\nlayout: {at: {curve: null}}\n"),
        ("extends: article\nlayout: {at: {curve: null}}\n", "curve.place", None, "extends: article\n"),
        (
            "extends: article\n",
            "curve.place",
            "right",
            "extends: article\nlayout: {at: {maps: {row: {grow: 1, gap: 24, items: [maps, curve]}}}}\n",
        ),
        (
            "extends: square\nlayout: {at: {maps: {row: {grow: 1, gap: 24, items: [maps, curve]}}}}\n"
            "panels: {curve: {chart_height: null}}\n",
            "curve.place",
            "below",
            "extends: square\n",
        ),
        (
            "extends: article\nlayout: {at: {curve: {row: [curve, histogram]}}}\n",
            "curve.place",
            "none",
            "extends: article\nlayout: {at: {curve: null}}\n",
        ),
    ],
)
def test_how_changes_are_written(text: str, key: str, value: Any, edited: str) -> None:
    assert set_control(TemplateText(text, Path("mine.yaml")), key, value) == edited


def test_a_layout_of_ones_own_is_changed_in_place() -> None:
    text = """\
panels: {channels: {}}
layout:
  column:
    gap: 16
    items:
      - counter  # at the top
      - column: {id: maps, grow: 1, items: [channels]}
      - curve
"""
    source = TemplateText(text, Path("mine.yaml"))
    right = set_control(source, "curve.place", "right")
    assert right == text.replace(
        "      - column: {id: maps, grow: 1, items: [channels]}\n      - curve\n",
        "      - row: {grow: 1, gap: 24, items: [{column: {id: maps, grow: 1, items: [channels]}}, curve]}\n",
    )
    below = set_control(TemplateText(right, source.file), "curve.place", "below")
    assert to_plain(parse_yaml(below, "")) == to_plain(parse_yaml(text, ""))
    assert "# at the top" in below


def test_captions_keep_what_they_have() -> None:
    source = TemplateText("extends: annotated\n", Path("mine.yaml"))
    items = to_plain(parse_yaml(SearchPath().find("annotated").read_text(), ""))["panels"]["captions"][
        "items"
    ]
    texts = [item["text"] for item in items]
    changed = set_control(source, "captions", ["Here we go.", *texts[2:], "And that is all."])
    found = to_plain(parse_yaml(changed, ""))["panels"]["captions"]["items"]
    assert found[0] == {"id": "start", "text": "Here we go."}
    assert found[1:-1] == [{"id": item["id"]} for item in items[2:]]
    assert found[-1]["text"] == "And that is all."
    assert found[-1]["from"].endswith("%")
    reordered = set_control(source, "captions", texts[::-1])
    assert set_control(TemplateText(reordered, source.file), "captions", texts) == source.text
    other = set_control(source, "captions", [*texts[:-1], "Done."])
    assert set_control(TemplateText(other, source.file), "captions", texts) == source.text


def test_captions_of_a_template_without_any(run: Run) -> None:
    source = TemplateText("extends: article\n", Path("mine.yaml"))
    text = set_control(source, "captions", ["One", "Two", " "])
    items = to_plain(parse_yaml(text, ""))["panels"]["captions"]["items"]
    assert items == [{"from": "0%", "text": "One"}, {"from": "50%", "text": "Two"}]
    both = set_control(TemplateText(text, source.file), "curve.place", "right")
    shown = lay_out(run, TemplateText(both, source.file))
    boxes = dict(shown.scene.boxes)
    assert boxes["captions"].y >= boxes["channels"].y + boxes["channels"].height
    assert boxes["curve"].x >= boxes["channels"].x + boxes["channels"].width
    without = set_control(TemplateText(both, source.file), "captions", None)
    assert set_control(TemplateText(without, source.file), "curve.place", None) == source.text


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("curve.place", "up", "curve.place 'up': choose from below, above, left, right, none"),
        ("captions", "One", "captions 'One': give a list of texts"),
        ("captions", [3], r"captions \[3\]: give a list of texts"),
        ("a..b", 1, "key: 'a..b' is not a path of keys"),
        ("theme.text", [float("nan")], r"theme.text\[0\]: nan is not a finite number"),
    ],
)
def test_refused(key: str, value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        set_control(TemplateText("extends: article\n", Path("mine.yaml")), key, value)


def test_a_text_with_mistakes_is_not_changed() -> None:
    with pytest.raises(TemplateError, match=r"^panels\.title\.text: correct the text first: "):
        set_control(TemplateText("panels: {\n", Path("mine.yaml")), "panels.title.text", "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("all", "all"),
        ("top 8", {"top": 8}),
        ("first: 8", {"first": 8}),
        ("{top: 8}", {"top": 8}),
        ("3", 3),
        ("0-5", "0-5"),
        ("0-5, 8", ["0-5", 8]),
        ("[0, 2-3]", [0, "2-3"]),
    ],
)
def test_selections(text: str, value: Any) -> None:
    assert parse_selection(text) == value
    assert parse_selection(str(format_selection(value))) == value


def test_a_selection_says_how_many_of_it_fit(run: Run) -> None:
    source = TemplateText("extends: article\ncanvas: 400x400\ntheme: {text: 24}\n", Path("mine.yaml"))
    rendition = lay_out(run, source)
    channels, samples = (
        controls_of(rendition, source)[key] for key in ("panels.channels.show", "samples.show")
    )
    assert channels["max"] == 6
    assert channels["shown"] == rendition.scene.context.text_fields["channels"]
    assert channels["shown"] < 6
    assert samples["shown"] == samples["max"] == 4
