"""What is wrong with a value, in plain words: pydantic's errors as a template's author should read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import gt, lt
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from reelnet.config.diagnostics import KeyPath, OptionError
from reelnet.errors import suggest_names

TYPE_NAMES = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "a text; quote it",
    "bool_type": "true or false",
    "dict_type": "a map of keys and values",
    "mapping_type": "a map of keys and values",
    "model_type": "a map of keys and values",
    "model_attributes_type": "a map of keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
}
BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
EXCEEDS: Mapping[str, Callable[[Any, Any], bool]] = {"greater_than_equal": lt, "less_than_equal": gt}
"""How a number can lie beyond a bound that it may just reach."""


def explain_validation_error(model: type[BaseModel], error: ValidationError) -> Iterable[tuple[KeyPath, str]]:
    """Each mistake as its path of keys below the model, and what is wrong there."""
    seen: set[KeyPath] = set()
    for each in error.errors(include_url=False):
        path = _to_key_path(each["loc"])
        if each["type"] == "extra_forbidden":
            # An unknown key is the author's own, and may be any word.
            path = (*_to_key_path(each["loc"][:-1]), each["loc"][-1])
        # The branches of a union all complain about the same value.
        if path not in seen:
            seen.add(path)
            yield from _locate_errors(model, path, each)


def _locate_errors(
    model: type[BaseModel], path: KeyPath, error: Mapping[str, Any]
) -> Iterable[tuple[KeyPath, str]]:
    """A mistake of pydantic's, or each of ours if it holds several."""
    reason = error.get("ctx", {}).get("error")
    if isinstance(reason, OptionError):
        yield from (((*path, *below), message) for below, message in reason.errors)
    else:
        yield path, _explain_error(model, path, error)


def _to_key_path(loc: Sequence[str | int]) -> KeyPath:
    """The keys of pydantic's location, without its own names for branches of unions and validators."""
    return tuple(
        part
        for part in loc
        if isinstance(part, int)
        or not ("[" in part or part in ("int", "float", "str", "none", "constrained-int"))
    )


def _explain_error(model: type[BaseModel], path: KeyPath, error: Mapping[str, Any]) -> str:
    """What is wrong, and what would work."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"no such key; {suggest_names(str(path[-1]), list_keys(model, path[:-1]))}"
    if kind == "missing":
        return "is missing"
    if kind in TYPE_NAMES:
        return f"{format_value(value)} is not {TYPE_NAMES[kind]}{_suggest_fix(kind, value)}"
    if kind in BOUNDS:
        return _explain_bound(value, model, path, kind, context)
    if kind == "literal_error":
        return _explain_choice(value, model, path, context)
    if kind == "string_too_short":
        return "is empty"
    if kind == "string_pattern_mismatch":
        return f"{format_value(value)} does not have the form of {context['pattern'].strip('^$')}"
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    message = str(error["msg"])
    return message[:1].lower() + message[1:]


def _explain_bound(
    value: Any, model: type[BaseModel], path: KeyPath, kind: str, context: Mapping[str, Any]
) -> str:
    """A number out of its bounds, or no multiple of what it should be."""
    word, key = BOUNDS[kind]
    info = find_field(model, path)
    if kind == "multiple_of" and info is not None:
        # A number that is no multiple may be too large as well, which says more of what would work.
        for each, beyond in EXCEEDS.items():
            name, bound = BOUNDS[each]
            limit = next(_iter_bounds(info.annotation, bound), None)
            if limit is not None and beyond(value, limit):
                return f"{format_value(value)}: give {name} {limit}"
    return f"{format_value(value)}: give {word} {context[key]}"


def _iter_bounds(annotation: Any, name: str) -> Iterator[Any]:
    """The bounds of one name, such as `le`, inside an annotation such as `EvenLength | None`."""
    if isinstance(annotation, FieldInfo):
        yield from (getattr(each, name) for each in annotation.metadata if hasattr(each, name))
    for each in get_args(annotation):
        yield from _iter_bounds(each, name)


def _explain_choice(value: Any, model: type[BaseModel], path: KeyPath, context: Mapping[str, Any]) -> str:
    """A word that is none of those that can stand there."""
    info = find_field(model, path)
    words = [str(word) for word in list_literals(info.annotation)] if info is not None else []
    if not words:
        return f"{format_value(value)}: give {context.get('expected', 'another word')}"
    return f"{format_value(value)}; {suggest_names(str(value), words)}"


def list_literals(annotation: Any) -> list[Any]:
    """The words of the `Literal`s inside an annotation."""
    found: list[Any] = []
    for each in get_args(annotation):
        found += list_literals(each) if get_args(each) else [each] if isinstance(each, str) else []
    return found


def _suggest_fix(kind: str, value: Any) -> str:
    """What may have been meant."""
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return f"; write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    if value is None:
        return "; leave the key out for its default"
    return ""


def format_value(value: Any) -> str:
    """A value as the author wrote it, not too long."""
    if value is None:
        return "an empty value"
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def list_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that can stand at a path below a model."""
    inner = find_model(model, path)
    return [info.alias or name for name, info in inner.model_fields.items()] if inner else []


def find_model(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The model that describes the map at a path below another."""
    for part in path:
        if isinstance(part, int):
            continue
        info = get_field(model, part)
        inner = next(iter(iter_models(info.annotation)), None) if info is not None else None
        if inner is None:
            return None
        model = inner
    return model


def find_field(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    """The field at a path below a model."""
    names = [part for part in path if isinstance(part, str)]
    inner = find_model(model, tuple(names[:-1])) if names else None
    return get_field(inner, names[-1]) if inner is not None else None


def get_field(model: type[BaseModel], name: str) -> FieldInfo | None:
    """A field by the key that authors write."""
    return next((info for key, info in model.model_fields.items() if (info.alias or key) == name), None)


def iter_models(annotation: Any) -> Iterable[type[BaseModel]]:
    """The models inside an annotation such as `tuple[SpeedSpec, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from iter_models(each)
