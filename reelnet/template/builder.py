"""Builds a template from plain data: checks every key and collects every error."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from reelnet.config.diagnostics import ErrorCollector, KeyPath, OptionError, SourceMap
from reelnet.config.validation_messages import explain_validation_error, format_value
from reelnet.errors import suggest_names
from reelnet.template.inheritance import PATCH_KEY, STACK_KINDS
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

M = TypeVar("M", bound=BaseModel)

PanelKinds = Mapping[str, type[PanelSpec]]
"""The options of each kind of panel, by the kind's name."""

TEMPLATE_KEYS = ("about", "layer", "canvas", "theme", "samples", "panels", "layout", "timeline", "outputs")
"""The keys at the top of a template, without `extends`."""

INEFFECTIVE_OPTIONS: Mapping[Direction, set[str]] = {
    Direction.COLUMN: {"columns"},
    Direction.ROW: {"columns"},
    Direction.OVERLAY: {"columns", "gap"},
}
"""Options that have no effect in a kind of stack."""

MAX_STACK_DEPTH = 16

_EMPTY_LAYOUT = Stack(Direction.COLUMN, StackSpec(), ())


def build_template(name: str, content: Any, panels: PanelKinds) -> Template:
    """Build a template from plain data; see `build_draft` for the arguments.

    Raises:
        OptionError: The content is not a valid template. The exception has every error.
    """
    draft = build_draft(name, content, panels)
    if draft.errors:
        raise OptionError.from_errors(draft.errors)
    return draft.template


@dataclass(frozen=True)
class TemplateDraft:
    """What can be built of a template that may be invalid.

    Attributes:
        template: Its valid options, without panels and outputs that cannot be built; its layout is empty if it is
            invalid.
        errors: The key path and the message of each error; if there are any, the draft is for further checks only.
    """

    template: Template
    errors: tuple[tuple[KeyPath, str], ...]


def build_draft(
    name: str,
    content: Any,
    panels: PanelKinds,
    *,
    source_map: SourceMap | None = None,
    removed: Collection[str] = (),
) -> TemplateDraft:
    """Build what is valid of a template from plain data.

    Args:
        name: The template's name, for messages.
        content: Everything that the template says, including what it extends.
        panels: All kinds of panels.
        source_map: Where the keys are written, for errors that only a run reveals.
        removed: Names of panels that an extending template removes by null.
    """
    return _Builder(panels, removed).build(name, content, source_map or SourceMap())


class _Builder:
    """Builds one template and collects its errors."""

    def __init__(self, kinds: PanelKinds, removed: Collection[str]) -> None:
        self._kinds = kinds
        self._removed = removed
        self._errors = ErrorCollector()
        self._panels: dict[str, PanelSpec] = {}
        # Panels that have an entry under `panels`, even an invalid one.
        self._described: set[str] = set()
        # Where the layout names panels that have no entry under `panels`.
        self._implicit: dict[KeyPath, KeyPath] = {}
        # What is left of invalid models without their invalid options, by their key path.
        self._drafts: dict[KeyPath, BaseModel] = {}

    def build(self, name: str, content: Any, source_map: SourceMap) -> TemplateDraft:
        if not isinstance(content, dict):
            examples = ", ".join(TEMPLATE_KEYS[-3:])
            self._errors.add(f"{format_value(content)} is not a template; it needs keys such as {examples}")
            return TemplateDraft(Template(name, _EMPTY_LAYOUT, {}), self._errors.errors)
        unknown = [key for key in content if key not in TEMPLATE_KEYS]
        for key in unknown:
            self._errors.add(f"no such key; {suggest_names(str(key), TEMPLATE_KEYS)}", key)
        self._build_panels(content.get("panels"))
        # An unknown key may be a misspelled `layout`; a missing layout is then no second error.
        layout = None
        if "layout" in content or not unknown:
            layout = self._build_layout(content.get("layout"))
        theme = self._build_model(ThemeSpec, content.get("theme"), ("theme",))
        canvas = self._build_model(CanvasSpec, content.get("canvas"), ("canvas",))
        samples = self._build_model(SamplesSpec, content.get("samples"), ("samples",))
        timeline = self._build_model(TimelineSpec, content.get("timeline"), ("timeline",))
        outputs = self._build_outputs(content, timeline_is_valid=timeline is not None)
        about, layer = self._get_text(content, "about"), self._get_text(content, "layer")
        if not self._errors and not (layout and theme and canvas and samples and timeline):
            raise AssertionError("a part is missing, but no error was recorded")
        drafts = {path[1]: draft for path, draft in self._drafts.items() if path[0] == "panels"}
        panels = self._panels | {
            str(name): draft for name, draft in drafts.items() if isinstance(draft, PanelSpec)
        }
        template = Template(
            name=name,
            layout=_drop_panels(layout or _EMPTY_LAYOUT, panels),
            panels=panels,
            theme=(theme or self._get_draft(ThemeSpec, "theme")).resolve(),
            canvas=canvas or self._get_draft(CanvasSpec, "canvas"),
            samples=samples or self._get_draft(SamplesSpec, "samples"),
            timeline=timeline or self._get_draft(TimelineSpec, "timeline"),
            outputs=outputs,
            about=about or "",
            layer=layer,
            source_map=replace(source_map, moved=self._implicit),
            content=content,
        )
        return TemplateDraft(template, self._errors.errors)

    def _get_draft(self, model: type[M], section: str) -> M:
        """The valid options of an invalid section."""
        draft = self._drafts.get((section,))
        return draft if isinstance(draft, model) else model()

    def _get_text(self, content: Mapping[str, Any], key: str) -> str | None:
        value = content.get(key)
        if value is None or isinstance(value, str):
            return value
        self._errors.add(f"{format_value(value)} is not a text; quote it", key)
        return None

    def _build_model(self, model: type[M], content: Any, path: KeyPath) -> M | None:
        try:
            return model.model_validate({} if content is None else content)
        except ValidationError as error:
            found = list(explain_validation_error(model, error))
        for below, message in found:
            self._errors.add(message, *path, *below)
        if isinstance(content, dict):
            invalid = {below[0] for below, _ in found if below}
            with suppress(ValidationError):
                valid = {key: value for key, value in content.items() if key not in invalid}
                self._drafts[path] = model.model_validate(valid)
        return None

    def _build_panels(self, content: Any) -> None:
        if content is not None and not isinstance(content, dict):
            self._errors.add(f"{format_value(content)} is not a map of panels by name", "panels")
            return
        self._described = set(content or ())
        for name, options in (content or {}).items():
            if options is not None and not isinstance(options, dict):
                self._errors.add(f"{format_value(options)} is not a map of options", "panels", name)
            else:
                self._build_panel(name, dict(options or {}))

    def _build_panel(self, name: str, options: dict[str, Any]) -> None:
        path: KeyPath = ("panels", name)
        kind = options.pop("kind", name)
        if isinstance(kind, str) and kind in self._kinds:
            self._add_panel(name, kind, options, path)
            return
        suggestion = suggest_names(str(kind), self._kinds)
        if kind == name:
            self._errors.add(f"needs a kind; {suggestion}", *path)
        else:
            self._errors.add(f"no kind {format_value(kind)}; {suggestion}", *path, "kind")

    def _add_panel(self, name: str, kind: str, options: Mapping[str, Any], path: KeyPath) -> None:
        panel = self._build_model(self._kinds[kind], options, path)
        if panel is not None:
            self._panels[name] = panel

    def _build_layout(self, content: Any) -> Stack | None:
        if content is None:
            self._errors.add("has no layout; name a template to extend, or add a layout")
            return None
        if isinstance(content, dict) and PATCH_KEY in content:
            layout = {key: child for key, child in content.items() if key != PATCH_KEY}
            self._explain_patch(content[PATCH_KEY], layout)
            return None
        node = self._build_item(content, ("layout",), 0)
        if isinstance(node, str):
            return Stack(Direction.COLUMN, StackSpec(), (node,), ("layout",))
        return node

    def _explain_patch(self, patch: Any, layout: Mapping[str, Any]) -> None:
        """Record why changes of a layout could not be applied when templates were merged."""
        path: KeyPath = ("layout", PATCH_KEY)
        if not layout:
            problem = "changes the layout of an extended template, but there is none; give a column or a row"
        elif not isinstance(patch, dict):
            problem = f"{format_value(patch)} is not a map of items by names of panels and ids of stacks"
        elif not patch:
            problem = "has no effect without a template to extend; leave it out"
        else:
            problem = ""
        if problem:
            self._errors.add(problem, *path)
            return
        known = dict.fromkeys(_iter_item_names(layout))
        for name in patch:
            if name in known:
                message = "is all that the layout has, is inside its replacement, or no template is extended"
            else:
                message = f"is not in the layout that is changed; {suggest_names(str(name), known)}"
            self._errors.add(message, *path, name)

    def _build_item(self, content: Any, path: KeyPath, depth: int) -> Stack | str | None:
        """Build an item of the layout: the name of a panel, or a stack."""
        if isinstance(content, str):
            return self._resolve_panel_name(content, path)
        if depth > MAX_STACK_DEPTH:
            self._errors.add(f"more than {MAX_STACK_DEPTH} levels of stacks", *path)
            return None
        if isinstance(content, dict) and len(content) > 1:
            self._explain_several_keys(content, path, depth)
            return None
        if not isinstance(content, dict) or not content:
            kinds = ", ".join(STACK_KINDS)
            message = f"{format_value(content)} is neither the name of a panel nor one of {kinds}"
            self._errors.add(message, *path)
            return None
        ((kind, inside),) = content.items()
        path = (*path, kind)
        if kind not in STACK_KINDS:
            hint = "; panels are described under 'panels' and named here" if kind in self._kinds else ""
            self._errors.add(f"no such stack; {suggest_names(str(kind), STACK_KINDS)}{hint}", *path)
            return None
        return self._build_stack(Direction(kind), inside, path, depth)

    def _explain_several_keys(self, content: Mapping[str, Any], path: KeyPath, depth: int) -> None:
        """Record what is wrong with an item of several keys, and the errors in its stacks."""
        stacks = [key for key in content if key in STACK_KINDS]
        for key in content:
            if key in stacks:
                self._build_item({key: content[key]}, path, depth)
            elif stacks and key in StackSpec.model_fields:
                self._errors.add(f"belongs inside: {stacks[0]}: {{{key}: …, items: […]}}", *path, key)
            else:
                self._errors.add(f"no such stack; {suggest_names(str(key), STACK_KINDS)}", *path, key)
        if len(stacks) > 1:
            message = f"an item is one of {', '.join(stacks)}, not several; put one into the other"
            self._errors.add(message, *path)

    def _resolve_panel_name(self, name: str, path: KeyPath) -> str | None:
        if name in self._panels or name in self._described:
            return name
        if name in self._kinds:
            # A panel without options needs no entry under `panels`.
            self._add_panel(name, name, {}, path)
            self._implicit["panels", name] = path
            return name
        if name in self._removed:
            message = "is removed by null, but the layout names it; to hide it, write {hidden: true}"
            self._errors.add(message, "panels", name)
        else:
            self._errors.add(
                f"no panel {name!r}; {suggest_names(name, [*self._panels, *self._kinds])}", *path
            )
        return None

    def _build_stack(self, direction: Direction, inside: Any, path: KeyPath, depth: int) -> Stack | None:
        options = {"items": inside} if isinstance(inside, list) else inside
        if not isinstance(options, dict):
            message = f"{format_value(inside)} is neither a list of items nor a map with items"
            self._errors.add(message, *path)
            return None
        options = dict(options)
        items = options.pop("items", None)
        for key in options.keys() & INEFFECTIVE_OPTIONS.get(direction, set()):
            self._errors.add(f"has no effect in the stack {direction.value!r}; leave it out", *path, key)
        style = self._build_model(StackSpec, options, path)
        if not isinstance(items, list) or not items:
            self._errors.add("needs a list of items", *path)
            return None
        below = path if isinstance(inside, list) else (*path, "items")
        nodes = [self._build_item(item, (*below, index), depth + 1) for index, item in enumerate(items)]
        built = tuple(node for node in nodes if node is not None)
        if style is None or len(built) < len(nodes):
            return None
        return Stack(direction, style, built, path)

    def _build_outputs(self, content: Mapping[str, Any], *, timeline_is_valid: bool) -> tuple[Output, ...]:
        """Build the outputs, each with its timeline. Errors of the template's own timeline are not repeated."""
        items = content.get("outputs")
        if items is None:
            return ()
        if not isinstance(items, list):
            self._errors.add(f"{format_value(items)} is not a list of files", "outputs")
            return ()
        common = content.get("timeline") if timeline_is_valid else None
        outputs = []
        for index, item in enumerate(items):
            path: KeyPath = ("outputs", index)
            spec = self._build_model(OutputSpec, item, path)
            if spec is None:
                continue
            keys = {**(common if isinstance(common, dict) else {}), **(spec.timeline or {})}
            timeline = self._build_model(TimelineSpec, keys, (*path, "timeline"))
            if timeline is not None:
                outputs.append(Output(spec, timeline, path))
        return tuple(outputs)


def _drop_panels(stack: Stack, panels: Mapping[str, PanelSpec]) -> Stack:
    """Return a stack without panels that could not be built."""
    items = [_drop_panels(item, panels) if isinstance(item, Stack) else item for item in stack.items]
    return replace(stack, items=tuple(item for item in items if isinstance(item, Stack) or item in panels))


def _iter_item_names(layout: Any) -> Iterator[str]:
    """Yield the names of panels and the ids of stacks in a layout of plain data."""
    if isinstance(layout, str):
        yield layout
    elif isinstance(layout, list):
        for item in layout:
            yield from _iter_item_names(item)
    elif isinstance(layout, dict):
        for stack in layout.values():
            if isinstance(stack, dict) and isinstance(stack.get("id"), str):
                yield stack["id"]
            yield from _iter_item_names(stack.get("items") if isinstance(stack, dict) else stack)
