"""Errors in options: collected below their keys, with or without positions in a file."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reelnet.config.diagnostics import (
    ErrorCollector,
    InvalidTemplate,
    OptionError,
    SourceMap,
    SourcePosition,
    error_context,
    format_key_path,
)
from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError


def positions(path: Sequence[str | int]) -> SourcePosition:
    """Positions whose line is the length of the key path."""
    return SourcePosition("a.yaml", len(path), 1)


def test_errors_are_collected_below_their_keys_and_raised_together() -> None:
    errors = ErrorCollector()
    with errors.collect("items", 2):
        raise ValueError("no number")
    with errors.collect("items", 3):
        raise OptionError("too large", "size", "width")
    with errors.collect():
        raise OptionError.from_errors([((), "first"), (("title",), "second")])
    with errors.collect("right"):
        pass
    errors.add("last", "gap")
    assert errors
    with pytest.raises(OptionError) as caught:
        errors.raise_errors()
    assert caught.value.errors == (
        (("items", 2), "no number"),
        (("items", 3, "size", "width"), "too large"),
        ((), "first"),
        (("title",), "second"),
        (("gap",), "last"),
    )
    assert str(caught.value) == "no number; too large; first; second; last"


def test_without_errors_nothing_is_raised() -> None:
    errors = ErrorCollector()
    with errors.collect("items"):
        pass
    assert not errors
    errors.raise_errors()
    with error_context("items"):
        pass


def test_with_a_source_map_errors_have_positions() -> None:
    errors = ErrorCollector(SourceMap(positions))
    with errors.collect("panels", "title"):
        raise OptionError("is empty", "text")
    with errors.collect("theme"), error_context("ink", source_map=SourceMap(positions)):
        raise ReelnetError("no room")
    with pytest.raises(InvalidTemplate) as caught:
        errors.raise_errors()
    assert str(caught.value).splitlines() == [
        "a.yaml:1:1: ink: no room",
        "a.yaml:3:1: panels.title.text: is empty",
    ]


def test_keys_that_are_written_elsewhere_are_reported_there() -> None:
    moved = SourceMap(positions, {("timeline", "fps"): ("outputs", 0, "timeline", "fps")})
    assert (
        str(moved.diagnose(("timeline", "fps"), "too low")) == "a.yaml:4:1: outputs[0].timeline.fps: too low"
    )
    assert str(moved.diagnose(("timeline", "frames"), "none")) == "a.yaml:2:1: timeline.frames: none"
    assert str(SourceMap().diagnose(("theme",), "unknown")) == "theme: unknown"


@pytest.mark.parametrize("error", [UsageError("x"), RunError("x"), TemplateError("x"), KeyError("x")])
@pytest.mark.parametrize("source_map", [None, SourceMap(positions)])
def test_errors_that_are_not_about_options_pass(error: Exception, source_map: SourceMap | None) -> None:
    errors = ErrorCollector(source_map)
    with pytest.raises(type(error)), errors.collect("theme"):
        raise error
    assert not errors


def test_positions_are_not_lost_in_a_collector_without_a_source_map() -> None:
    errors = ErrorCollector()
    with pytest.raises(InvalidTemplate), errors.collect("panels"):
        raise InvalidTemplate([SourceMap(positions).diagnose(("a",), "b")])


def test_an_error_context_puts_keys_before_those_of_the_error() -> None:
    with pytest.raises(OptionError) as caught, error_context("tap", 1):
        raise OptionError("unknown", "name")
    assert caught.value.errors == ((("tap", 1, "name"), "unknown"),)


def test_key_paths_as_authors_read_them() -> None:
    assert format_key_path(("layout", "column", "items", 2, "row")) == "layout.column.items[2].row"
    assert format_key_path((0, "a")) == "[0].a"
    assert format_key_path(()) == ""
