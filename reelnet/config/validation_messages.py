"""Validation errors of pydantic as the author of a file should read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from reelnet._support.text import format_count
from reelnet.config.diagnostics import KeyPath, OptionError
from reelnet.errors import suggest_names

TYPE_NAMES = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("dict_type", "mapping_type"), "a map of keys and values"),
    **dict.fromkeys(("model_type", "model_attributes_type"), "a map of keys and values"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    "finite_number": "a finite number",
    "string_type": "a text; quote it",
    "bool_type": "true or false",
}
"""Names of types by pydantic's kind of error."""

BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
"""The words for a bound and its key in an error's context, by pydantic's kind of error."""

MAX_VALUE_LENGTH = 60


def explain_validation_error(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
    """Yield each error as its key path below the model and a message."""
    # All branches of a union report the same value.
    branches: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        path = _strip_union_names(detail["loc"])
        if detail["type"] == "extra_forbidden":
            # The last part is a key of the author, and may be any word.
            path = (*_strip_union_names(detail["loc"][:-1]), detail["loc"][-1])
        branches.setdefault(path, []).append(detail)
    for path, details in branches.items():
        # Items that are wrong say more than other branches, and than the length of the list without them.
        is_vague = len(details[0]["loc"]) > len(path) or details[0]["type"] == "too_short"
        if is_vague and any(other[: len(path)] == path != other for other in branches):
            continue
        cause = details[0].get("ctx", {}).get("error")
        if isinstance(cause, OptionError):
            yield from (((*path, *below), message) for below, message in cause.errors)
        else:
            yield path, _explain_branches(model, path, details)


def _strip_union_names(loc: Sequence[str | int]) -> KeyPath:
    """Remove pydantic's names for the branches of unions and for validators from a location."""
    return tuple(
        part
        for part in loc
        if isinstance(part, int)
        or not ("[" in part or part in ("bool", "int", "float", "str", "none", "constrained-int"))
    )


def _explain_branches(model: type[BaseModel], path: KeyPath, details: Sequence[ErrorDetails]) -> str:
    """Say what is wrong with a value for which each branch of a union reports an error."""
    other_errors = [each for each in details if each["type"] not in TYPE_NAMES | {"literal_error": ""}]
    if other_errors or len(details) == 1:
        # The value has the type of this branch.
        return _explain(model, path, (other_errors or details)[0])
    value = details[0]["input"]
    words = [word for each in details if each["type"] == "literal_error" for word in _list_literals(each)]
    suggestion = suggest_names(str(value), words)
    if suggestion.startswith("did"):
        return f"{format_value(value)}; {suggestion}"
    types = [TYPE_NAMES[each["type"]].partition(";")[0] for each in details if each["type"] in TYPE_NAMES]
    fix = next(filter(None, (_suggest_fix(each["type"], value) for each in details)), "")
    *choices, last = dict.fromkeys([*types, *words])
    return f"{format_value(value)} is neither {', '.join(choices)} nor {last}{fix}"


def _list_literals(detail: ErrorDetails) -> list[str]:
    """The values that a `Literal` accepts, as authors write them."""
    words = re.split(", | or ", detail["ctx"]["expected"])
    return [word.strip("'") if word.startswith("'") else word.lower() for word in words]


def _explain(model: type[BaseModel], path: KeyPath, detail: ErrorDetails) -> str:
    """Say what is wrong, and what would work."""
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind == "extra_forbidden":
        inner = find_model(model, path[:-1])
        known = [info.alias or name for name, info in inner.model_fields.items()] if inner else []
        return f"no such key; {suggest_names(str(path[-1]), known)}"
    if kind == "missing":
        return "is missing"
    if kind in TYPE_NAMES:
        return f"{format_value(value)} is not {TYPE_NAMES[kind]}{_suggest_fix(kind, value)}"
    if kind in BOUNDS:
        word, bound = BOUNDS[kind]
        return f"{format_value(value)}: give {word} {context[bound]}"
    if kind == "literal_error":
        return f"{format_value(value)}; {suggest_names(str(value), _list_literals(detail))}"
    if kind == "string_too_short" or (kind == "too_short" and not value):
        return "is empty"
    if kind in ("too_short", "too_long"):
        word, bound = ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        return f"has {format_count(len(value), 'item')}; give {word} {context[bound]}"
    if kind == "string_pattern_mismatch":
        return f"{format_value(value)} does not match {context['pattern'].strip('^$')}"
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    message = str(detail["msg"])
    return message[:1].lower() + message[1:]


def _suggest_fix(kind: str, value: Any) -> str:
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return f"; write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    if value is None:
        return "; leave the key out for its default"
    return ""


def format_value(value: Any) -> str:
    """Format a value as the author wrote it, cut after 60 characters."""
    if value is None:
        return "an empty value"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 3]}…"


def find_model(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the map at a path below another model; None if there is no model at the path."""
    for part in path:
        if isinstance(part, int):
            continue
        info = get_field(model, part)
        inner = next(iter_models(info.annotation), None) if info is not None else None
        if inner is None:
            return None
        model = inner
    return model


def get_field(model: type[BaseModel], key: str) -> FieldInfo | None:
    """Return a field by the key that authors write, which may be an alias."""
    return next((info for name, info in model.model_fields.items() if (info.alias or name) == key), None)


def iter_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models inside an annotation such as `tuple[SpeedSpec, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from iter_models(each)
