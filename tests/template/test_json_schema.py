"""The JSON Schema of templates follows draft-07 and agrees with the loader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel

from reelnet.config.source import parse_yaml, to_plain
from reelnet.errors import TemplateError
from reelnet.render.panels.maps.channels import Channels
from reelnet.render.registry import PANELS
from reelnet.template.json_schema import build_schema
from reelnet.template.search_path import SearchPath, find_builtin_folder
from tests.docs.pages import Snippet, snippets
from tests.template.text import template_of

DRAFT_07 = {
    *("$id", "$schema", "$ref", "$comment", "title", "description", "default", "readOnly", "writeOnly"),
    *("examples", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength"),
    *("minLength", "pattern", "additionalItems", "items", "maxItems", "minItems", "uniqueItems", "contains"),
    *("maxProperties", "minProperties", "required", "additionalProperties", "definitions", "properties"),
    *("patternProperties", "dependencies", "propertyNames", "const", "enum", "type", "format"),
    *("contentMediaType", "contentEncoding", "if", "then", "else", "allOf", "anyOf", "oneOf", "not"),
}
"""Every word of the meta-schema http://json-schema.org/draft-07/schema."""

MAPS = ("properties", "patternProperties", "definitions")
DATA = ("default", "examples", "enum", "const", "required", "type")


def fragments(form: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(form, list):
        for each in form:
            yield from fragments(each)
    elif isinstance(form, dict):
        yield form
        for word, value in form.items():
            if word in MAPS:
                yield from fragments(list(value.values()))
            elif word not in DATA:
                yield from fragments(value)


def test_the_schema_has_only_words_of_draft_07() -> None:
    whole = build_schema(PANELS)
    Draft7Validator.check_schema(whole)
    assert whole["$schema"] == "http://json-schema.org/draft-07/schema#"
    for form in fragments(whole):
        assert set(form) <= DRAFT_07
        # What stands beside $ref is not heeded.
        assert "$ref" not in form or len(form) == 1
        if "$ref" in form:
            assert form["$ref"].removeprefix("#/definitions/") in whole["definitions"]


VALIDATOR = Draft7Validator(build_schema(PANELS))


def schema_errors(text: str) -> list[str]:
    """Validate the text of a template against the schema, read as the loader reads it."""
    content = to_plain(parse_yaml(text, "a.yaml"))
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(content)]


@pytest.mark.parametrize("name", sorted(file.stem for file in find_builtin_folder().glob("*.yaml")))
def test_builtin_templates_are_right(name: str) -> None:
    assert schema_errors(SearchPath().list_templates()[name].read_text("utf-8")) == []


@pytest.mark.parametrize("snippet", snippets("writing-templates.md", "yaml"), ids=str)
def test_the_guides_templates_are_right(snippet: Snippet) -> None:
    assert bool(schema_errors(snippet.text)) == (snippet.mark == "wrong")


RIGHT = [
    "layout: channels",
    "layout: {column: [inputs, channels]}",
    "layout: {row: {gap: 4, items: [inputs, {grid: {columns: 3, items: [channels, curve]}}]}}",
    "{theme: dark, canvas: 1080x1080, layout: channels}",
    "{theme: {base: paper, ink: '#123', limits: {percentile: 99}}, canvas: 9:16, layout: channels}",
    "{theme: {limits: [-1, 1], diverging: ['#fff', '#000', '#f00']}, canvas: {max_width: 640}, layout: channels}",
    "{panels: {note: {kind: text, text: hello}}, layout: note}",
    "{panels: {text: {kind: curve, metrics: [loss]}}, layout: text}",
    "{panels: {curve: {title: loss}, channels: {show: [0, 2-4]}}, layout: {column: [curve, channels]}}",
    "{panels: {channels: {show: {top: 8}}}, layout: channels}",
    "{panels: {channels: }, theme: , timeline: , samples: , outputs: , layout: channels}",
    "{panels: {captions: {items: [{text: a}, {text: b, from: 5}]}}, layout: captions}",
    "{timeline: {steps: {range: [null, 50]}}, layout: channels}",
    "{timeline: {steps: log, fps: 2, speed: [{from: 1, to: 3, factor: 2}]}, layout: channels}",
    "{outputs: [{path: a.gif, layers: all, timeline: {fps: 5}}, {path: a.png, step: last}], layout: channels}",
    "{samples: {show: 0-4, transposed: true}, layout: channels, layer: conv1, about: A test.}",
]
"""Whole templates."""

EXTENDING = [
    "extends: article",
    "extends: [article, ./mine.yaml]",
    "{extends: article, panels: {title: {text: hello}}}",
    "{extends: article, panels: {curve: null, channels: {show: null}}, theme: null}",
    "{extends: article, theme: {text: null}, canvas: {width: null, aspect: '1:1'}}",
    "{extends: annotated, panels: {captions: {items: [{id: early, hold: 2}, {id: late}]}}}",
    "{extends: annotated, panels: {captions: {align: center}}}",
    "{extends: article, layout: {column: {gap: 8}}}",
    "{extends: article, outputs: [{id: web, scale: 2}]}",
    "{extends: article, panels: {title: {kind: image, file: a.png}}}",
]
"""Templates that have the rest from others."""

WRONG = [
    "channels: {show: 0-5}",
    "panels: {channels: {}}",
    "{layout: channels, color: red}",
    "{layout: {colum: [channels]}}",
    "{layout: {column: [channels], row: [curve]}}",
    "{layout: {column: {gap: 8}}}",
    "{layout: {column: []}}",
    "{layout: [inputs, channels]}",
    "{layout: {row: {gap: -1, items: [channels]}}}",
    "{theme: drak, layout: channels}",
    "{theme: {background: white}, layout: channels}",
    "{theme: {text: big}, layout: channels}",
    "{theme: {limits: {percentile: 10}}, layout: channels}",
    "{canvas: 1080, layout: channels}",
    "{canvas: square, layout: channels}",
    "{canvas: {width: 1081}, layout: channels}",
    "{panels: {note: {text: hello}}, layout: note}",
    "{panels: {note: {kind: words, text: hello}}, layout: note}",
    "{panels: {channels: {shwo: 0-5}}, layout: channels}",
    "{panels: {channels: {labels: yes}}, layout: channels}",
    "{panels: {channels: {kind: text, show: 0-5}}, layout: channels}",
    "{panels: {captions: {}}, layout: captions}",
    "{panels: {logo: {kind: image}}, layout: logo}",
    "{panels: {captions: {items: [{from: 5}]}}, layout: captions}",
    "{panels: {curve: {x: logarithmic}}, layout: curve}",
    "{timeline: {fps: fast}, layout: channels}",
    "{timeline: {steps: some}, layout: channels}",
    "{timeline: {speed: [{from: 1, factor: 2}]}, layout: channels}",
    "{outputs: [{scale: 2}], layout: channels}",
    "{outputs: [{path: a.gif, timeline: {fsp: 5}}], layout: channels}",
    "{samples: {show: some}, layout: channels}",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_passes(text: str) -> None:
    template_of(text)
    assert schema_errors(text) == []


@pytest.mark.parametrize("text", EXTENDING)
def test_a_template_that_extends_another_may_leave_out_the_rest(text: str) -> None:
    assert schema_errors(text) == []


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_does_not_pass(text: str) -> None:
    with pytest.raises(TemplateError):
        template_of(text)
    assert schema_errors(text)


@pytest.mark.parametrize(
    "text",
    [
        "{extends: article, panels: {title: {txet: hello}}}",
        "{extends: article, panels: {channels: {shwo: 0-5}}}",
        "{extends: article, panels: {title: {kind: text, file: a.png}}}",
        "{extends: article, timeline: {fps: fast}}",
        "{extends: article, outputs: [{scale: 2}]}",
        "{extends: 3}",
    ],
)
def test_slips_are_found_in_what_extends_another(text: str) -> None:
    assert schema_errors(text)


def test_two_panels_may_have_inner_maps_of_one_name() -> None:
    class CellAnnotation(BaseModel):
        """Something else."""

        weight: int = 1

    class Other(Channels):
        """Another panel."""

        marks: tuple[CellAnnotation, ...] = ()

    whole = build_schema({**PANELS, "other": Other})
    Draft7Validator.check_schema(whole)
    assert [
        key for key in whole["definitions"] if "CellAnnotation" in key and key.startswith("channels")
    ] == ["channels-CellAnnotation"]
    channels = {"panels": {"channels": {"annotations": [{"weight": 1}]}}, "layout": "channels"}
    other = {"panels": {"other": {"marks": [{"weight": 1}]}}, "layout": "other"}
    assert not Draft7Validator(whole).is_valid(channels)
    assert Draft7Validator(whole).is_valid(other)
