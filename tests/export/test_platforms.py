"""Platforms: the figures as they were collected, what they mean for a file, and the page that shows them.

`REELNET_UPDATE_GOLDENS=1 pytest tests/export/test_platforms.py` writes docs/platforms.md anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.export.platforms import load as platform_file
from reelnet.export.platforms.describe import page
from reelnet.export.platforms.model import Budget, best_format, platform, platforms

pytestmark = pytest.mark.usefixtures("own_platforms")

PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"


COLLECTED = [
    ("medium", ".gif", 25_000_000, "medium-high"),
    ("github", ".gif", 10_000_000, "high"),
    ("github", ".mp4", 10_000_000, "high"),
    ("github", ".mov", 10_000_000, "high"),
    ("github", ".webm", 10_000_000, "high"),
    ("github-readme", ".gif", 5_000_000, "medium"),
    ("discord", ".gif", 20_000_000, "medium-high"),
    ("discord-bot", ".gif", 10_485_760, "medium-high"),
    ("x", ".gif", 15_000_000, "high"),
    ("x", ".mp4", None, "high"),
    ("bluesky", ".gif", 2_000_000, "high"),
    ("bluesky", ".mp4", 300_000_000, "high"),
    ("mastodon", ".gif", 16_000_000, "high"),
    ("mastodon", ".mp4", 99_000_000, "high"),
    ("telegram", ".gif", 50_000_000, "high"),
    ("telegram", ".mp4", 50_000_000, "high"),
    ("devto", ".gif", 25_000_000, "medium"),
    ("email", ".gif", 18_000_000, "medium-high"),
    ("substack", ".gif", 20_000_000, "low-medium"),
    ("reddit", ".gif", 20_000_000, "low-medium"),
    ("google-slides", ".gif", 50_000_000, "low-medium"),
]
"""Bytes and how sure, by hand from the table of November 2026."""

OTHER_RULES = {
    ("x", ".gif"): {"width": 1280, "height": 1080, "frames": 350, "total_pixels": 300_000_000},
    ("github", ".mp4"): {"advised": "h264"},
    ("github", ".mov"): {"advised": "h264"},
    ("github", ".webm"): {"advised": "h264"},
    ("x", ".mp4"): {"pixel_format": "yuv420p", "closed_gop": True},
    ("mastodon", ".gif"): {"pixels": 999_999},
    ("telegram", ".mp4"): {"codec": "h264"},
    ("devto", ".gif"): {"total_pixels": 200_000_000},
    ("google-slides", ".gif"): {"frames": 1000},
}
"""All that the table says beside bytes; 999,999 is the most that is below 1 Mpx."""


@pytest.mark.parametrize(("name", "suffix", "size", "sure"), COLLECTED)
def test_figures(name: str, suffix: str, size: int | None, sure: str) -> None:
    found = platform(name)
    wanted = Budget(bytes=size, formats=found.formats, name=name, **OTHER_RULES.get((name, suffix), {}))  # type: ignore[arg-type]
    assert found.budget(suffix) == wanted
    assert (found.sure, found.date, found.source) == (sure, "2026-11", "collected November 2026")


def test_there_are_no_others() -> None:
    assert set(platforms()) == {name for name, *_ in COLLECTED}


def test_formats() -> None:
    assert platform("medium").formats == (".gif", ".png", ".jpg")
    assert platform("telegram").formats == (".mp4", ".gif")
    assert platform("github").formats[:4] == (".mp4", ".mov", ".webm", ".gif")
    assert not set(platform("github-readme").formats) & {".mp4", ".mov", ".webm"}
    for each in platforms().values():
        assert ".gif" in each.formats
        assert len(set(each.formats)) == len(each.formats)


def test_other_formats_of_a_kind_have_its_limits() -> None:
    assert platform("bluesky").budget(".webp").bytes == 2_000_000
    assert platform("email").budget(".mov").bytes == 18_000_000
    assert platform("x").budget(".WEBM").closed_gop


def test_a_format_that_is_not_taken() -> None:
    with pytest.raises(UsageError, match=r"^medium does not take '\.webp'; it takes \.gif, \.png, \.jpg$"):
        platform("medium").budget(".webp")
    with pytest.raises(UsageError, match=r"does not take '\.txt'"):
        platform("email").budget(".txt")


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("dev.to", "devto"),
        ("Dev.To", "devto"),
        ("GitHub README", "github-readme"),
        ("e-mail", "email"),
        ("google_slides", "google-slides"),
        ("Twitter", "x"),
    ],
)
def test_other_spellings(asked: str, name: str) -> None:
    assert platform(asked).name == name


def test_an_unknown_platform() -> None:
    with pytest.raises(UsageError, match=r"^no platform 'mastadon'; did you mean 'mastodon'\?$"):
        platform("mastadon")
    with pytest.raises(UsageError, match="choose from medium, github"):
        platform("")


def test_the_smaller_cap_counts() -> None:
    def cap(max_size: str | int | None, name: str | None, suffix: str = ".gif") -> int | None:
        return Budget.of(max_size=max_size, platform=name, suffix=suffix).bytes

    assert cap("3 MB", "medium") == 3_000_000
    assert cap("30 MB", "medium") == 25_000_000
    assert cap(None, "medium") == 25_000_000
    assert cap("3 MB", None) == 3_000_000
    assert cap(None, None) is None
    assert cap("3 MB", "x", ".mp4") == 3_000_000
    assert cap(None, "x", ".mp4") is None


def test_a_cap_leaves_the_other_rules() -> None:
    budget = Budget.of(max_size="1 MB", platform=platform("x"), suffix=".gif")
    assert (budget.bytes, budget.frames, budget.width, budget.name) == (1_000_000, 350, 1280, "x")
    assert Budget.of(suffix=".gif") == Budget()


def test_mistakes_of_a_budget() -> None:
    with pytest.raises(UsageError, match="'3 Mb'"):
        Budget.of(max_size="3 Mb", suffix=".gif")
    with pytest.raises(UsageError, match="no platform 'nowhere'"):
        Budget.of(platform="nowhere", suffix=".gif")
    with pytest.raises(UsageError, match=r"does not take '\.mp4'"):
        Budget.of(platform="medium", suffix=".mp4")


def test_the_best_format() -> None:
    can = {".gif", ".mp4", ".webp"}
    assert best_format("medium", can) == ".gif"
    assert best_format("github", can) == ".mp4"
    assert best_format("github", {".gif", ".webp"}) == ".gif"
    assert best_format(platform("discord"), [".webm", ".png"]) == ".webm"
    with pytest.raises(UsageError, match=r"^medium takes .*; none of these is among \.mp4, \.webp$"):
        best_format("medium", {".webp", ".mp4"})


def test_a_budget_needs_no_reader_of_yaml() -> None:
    code = (
        "import sys; from reelnet.export.platforms.model import Budget; Budget.of(max_size='3 MB', suffix='.gif'); "
        "import reelnet.cli.platforms; assert not {'yaml', 'pydantic', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_is_up_to_date() -> None:
    wanted = page(platforms().values())
    if os.environ.get("REELNET_UPDATE_GOLDENS") == "1":
        PAGE.write_text(wanted, "utf-8")
    assert PAGE.read_text("utf-8") == wanted


def test_the_pages_example_is_right(own_platforms: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    own_platforms.write_text(example)
    assert platform("wiki").budget(".mp4").bytes == 67_108_864
    assert platform("email").budget(".gif").bytes == 7_000_000


def test_the_page_tells_every_key() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    models = (platform_file.PlatformSpec, platform_file.LimitsSpec)
    assert {key for model in models for key in model.model_fields} <= told
