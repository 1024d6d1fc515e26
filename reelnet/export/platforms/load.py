"""The files that platforms are read from: what may stand in them, and a user's own on top of the built-in one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_config_path
from pydantic import BeforeValidator, Field, ValidationError

from reelnet._support.byte_size import parse_size
from reelnet.config.diagnostics import (
    Diagnostic,
    format_key_path,
    locate_character,
    raise_diagnostic,
    raise_diagnostics,
)
from reelnet.config.messages import complaints, shown
from reelnet.config.source import Node, place_of, plain, read_text
from reelnet.errors import TemplateError, UsageError, suggest_names
from reelnet.export.platforms.model import KINDS, folded
from reelnet.template.words import Words

BUILTIN = Path(__file__).with_name("platforms.yaml")


def _size(value: Any) -> int:
    try:
        return parse_size(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _formats(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{shown(value)} is not a list of formats")
    known = [*KINDS["any"], *KINDS]
    for each in value:
        if each not in known:
            raise ValueError(f"no format {shown(each)}; {suggest_names(str(each), known)}")
    return tuple(value)


def _texts(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _date(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise ValueError(f"{shown(value)}: give year and month, as in 2026-11")
    return value


_Most = Annotated[int | None, Field(ge=1)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class LimitsSpec(Words):
    """Formats that share their limits, as written; the names are those of `Budget`."""

    formats: Annotated[tuple[str, ...], BeforeValidator(_formats)]
    size: Annotated[int, BeforeValidator(_size)] | None = None
    frames: _Most = None
    width: _Most = None
    height: _Most = None
    pixels: _Most = None
    total_pixels: _Most = None
    pixel_format: Literal["yuv420p"] | None = None
    codec: Literal["h264", "h265", "av1", "vp9"] | None = None
    advised: Literal["h264", "h265", "av1", "vp9"] | None = None
    closed_gop: bool = False


class PlatformSpec(Words):
    """A platform as written; the names are those of `Platform`."""

    limits: Annotated[tuple[LimitsSpec, ...], BeforeValidator(_texts), Field(min_length=1)]
    title: str = ""
    also: _Texts = ()
    date: Annotated[str, BeforeValidator(_date)] = ""
    source: str = ""
    sure: Literal["high", "medium-high", "medium", "low-medium", "low", ""] = ""
    notes: _Texts = ()


def read_platforms() -> Mapping[str, PlatformSpec]:
    """Every platform by its name: the built-in ones, then those of the user's own file.

    Raises:
        TemplateError: The user's own file is wrong; every mistake is told with its line.
    """
    own = own_file()
    return _read(own, _builtin()) if own.exists() else _builtin()


def own_file() -> Path:
    """Where a user's own platforms stand."""
    return user_config_path("reelnet") / "platforms.yaml"


@cache
def _builtin() -> Mapping[str, PlatformSpec]:
    return _read(BUILTIN, {})


def _read(file: Path, base: Mapping[str, PlatformSpec]) -> dict[str, PlatformSpec]:
    """The platforms of a file on top of others."""
    node = read_text(_text(file), str(file))
    if not isinstance(node.value, dict | None):
        raise_diagnostic(node.place, "this is not a map of platforms by name")
    specs, mistakes = dict(base), []
    names, written = {folded(name): name for name in base}, set()
    for given, entry in (node.value or {}).items():
        name = names.setdefault(folded(given), given)
        if not folded(given) or name in written:
            what = "stands here twice" if name in written else "a name needs a letter or a digit"
            mistakes.append(Diagnostic(place_of(entry, ()), format_key_path((given,)), what))
            continue
        written.add(name)
        try:
            specs[name] = PlatformSpec.model_validate(_on_top(plain(entry), base.get(name), file))
        except ValidationError as error:
            mistakes += _mistakes(given, entry, error)
    raise_diagnostics(mistakes)
    return specs


def _on_top(content: Any, base: PlatformSpec | None, file: Path) -> Any:
    """An entry with what it leaves out; figures of its own have their own date, source and notes."""
    if not isinstance(content, dict):
        return content
    if base is None:
        return {"source": str(file), **content}
    if "limits" in content:
        return {"title": base.title, "also": base.also, "source": str(file), **content}
    return {**{key: getattr(base, key) for key in base.model_fields_set}, **content}


def _mistakes(name: str, entry: Node, error: ValidationError) -> Iterator[Diagnostic]:
    for path, what in complaints(PlatformSpec, error):
        yield Diagnostic(place_of(entry, path), format_key_path((name, *path)), what)


def _text(file: Path) -> str:
    data = b""
    try:
        data = file.read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise_diagnostic(
            locate_character(before, len(before), str(file)), "this is not UTF-8; save the file as UTF-8"
        )
    except OSError as error:
        raise TemplateError(f"{file}: cannot be read: {error.strerror or error}") from error
