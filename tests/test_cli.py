"""The command line's contract, from outside: what goes where, and how each mistake ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from reelnet.cli import main
from reelnet.cli.words import repeat_option

ROOT = Path(__file__).parent.parent
DOCS = (ROOT / "docs" / "cli.md").read_text("utf-8")
REPORT_KEYS = ["path", "bytes", "frames", "duration", "width", "height", "seconds"]
WITHOUT_TORCH = (
    "import sys; sys.modules['torch'] = sys.modules['torchvision'] = None; "
    "from reelnet.cli import main; main(sys.argv[1:])"
)


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def refused(code: int, *words: object) -> str:
    """The one line on stderr of a call that must fail with `code`."""
    result = call(*words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("reelnet: ")
    return result.stderr


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    run = tmp_path_factory.mktemp("cli") / "run"
    result = call("train", "--run", run, "--steps", 2, "--batch-size", 64, "--layers", "conv1", "conv[56]")
    assert result.exit_code == 0, result.output
    return run, result


@pytest.fixture(scope="session")
def run(trained: tuple[Path, Result]) -> Path:
    return trained[0]


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "copy"))


def test_train_prints_the_measured_accuracy_and_nothing_else(trained: tuple[Path, Result]) -> None:
    run, result = trained
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])["metrics"]
    percent, loss = 100 * last["test_accuracy"], last["test_loss"]
    assert result.stdout == f"test accuracy {percent:.2f} % after 2 steps (loss {loss:.4f})\n"
    assert result.stderr == ""


def test_inspect_json(run: Path) -> None:
    found = json.loads(call("inspect", run, "--json").stdout)
    assert list(found) == ["steps", "samples", "taps", "metrics", "bytes"]
    assert found["steps"] == [0, 1, 2]
    assert found["samples"] == 10
    assert list(found["taps"]) == ["conv1", "conv5", "conv6"]
    assert list(found["taps"]["conv1"]) == ["shape", "dtype", "min", "max"]
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
    assert "dense1" not in by_path


def test_render_one_file_a_layer(run: Path, tmp_path: Path) -> None:
    result = call("render", run, "-o", tmp_path / "new/{layer}.gif", "--layer", "all", "--json")
    reports = json.loads(result.stdout)
    assert [list(report) for report in reports] == [REPORT_KEYS] * 3
    assert [Path(report["path"]).name for report in reports] == ["conv1.gif", "conv5.gif", "conv6.gif"]
    for report in reports:
        with Image.open(report["path"]) as picture:
            assert picture.size == (report["width"], report["height"])
        assert Path(report["path"]).stat().st_size == report["bytes"]
        assert report["duration"] == pytest.approx(0.3)


@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_render_of_one_layer_needs_no_field(run: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"one.{suffix}"
    result = call("render", run, "-o", file, "--template", "plain", "--layer", "conv1", "--quiet")
    assert re.fullmatch(r".*/one\.\w+: [\d.]+ MB, 3 frames, 0\.30 s, 560x280, took [\d.]+ s\n", result.stdout)
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


def test_frame_is_the_frame_of_the_animation(run: Path, tmp_path: Path) -> None:
    assert call("frame", run, "--step", 1, "-o", tmp_path / "1.png", "--layer", "conv6").exit_code == 0
    assert call("render", run, "-o", tmp_path / "all.gif", "--layer", "conv6").exit_code == 0
    with Image.open(tmp_path / "1.png") as still, Image.open(tmp_path / "all.gif") as animation:
        animation.seek(1)
        np.testing.assert_array_equal(np.array(still.convert("RGB")), np.array(animation.convert("RGB")))


def test_demo_writes_all_of_it(tmp_path: Path) -> None:
    words = ("--run", tmp_path / "run", "--out", tmp_path / "out", "--steps", 1, "--quiet")
    result = call("demo", *words)
    assert result.exit_code == 0, result.output
    layers = [f"conv{number}" for number in range(1, 7)]
    wanted = {f"{layer}.{suffix}" for layer in layers for suffix in ("mp4", "gif", "png")}
    assert {file.name for file in (tmp_path / "out").iterdir()} == wanted
    first, *files = result.stdout.splitlines()
    assert re.fullmatch(r"test accuracy \d+\.\d\d % after 1 step \(loss \d+\.\d{4}\)", first)
    assert {Path(line.split(": ")[0]).name for line in files} == wanted
    assert "holds a run already" in refused(2, "demo", *words)


def test_train_keeps_a_run_unless_forced(copy: Path) -> None:
    before = (copy / "log.jsonl").read_bytes()
    assert "--force" in refused(2, "train", "--run", copy, "--steps", 1)
    assert (copy / "log.jsonl").read_bytes() == before
    assert call("train", "--run", copy, "--steps", 1, "--batch-size", 32, "--force").exit_code == 0
    assert len((copy / "log.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["--layers", "a", "b", "--quiet"], ["--layers", "a", "--layers", "b", "--quiet"]),
        (["--layers", "a", "--layers", "b"], ["--layers", "a", "--layers", "b"]),
        (["--layers=a", "b"], ["--layers", "a", "--layers", "b"]),
        (["--lr", "1", "--layers", "a", "--", "b"], ["--lr", "1", "--layers", "a", "--", "b"]),
        (["--quiet"], ["--quiet"]),
    ],
)
def test_layers_takes_several_patterns(given: list[str], read: list[str]) -> None:
    assert repeat_option("--layers", given) == read


MISTAKES = """
2 | rendr | did you mean 'render'
2 | | Missing command
2 | train | --run
2 | train --run x --epochs 1 --steps 1 | --steps and --epochs
2 | train --run x --steps 0 | --steps
2 | train --run x --lr nan | finite
2 | train --run x --layers | --layers needs
2 | train --run x --layers --steps 1 | --layers needs
2 | train --run x --model torchvision:resnet81 | did you mean 'resnet18'
2 | train --run x --layers conv9 | no layer 'conv9'
2 | train --run x --data mnits | --data mnits
2 | train --run x --samples 100000 | --samples
2 | train --run x --batch-size 100000 | --batch-size
2 | layers --model x | --model x
2 | render RUN | -o
2 | render RUN -o a.gif --layer conv7 | did you mean
2 | render RUN -o {layer}.gif --layer conv1 --layer conv7 | no layer 'conv7'
3 | render RUN -o a.gif --template artcle | did you mean 'article'
2 | render RUN -o a.gfi | .gif
2 | render RUN -o a | no suffix
2 | render RUN -o a.png | reelnet frame
2 | render RUN -o a.gif --layer all | a-{layer}.gif
2 | render RUN -o {tap}.gif | '{layer}'
2 | render RUN -o a.gif --fps 0 | --fps
2 | render RUN -o a.gif --scale 0 | --scale
2 | render RUN -o a.gif --fsp 1 | --fps
2 | frame RUN --step 3 -o a.png | no step 3
2 | frame RUN --step -1 -o a.png | no step -1
2 | frame RUN --step one -o a.png | --step
2 | frame RUN --step 1 -o new/a.jpg | PNG
2 | frame RUN --step 1 -o a.png --layer conv0 | no layer 'conv0'
"""


@pytest.mark.parametrize("mistake", MISTAKES.strip().splitlines())
def test_wrong_usage(mistake: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, words, said = (part.strip() for part in mistake.split("|"))
    monkeypatch.chdir(tmp_path)
    assert said in refused(int(code), *(run if word == "RUN" else word for word in words.split()))
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    for words in (["inspect"], ["render", "-o", tmp_path / "a.gif"], ["frame", "--step", 0, "-o", "a.png"]):
        assert "no such folder" in refused(4, *words, tmp_path / "none")
        assert "not a run" in refused(4, *words, tmp_path)


def test_damaged_runs(copy: Path, tmp_path: Path) -> None:
    words = ("render", copy, "-o", tmp_path / "out" / "a.gif", "--layer", "conv1")
    step = copy / "steps" / "00000001.safetensors"
    whole = step.read_bytes()
    for damaged in (whole[:100], bytes(byte ^ 1 for byte in whole)):
        step.write_bytes(damaged)
        line = refused(4, *words)
        assert step.name in line
        assert "step 1" in line
    step.unlink()
    assert "step 1" in refused(4, *words)
    (copy / "log.jsonl").write_bytes(b"")
    assert "empty run" in refused(4, *words)
    assert call("inspect", copy, "--json").exit_code == 0
    assert not list(tmp_path.glob("out/*"))


def test_places_that_cannot_be_written(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.gif").mkdir()
    inside = tmp_path / "file" / "deep"
    assert str(tmp_path / "file") in refused(1, "render", run, "-o", inside / "a.gif")
    assert str(tmp_path / "file") in refused(1, "frame", run, "--step", 0, "-o", inside / "a.png")
    assert str(tmp_path / "file") in refused(1, "demo", "--run", tmp_path / "run", "--out", inside)
    assert "folder" in refused(1, "render", run, "-o", tmp_path / "folder.gif")
    refused(1, "train", "--run", inside, "--steps", 1)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["file", "folder.gif"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["inspect"], ["inspect", "--json"]])
def test_a_full_disk_behind_stdout(run: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*program(), *words, run], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "reelnet: cannot write the output: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_leaves_is_no_trouble(run: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*program(), "inspect", run], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")
def test_interrupted_training_leaves_a_run_that_renders(tmp_path: Path) -> None:
    run, log = tmp_path / "my run", tmp_path / "my run" / "log.jsonl"
    words = ["train", "--run", str(run), "--steps", "100000", "--batch-size", "64"]
    training = subprocess.Popen([*program(), *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_bytes().count(b"\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    training.send_signal(signal.SIGINT)
    said = training.communicate(timeout=60)[1]
    assert training.returncode == 130
    assert said.count("\n") == 1
    assert re.match(r"reelnet: interrupted after step \d+; .*reelnet render '.*/my run' -o '\{layer\}", said)
    assert call("render", run, "-o", tmp_path / "a.gif", "--scale", 1).exit_code == 0


def test_only_training_needs_torch(run: Path, tmp_path: Path) -> None:
    def without_torch(*words: object) -> tuple[int, str]:
        call = [sys.executable, "-c", WITHOUT_TORCH, *map(str, words)]
        done = subprocess.run(call, capture_output=True, text=True)
        return done.returncode, done.stderr

    assert without_torch("--help") == (0, "")
    assert without_torch("train", "--help") == (0, "")
    assert without_torch("inspect", run) == (0, "")
    assert without_torch("render", run, "-o", tmp_path / "a.gif") == (0, "")
    assert without_torch("render", run, "-o", tmp_path / "a.mp4") == (0, "")
    assert without_torch("frame", run, "--step", 0, "-o", tmp_path / "a.png") == (0, "")
    code, said = without_torch("train", "--run", tmp_path / "new")
    assert (code, said.count("\n")) == (1, 1)
    assert "not installed" in said


def test_help_is_quick() -> None:
    def seconds(*words: str) -> float:
        def once() -> float:
            began = time.perf_counter()
            subprocess.run(words, check=True, capture_output=True)
            return time.perf_counter() - began

        return min(once() for _ in range(5))

    assert seconds(*program(), "--help") - seconds(sys.executable, "-c", "pass") < 0.3


def test_help_and_version() -> None:
    for words in (["-h"], ["--help"], ["--version"], *([name, "-h"] for name in main.commands)):
        result = call(*words)
        assert result.exit_code == 0
        assert result.stderr == ""
    assert re.fullmatch(r"reelnet \d+\.\d+\.\d+\S*\n", call("--version").stdout)


def test_defaults_are_the_recipes() -> None:
    from reelnet.record.training import Recipe

    recipe = {each.name: each.default for each in fields(Recipe)}
    for command in ("train", "layers"):
        params = {param.name: param.default for param in main.commands[command].params}
        for name in ("model", "data", "batch_size", "lr", "seed", "samples"):
            assert params.get(name, recipe[name]) == recipe[name]
    assert f"| `--epochs N` | {recipe['epochs']} |" in DOCS


@pytest.mark.parametrize("name", list(main.commands))
def test_the_reference_has_every_option(name: str) -> None:
    section = re.split(r"^## reelnet ", DOCS, flags=re.MULTILINE)
    (text,) = [part for part in section if re.match(rf"{name}\b", part)]
    options = [param for param in main.commands[name].params if isinstance(param, click.Option)]
    known = {word for option in options for word in option.opts}
    rows = "\n".join(re.findall(r"^\| (`-.*?`) \|", text, re.MULTILINE))
    assert set(re.findall(r"(?<=[`, ])--?[a-z][a-z-]*", rows)) == known


def program() -> list[str]:
    return [sys.executable, "-m", "reelnet"]
