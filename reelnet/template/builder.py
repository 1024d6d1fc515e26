"""From plain data to a template: every key checked, every mistake collected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from reelnet.config.diagnostics import ErrorCollector, KeyPath, SourceMap
from reelnet.config.messages import explain_validation_error, format_value
from reelnet.errors import suggest_names
from reelnet.template.layout_patch import PATCH_KEY
from reelnet.template.model import (
    CanvasSpec,
    Direction,
    Output,
    OutputSpec,
    PanelSpec,
    SamplesSpec,
    Stack,
    StackSpec,
    Template,
)
from reelnet.template.theme import ThemeSpec
from reelnet.template.timeline import TimelineSpec


def _iter_item_names(layout: Any) -> Iterator[str]:
    """The names of panels and the ids of stacks in a layout of plain data."""
    if isinstance(layout, str):
        yield layout
    elif isinstance(layout, list):
        for item in layout:
            yield from _iter_item_names(item)
    elif isinstance(layout, dict):
        for inside in layout.values():
            if isinstance(inside, dict) and isinstance(inside.get("id"), str):
                yield inside["id"]
            yield from _iter_item_names(inside.get("items") if isinstance(inside, dict) else inside)


M = TypeVar("M", bound=BaseModel)

PanelKinds = Mapping[str, type[PanelSpec]]

TEMPLATE_KEYS = ("about", "layer", "canvas", "theme", "samples", "panels", "layout", "timeline", "outputs")
"""What a template consists of, beside `extends`."""

INEFFECTIVE_OPTIONS: Mapping[Direction, set[str]] = {
    Direction.COLUMN: {"columns"},
    Direction.ROW: {"columns"},
    Direction.OVERLAY: {"columns", "gap"},
}
"""Options that would change nothing."""

MAX_STACK_DEPTH = 16
"""Stacks in stacks."""


def build_template(
    name: str,
    content: Any,
    panels: PanelKinds,
    *,
    source_map: SourceMap | None = None,
    removed: Collection[str] = (),
) -> Template:
    """Build a template from plain data.

    Args:
        name: The template's name, for messages.
        content: All that the template says, with what it extends.
        panels: Every kind of panel by its name.
        source_map: Where the keys are written, for errors that only a run shows.
        removed: Names of panels that an extending template removes by null.

    Raises:
        OptionError: The content is not a valid template; with every error in it.
    """
    return _Builder(panels, removed).build(name, content, source_map or SourceMap())


class _Builder:
    """Builds one template from plain data and collects its errors."""

    def __init__(self, panels: PanelKinds, removed: Collection[str]) -> None:
        self._kinds, self._removed = panels, removed
        self._described: set[str] = set()
        self._named: dict[KeyPath, KeyPath] = {}
        self._errors = ErrorCollector()

    def build(self, name: str, content: Any, source_map: SourceMap) -> Template:
        if not isinstance(content, dict):
            examples = ", ".join(TEMPLATE_KEYS[-3:])
            self._wrong((), f"{format_value(content)} is not a template; it needs keys such as {examples}")
            self._errors.raise_errors()
        for key in content:
            if key not in TEMPLATE_KEYS:
                self._wrong((key,), f"no such key; {suggest_names(str(key), TEMPLATE_KEYS)}")
        panels = self._panels(content.get("panels"))
        misspelled = any(key not in TEMPLATE_KEYS for key in content)
        layout = (
            self._layout(content.get("layout"), panels) if "layout" in content or not misspelled else None
        )
        theme = self._model(ThemeSpec, content.get("theme"), ("theme",))
        canvas = self._model(CanvasSpec, content.get("canvas"), ("canvas",))
        samples = self._model(SamplesSpec, content.get("samples"), ("samples",))
        timeline = self._model(TimelineSpec, content.get("timeline"), ("timeline",))
        outputs = self._outputs(content, timeline is not None)
        about, layer = self._text(content, "about"), self._text(content, "layer")
        self._errors.raise_errors()
        if not (layout and theme and canvas and samples and timeline):
            raise AssertionError("a template without errors was not built")
        return Template(
            name=name,
            layout=layout,
            panels=panels,
            theme=theme.resolve(),
            canvas=canvas,
            samples=samples,
            timeline=timeline,
            outputs=outputs,
            about=about or "",
            layer=layer,
            source_map=replace(source_map, moved=self._named),
            content=content,
        )

    def _wrong(self, path: KeyPath, what: str) -> None:
        self._errors.add(what, *path)

    def _text(self, content: Mapping[str, Any], key: str) -> str | None:
        value = content.get(key)
        if value is not None and not isinstance(value, str):
            self._wrong((key,), f"{format_value(value)} is not a text; quote it")
            return None
        return value

    def _model(self, model: type[M], content: Any, path: KeyPath) -> M | None:
        try:
            return model.model_validate({} if content is None else content)
        except ValidationError as error:
            for below, what in explain_validation_error(model, error):
                self._wrong((*path, *below), what)
        return None

    def _panels(self, content: Any) -> dict[str, PanelSpec]:
        found: dict[str, PanelSpec] = {}
        if content is None:
            return found
        if not isinstance(content, dict):
            self._wrong(("panels",), f"{format_value(content)} is not a map of panels by name")
            return found
        self._described = set(content)
        for name, options_given in content.items():
            panel = self._panel(name, options_given)
            if panel is not None:
                found[name] = panel
        return found

    def _panel(self, name: str, content: Any) -> PanelSpec | None:
        path: KeyPath = ("panels", name)
        if content is not None and not isinstance(content, dict):
            self._wrong(path, f"{format_value(content)} is not a map of options")
            return None
        given = dict(content or {})
        kind = given.pop("kind", name)
        if not isinstance(kind, str) or kind not in self._kinds:
            if kind == name:
                self._wrong(path, f"needs a kind; {suggest_names(name, self._kinds)}")
            else:
                self._wrong(
                    (*path, "kind"), f"no kind {format_value(kind)}; {suggest_names(str(kind), self._kinds)}"
                )
            return None
        return self._model(self._kinds[kind], given, path)

    def _layout(self, content: Any, panels: dict[str, PanelSpec]) -> Stack | None:
        if content is None:
            self._wrong((), "has no layout; name a template to extend, or say what stands where")
            return None
        if isinstance(content, dict) and PATCH_KEY in content:
            self._unmoved(
                content[PATCH_KEY], {word: each for word, each in content.items() if word != PATCH_KEY}
            )
            return None
        node = self._node(content, ("layout",), panels, 0)
        if isinstance(node, str):
            return Stack(Direction.COLUMN, StackSpec(), (node,), ("layout",))
        return node

    def _unmoved(self, changes: Any, layout: Mapping[str, Any]) -> None:
        """Tell which changes of a layout could not be made when templates were merged."""
        path: KeyPath = ("layout", PATCH_KEY)
        if not layout:
            self._wrong(
                path, "changes the layout of a template that is extended, and none is; give a column or a row"
            )
        elif not isinstance(changes, dict):
            self._wrong(
                path,
                f"{format_value(changes)} is not a map of what stands where, by names of panels and ids of stacks",
            )
        for name in changes if layout and isinstance(changes, dict) else ():
            known = dict.fromkeys(_iter_item_names(layout))
            what = "stands within what is put into its place, or is all there is"
            if name not in known:
                what = f"stands nowhere in the layout that is changed; {suggest_names(str(name), known)}"
            self._wrong((*path, name), what)

    def _node(
        self, content: Any, path: KeyPath, panels: dict[str, PanelSpec], depth: int
    ) -> Stack | str | None:
        if isinstance(content, str):
            return self._name(content, path, panels)
        words = [each.value for each in Direction]
        if isinstance(content, dict) and len(content) > 1 and depth <= MAX_STACK_DEPTH:
            self._several(content, path, panels, depth)
            return None
        if not isinstance(content, dict) or len(content) != 1 or depth > MAX_STACK_DEPTH:
            what = (
                "stacks are nested too deep"
                if depth > MAX_STACK_DEPTH
                else (f"{format_value(content)} is neither the name of a panel nor one of {', '.join(words)}")
            )
            self._wrong(path, what)
            return None
        ((kind, inside),) = content.items()
        path = (*path, kind)
        if kind not in words:
            extra = "; panels are described under 'panels' and named here" if kind in self._kinds else ""
            self._wrong(path, f"no such stack; {suggest_names(str(kind), words)}{extra}")
            return None
        return self._stack(Direction(kind), inside, path, panels, depth)

    def _several(
        self, content: Mapping[str, Any], path: KeyPath, panels: dict[str, PanelSpec], depth: int
    ) -> None:
        """Tell what is wrong with an item of several keys, and with what is below it."""
        words = [each.value for each in Direction]
        stacks = [key for key in content if key in words]
        for key in content:
            if key in stacks:
                self._node({key: content[key]}, path, panels, depth)
            elif stacks and key in StackSpec.model_fields:
                self._wrong((*path, key), f"belongs inside: {stacks[0]}: {{{key}: …, items: […]}}")
            else:
                self._wrong((*path, key), f"no such stack; {suggest_names(str(key), words)}")
        if len(stacks) > 1:
            self._wrong(path, f"an item is one of {', '.join(stacks)}, not several; put one into the other")

    def _name(self, name: str, path: KeyPath, panels: dict[str, PanelSpec]) -> str | None:
        if name in panels or name in self._described:
            return name
        if name in self._kinds:
            # A kind that needs no options needs no entry under `panels`.
            panel = self._model(self._kinds[name], {}, path)
            if panel is not None:
                panels[name] = panel
                self._named["panels", name] = path
            return name
        if name in self._removed:
            what = "null leaves nothing of it, but the layout names it; to leave it out, write {hidden: true}"
            self._wrong(("panels", name), what)
        else:
            self._wrong(path, f"no panel {name!r}; {suggest_names(name, [*panels, *self._kinds])}")
        return None

    def _stack(
        self, kind: Direction, inside: Any, path: KeyPath, panels: dict[str, PanelSpec], depth: int
    ) -> Stack | None:
        given = {"items": inside} if isinstance(inside, list) else inside
        if not isinstance(given, dict):
            self._wrong(path, f"{format_value(inside)} is neither a list of items nor a map with items")
            return None
        given = dict(given)
        items = given.pop("items", None)
        for key in given.keys() & INEFFECTIVE_OPTIONS.get(kind, set()):
            self._wrong((*path, key), f"changes nothing in the stack {kind.value!r}; leave it out")
        style = self._model(StackSpec, given, path)
        if not isinstance(items, list) or not items:
            self._wrong(path, "needs a list of items")
            return None
        below = path if isinstance(inside, list) else (*path, "items")
        nodes = [self._node(item, (*below, number), panels, depth + 1) for number, item in enumerate(items)]
        if style is None or None in nodes:
            return None
        return Stack(kind, style, tuple(node for node in nodes if node is not None), path)

    def _outputs(self, content: Mapping[str, Any], right: bool) -> tuple[Output, ...]:
        """The files, each with its timeline; what is wrong with the template's own timeline is told there."""
        given = content.get("outputs")
        if given is None:
            return ()
        if not isinstance(given, list):
            self._wrong(("outputs",), f"{format_value(given)} is not a list of files")
            return ()
        found = []
        for number, each in enumerate(given):
            path: KeyPath = ("outputs", number)
            spec = self._model(OutputSpec, each, path)
            if spec is None:
                continue
            usual = content.get("timeline") if right else None
            whole = {**(usual if isinstance(usual, dict) else {}), **(spec.timeline or {})}
            timeline = self._model(TimelineSpec, whole, (*path, "timeline"))
            if timeline is not None:
                found.append(Output(spec, timeline, path))
        return tuple(found)
