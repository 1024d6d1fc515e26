"""Completion: what is offered where a cursor stands, in texts that are valid and in texts that are not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelnet.config.source import MAX_DEPTH, parse_yaml, to_plain
from reelnet.errors import TemplateError
from reelnet.preview.keys.completion import complete
from reelnet.preview.keys.outline import Outline, find_cursor
from reelnet.preview.keys.run_words import FIELDS, RunWords
from reelnet.render.registry import panel_registry
from reelnet.scene.text_fields import FIELD_NAME, parse_fields
from reelnet.template.search_path import find_builtin_folder
from reelnet.template.source import TemplateText
from tests.make_run import write_run

CLASSES = ("cat", "dog", "bird")
TEXTS = {file.stem: file.read_text("utf-8") for file in sorted(find_builtin_folder().glob("*.yaml"))}
TEXTS["all"] = (Path(__file__).parents[2] / "all.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> RunWords:
    shapes = {"conv1": (3, 2, 8, 8), "conv2": (3, 6, 4, 4), "out": (3, 3, 1, 1)}
    run = write_run(
        tmp_path_factory.mktemp("completion") / "run",
        shapes,
        labels=CLASSES,
        classes=CLASSES,
        metrics=lambda step: {"train_loss": 1.0, "test_accuracy": 0.5},
    )
    return RunWords.of(run, run.reel("plain", layer="conv1").scene.context)


def at_bar(text: str) -> tuple[str, int]:
    """A text without its bar, and the place of the bar."""
    before, _, after = text.partition("¦")
    return before + after, len(before)


def options_of(text: str, words: RunWords) -> dict[str, dict[str, str]]:
    """The options at the bar in a text, by their labels."""
    whole, offset = at_bar(text)
    return {
        each["label"]: each
        for each in complete(TemplateText(whole, Path("mine.yaml")), offset, words)["options"]
    }


@pytest.mark.parametrize(
    ("text", "path", "role", "word"),
    [
        ("¦", (), "key", ""),
        ("th¦", (), "key", "th"),
        ("a: 1\n¦\nb: 2", (), "key", ""),
        ("theme: ¦", ("theme",), "value", ""),
        ("theme:¦", ("theme",), "value", ""),
        ("theme: da¦\nx: 1", ("theme",), "value", "da"),
        ("theme:\n  ¦", ("theme",), "either", ""),
        ("theme:\n  ba¦", ("theme",), "either", "ba"),
        ("theme:\r\n  base: da¦\r\n", ("theme", "base"), "value", "da"),
        ("theme: {¦}", ("theme",), "key", ""),
        ("theme: {base: dark, a¦", ("theme",), "key", "a"),
        ("theme: {base: ¦, text: 3}", ("theme", "base"), "value", ""),
        ("panels:\n  a: {b: 1}\n  ¦", ("panels",), "key", ""),
        ("panels:\n  a: {b: 1}\n¦", (), "key", ""),
        ("panels:\n  a:\n    b: 1\n  c¦", ("panels",), "key", "c"),
        ("panels:\n  'my panel':\n    ¦", ("panels", "my panel"), "either", ""),
        ("panels: {a: {b: 3}, ¦", ("panels",), "key", ""),
        ("panels:\n  a: {b: 1,\n    ¦", ("panels", "a"), "key", ""),
        ("layout:\n  column:\n    - a\n    - ¦", ("layout", "column", 1), "either", ""),
        ("layout:\n  column:\n    - row: [a, b¦", ("layout", "column", 0, "row", 1), "value", "b"),
        (
            "layout:\n  column:\n    - row:\n        gap: ¦",
            ("layout", "column", 0, "row", "gap"),
            "value",
            "",
        ),
        ("outputs:\n- path: x\n  ¦", ("outputs", 0), "key", ""),
        ("outputs:\n- path: x\n- ¦", ("outputs", 1), "either", ""),
        ("outputs:\n- path: x\n¦", (), "key", ""),
        ("extends: [article, ¦]", ("extends", 1), "value", ""),
        ('a: "x: {y¦', ("a",), "value", "x: {y"),
        ("a: 'it''s ¦", ("a",), "value", "it''s "),
        ("a: |\n  text¦", ("a",), "value", "  text"),
        ("a: |\n  text: b\nc: ¦", ("c",), "value", ""),
        ("# c¦", (), "none", ""),
        ("a: 1 # c¦", (), "none", ""),
        ("a: {b: 1 # c¦", (), "none", ""),
        # What is broken above does not matter.
        ("a: {b: [1, 2\ntheme: {ba¦", ("theme",), "key", "ba"),
        ('a: "open\ntheme: da¦', ("theme",), "value", "da"),
        ("  odd: 1\n a: 2\ntheme:\n  ba¦", ("theme",), "either", "ba"),
        ("a: b: c\ntheme: da¦", ("theme",), "value", "da"),
        ("- a\ntheme: da¦", ("theme",), "value", "da"),
    ],
)
def test_where_a_cursor_stands(text: str, path: tuple[str | int, ...], role: str, word: str) -> None:
    whole, offset = at_bar(text)
    cursor = find_cursor(whole, offset)
    assert (cursor.path, cursor.role, whole[cursor.start : offset]) == (path, role, word)


@pytest.mark.parametrize(
    "text", ["a: " + "{" * 50_000, "- " * 50_000, "a" + " " * 50_000, "a: " + "[b, " * 20_000]
)
def test_a_text_without_sense_takes_no_long_time(text: str) -> None:
    start = time.process_time()
    assert len(find_cursor(text, len(text)).path) <= MAX_DEPTH
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "expected", "missing"),
    [
        # Keys
        ("¦", "extends about panels layout timeline", "kind base"),
        ("extends: article\n¦\ntheme: dark\n", "panels canvas", "extends theme"),
        ("theme: {¦}", "base background ink diverging", "panels"),
        ("theme:\n  base: dark\n  ¦", "background", "base"),
        ("timeline: {¦", "fps duration steps end_pause", "gap"),
        ("canvas:\n  ¦", "width aspect max_cell", ""),
        ("extends: article\npanels:\n  ¦", "title counter curve histogram spacer", "gap"),
        ("extends: article\npanels: {title: {size: 3}, ¦", "counter curve", "title"),
        ("extends: article\npanels: {title: {¦", "text style needs kind", "metrics"),
        ("extends: article\npanels: {title: {kind: curve, ¦", "metrics style", "text kind"),
        ("panels: {note: {kind: text, ¦", "text align", "metrics"),
        ("panels: {captions: {items: [{¦", "from at text hold", "style"),
        ("panels:\n  captions:\n    items:\n      - text: hi\n        ¦", "from at hold", "text"),
        ("layout: {¦", "column row overlay at", "gap"),
        ("layout:\n  column:\n    ¦", "gap items padding", "column"),
        ("layout:\n  row:\n    - ¦", "channels curve text column row", "gap"),
        ("extends: article\nlayout: {at: {¦", "maps title curve", "spacer grid"),
        ("outputs:\n  - ¦", "path for max_size", ""),
        ("outputs: [{timeline: {¦", "fps steps", ""),
        ("panels: {curve: {names: {¦", "train_loss test_accuracy", ""),
        # Values of the language
        ("theme: ¦", "light dark paper", "base"),
        ("theme: {base: ¦", "light dark paper", ""),
        ("panels: {note: {kind: ¦", "text curve captions", ""),
        ("panels: {text: {align: ¦", "left center right maps", ""),
        ("panels: {channels: {inputs: ¦", "true false", ""),
        ("panels: {channels: {labels: ¦", "true false names", ""),
        ("timeline: {steps: ¦", "all log adaptive {every:~…}", ""),
        ("timeline: {loop: ¦", "once forever", ""),
        ("timeline: ¦", "{fps:~…} {duration:~…}", "fps"),
        ("canvas: ¦", "1080x1920 9:16", ""),
        # Values of the installation
        ("extends: ¦", "article plain dark", ""),
        ("extends: [article, ¦", "square dark", ""),
        ("theme: {diverging: ¦", "red-blue ember viridis coolwarm", "viridis_r"),
        ("outputs: [{path: a.gif, for: ¦", "github medium", ""),
        ("theme: {background: ¦", "#ffffff #121418", ""),
        # Values of the run
        ("layer: ¦", "conv1 conv2", "out"),
        ("panels: {channels: {taps: [¦", "conv1 conv2", ""),
        ("panels: {histogram: {tap: ¦", "conv1 out", ""),
        ("samples: {show: ¦", "0 2 0-2 all {first:~8}", "3"),
        ("samples: {show: [0, ¦", "1 2", "{first:~8}"),
        ("panels: {channels: {show: ¦", "{top:~8} all", ""),
        ("panels: {verdict: {sample: ¦", "0 1 2", ""),
        ("panels: {curve: {metrics: [¦", "train_loss test_accuracy", ""),
        ("panels: {compass: {show: [¦", "cat dog bird", ""),
        ("panels: {captions: {items: [{at: ¦", "half_correct loss_halved test_accuracy~90%", ""),
        ("layout: {column: [channels, ¦", "curve counter text", ""),
        ("panels: {mine: {kind: text}}\nlayout: {column: [¦", "mine counter", ""),
        # Fields
        ('panels: {text: {text: "Step {¦', "step:, layer metrics.train_loss:.3g right", "since:,"),
        ("panels:\n  text:\n    text: How {la¦", "layer network", ""),
        ("panels:\n  text:\n    text: |\n      How {¦", "layer network", ""),
        ("panels: {captions: {items: [{text: 'Since {¦", "since:, layer", ""),
        ("outputs: [{path: 'renders/{¦", "layer", "network"),
    ],
)
def test_what_is_offered(text: str, expected: str, missing: str, words: RunWords) -> None:
    found = options_of(text, words)
    assert {word.replace("~", " ") for word in expected.split()} <= found.keys()
    assert not {word.replace("~", " ") for word in missing.split()} & found.keys()


@pytest.mark.parametrize(
    "text", ["# ¦", "a: 1  # th¦", "nonsense: {¦", "theme: {base: {¦", "panels: {text: {size: ¦"]
)
def test_nothing_is_offered(text: str, words: RunWords) -> None:
    assert options_of(text, words) == {}


def test_each_option_says_what_it_is(words: RunWords) -> None:
    found = options_of("extends: article\n¦", words)
    assert found["theme"]["detail"] == "light, dark, paper or map"
    assert found["theme"]["info"].startswith("Colors, fonts and colormaps")
    assert options_of("timeline: {¦", words)["fps"]["detail"] == "number"
    assert options_of("panels: {channels: {¦", words)["inputs"]["detail"] == "true or false"
    assert options_of("layer: ¦", words)["conv2"]["detail"] == "3 × 6 × 4 × 4"
    assert options_of("samples: {show: ¦", words)["1"]["detail"] == "dog"
    assert options_of('panels: {text: {text: "{¦', words)["layer"]["detail"] == "conv1"
    for text in ("¦", "theme: {¦", "panels: {¦", "canvas: {¦", "samples: {¦", "timeline: {¦", "outputs: [{¦"):
        for option in options_of(text, words).values():
            assert option["detail"], option
            assert option["info"].endswith("."), option


@pytest.mark.parametrize(
    ("text", "label", "edited"),
    [
        ("th¦", "theme", "theme: "),
        ("theme: d¦", "dark", "theme: dark"),
        ("theme:¦", "dark", "theme: dark"),
        ("theme: {background: ¦}", "#121418", "theme: {background: '#121418'}"),
        ("theme: {background: '¦'}", "#121418", "theme: {background: '#121418'}"),
        ('panels: {text: {text: "A {st¦"}}', "step:,", 'panels: {text: {text: "A {step:,}"}}'),
        ('panels: {text: {text: "A {st¦}"}}', "step:,", 'panels: {text: {text: "A {step:,}"}}'),
        ("samples: {show: ¦", "{first: 8}", "samples: {show: {first: 8}"),
        ("samples: {show: ¦", "1", "samples: {show: 1"),
        ("timeline: {steps: ¦", "{every: …}", "timeline: {steps: {every: "),
        ("about: 🙂🙂 # ü\nth¦", "theme", "about: 🙂🙂 # ü\ntheme: "),
    ],
)
def test_what_is_written(text: str, label: str, edited: str, words: RunWords) -> None:
    whole, offset = at_bar(text)
    units = len(whole[:offset].encode("utf-16-le")) // 2
    answer = complete(TemplateText(whole, Path("mine.yaml")), units, words)
    insert = next(each["insert"] for each in answer["options"] if each["label"] == label)
    before = whole.encode("utf-16-le")[: 2 * answer["from"]].decode("utf-16-le")
    assert before + insert + whole[offset:] == edited


def test_the_fields_are_those_of_texts() -> None:
    names = {name.partition(":")[0] for name in FIELDS}
    assert all(FIELD_NAME.fullmatch(name) for name in names)
    known = FIELD_NAME.pattern.replace(r"metrics\..+", "metrics").split("|")
    assert {"metrics", "since", *names} == {*known}
    assert all(parse_fields(f"{{{name}}}") for name in FIELDS)


@pytest.mark.parametrize("name", TEXTS)
def test_every_key_of_a_template_is_offered_where_it_stands(name: str, words: RunWords) -> None:
    """Each key of the built-in templates, and of the one with all keys, is written by completion, too."""
    text = TEXTS[name]
    node = parse_yaml(text, "mine.yaml")
    lines = text.split("\n")
    checked = 0

    def visit(value: Any, path: tuple[str | int, ...]) -> None:
        nonlocal checked
        children = value.value
        if isinstance(children, list):
            for index, child in enumerate(children):
                visit(child, (*path, index))
        if not isinstance(children, dict):
            return
        for key, child in children.items():
            place = child.key_position
            offset = sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1
            cursor = find_cursor(text, offset)
            if text[offset] not in "'\"":
                assert (cursor.path, cursor.start) == (path, offset), (path, key)
                assert cursor.role in ("key", "either"), (path, key)
                answer = complete(TemplateText(text, Path("mine.yaml")), offset, words)
                is_free = path == ("panels",) or path[-1:] == ("names",)
                assert is_free or key in {each["label"] for each in answer["options"]}, (path, key)
                checked += 1
            visit(child, (*path, key))

    visit(node, ())
    assert checked >= 2
    assert Outline.of(text).keys[()] == [*to_plain(node)]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_place_of_any_text_has_an_answer(data: st.DataObject) -> None:
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    words = RunWords({}, {}, None, 2, (), (), ())
    offset = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 40))
    typed = data.draw(st.text("ab:{}[],'\"#|- \n&*\t🙂", max_size=6))
    broken = text[:offset] + typed + text[offset + cut :]
    answer = complete(
        TemplateText(broken, Path("mine.yaml")), len(broken[:offset].encode("utf-16-le")) // 2, words
    )
    assert 0 <= answer["from"] <= len(broken.encode("utf-16-le")) // 2
    assert all(option["label"] for option in answer["options"])


def test_a_value_that_is_offered_is_valid(words: RunWords) -> None:
    """Fixed values of all panels, taken from the completion, are read by the panels themselves."""
    from reelnet.template.load import load_draft

    for kind in panel_registry():
        for key in options_of(f"panels: {{mine: {{kind: {kind}, ¦", words):
            for label, option in options_of(f"panels: {{mine: {{kind: {kind}, {key}: ¦", words).items():
                if label.endswith("…}") or key in ("file", "annotations"):
                    continue
                text = f"panels: {{mine: {{kind: {kind}, {key}: {option['insert']}}}}}\nlayout: {{column: [mine]}}"
                try:
                    found = load_draft(TemplateText(text), panel_registry()).diagnostics
                except TemplateError as error:
                    pytest.fail(f"{text}: {error}")
                wrong = [each.message for each in found if each.key.startswith(f"panels.mine.{key}")]
                # A list that needs more items is begun.
                assert not [message for message in wrong if "give at least 2" not in message], text
