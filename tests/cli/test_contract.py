"""The command line's contract, from outside: what each command prints and where, and the files it writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from tests.cli.calls import call, call_expecting_error

REPORT_KEYS = ["path", "bytes", "cap", "fill", "lossless", "max_error_levels", "mean_error_levels", "clipped"]
REPORT_KEYS += [
    "frames",
    "steps_shown",
    "duration",
    "width",
    "height",
    "density",
    "scale",
    "encodes",
    "seconds",
    "traded",
]


def test_train_prints_the_measured_accuracy_and_nothing_else(trained_run: tuple[Path, Result]) -> None:
    run, result = trained_run
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])["metrics"]
    percent, loss = 100 * last["test_accuracy"], last["test_loss"]
    assert result.stdout == f"test accuracy {percent:.1f}% after 2 steps (loss {loss:.4f})\n"
    assert result.stderr == ""


def test_inspect_json(run: Path) -> None:
    found = json.loads(call("inspect", run, "--json").stdout)
    assert list(found) == ["steps", "samples", "taps", "missing", "metrics", "bytes", "warnings"]
    assert found["warnings"] == []
    assert found["steps"] == [0, 1, 2]
    assert found["samples"] == 10
    assert list(found["taps"]) == ["conv1", "conv5", "conv6"]
    assert list(found["taps"]["conv1"]) == ["kind", "shape", "dtype", "min", "max", "nonfinite", "note"]
    assert (found["taps"]["conv1"]["nonfinite"], found["missing"]) == (0, {})
    assert found["taps"]["conv1"]["shape"] == [10, 4, 28, 28]
    assert -1 <= found["taps"]["conv1"]["min"] < found["taps"]["conv1"]["max"] <= 1
    assert set(found["metrics"]) == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
    assert found["bytes"] == sum(file.stat().st_size for file in run.rglob("*") if file.is_file())


def test_inspect_for_people(run: Path) -> None:
    shown = call("inspect", run).stdout
    assert "0 to 2 (3 snapshots)" in shown
    assert re.search(r"^conv6 +10x16x7x7 +float32 ", shown, re.MULTILINE)


def test_layers_lists_what_can_be_recorded() -> None:
    result = call("layers")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    by_path = {row[0]: row[1:] for row in rows}
    assert by_path["conv6"] == ["TanhConv", "10x16x7x7", str(10 * 16 * 7 * 7 * 4)]
    assert by_path["dense1"] == ["Linear", "10x64x1x1", str(10 * 64 * 4)]


def test_layers_shows_what_patterns_record() -> None:
    result = call("layers", "--layer", "dense?", "conv1.weight")
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["dense1", "Linear", "10x64x1x1"],
        ["dense2", "Linear", "10x32x1x1"],
        ["dense3", "Linear", "10x10x1x1"],
        ["conv1.weight", "weight", "4x1x3x3"],
    ]
    assert call("layers", "--layers", "conv9").exit_code == 2


def test_render_one_file_a_layer(run: Path, tmp_path: Path) -> None:
    result = call("render", run, "-o", tmp_path / "new/{layer}.gif", "--layer", "all", "--json")
    reports = json.loads(result.stdout)
    assert [list(report) for report in reports] == [REPORT_KEYS] * 3
    assert [Path(report["path"]).name for report in reports] == ["conv1.gif", "conv5.gif", "conv6.gif"]
    for report in reports:
        with Image.open(report["path"]) as picture:
            assert picture.size == (report["width"], report["height"])
        assert Path(report["path"]).stat().st_size == report["bytes"]
        # 2 seconds per step, and 1 and 3 more for the first and the last.
        assert report["duration"] == pytest.approx(10)


@pytest.mark.parametrize(("suffix", "size"), [("mp4", "1120x560"), ("gif", "560x280")])
def test_render_of_one_layer_needs_no_field(run: Path, tmp_path: Path, suffix: str, size: str) -> None:
    file = tmp_path / f"one.{suffix}"
    result = call("render", run, "-o", file, "--template", "plain", "--layer", "conv1", "--quiet")
    assert re.fullmatch(
        rf".*/one\.\w+: [\d.]+ kB, 3 frames, 0\.30 s, {size}, (lossless|values exact, lossy codec), took [\d.]+ s\n",
        result.stdout,
    )
    assert [file] == list(tmp_path.iterdir())


def test_a_field_without_layers_means_all(run: Path, tmp_path: Path) -> None:
    assert call("render", run, "-o", tmp_path / "{layer}.gif").exit_code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["conv1.gif", "conv5.gif", "conv6.gif"]


def test_scale_and_fps_change_the_file(run: Path, tmp_path: Path) -> None:
    words = ("--template", "plain", "--layer", "conv6", "--scale", 4, "--fps", 5, "--json")
    (report,) = json.loads(call("render", run, "-o", tmp_path / "x.gif", *words).stdout)
    assert report["duration"] == pytest.approx(0.6)
    assert report["height"] < 952


def test_notes_go_to_stderr(run: Path, tmp_path: Path) -> None:
    result = call("render", run, "-o", tmp_path / "{layer}.gif", "--fps", 90, "--json")
    assert len(json.loads(result.stdout)) == 3
    assert result.stderr.count("reelnet: note: ") == result.stderr.count("\n") > 0


def test_frame_of_the_first_and_the_last_step(run: Path, tmp_path: Path) -> None:
    for step in ("first", "last", 0, 2):
        call("frame", run, "--step", step, "-o", tmp_path / f"{step}.png", "--layer", "conv6")
    first, last, start, end = ((tmp_path / f"{step}.png").read_bytes() for step in ("first", "last", 0, 2))
    assert (first, last) == (start, end)
    assert first != last
    assert "give its number, 'first' or 'last'" in call_expecting_error(
        2, "frame", run, "--step", "lats", "-o", tmp_path / "no.png"
    )


def test_several_layers_in_one_option(run: Path, tmp_path: Path) -> None:
    result = call("frame", run, "--step", 1, "-o", tmp_path / "{layer}.png", "--layer", "conv1", "conv6")
    assert result.exit_code == 0, result.output
    assert {file.name for file in tmp_path.iterdir()} == {"conv1.png", "conv6.png"}
    result = call("templates", "check", "article", "--run", run, "--layer", "conv1", "conv6")
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["conv1", "conv6"]


def test_frame_is_the_frame_of_the_animation(run: Path, tmp_path: Path) -> None:
    words = ("--layer", "conv6", "--density", 1)
    assert call("frame", run, "--step", 1, "-o", tmp_path / "1.png", *words).exit_code == 0
    assert call("render", run, "-o", tmp_path / "all.gif", *words).exit_code == 0
    with Image.open(tmp_path / "1.png") as still, Image.open(tmp_path / "all.gif") as animation:
        animation.seek(1)
        np.testing.assert_array_equal(np.array(still.convert("RGB")), np.array(animation.convert("RGB")))


@pytest.mark.slow
def test_demo_writes_all_of_it(tmp_path: Path) -> None:
    words = ("--run", tmp_path / "run", "--out", tmp_path / "out", "--steps", 1, "--quiet")
    result = call("demo", *words)
    assert result.exit_code == 0, result.output
    layers = [f"conv{number}" for number in range(1, 7)]
    wanted = {f"{layer}.{suffix}" for layer in layers for suffix in ("mp4", "gif", "png")}
    assert {file.name for file in (tmp_path / "out").iterdir()} == wanted
    first, *files = result.stdout.splitlines()
    assert re.fullmatch(r"test accuracy \d+\.\d% after 1 step \(loss \d+\.\d{4}\)", first)
    assert {Path(line.split(": ")[0]).name for line in files} == wanted
    assert "a run exists already" in call_expecting_error(2, "demo", *words)


def test_no_command_prints_the_control_characters_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layer = "red\x1b[31m\n\u202e"
    arrays: dict[str, Any] = {f"taps/{layer}": np.zeros((1, 2, 1, 4, 4))}
    np.savez("a.npz", steps=[0], samples=np.zeros((2, 4, 4)), **arrays)
    Path("loss.csv").write_text("step,\x1b[2Jloss\n0,1\n")
    for words in (
        ["import", "a.npz", "--run", "run"],
        ["metrics", "run", "loss.csv"],
        ["inspect", "run"],
        ["render", "run", "--template", "plain", "-o", "{layer}.gif"],
        ["export", "run", "--for", "github", "--template", "plain", "-o", "files"],
        ["templates", "check", "plain", "--run", "run"],
    ):
        result = call(*words)
        assert result.exit_code == 0, result.output
        assert re.search("[\x1b\u202e]", result.output) is None, words
        assert "x1b[" in result.output, words
