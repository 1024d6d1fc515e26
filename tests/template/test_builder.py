"""Invalid templates and their error messages."""

from __future__ import annotations

import pytest

from reelnet.errors import TemplateError
from tests.template.text import template_of

CHANNELS = "layout: {column: [channels]}\n"

MISTAKES = [
    ("layout: {column: [chanels]}", "1:19: layout.column.0.: no panel 'chanels'; did you mean 'channels'?"),
    ("panels:\n  counter: {sise: 3}\nlayout: {column: [counter]}", "2:13: panels.counter.sise: .*'size'"),
    (
        "panels:\n  counter:\n    size: big\nlayout: {column: [counter]}",
        "3:5: panels.counter.size: 'big' is not",
    ),
    ("panels: {counter: {size: 13.5}}\n" + CHANNELS, "panels.counter.size: .*whole number"),
    ("panels: {counter: {size: true}}\n" + CHANNELS, "panels.counter.size: true is not a whole number"),
    ("panels: {counter: {size: 2}}\n" + CHANNELS, "panels.counter.size: 2: give at least 6"),
    (
        "panels: {channels: {labels: no}}\n" + CHANNELS,
        "panels.channels.labels: 'no' is neither true or false nor names; write false",
    ),
    ("panels: {title: {text: 3, kind: text}}\n" + CHANNELS, "panels.title.text: 3 is not a text; quote it"),
    ("panels: {title: {text: a}}\n" + CHANNELS, "panels.title: needs a kind"),
    ("panels: {title: {kind: txt}}\n" + CHANNELS, "panels.title.kind: no kind 'txt'; did you mean 'text'?"),
    ("panels: [inputs]\n" + CHANNELS, "panels: .*not a map"),
    ("panels: {inputs: 3}\n" + CHANNELS, "panels.inputs: 3 is not a map"),
    ("panels: {channels: {show: 5-1}}\n" + CHANNELS, "panels.channels.show: '5-1'"),
    ("panels: {channels: {show: {tpo: 3}}}\n" + CHANNELS, "panels.channels.show: .*top: N"),
    ("panels: {channels: {show: [1, 1]}}\n" + CHANNELS, "panels.channels.show: .*twice"),
    (
        "panels: {channels: {order: chnage}}\n" + CHANNELS,
        "panels.channels.order: 'chnage'; did you mean 'change'?",
    ),
    ("layout: {column: []}", "layout.column: needs a list of items"),
    ("layout: {column: {gap: 3}}", "layout.column: needs a list of items"),
    ("layout: {column: {items: [channels], gaps: 3}}", "layout.column.gaps: .*'gap'"),
    ("layout: {column: {items: [channels], gap: -3}}", "layout.column.gap: -3: give at least 0"),
    ("layout: {column: {items: [channels], gap: 8px}}", "layout.column.gap: '8px' is not a whole number"),
    ("layout: {columns: [channels]}", "layout.columns: no such stack; did you mean 'column'?"),
    ("layout: {column: [{text: {text: a}}]}", "no such stack.*panels are described under 'panels'"),
    ("layout: {column: [channels], gap: 3}", "layout.gap: belongs inside: column: {gap: …, items: "),
    ("layout: {colum: [channels], row: [inputs]}", "layout.colum: no such stack; did you mean 'column'?"),
    (CHANNELS + "theme: {font: nowhere.ttf}", "theme.font: nowhere.ttf: no such file"),
    (CHANNELS + f"theme: {{font: {__file__}}}", "is not a font, or is damaged; give a .ttf or .otf file"),
    (CHANNELS + "theme: {font: /dev/null}", "theme.font: /dev/null: is not a regular file"),
    (CHANNELS + "canvas: 1080", "canvas.aspect: '1080' is neither a size"),
    (
        "panels: {title: {kind: text, text: '{layer'}}\n" + CHANNELS,
        "panels.title.text: text '.layer': expected",
    ),
    (
        "panels: {title: {kind: text, text: '{layr}'}}\n" + CHANNELS,
        "panels.title.text: .*did you mean 'layer'",
    ),
    (
        "panels: {title: {kind: text, text: '{step!r}'}}\n" + CHANNELS,
        "panels.title.text: .*cannot be formatted",
    ),
    ("layout: [channels]", "layout: .*neither the name of a panel nor one of column, row, grid, overlay"),
    ("layout: {column: [channels], row: [inputs]}", "layout: .*not several; put one into the other"),
    ("layuot: {column: [channels]}", "layuot: no such key; did you mean 'layout'?"),
    ("about: something", "has no layout"),
    (CHANNELS + "timeline: {fps: 0}", "timeline.fps: 0: give"),
    (CHANNELS + "timeline: {fps: fast}", "timeline.fps: 'fast' is not a number"),
    (CHANNELS + "timeline: {fps: 12:30}", "timeline.fps: '12:30' is not a number"),
    (CHANNELS + "timeline: {fps: .nan}", "timeline.fps: "),
    (CHANNELS + "timeline: {fps: 3, duration: 3, frames: 3}", "timeline: "),
    (CHANNELS + "theme: {inc: '#000000'}", "theme.inc: no such key; did you mean 'ink'?"),
    (CHANNELS + "theme: {ink: red}", "theme.ink: 'red' is not a color such as '#1f2328'"),
    (CHANNELS + "theme: {ink: '#12345'}", "theme.ink: '#12345' is not a color"),
    (CHANNELS + "theme:\n  ink: #123456", "3:3: theme.ink: a color must be quoted: '#123456'"),
    (CHANNELS + "theme: {diverging: ['#000', '#fff']}", "theme.diverging: has 2 colors; .*odd"),
    (CHANNELS + "theme: {diverging: RdBuu}", "theme.diverging: no colormap 'RdBuu'; did you mean 'RdBu'?"),
    (CHANNELS + "theme: drak", "theme.base: 'drak'; did you mean 'dark'?"),
    (CHANNELS + "theme: {limits: [1, -1]}", "theme.limits: .*less than"),
    (CHANNELS + "theme: {limits: {percentile: 5}}", "theme.limits: percentile 5: give from 50 to 100"),
    (CHANNELS + "canvas: 1080*1080", "canvas.aspect: '1080.1080' is neither a size such as 1080x1080"),
    (CHANNELS + "canvas: 0:9", "canvas: aspect '0:9'"),
    (CHANNELS + "canvas: {width: 1081}", "canvas.width: 1081: give a multiple of 2"),
    (CHANNELS + "canvas: {width: 99999999}", "canvas.width: 99999999: give at most 16384"),
    (CHANNELS + "canvas: {max_height: -1}", "canvas.max_height: -1: give at least 2"),
    (CHANNELS + "canvas: {width: 99999998}", "canvas.width: 99999998: give at most 16384"),
    (CHANNELS + "canvas: {width: 1080, aspect: '9:16'}", "canvas: give either"),
    (CHANNELS + "samples: {show: -1}", "samples.show: -1"),
    (CHANNELS + "outputs: [{id: a}]", "outputs.0..path: is missing"),
    (CHANNELS + "outputs: a.gif", "outputs: 'a.gif' is not a list of files"),
    (
        CHANNELS + "outputs: [{path: a.gif, timeline: {fsp: 3}}]",
        "outputs.0..timeline.fsp: no such key; did you mean 'fps'",
    ),
    (CHANNELS + "layer: 3", "layer: 3 is not a text"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[text[:50] for text, _ in MISTAKES])
def test_invalid_templates(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=f"mine.yaml:.*{message}") as caught:
        template_of(text)
    assert caught.value.exit_code == 3
    assert len(str(caught.value).splitlines()) == 1


def test_every_error_is_reported_at_once() -> None:
    text = (
        "panels:\n"
        "  counter: {sise: 3, boxd: true}\n"
        "  title: {kind: txt}\n"
        "theme: {ink: red, txt: 3}\n"
        "layout: {column: [counter, titel]}\n"
        "timeline: {fps: -1}\n"
    )
    with pytest.raises(TemplateError) as caught:
        template_of(text)
    lines = str(caught.value).splitlines()
    assert [":".join(line.split(":")[:2]) for line in lines] == [
        f"mine.yaml:{n}" for n in (2, 2, 3, 4, 4, 5, 6)
    ]


def test_errors_quote_settings_as_given() -> None:
    with pytest.raises(TemplateError, match=r"--set theme.ink=red: theme.ink: 'red' is not a color"):
        template_of(CHANNELS, "theme.ink=red")


def test_deep_stacks_are_refused() -> None:
    text = "layout: " + "{column: [" * 18 + "channels" + "]}" * 18
    with pytest.raises(TemplateError, match="more than 16 levels"):
        template_of(text)
