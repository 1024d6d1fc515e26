"""Density: how many output pixels a pixel of the layout has. All lengths of a template are multiplied by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from reelnet.config.spec import LENGTH, SpecModel
from reelnet.template.model import Stack, Template
from reelnet.template.theme import Theme

S = TypeVar("S", bound=SpecModel)


def scale_lengths(template: Template, density: float) -> Template:
    """The template with all its lengths in output pixels, or with smaller ones.

    Lengths are the fields whose types are marked with `reelnet.config.spec.LENGTH`: of the theme, the canvas, the
    stacks, the panels, and whatever these contain. The scale of maps is none: it is in output pixels already.

    Args:
        template: What the author wrote, in pixels of the layout.
        density: Output pixels per pixel of the layout, 1 or more; or a fraction, if the frame is a small one.
    """
    if density == 1:
        return template
    theme = {name: _multiply(getattr(template.theme, name), density) for name in find_lengths(Theme)}
    return replace(
        template,
        theme=replace(template.theme, **theme),
        canvas=_scale_spec(template.canvas, density),
        samples=_scale_spec(template.samples, density),
        layout=_scale_stack(template.layout, density),
        panels={name: _scale_spec(panel, density) for name, panel in template.panels.items()},
    )


def _scale_stack(stack: Stack, density: float) -> Stack:
    items = (item if isinstance(item, str) else _scale_stack(item, density) for item in stack.items)
    return replace(stack, options=_scale_spec(stack.options, density), items=tuple(items))


def _scale_spec(spec: S, density: float) -> S:
    """The options of something, with those of whatever it contains."""
    lengths, changed = find_lengths(type(spec)), dict[str, Any]()
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        scaled = _multiply(value, density) if name in lengths else _scale_nested(value, density)
        if scaled is not value and scaled != value:
            changed[name] = scaled
    return spec.model_copy(update=changed) if changed else spec


def _scale_nested(value: Any, density: float) -> Any:
    """The value of an option that may contain other options."""
    if isinstance(value, SpecModel):
        return _scale_spec(value, density)
    if isinstance(value, tuple) and any(isinstance(item, SpecModel) for item in value):
        return tuple(_scale_nested(item, density) for item in value)
    return value


def _multiply(value: Any, density: float) -> Any:
    """A length, or several; words such as `auto` and None stay."""
    if isinstance(value, tuple):
        return tuple(_multiply(item, density) for item in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or density >= 1:
        return value * density if is_number else value
    return max(min(1, value), round(value * density))


@lru_cache(maxsize=256)
def find_lengths(kind: type) -> frozenset[str]:
    """The names of the fields of a model, or of a dataclass, that are lengths by their types."""
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return frozenset(each.name for each in fields(kind) if _is_length(hints[each.name]))
    if not issubclass(kind, SpecModel):
        raise AssertionError(f"{kind} has no fields")
    return frozenset(
        name
        for name, each in kind.model_fields.items()
        if LENGTH in each.metadata or _is_length(each.annotation)
    )


def _is_length(annotation: Any) -> bool:
    """Whether a type, or a part of it such as one of a union, is marked as a length."""
    if get_origin(annotation) is Annotated:
        first, *metadata = get_args(annotation)
        return LENGTH in metadata or _is_length(first)
    # The keys of mappings and the results of functions are none.
    if get_origin(annotation) in (Mapping, Callable):
        return False
    return any(map(_is_length, get_args(annotation)))
