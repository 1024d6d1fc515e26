"""Values to change in tests/all.yaml for keys whose type alone does not suggest one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.template.everything import Key

VARIANTS: Mapping[str, str] = {
    "fixed": "canvas: {width: 1600, height: 2400, scale: 2}",
    "aspect": "canvas: {aspect: '16:9'}",
    "cells": "{canvas: {max_width: 700, max_height: 500}, layout: {column: [inputs, filmstrip]}}",
    "free": "canvas: {}",
    "rows": "layout: {row: [inputs, channels]}",
    "bare": "theme: {base: dark}",
    "frames": "timeline: {frames: 12, fps: 8, holds: [{step: 80, seconds: 0.5}]}",
    "duration": "timeline: {duration: 2.5}",
    "list": "timeline: {steps: {list: [0, 40, 80, 120]}}",
    "log": "timeline: {steps: {log: 5}}",
    "adaptive": "timeline: {steps: {adaptive: 5}}",
    "boomerang": "timeline: {boomerang: true}",
    "word": "timeline: {steps: log, max_frames: 5}",
}
"""Sections that replace those of all.yaml, with mutually exclusive keys."""

IN_VARIANT: Mapping[Key, str] = {
    ("canvas", "width"): "fixed",
    ("canvas", "height"): "fixed",
    ("canvas", "scale"): "fixed",
    ("canvas", "aspect"): "aspect",
    ("canvas", "max_width"): "cells",
    ("canvas", "max_height"): "cells",
    ("theme", "base"): "bare",
    ("samples", "transposed"): "rows",
    ("theme", "cell"): "free",
    ("timeline", "frames"): "frames",
    ("timeline", "duration"): "duration",
    ("timeline", "steps"): "word",
    ("timeline", "steps", "list"): "list",
    ("timeline", "steps", "log"): "log",
    ("timeline", "steps", "adaptive"): "adaptive",
    ("timeline", "boomerang"): "boomerang",
    # What is left over is shared out only where the frame is larger than the layout.
    ("stack", "grow"): "fixed",
}
"""The variant in which a key is used or has an effect, if not in all.yaml."""

WITHOUT_EFFECT: Mapping[Key, str] = {
    ("about",): "words for people in lists of templates",
    ("outputs", "id"): "by this name a template that extends this one changes the output",
    ("stack", "id"): "by this name a template that extends this one changes the stack",
    (
        "panels",
        "captions",
        "items",
        "id",
    ): "by this name a template that extends this one changes the caption",
    (
        "panels",
        "captions",
        "items",
        "optional",
    ): "only decides whether an event that does not happen is an error",
    ("panels", "channels", "annotations", "id"): "by this name a template that extends this one changes it",
    ("panels", "inputs", "annotations", "id"): "by this name a template that extends this one changes it",
}

OTHERS: Mapping[Key, list[Any]] = {
    ("outputs", "for"): ["medium"],
    ("outputs", "max_size"): ["1 MB"],
    ("outputs", "keep"): [["frames", "scale"]],
    **{(section,): [{}] for section in ("theme", "samples", "timeline")},
    ("canvas",): [{"scale": 2}],
    ("layout",): ["counter"],
    ("outputs",): [[]],
    ("layer",): ["conv2"],
    ("theme", "font"): ["OpenSans-Semibold.ttf"],
    ("theme", "font_bold"): ["OpenSans-Regular.ttf"],
    ("theme", "limits"): ["symmetric"],
    ("theme", "diverging"): ["RdBu"],
    ("theme", "sequential"): ["viridis"],
    ("theme", "curves"): [["#9a4b00", "#12ab34"]],
    ("canvas", "aspect"): ["1:1"],
    ("canvas", "max_width"): [300],
    ("canvas", "max_height"): [300],
    ("canvas", "max_cell"): [16],
    ("samples", "show"): [[0, 1, 2]],
    ("samples", "transposed"): [True],
    ("outputs", "path"): ["renders/other.gif"],
    ("outputs", "layers"): [["conv1"]],
    ("outputs", "timeline"): [{"fps": 5}],
    ("timeline", "steps"): ["all"],
    ("timeline", "steps", "range"): [[40, 160]],
    ("timeline", "steps", "list"): [[0, 80]],
    ("timeline", "speed"): [[]],
    ("timeline", "holds"): [[]],
    ("timeline", "holds", "step"): [100],
    ("timeline", "speed", "from"): [80],
    ("timeline", "speed", "to"): [80],
    ("panels", "text", "text"): ["another text"],
    ("panels", "captions", "items"): [[{"text": "Only one."}]],
    ("panels", "captions", "items", "from"): [20],
    ("panels", "captions", "items", "to"): [20],
    ("panels", "captions", "items", "text"): ["Other words."],
    ("panels", "captions", "items", "at"): ["train_accuracy 50%"],
    ("panels", "belief", "tap"): ["aux"],
    ("panels", "belief", "classes"): [["cat", "dog", "frog", "horse", "vessel"]],
    ("panels", "belief", "title"): ["What it thinks"],
    ("panels", "belief", "sample"): [0],
    ("panels", "flow", "layers"): [["conv2"]],
    ("panels", "flow", "sample"): [0, "cat"],
    ("panels", "flow", "tap"): ["aux"],
    ("panels", "flow", "classes"): [["cat", "dog", "frog", "horse", "vessel"]],
    ("panels", "verdict", "sample"): [0],
    ("panels", "verdict", "tap"): ["aux"],
    ("panels", "verdict", "classes"): [["ship", "dog", "frog", "horse", "cat"]],
    ("panels", "race", "tap"): ["aux"],
    ("panels", "race", "classes"): [["dog", "frog", "cat", "horse", "ship"]],
    ("panels", "compass", "tap"): ["aux"],
    ("panels", "compass", "classes"): [["dog", "frog", "cat", "horse", "ship"]],
    ("panels", "compass", "show"): [["cat", "frog"]],
    ("panels", "channels", "taps"): [["conv1"], "all"],
    ("panels", "channels", "show"): [[0, 1]],
    ("panels", "channels", "step"): [60],
    ("panels", "channels", "annotations"): [[]],
    ("panels", "channels", "annotations", "tap"): ["conv2"],
    ("panels", "channels", "annotations", "from"): [80],
    ("panels", "channels", "annotations", "to"): [40],
    ("panels", "channels", "annotations", "text"): ["There"],
    ("panels", "inputs", "annotations"): [[]],
    ("panels", "inputs", "annotations", "from"): [80],
    ("panels", "inputs", "annotations", "to"): [40],
    ("panels", "inputs", "annotations", "text"): ["See"],
    ("panels", "inputs", "annotations", "sample"): [0],
    ("panels", "channels", "annotations", "sample"): [0],
    ("panels", "colorbar", "tap"): ["conv1"],
    ("panels", "curve", "metrics"): [["train_loss", "train_accuracy"]],
    ("panels", "curve", "names"): [{"test_loss": "unseen"}],
    ("panels", "curve", "title"): ["How it goes"],
    ("panels", "curve", "right"): [["test_loss"]],
    ("panels", "curve", "range"): [[0, 5]],
    ("panels", "barcode", "tap"): ["out"],
    ("panels", "barcode", "sample"): ["mean"],
    ("panels", "filters", "tap"): ["gray.weight"],
    ("panels", "filters", "show"): ["0-1"],
    ("panels", "evolution", "steps"): [3],
    ("panels", "evolution", "tap"): ["conv1"],
    ("panels", "evolution", "channel"): [0],
    ("panels", "evolution", "title"): ["Another title"],
    ("panels", "evolution", "subtitle"): ["Other words"],
    ("panels", "evolution", "metric"): ["test_loss"],
    ("panels", "filmstrip", "steps"): [3],
    ("panels", "filmstrip", "tap"): ["conv1"],
    ("panels", "filmstrip", "show"): [[0, 1, 2]],
    ("panels", "histogram", "tap"): ["conv2"],
    ("panels", "histogram", "title"): ["Numbers"],
    ("panels", "image", "file"): ["golden/article-00.png"],
    ("panels", "says", "tap"): ["aux"],
    ("panels", "says", "classes"): [["cat", "dog", "frog", "horse", "vessel"]],
    ("panels", "weights", "tap"): ["conv2.weight"],
    ("panels", "weights", "show"): ["0-1"],
}
"""Other values for what a type alone does not tell."""

PANEL_WITH: Mapping[Key, Mapping[str, Any]] = {
    # A panel that says how high its type is has no style's; one that names its color, no style's color.
    ("panels", "text", "style"): {"size": None, "bold": None, "color": None},
    ("panels", "captions", "style"): {"size": None, "color": None},
    # A pinned step is the same in every frame.
    ("panels", "channels", "annotations", "from"): {"step": None},
    # What all charts share shows only with several of them.
    ("panels", "curve", "arrange"): {
        "metrics": None,
        "right": None,
        "title": None,
        "range": None,
        "names": None,
    },
    ("panels", "curve", "y"): {"range": None},
    # A strip has fewer options.
    ("panels", "curve", "style"): dict.fromkeys(("right", "legend", "values", "cursor", "arrange", "ticks")),
    # What has a size of its own and grows is as large as the row leaves room for.
    ("panels", "spacer", "width"): {"grow": 0},
    ("panels", "inputs", "annotations", "side"): {
        "annotations": [{"sample": 1, "text": "L", "side": "right"}]
    },
    ("panels", "filmstrip", "order"): {"show": "all"},
    ("panels", "image", "image_height"): {"image_width": None},
    ("panels", "channels", "annotations", "side"): {"taps": ["conv1"]},
}
"""Options that stand in the way of another one, with values that do not."""
