"""`reelnet film`: a file to begin with, a film of it, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import call, call_expecting_error
from tests.export.coding import by_ffmpeg

pytest.importorskip("moviepy")


def test_a_new_film_is_made(run: Path, tmp_path: Path) -> None:
    talk, film = tmp_path / "talk.yaml", tmp_path / "talk.mp4"
    assert call("film", "new", talk).stdout == f"{talk}\n"
    text = talk.read_text().replace(
        "width: 960, height: 540, density: 2", "width: 320, height: 240, density: 1"
    )
    # One layer is enough, and little of each.
    text = text.replace("template: wide, layers: all", "template: plain, layers: conv1")
    text = text.replace("seconds: 0.6", "seconds: 0.2").replace("theme: light", "fps: 5\ntheme: light")
    talk.write_text(text)
    (report,) = [json.loads(call("film", talk, run, "-o", film, "--json").stdout)]
    decoded = by_ffmpeg(film).frames
    assert report["frames"] == len(decoded)
    assert decoded[0].shape == (240, 320, 3)
    shown = call("film", "make", talk, run, "-o", film, "--max-size", "2MB", "--quiet").stdout
    assert shown.startswith(f"{film}: ")
    assert "of 2 MB" in shown
    assert "lossy" in shown


def test_a_new_film_replaces_nothing(tmp_path: Path) -> None:
    talk = tmp_path / "talk.yaml"
    talk.write_text("mine")
    assert "--force" in call_expecting_error(2, "film", "new", talk)
    assert talk.read_text() == "mine"
    assert call("film", "new", talk, "--force").exit_code == 0
    assert ".yaml" in call_expecting_error(2, "film", "new", tmp_path / "talk.mp4")


def test_mistakes(run: Path, tmp_path: Path) -> None:
    talk, film = tmp_path / "talk.yaml", tmp_path / "talk.mp4"
    assert "reelnet film new" in call_expecting_error(2, "film", talk, run, "-o", film)
    talk.write_text("canvas: {width: 320, height: 240, density: 1}\nitems:\n  - reel: {template: plain}\n")
    assert f"{talk}:3:5: items[0]" in call_expecting_error(3, "film", talk, tmp_path / "gone", "-o", film)
    assert "names no run" in call_expecting_error(3, "film", talk, "-o", film)
    assert "did you mean" in call_expecting_error(2, "film", talk, run, "-o", tmp_path / "talk.mp5")
    cap = call_expecting_error(5, "film", talk, run, "-o", film, "--max-size", "1kB")
    assert "smallest possible" in cap
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix != "") == ["talk.yaml"]
