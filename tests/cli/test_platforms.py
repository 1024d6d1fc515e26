"""The command that shows platforms: as a table, all of one, and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import rich.console

from reelnet.export.platforms.load import load_platforms
from tests.cli.calls import call, call_expecting_error

pytestmark = pytest.mark.usefixtures("user_platform_file")


def test_the_command_lists_them() -> None:
    lines = call("platforms").stdout.splitlines()
    assert lines[0].split() == ["platform", "size", "formats", "other", "rules", "confidence", "date"]
    assert {line.split()[0] for line in lines[1:]} == set(load_platforms())
    (gif,) = (line for line in lines if line.startswith("x ") and "gif" in line)
    assert re.split(r"\s{2,}", gif) == [
        *("x", "15 MB", "gif", "≤1280×1080, ≤350 frames, ≤300 Mpx over all frames", "high", "2026-11")
    ]


def test_nothing_is_cut_off_on_a_terminal(user_platform_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_platform_file.write_text("a-wiki-with-a-very-long-name: {limits: [{formats: [gif], size: 8 MB}]}\n")
    monkeypatch.setattr(rich.console.Console, "is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.sub(r"\x1b\[[\d;]*m", "", call("platforms").stdout)
    table = shown.split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in table
    words = "".join(table.split())
    for word in ("a-wiki-with-a-ve", "google-slides", "medium-high", "1280×1080", "300Mpx"):
        assert word in words
    assert str(user_platform_file) in shown


def test_the_command_tells_all_of_one() -> None:
    shown = call("platforms", "dev.to").stdout
    for fact in ("dev.to", "25,000,000 bytes", "≤200 Mpx over all frames", "medium", "2026-11", "collected"):
        assert fact in shown
    assert "no known limit of the file size" in call("platforms", "x").stdout
    assert "10 MiB (10,485,760 bytes)" in call("platforms", "discord-bot").stdout


def test_the_command_in_json() -> None:
    every = json.loads(call("platforms", "--json").stdout)
    assert [each["name"] for each in every] == list(load_platforms())
    one = json.loads(call("platforms", "mastodon", "--json").stdout)
    assert one in every
    gif = next(each for each in one["limits"] if each["formats"] == [".gif"])
    assert (gif["bytes"], gif["pixels"], gif["frames"]) == (16_000_000, 999_999, None)


def test_the_command_does_not_know_a_platform() -> None:
    assert "mastodon" in call_expecting_error(2, "platforms", "mastadon")
