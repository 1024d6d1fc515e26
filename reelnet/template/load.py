"""Reading a template file."""

from __future__ import annotations

from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from reelnet.errors import TemplateError, options
from reelnet.template.spec import Direction, PanelSpec, Rgb, Stack, Template, Theme


def load_template(name: str) -> Template:
    """The built-in template of that name.

    Raises:
        TemplateError: There is none, or its file says something it may not say.
    """
    folder = builtin_folder()
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in known:
        raise TemplateError(f"no template {name!r}; {options(name, known)}")
    file = folder / f"{name}.yaml"
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{file}: {' '.join(str(error).split())}") from error
    return parse_template(name, content, str(file))


def builtin_folder() -> Path:
    """Where the built-in templates lie: in the package, or beside it in a checkout."""
    package = Path(str(resources.files("reelnet")))
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def parse_template(name: str, content: Any, where: str) -> Template:
    """A template from the content of its file; `where` names it in errors.

    Raises:
        TemplateError: A key or value is none that a template has.
    """
    top = _words(content, where, ("layout", "theme", "fps"))
    if "layout" not in top:
        raise TemplateError(f"{where}: has no layout")
    layout = _node(top["layout"], f"{where}: layout")
    if isinstance(layout, PanelSpec):
        layout = Stack(Direction.COLUMN, (layout,))
    fps = top.get("fps", Template.fps)
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps <= 1000:
        raise TemplateError(f"{where}: fps: {fps!r} is not a number above 0 and up to 1000")
    return Template(name, layout, _theme(top.get("theme", {}), f"{where}: theme"), float(fps))


def _node(content: Any, where: str) -> Stack | PanelSpec:
    if isinstance(content, str):
        return PanelSpec(content)
    if not isinstance(content, dict) or len(content) != 1:
        raise TemplateError(f"{where}: {content!r} is not one panel or stack")
    ((kind, inside),) = content.items()
    if kind not in list(Direction):
        return PanelSpec(str(kind), _words(inside, f"{where}.{kind}"))
    words = _words(inside, f"{where}.{kind}", ("items", "gap", "padding"))
    items = words.get("items")
    if not isinstance(items, list) or not items:
        raise TemplateError(f"{where}.{kind}: needs a list of items")
    nodes = tuple(_node(item, f"{where}.{kind}[{number}]") for number, item in enumerate(items))
    return Stack(
        Direction(kind),
        nodes,
        gap=_pixels(words.get("gap", 0), f"{where}.{kind}.gap"),
        padding=_pixels(words.get("padding", 0), f"{where}.{kind}.padding"),
    )


def _theme(content: Any, where: str) -> Theme:
    words = _words(content, where, tuple(each.name for each in fields(Theme)))
    values: dict[str, Any] = {}
    for key, value in words.items():
        if key in ("cell", "text"):
            values[key] = _pixels(value, f"{where}.{key}", least=1)
        elif key == "diverging":
            if not isinstance(value, list) or len(value) < 3 or len(value) % 2 == 0:
                raise TemplateError(f"{where}.diverging: needs an odd number of colours, three or more")
            values[key] = tuple(_colour(each, f"{where}.diverging") for each in value)
        else:
            values[key] = _colour(value, f"{where}.{key}")
    return Theme(**values)


def _words(content: Any, where: str, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise TemplateError(f"{where}: {content!r} is not a map of keys and values")
    for key in content:
        if not isinstance(key, str) or (known is not None and key not in known):
            raise TemplateError(f"{where}: no key {key!r} here; {options(str(key), known or ())}")
    return content


def _pixels(value: Any, where: str, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 4096:
        raise TemplateError(f"{where}: {value!r} is not a whole number of pixels from {least} to 4096")
    return value


def _colour(value: Any, where: str) -> Rgb:
    text = value.removeprefix("#") if isinstance(value, str) else ""
    try:
        red, green, blue = bytes.fromhex(text)
    except ValueError:
        raise TemplateError(f"{where}: {value!r} is not a colour such as '#1f2328'") from None
    return red, green, blue
