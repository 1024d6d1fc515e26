"""Platforms from YAML files: the built-in one, and the user's own, which adds to it and overrides it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_config_path
from pydantic import BeforeValidator, Field, ValidationError

from reelnet._support.arguments import describe_value
from reelnet._support.byte_size import parse_size
from reelnet.config.diagnostics import (
    Diagnostic,
    format_key_path,
    raise_diagnostic,
    raise_diagnostics,
)
from reelnet.config.source import find_position, parse_yaml, read_text, to_plain
from reelnet.config.spec import SpecModel, convert_to_tuple
from reelnet.config.validation_messages import explain_validation_error, format_value
from reelnet.errors import UsageError, suggest_names
from reelnet.export.platforms.model import FORMAT_GROUPS, FormatGroup, OutputConstraints, Platform

BUILTIN_FILE = Path(__file__).with_name("platforms.yaml")


def find_platform(name: str) -> Platform:
    """The platform called `name`. Case and punctuation are ignored: `dev.to` is `devto`.

    Raises:
        UsageError: No platform has this name.
        TemplateError: The user's platform file is invalid.
    """
    if not isinstance(name, str):
        raise UsageError(f"platform {describe_value(name)}: give the name of a platform, such as 'github'")
    platforms = load_platforms()
    by_name = {_normalize(alias): each for each in platforms.values() for alias in each.aliases}
    by_name |= {_normalize(each.name): each for each in platforms.values()}
    platform = by_name.get(_normalize(name))
    if platform is None:
        aliases = (alias for each in platforms.values() for alias in each.aliases)
        raise UsageError(f"no platform {name!r}; {suggest_names(name, [*platforms, *aliases])}")
    return platform


def load_platforms() -> dict[str, Platform]:
    """Every platform by name: the built-in ones, then those that only the user's file has.

    Raises:
        TemplateError: The user's platform file is invalid. The error lists every mistake with its line.
    """
    file = user_file()
    if not file.exists():
        return load_builtin_platforms()
    return {name: spec.build(name) for name, spec in _read_file(file, _read_builtin_specs()).items()}


def load_builtin_platforms() -> dict[str, Platform]:
    """Every built-in platform by name."""
    return {name: spec.build(name) for name, spec in _read_builtin_specs().items()}


def user_file() -> Path:
    """Where the user's own platforms are defined."""
    return user_config_path("reelnet") / "platforms.yaml"


def _parse_size(value: Any) -> int:
    try:
        return parse_size(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _parse_formats(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{format_value(value)} is not a list of formats")
    known = [*FORMAT_GROUPS["any"], *FORMAT_GROUPS]
    for word in value:
        if word not in known:
            raise ValueError(f"no format {format_value(word)}; {suggest_names(str(word), known)}")
    return tuple(value)


def _parse_date(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise ValueError(f"{format_value(value)}: give year and month, as in 2026-11")
    return value


_Maximum = Annotated[int | None, Field(ge=1)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(convert_to_tuple)]


class LimitsSpec(SpecModel):
    """One entry of `limits`: formats and the constraints that they share, named as in `OutputConstraints`."""

    formats: Annotated[tuple[str, ...], BeforeValidator(_parse_formats)]
    max_bytes: Annotated[int, BeforeValidator(_parse_size)] | None = Field(None, alias="size")
    max_frames: _Maximum = Field(None, alias="frames")
    max_width: _Maximum = Field(None, alias="width")
    max_height: _Maximum = Field(None, alias="height")
    max_pixels: _Maximum = Field(None, alias="pixels")
    max_total_pixels: _Maximum = Field(None, alias="total_pixels")
    pixel_format: Literal["yuv420p"] | None = None
    codec: Literal["h264", "h265", "av1", "vp9"] | None = None
    recommended_codec: Literal["h264", "h265", "av1", "vp9"] | None = Field(None, alias="advised")
    closed_gop: bool = False

    def build(
        self, suffixes: tuple[str, ...], formats: tuple[str, ...], platform: str, *, thumbnail: bool
    ) -> FormatGroup:
        """The entry with its words resolved to `suffixes`, for a platform that accepts `formats`."""
        constraints = OutputConstraints(
            **self.model_dump(exclude={"formats"}), thumbnail=thumbnail, formats=formats, platform=platform
        )
        return FormatGroup(self.formats, suffixes, constraints)


class PlatformSpec(SpecModel):
    """One platform as written in a file."""

    limits: Annotated[tuple[LimitsSpec, ...], BeforeValidator(convert_to_tuple), Field(min_length=1)]
    title: str = ""
    aliases: _Texts = Field((), alias="also")
    date: Annotated[str, BeforeValidator(_parse_date)] = ""
    source: str = ""
    confidence: Literal["high", "medium-high", "medium", "low-medium", "low", ""] = Field("", alias="sure")
    notes: _Texts = ()
    thumbnail: Literal["last", "none"] = "none"

    def build(self, name: str) -> Platform:
        """The platform, with words such as `images` resolved to the formats that no entry names itself."""
        named = {word for limits in self.limits for word in limits.formats if word not in FORMAT_GROUPS}
        suffixes: list[tuple[str, ...]] = []
        for limits in self.limits:
            formats: list[str] = []
            for word in limits.formats:
                if word in FORMAT_GROUPS:
                    formats += [fmt for fmt in FORMAT_GROUPS[word] if fmt not in named]
                else:
                    formats.append(word)
                named.update(formats)
            suffixes.append(tuple(f".{fmt}" for fmt in formats))
        accepted = tuple(suffix for group in suffixes for suffix in group)
        groups = [
            limits.build(group, accepted, name, thumbnail=self.thumbnail == "last")
            for limits, group in zip(self.limits, suffixes, strict=True)
        ]
        content = {**self.model_dump(exclude={"limits", "thumbnail"}), "title": self.title or name}
        return Platform(name=name, groups=tuple(groups), **content)


@cache
def _read_builtin_specs() -> Mapping[str, PlatformSpec]:
    return _read_file(BUILTIN_FILE, {})


def _read_file(file: Path, base: Mapping[str, PlatformSpec]) -> dict[str, PlatformSpec]:
    """The platforms of a file merged into those of `base`."""
    node = parse_yaml(read_text(file), str(file))
    if not isinstance(node.value, dict | None):
        raise_diagnostic(node.position, "expected a map of platforms by name")
    specs, mistakes = dict(base), []
    names, defined = {_normalize(name): name for name in base}, set()
    for key, entry in (node.value or {}).items():
        name = names.setdefault(_normalize(key), key)
        if not _normalize(key) or name in defined:
            problem = "is defined twice" if name in defined else "a name needs a letter or a digit"
            mistakes.append(Diagnostic(find_position(entry, ()), format_key_path((key,)), problem))
            continue
        defined.add(name)
        try:
            specs[name] = PlatformSpec.model_validate(_merge_entry(to_plain(entry), base.get(name), file))
        except ValidationError as error:
            for path, problem in explain_validation_error(PlatformSpec, error):
                key_path = format_key_path((key, *path))
                mistakes.append(Diagnostic(find_position(entry, path), key_path, problem))
    raise_diagnostics(mistakes)
    return specs


def _merge_entry(content: Any, base: PlatformSpec | None, file: Path) -> Any:
    """An entry completed from the platform that it overrides.

    An entry with its own limits inherits title and aliases only: date, source and notes belong to the old limits.
    """
    if not isinstance(content, dict):
        return content
    if base is None:
        return {"source": str(file), **content}
    if "limits" in content:
        return {"title": base.title, "also": base.aliases, "source": str(file), **content}
    return {**base.model_dump(by_alias=True, exclude_unset=True), **content}


def _normalize(name: str) -> str:
    """A name in lower case without punctuation."""
    return re.sub(r"[\W_]", "", name.lower())
