"""tests/all.yaml uses every key of the template language, and every key changes something."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import pytest

from reelnet.config.diagnostics import OptionError
from reelnet.config.source import parse_yaml, to_plain
from reelnet.config.validation_messages import find_model, get_field
from reelnet.errors import TemplateError, UsageError
from reelnet.export.encoders.base import StreamInfo
from reelnet.export.outputs import resolve_outputs
from reelnet.export.request import ExportOptions
from reelnet.reel import Run
from reelnet.render.compositor import Compositor
from reelnet.render.registry import PANELS
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.scene.resolve import resolve
from reelnet.template.builder import build_template
from reelnet.template.load import load_node, load_template
from reelnet.template.model import ItemSpec, Template
from tests.template.changes import IN_VARIANT, OTHERS, PANEL_WITH, VARIANTS, WITHOUT_EFFECT
from tests.template.everything import (
    ALL,
    SECTIONS,
    Key,
    every_key,
    loose,
    used_keys,
    write_everything,
)

Content = dict[str, Any]
Path_ = tuple[str | int, ...]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_everything(tmp_path_factory.mktemp("all") / "run")


def content_of(variant: str | None = None) -> Content:
    """What all.yaml says with what it extends, or a variant of it."""
    content: Content = to_plain(load_node(ALL))
    if variant is not None:
        content |= to_plain(parse_yaml(VARIANTS[variant], variant))
    return content


CONTENT = content_of()
KEYS = sorted(every_key())


class Seen:
    """All that an author could see of a template: its layout, times, files and pictures."""

    def __init__(self, template: Template, run: Run) -> None:
        self._template, self._run, self.scene = template, run, resolve(template, run)
        self.files = [
            (each.path, each.step, each.options, each.rendition.size, each.rendition.timeline)
            for each in (resolve_outputs(run, template) if template.outputs else [])
        ]

    @property
    def plan(self) -> tuple[Any, ...]:
        """What can be told without drawing."""
        scene = self.scene
        return scene.size, scene.boxes, scene.palette.rgb.tobytes(), scene.timeline, self.files, self.gif

    @property
    def gif(self) -> tuple[Any, ...]:
        """The frames of a GIF, and how often it plays."""
        rendition = Rendition(self.scene, self._run, LayoutRequest(self._template))
        rendition = ExportOptions().resolve(Path("a.gif")).add_thumbnail(rendition)
        return rendition.timeline, StreamInfo.from_rendition(rendition).plays

    @cached_property
    def pictures(self) -> list[bytes]:
        """Some frames of the animation, in RGB."""
        compositor, steps = Compositor(self.scene, self._run), self.scene.context.steps
        shown = (compositor.draw_step(steps[at]) for at in (1, 2, 3, 5, -1))
        return [self.scene.palette.rgb[canvas].tobytes() for canvas in shown]

    def differs(self, other: Seen) -> bool:
        """Whether anything is not the same."""
        return self.plan != other.plan or self.pictures != other.pictures


def build(content: Content) -> Template:
    """Build a template whose files lie beside all.yaml."""
    content = copy.deepcopy(content)
    theme = content.get("theme", {})
    for part, key in (
        (theme, "font"),
        (theme, "font_bold"),
        *((each, "file") for each in content["panels"].values()),
    ):
        if part.get(key):
            folder = (
                ALL.parent / "../reelnet/data/fonts" if key != "file" and "/" not in part[key] else ALL.parent
            )
            part[key] = str((folder / part[key]).resolve())
    return build_template("all", content, PANELS)


def seen(content: Content, run: Run) -> Seen | None:
    """What comes of a template; None if it may not be so, or the run does not allow it."""
    try:
        return Seen(build(content), run)
    except (OptionError, TemplateError, UsageError):
        return None


def test_all_yaml_and_its_variants_have_every_key() -> None:
    used = used_keys(CONTENT) | {(key,) for key in to_plain(parse_yaml(ALL.read_text("utf-8"), "all"))}
    for variant in VARIANTS:
        used |= used_keys(content_of(variant))
    assert every_key() - used == set()


def test_all_yaml_loads_and_its_variants_can_be_drawn(run: Run) -> None:
    assert load_template(ALL, PANELS).about == CONTENT["about"]
    for variant in (None, *VARIANTS):
        content = content_of(variant)
        drawn = seen(loose(content) if variant else content, run)
        assert drawn is not None, variant
        assert all(drawn.pictures)


def test_what_has_no_effect_is_a_name_or_words() -> None:
    assert {key[-1] for key in WITHOUT_EFFECT} == {"id", "about", "optional"}
    assert {*WITHOUT_EFFECT} <= every_key()
    assert {*OTHERS} | {*IN_VARIANT} | {*PANEL_WITH} <= every_key()


@pytest.mark.parametrize("key", [key for key in KEYS if key not in WITHOUT_EFFECT], ids=".".join)
def test_each_key_changes_something(key: Key, run: Run) -> None:
    for before, changed in cases(key):
        first = seen(before, run)
        assert first is not None, "the template before the change cannot be drawn"
        tried = False
        for content in changed:
            other = seen(content, run)
            tried |= other is not None
            if other is not None and other.differs(first):
                return
    pytest.fail("changes nothing" if tried else "no other value could be tried")


def cases(key: Key) -> Iterator[tuple[Content, Iterable[Content]]]:
    """Templates with a key, and for each some with other values there."""
    if key == ("extends",):
        yield {**CONTENT, "panels": {}, "layout": "counter"}, [CONTENT]
        return
    base = content_of(IN_VARIANT.get(key))
    if key[0] == "panels" and len(key) > 1:
        base = alone(key)
    elif key[0] != "outputs":
        base = {**loose(base), "outputs": []} if key[0] != "stack" else {**base, "outputs": []}
    else:
        base = loose(base)
    for path in found(base, key):
        yield base, (altered(base, path, other) for other in other_values(base, path, key))


def alone(key: Key) -> Content:
    """One panel of the kind, in a frame with room to stand in several places, without what it shares with others."""
    name, options = next(
        (name, {**each, "kind": key[1]})
        for name, each in CONTENT["panels"].items()
        if each.get("kind", name) == key[1]
    )
    shared = {*ItemSpec.model_fields}
    kept = {option: value for option, value in options.items() if option not in shared - {key[2]}}
    kept |= PANEL_WITH.get(key, {})
    kept = {option: value for option, value in kept.items() if value is not None}
    theme = {**CONTENT["theme"], "levels": 21}
    size = {
        "grow": 1,
        "gap": 8,
        "align": "start",
        "items": [name, "space"] if name != "space" else [name, "counter"],
    }
    return {
        "canvas": {"width": 1200, "height": 1000, "max_cell": 80},
        "theme": theme,
        "layer": "conv1",
        "samples": CONTENT["samples"],
        "panels": {name: kept, **({"space": {"kind": "spacer"}} if name != "space" else {})},
        "layout": {"row": size},
    }


def found(content: Content, key: Key) -> list[Path_]:
    """The places where a key stands."""
    paths = [path for path in places(content) if name_of(content, path) == key]
    assert paths, "stands nowhere"
    return paths


def name_of(content: Content, path: Path_) -> Key:
    """A place as a key of the language."""
    names = tuple(part for part in path if isinstance(part, str))
    if names[0] == "panels" and len(names) > 1:
        return ("panels", content["panels"][names[1]].get("kind", names[1]), *names[2:])
    if names[0] == "layout" and len(names) > 1:
        return ("stack", names[-1])
    return names


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The places of all keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def other_values(content: Content, path: Path_, key: Key) -> list[Any]:
    """Values that could stand in a place instead."""
    if key == ("panels",):
        return [{**content["panels"], "counter": {"hidden": True}}]
    if key in OTHERS:
        return OTHERS[key]
    value: Any = content
    for part in path:
        value = value[part]
    words = words_at(key)
    if words:
        return [word for word in words if word != value]
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value + 2, value + 20, value - 1, 2 * value, value // 2]
        case float():
            return [value + 0.25, value / 2]
        case str() if value.startswith("#"):
            return ["#3456ab"]
        case dict() | list():
            return []
    pytest.fail(f"OTHERS lacks another value for {value!r}")


def words_at(key: Key) -> list[Any]:
    """The words that a key accepts."""
    model = PANELS.get(key[1]) if key[0] == "panels" and len(key) > 1 else SECTIONS.get(key[0])
    names = key[2:] if key[0] == "panels" else key[1:]
    inner = find_model(model, names[:-1]) if model is not None and names else None
    info = get_field(inner, names[-1]) if inner is not None else None
    return list(literals(info.annotation)) if info is not None else []


def literals(annotation: Any) -> Iterator[str]:
    """The words of the `Literal`s inside an annotation."""
    for each in get_args(annotation):
        if get_args(each):
            yield from literals(each)
        elif isinstance(each, str):
            yield each


def altered(content: Content, path: Path_, value: Any) -> Content:
    """The content with another value in a place; None leaves the key out."""
    content = copy.deepcopy(content)
    inside: Any = content
    for part in path[:-1]:
        inside = inside[part]
    if value is None:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return content
