"""The built-in platforms and the page that documents them.

`python docs/generate_platforms.py` writes docs/platforms.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.export.platforms import load as platform_file
from reelnet.export.platforms.load import find_platform, load_platforms
from reelnet.export.platforms.model import OutputConstraints

pytestmark = pytest.mark.usefixtures("user_platform_file")

PAGE = Path(__file__).parents[3] / "docs" / "platforms.md"


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
"""Cap in bytes and confidence, copied by hand from the table of November 2026."""

OTHER_RULES = {
    ("x", ".gif"): {
        "max_width": 1280,
        "max_height": 1080,
        "max_frames": 350,
        "max_total_pixels": 300_000_000,
    },
    ("github", ".mp4"): {"recommended_codec": "h264"},
    ("github", ".mov"): {"recommended_codec": "h264"},
    ("github", ".webm"): {"recommended_codec": "h264"},
    ("x", ".mp4"): {"pixel_format": "yuv420p", "closed_gop": True},
    ("mastodon", ".gif"): {"max_pixels": 999_999},
    ("telegram", ".mp4"): {"codec": "h264"},
    ("devto", ".gif"): {"max_total_pixels": 200_000_000},
    ("google-slides", ".gif"): {"max_frames": 1000},
}
"""The other rules of the table. 999,999 is the largest number below 1 Mpx."""


SOCIAL = {"discord", "discord-bot", "x", "bluesky", "mastodon", "telegram", "reddit"}
"""Platforms that show the first frame as a preview."""


@pytest.mark.parametrize(("name", "suffix", "size", "sure"), COLLECTED)
def test_figures(name: str, suffix: str, size: int | None, sure: str) -> None:
    found = find_platform(name)
    wanted = OutputConstraints(
        max_bytes=size,
        thumbnail=name in SOCIAL,
        formats=found.formats,
        platform=name,
        **OTHER_RULES.get((name, suffix), {}),  # type: ignore[arg-type]
    )
    assert found.find_constraints(suffix) == wanted
    assert (found.confidence, found.date, found.source) == (sure, "2026-11", "collected November 2026")


def test_there_are_no_other_platforms() -> None:
    assert set(load_platforms()) == {name for name, *_ in COLLECTED}


def test_formats() -> None:
    assert find_platform("medium").formats == (".gif", ".png", ".jpg")
    assert find_platform("telegram").formats == (".mp4", ".gif")
    assert find_platform("github").formats[:4] == (".mp4", ".mov", ".webm", ".gif")
    assert not set(find_platform("github-readme").formats) & {".mp4", ".mov", ".webm"}
    for each in load_platforms().values():
        assert ".gif" in each.formats
        assert len(set(each.formats)) == len(each.formats)


def test_groups_cover_formats_that_no_entry_names() -> None:
    assert find_platform("bluesky").find_constraints(".webp").max_bytes == 2_000_000
    assert find_platform("email").find_constraints(".mov").max_bytes == 18_000_000
    assert find_platform("x").find_constraints(".WEBM").closed_gop


def test_a_format_that_is_not_accepted() -> None:
    with pytest.raises(UsageError, match=r"^medium does not take '\.webp'; it takes \.gif, \.png, \.jpg$"):
        find_platform("medium").find_constraints(".webp")
    with pytest.raises(UsageError, match=r"does not take '\.txt'"):
        find_platform("email").find_constraints(".txt")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("dev.to", "devto"),
        ("Dev.To", "devto"),
        ("GitHub README", "github-readme"),
        ("e-mail", "email"),
        ("google_slides", "google-slides"),
        ("Twitter", "x"),
    ],
)
def test_alternative_spellings(written: str, name: str) -> None:
    assert find_platform(written).name == name


def test_an_unknown_platform() -> None:
    with pytest.raises(UsageError, match=r"^no platform 'mastadon'; did you mean 'mastodon'\?$"):
        find_platform("mastadon")
    with pytest.raises(UsageError, match="choose from medium, github"):
        find_platform("")


def test_the_preferred_format() -> None:
    can = {".gif", ".mp4", ".webp"}
    assert find_platform("medium").choose_format(can) == ".gif"
    assert find_platform("github").choose_format(can) == ".mp4"
    assert find_platform("github").choose_format({".gif", ".webp"}) == ".gif"
    assert find_platform("discord").choose_format([".webm", ".png"]) == ".webm"
    with pytest.raises(UsageError, match=r"^medium takes .*; none of these is among \.mp4, \.webp$"):
        find_platform("medium").choose_format({".webp", ".mp4"})


def test_constraints_import_no_yaml_reader() -> None:
    code = (
        "import sys; from reelnet.export.platforms.model import OutputConstraints; OutputConstraints(3); "
        "import reelnet.cli.export; assert not {'yaml', 'pydantic', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, str(PAGE.with_name("generate_platforms.py")), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_of_the_page_is_valid(user_platform_file: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    user_platform_file.write_text(example)
    assert find_platform("wiki").find_constraints(".mp4").max_bytes == 67_108_864
    assert find_platform("email").find_constraints(".gif").max_bytes == 7_000_000


def test_the_page_documents_every_key() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    models = (platform_file.PlatformSpec, platform_file.LimitsSpec)
    assert {info.alias or name for model in models for name, info in model.model_fields.items()} <= told
