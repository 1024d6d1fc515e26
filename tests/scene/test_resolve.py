"""From a template and a run to a scene: sizes, scales, and errors that depend on the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.config.diagnostics import InvalidTemplate
from reelnet.errors import RunError, TemplateError, UsageError
from reelnet.reel import Run
from tests.make_run import noise, write_run
from tests.rendering import to_pixels
from tests.template.text import reel_of

BARE = "samples: {gap: 0}\npanels: {channels: {labels: false, gap: 0}}\nlayout: {column: [channels]}\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "run", noise(2, 3, 2, 7), layer="conv6", metrics={"loss": [2.0, 1.0]})


@pytest.mark.parametrize(("name", "near"), [("artical", "article"), ("plian", "plain")])
def test_an_unknown_template(run: Run, name: str, near: str) -> None:
    with pytest.raises(TemplateError, match=f"{name}.*did you mean '{near}'"):
        run.reel(name)


@pytest.mark.parametrize(
    ("canvas", "size", "scale"),
    [
        ("{}", (168, 112), 8),
        ("{scale: 3}", (64, 42), 3),
        ("{width: 200, snap: false}", (200, 126), 9),
        ("{max_width: 200, snap: false}", (190, 126), 9),
        ("{width: 200, height: 100, snap: false}", (200, 100), 7),
        ("{max_width: 200, max_height: 100, snap: false}", (148, 98), 7),
        # Values that suit video codecs are preferred if they are little smaller.
        ("{width: 200}", (200, 112), 8),
        ("{max_width: 200, max_height: 100}", (148, 98), 7),
        ("{max_width: 110, max_height: 100}", (106, 70), 5),
        ("{max_width: 1000, max_height: 1000, max_cell: 60}", (168, 112), 8),
        ("{width: 400, height: 300, scale: 2}", (400, 300), 2),
        ("{aspect: '1:1'}", (168, 168), 8),
        ("{aspect: '9:16'}", (168, 300), 8),
        ("{aspect: '16:9', scale: 2}", (50, 28), 2),
    ],
)
def test_the_largest_whole_scale_that_fits(run: Run, canvas: str, size: tuple[int, int], scale: int) -> None:
    scene = reel_of(run, BARE + f"canvas: {canvas}").scene
    assert (scene.size.width, scene.size.height) == size
    assert scene.context.cell.scale == scale


def test_a_layout_is_centered_on_its_canvas(run: Run) -> None:
    text = BARE + "canvas: {width: 232, height: 176, scale: 8}\ntheme: {background: '#102030'}"
    shown = to_pixels(reel_of(run, text).frame(0))
    background = (shown == (16, 32, 48)).all(axis=2)
    assert background[:32].all()
    assert background[144:].all()
    assert background[:, :32].all()
    assert background[:, 200:].all()
    assert not background[32:144, 32:200].all(axis=0).any()


@pytest.mark.parametrize(
    ("canvas", "message"),
    [
        ("{width: 20}", "1 pixels too wide for 20×any at scale 1"),
        ("{width: 100, height: 6}", "8 pixels too tall for 100×6 at scale 1"),
        ("{width: 100, scale: 8}", "68 pixels too wide for 100×any at scale 8; give a smaller scale"),
        ("{max_width: 18, max_height: 6}", "3 pixels too wide and 8 pixels too tall"),
    ],
)
def test_errors_say_by_how_much_a_layout_does_not_fit(run: Run, canvas: str, message: str) -> None:
    with pytest.raises(TemplateError, match=rf"mine.yaml:4:\d+: canvas\.\w+: the layout is {message}"):
        reel_of(run, BARE + f"canvas: {canvas}")


RUN_MISTAKES = [
    (
        "panels: {channels: {taps: [conv7]}}",
        "channels",
        "no layer 'conv7' was recorded; did you mean 'conv6'",
    ),
    (
        "panels: {channels: {show: 0-2}}",
        "channels",
        "panels.channels.show: no channel 2 of conv6; they are numbered from 0 to 1",
    ),
    ("samples: {show: [0, 3]}", "channels", "samples.show: no sample 3; they are numbered from 0 to 2"),
    ("samples: {show: {top: 2}}", "channels", "samples.show.top: top: 2 is not possible for samples"),
    (
        "samples: {transposed: true}\npanels: {inputs: {}}",
        "inputs, channels",
        "mine.yaml:1:11: samples.transposed: rows are samples, but the inputs are in",
    ),
    ("panels: {title: {kind: text, text: '{layr}'}}", "title", "no field 'layr'; did you mean 'layer'"),
    ("panels: {title: {kind: text, text: '{layer'}}", "title", "panels.title.text: text '{layer'"),
    ("panels: {title: {kind: text, text: '{}'}}", "title", "no field ''"),
    ("panels: {title: {kind: text, text: '{layer.__class__}'}}", "title", "no field 'layer.__class__'"),
    ("panels: {title: {kind: text, text: '{layer!r}'}}", "title", "cannot be formatted with 'r'"),
    ("panels: {title: {kind: text, text: '{layer:d}'}}", "title", "field 'layer'"),
    (
        "panels: {title: {kind: text, text: '{step:999999999}'}}",
        "title",
        "cannot be formatted with '999999999'",
    ),
    ("panels: {title: {kind: text, text: '{step:{layer}}'}}", "title", "cannot be formatted"),
    ("panels: {title: {kind: text, text: '{metrics.los}'}}", "title", "did you mean 'metrics.loss'"),
    ("canvas: {aspect: '1:9999'}", "channels", r"mine.yaml:1:10: canvas.aspect: .*ratio nearer to .*:"),
    (
        "timeline: {holds: [{step: 9, seconds: 1}]}",
        "channels",
        "mine.yaml:1:21: timeline.holds.0..step: step 9 was not recorded",
    ),
    (
        "timeline: {steps: {list: [0, 7]}}",
        "channels",
        "1:30: timeline.steps.list.1.: step 7 was not recorded; the nearest is 1",
    ),
]


@pytest.mark.parametrize(
    ("text", "panel", "message"), RUN_MISTAKES, ids=[text[:60] for text, *_ in RUN_MISTAKES]
)
def test_errors_that_depend_on_the_run(run: Run, text: str, panel: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        reel_of(run, f"{text}\nlayout: {{column: [{panel}]}}")
    assert str(caught.value).startswith("mine.yaml:")


def test_all_errors_are_reported_at_once(run: Run) -> None:
    text = (
        "panels:\n  channels: {show: 9}\n  title: {kind: text, text: '{metrics.los}'}\n"
        "  inputs: {annotations: [{sample: 7}]}\n"
        "timeline: {holds: [{step: 9, seconds: 1}]}\n"
        "layout: {column: [title, inputs, channels]}"
    )
    with pytest.raises(TemplateError) as caught:
        reel_of(run, text)
    assert len(str(caught.value).splitlines()) == 4


def test_a_template_that_has_nothing_to_show(tmp_path: Path) -> None:
    bare = write_run(tmp_path / "bare", noise(2, 3, 2, 7))
    with pytest.raises(TemplateError, match=r"mine.*nothing to show in any"):
        reel_of(bare, "layout: {column: [curve]}")


def test_a_theme_changes_the_colors(run: Run) -> None:
    text = (
        "theme: {background: '#102030', diverging: ['#ff0000', '#00ff00', '#0000ff'], cell: 28}\n"
        "samples: {gap: 0}\npanels: {channels: {gap: 0}}\nlayout: {column: {items: [channels], padding: 8}}"
    )
    shown = to_pixels(reel_of(run, text).frame(0))
    assert (shown[:7] == (16, 32, 48)).all()
    assert (shown[:, -7:] == (16, 32, 48)).all()
    # A hairline runs around the cells. One of red and blue is none everywhere on a map over green.
    cells = shown[8:-8, -8 - 28 : -8]
    assert (cells.min(axis=2) == 0).all()


def test_hidden_panels_are_left_out(run: Run) -> None:
    text = "panels: {inputs: {hidden: true}}\nlayout: {column: [inputs, channels]}"
    assert [name for name, _ in reel_of(run, text).scene.boxes] == ["channels"]


def test_a_panel_may_be_placed_twice(run: Run) -> None:
    scene = reel_of(run, "layout: {row: {gap: 8, items: [channels, channels]}}").scene
    (first, left), (second, right) = scene.boxes
    assert first == second == "channels"
    assert right.x == left.right + 8


def test_unknown_layers_and_scales_and_fps_out_of_range(run: Run) -> None:
    with pytest.raises(UsageError, match=r"conv7.*did you mean 'conv6'"):
        run.reel(layer="conv7")
    for scale in (0, -1, 100_000):
        with pytest.raises(UsageError, match=str(scale)):
            run.reel(scale=scale)
    for fps in (0, -10, 1e9, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="fps"):
            run.reel(fps=fps)


def test_a_frame_that_is_too_large(tmp_path: Path) -> None:
    wide = write_run(tmp_path / "wide", noise(1, 400, 1, 2))
    with pytest.raises(UsageError, match="too large"):
        wide.reel("plain", scale=28, settings=["samples.show=all"])
    assert wide.reel("plain", scale=4, settings=["samples.show=all"]).scene.size.width == 3200


def test_an_empty_run(tmp_path: Path) -> None:
    empty = write_run(tmp_path / "empty", noise(1, 3, 2, 7)[:0])
    with pytest.raises(RunError, match="empty"):
        empty.reel()


@pytest.mark.parametrize(
    ("rule", "limits", "clipped"),
    [
        ("auto", (-4, 4), 0),
        ("symmetric", (-4, 4), 0),
        ("[-2, 2]", (-2, 2), 0.5),
        ("[0, 3]", (0, 3), 0.5),
        ("{percentile: 50}", (-2, 2), 0.5),
        ("{percentile: 100}", (-4, 4), 0),
    ],
)
def test_limits_by_rule(tmp_path: Path, rule: str, limits: tuple[float, float], clipped: float) -> None:
    maps = np.array([-4, -3, 1, 2] * 5, np.float32).reshape(1, 5, 4, 1, 1)
    run = write_run(tmp_path / "run", maps, bounds=None)
    context = reel_of(
        run, f"theme: {{limits: {rule}}}\nlayout: {{column: [channels, colorbar]}}"
    ).scene.context
    found = context.view(context.layer).limits
    assert (found.low, found.high) == pytest.approx(limits, abs=4 / 1000)
    assert found.clipped == pytest.approx(clipped)


def test_mistakes_of_panels_do_not_hide_those_of_the_canvas(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: article\ntheem: dark\ncanvas: {max_width: 40}\npanels:\n"
        "  curve: {metrics: [los]}\n  title: {text: '{foo}'}\ntimeline: {steps: {list: [9999]}}\n"
    )
    with pytest.raises(InvalidTemplate) as all_at_once:
        run.reel(file)
    keys = [each.key for each in all_at_once.value.diagnostics]
    assert keys == [
        "theem",
        "canvas.max_width",
        "panels.curve.metrics[0]",
        "panels.title.text",
        "timeline.steps.list[0]",
    ]
    file.write_text(file.read_text().replace("theem: dark\n", ""))
    with pytest.raises(InvalidTemplate) as without_unknown_keys:
        run.reel(file)
    assert [each.key for each in without_unknown_keys.value.diagnostics] == keys[1:]


def test_what_decides_sizes_is_mended_first(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: article\ntheem: dark\nsamples: {show: 0-99}\ncanvas: {max_width: 40}\n")
    with pytest.raises(InvalidTemplate) as caught:
        run.reel(file)
    assert [each.key for each in caught.value.diagnostics] == ["theem", "samples.show"]
