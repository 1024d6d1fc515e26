"""Platforms: the figures as they were collected, what they mean for a file, and a user's own.

`REELNET_UPDATE_GOLDENS=1 pytest tests/export/test_platforms.py` writes docs/platforms.md anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import rich.console
from click.testing import CliRunner

from reelnet.cli.platforms import platforms as command
from reelnet.errors import TemplateError, UsageError
from reelnet.export import platform_file
from reelnet.export.platform_words import page
from reelnet.export.platforms import Budget, best_format, platform, platforms

PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, which is not there yet."""
    file = tmp_path / "settings" / "platforms.yaml"
    file.parent.mkdir()
    monkeypatch.setattr(platform_file, "own_file", lambda: file)
    return file


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


def test_a_users_own_platform(own: Path) -> None:
    own.write_text("wiki: {limits: [{formats: [webp, gif], size: 8 MB, width: 1200}]}\n")
    wiki = platform("wiki")
    assert wiki.formats == (".webp", ".gif")
    assert wiki.budget(".gif") == Budget(8_000_000, width=1200, formats=(".webp", ".gif"), name="wiki")
    assert (wiki.title, wiki.source, wiki.sure, wiki.date) == ("wiki", str(own), "", "")
    assert [*platforms()][-1] == "wiki"
    assert platform("medium").budget(".gif").bytes == 25_000_000


def test_an_entry_with_limits_takes_the_place_of_a_built_in_one(own: Path) -> None:
    own.write_text("E-Mail:\n  limits:\n  - {formats: [gif], size: 7 MB}\n")
    email = platform("email")
    assert (email.name, email.title, email.formats) == ("email", "E-mail", (".gif",))
    assert email.budget(".gif").bytes == 7_000_000
    # What was said of the old figures does not hold for the new ones.
    assert (email.source, email.sure, email.date, email.notes) == (str(own), "", "", ())
    assert "E-Mail" not in platforms()


def test_an_entry_without_limits_changes_what_it_names(own: Path) -> None:
    before = platform("x")
    own.write_text("x: {sure: low, notes: [Asked again.]}\n")
    after = platform("x")
    assert (after.sure, after.notes) == ("low", ("Asked again.",))
    assert (after.groups, after.also, after.date) == (before.groups, before.also, before.date)


def test_named_formats_come_before_words_for_many(own: Path) -> None:
    own.write_text("a: {limits: [{formats: [videos], size: 1 MB}, {formats: [mp4, any], size: 2 MB}]}\n")
    found = platform("a")
    assert found.budget(".webm").bytes == 1_000_000
    assert found.budget(".mp4").bytes == 2_000_000
    assert found.formats[:3] == (".webm", ".mov", ".mp4")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a", "1:1: this is not a map of platforms by name"),
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
        ("x: {sure: low}\nX: {sure: low}", "2:1: X: stands here twice"),
        ("'.': {}", "1:1: .: a name needs a letter or a digit"),
        ("a: [", "1:5: the file ends before"),
    ],
)
def test_mistakes_in_a_users_own_file(own: Path, text: str, told: str) -> None:
    own.write_text(text)
    with pytest.raises(TemplateError) as error:
        platforms()
    assert str(error.value).startswith(f"{own}:{told}")


def test_every_mistake_is_told(own: Path) -> None:
    own.write_text("a: {limits: 3}\nx: {sure: 3}\nmedium: {titel: M}\n")
    with pytest.raises(TemplateError) as error:
        platforms()
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["1", "2", "3"]


def test_a_file_that_cannot_be_read(own: Path) -> None:
    own.write_bytes(b"a:\n  \xff")
    with pytest.raises(TemplateError, match=r"platforms\.yaml:2:3: this is not UTF-8"):
        platforms()
    own.unlink()
    own.mkdir()
    with pytest.raises(TemplateError, match="cannot be read"):
        platforms()


def test_an_empty_file_adds_nothing(own: Path) -> None:
    own.write_text("# nothing yet\n")
    assert "medium" in platforms()


def test_a_budget_needs_no_reader_of_yaml() -> None:
    code = (
        "import sys; from reelnet.export.platforms import Budget; Budget.of(max_size='3 MB', suffix='.gif'); "
        "import reelnet.cli.platforms; assert not {'yaml', 'pydantic', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_is_up_to_date() -> None:
    wanted = page(platforms().values())
    if os.environ.get("REELNET_UPDATE_GOLDENS") == "1":
        PAGE.write_text(wanted, "utf-8")
    assert PAGE.read_text("utf-8") == wanted


def test_the_pages_example_is_right(own: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    own.write_text(example)
    assert platform("wiki").budget(".mp4").bytes == 67_108_864
    assert platform("email").budget(".gif").bytes == 7_000_000


def test_the_page_tells_every_key() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    models = (platform_file.PlatformSpec, platform_file.LimitsSpec)
    assert {key for model in models for key in model.model_fields} <= told


def test_the_command_lists_them() -> None:
    lines = CliRunner().invoke(command, []).stdout.splitlines()
    assert lines[0].split() == ["platform", "limit", "formats", "other", "rules", "how", "sure", "date"]
    assert {line.split()[0] for line in lines[1:]} == set(platforms())
    (gif,) = (line for line in lines if line.startswith("x ") and "gif" in line)
    assert re.split(r"\s{2,}", gif) == [
        *("x", "15 MB", "gif", "≤1280×1080, ≤350 frames, ≤300 Mpx over all frames", "high", "2026-11")
    ]


def test_nothing_is_cut_off_on_a_terminal(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write_text("a-wiki-with-a-very-long-name: {limits: [{formats: [gif], size: 8 MB}]}\n")
    monkeypatch.setattr(rich.console.Console, "is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.sub(r"\x1b\[[\d;]*m", "", CliRunner().invoke(command, []).stdout)
    table = shown.split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in table
    words = "".join(table.split())
    for word in ("a-wiki-with-a-ve", "google-slides", "medium-high", "1280×1080", "300Mpx"):
        assert word in words
    assert str(own) in shown


def test_the_command_tells_all_of_one() -> None:
    shown = CliRunner().invoke(command, ["dev.to"]).stdout
    for fact in ("dev.to", "25,000,000 bytes", "≤200 Mpx over all frames", "medium", "2026-11", "collected"):
        assert fact in shown
    assert "no limit of the size known" in CliRunner().invoke(command, ["x"]).stdout
    assert "10 MiB (10,485,760 bytes)" in CliRunner().invoke(command, ["discord-bot"]).stdout


def test_the_command_in_json() -> None:
    every = json.loads(CliRunner().invoke(command, ["--json"]).stdout)
    assert [each["name"] for each in every] == list(platforms())
    one = json.loads(CliRunner().invoke(command, ["mastodon", "--json"]).stdout)
    assert one in every
    gif = next(each for each in one["limits"] if each["formats"] == [".gif"])
    assert (gif["bytes"], gif["pixels"], gif["frames"]) == (16_000_000, 999_999, None)


def test_the_command_does_not_know_a_platform() -> None:
    assert isinstance(CliRunner().invoke(command, ["mastadon"]).exception, UsageError)
