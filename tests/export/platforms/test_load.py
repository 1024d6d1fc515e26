"""The user's own platform file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelnet.errors import TemplateError
from reelnet.export.platforms.load import find_platform, load_platforms
from reelnet.export.platforms.model import OutputConstraints


def test_a_users_own_platform(user_platform_file: Path) -> None:
    user_platform_file.write_text("wiki: {limits: [{formats: [webp, gif], size: 8 MB, width: 1200}]}\n")
    wiki = find_platform("wiki")
    assert wiki.formats == (".webp", ".gif")
    assert wiki.find_constraints(".gif") == OutputConstraints(
        8_000_000, max_width=1200, formats=(".webp", ".gif"), platform="wiki"
    )
    assert (wiki.title, wiki.source, wiki.confidence, wiki.date) == ("wiki", str(user_platform_file), "", "")
    assert [*load_platforms()][-1] == "wiki"
    assert find_platform("medium").find_constraints(".gif").max_bytes == 25_000_000


def test_an_entry_with_limits_replaces_a_built_in_platform(user_platform_file: Path) -> None:
    user_platform_file.write_text("E-Mail:\n  limits:\n  - {formats: [gif], size: 7 MB}\n")
    email = find_platform("email")
    assert (email.name, email.title, email.formats) == ("email", "E-mail", (".gif",))
    assert email.find_constraints(".gif").max_bytes == 7_000_000
    # Date, source and notes of the old limits do not apply to the new ones.
    assert (email.source, email.confidence, email.date, email.notes) == (str(user_platform_file), "", "", ())
    assert "E-Mail" not in load_platforms()


def test_an_entry_without_limits_changes_only_its_keys(user_platform_file: Path) -> None:
    before = find_platform("x")
    user_platform_file.write_text("x: {sure: low, notes: [Asked again.]}\n")
    after = find_platform("x")
    assert (after.confidence, after.notes) == ("low", ("Asked again.",))
    assert (after.groups, after.aliases, after.date) == (before.groups, before.aliases, before.date)


def test_named_formats_take_precedence_over_groups(user_platform_file: Path) -> None:
    user_platform_file.write_text(
        "a: {limits: [{formats: [videos], size: 1 MB}, {formats: [mp4, any], size: 2 MB}]}\n"
    )
    found = find_platform("a")
    assert found.find_constraints(".webm").max_bytes == 1_000_000
    assert found.find_constraints(".mp4").max_bytes == 2_000_000
    assert found.formats[:3] == (".webm", ".mov", ".mp4")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "1:1: expected a map of platforms by name"),
        ("a: {}", "1:1: a.limits: is missing"),
        ("a:", "1:1: a: an empty value is not a map of keys and values"),
        ("a: {limits: []}", "1:5: a.limits:"),
        (
            "a:\n  limits:\n  - {formats: [gif], size: 3 Mb}",
            "3:22: a.limits[0].size: size '3 Mb': Mb is a unit of bits",
        ),
        (
            "a:\n  limits:\n  - {formats: [gfi]}",
            "3:6: a.limits[0].formats: no format 'gfi'; did you mean 'gif'?",
        ),
        ("a:\n  limits:\n  - {formats: gif}", "3:6: a.limits[0].formats: 'gif' is not a list of formats"),
        ("a:\n  limits:\n  - {formats: []}", "3:6: a.limits[0].formats:"),
        ("a:\n  limits:\n  - {formats: [gif], frames: 0}", "3:22: a.limits[0].frames: 0: give at least 1"),
        (
            "a:\n  limits:\n  - {formats: [gif], with: 9}",
            "3:22: a.limits[0].with: no such key; did you mean 'width'?",
        ),
        (
            "a:\n  limits:\n  - {formats: [gif], codec: h266}",
            "3:22: a.limits[0].codec: 'h266'; did you mean 'h26",
        ),
        ("x: {date: 2026-13}", "1:5: x.date: '2026-13': give year and month, as in 2026-11"),
        ("x: {sure: hihg}", "1:5: x.sure: 'hihg'; did you mean 'high'?"),
        ("x: {notes: none}", "1:5: x.notes: 'none' is not a list"),
        ("x: {sure: low}\nX: {sure: low}", "2:1: X: is defined twice"),
        ("'.': {}", "1:1: .: a name needs a letter or a digit"),
        ("a: [", "1:5: the file ends before"),
    ],
)
def test_invalid_entries(user_platform_file: Path, text: str, message: str) -> None:
    user_platform_file.write_text(text)
    with pytest.raises(TemplateError) as error:
        load_platforms()
    assert str(error.value).startswith(f"{user_platform_file}:{message}")


def test_every_error_is_reported(user_platform_file: Path) -> None:
    user_platform_file.write_text("a: {limits: 3}\nx: {sure: 3}\nmedium: {titel: M}\n")
    with pytest.raises(TemplateError) as error:
        load_platforms()
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["1", "2", "3"]


def test_a_file_that_cannot_be_read(user_platform_file: Path) -> None:
    user_platform_file.write_bytes(b"a:\n  \xff")
    with pytest.raises(TemplateError, match=r"platforms\.yaml:2:3: the byte 0x.. is not UTF-8"):
        load_platforms()
    user_platform_file.unlink()
    user_platform_file.mkdir()
    with pytest.raises(TemplateError, match="is a folder, not a file"):
        load_platforms()


def test_an_empty_file_adds_nothing(user_platform_file: Path) -> None:
    user_platform_file.write_text("# nothing yet\n")
    assert "medium" in load_platforms()
