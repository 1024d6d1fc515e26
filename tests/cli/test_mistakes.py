"""How each mistake ends: one line that says what would work, the right exit code, and nothing left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.calls import call, call_expecting_error, program_command


def test_train_keeps_a_run_unless_forced(run_copy: Path) -> None:
    before = (run_copy / "log.jsonl").read_bytes()
    assert "--force" in call_expecting_error(2, "train", "--run", run_copy, "--steps", 1)
    assert (run_copy / "log.jsonl").read_bytes() == before
    assert call("train", "--run", run_copy, "--steps", 1, "--batch-size", 32, "--force").exit_code == 0
    assert len((run_copy / "log.jsonl").read_text().splitlines()) == 2


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
2 | train --run x --data folder:no | --data folder:no: not a folder with one folder of images per class (No such file
2 | train --run x --samples 100000 | --samples
2 | train --run x --batch-size 100000 | --batch-size
2 | train --run x --lr fast | 'fast' is not a valid number
2 | train --run x --steps 1.5 | '1.5' is not a valid whole number
2 | layers --model artcle | did you mean 'article'
2 | layers --model resnet18 | did you mean 'torchvision:resnet18'
2 | layers --model x | --model x: unknown network; choose from article
2 | render RUN | -o
2 | render RUN -o a.gif --layer conv7 | did you mean
2 | render RUN -o {layer}.gif --layer conv1 --layer conv7 | no layer 'conv7'
2 | render RUN -o {layer}.gif --layer conv1 conv7 | no layer 'conv7'
2 | render --layer conv7 RUN -o {layer}.gif | no layer 'conv7'
2 | render RUN --layer -o a.gif | --layer needs
3 | render RUN -o a.gif --template artcle | did you mean 'article'
2 | render RUN -o a.gfi | .gif
2 | render RUN -o a | no suffix; choose from .gif, .mp4, .webm, .webp, .apng, .avif, .mov, .html, or a-%05d.png
2 | render RUN -o .gif | a suffix without a name; write reel.gif
2 | render RUN -o . | .: is a folder; name a file in it, such as reel.gif
2 | render RUN -o new/ | new/: is a folder; name a file in it, such as new/reel.gif
2 | export-arrays RUN -o . | .npz
2 | render RUN -o a.png | reelnet frame
2 | render RUN -o a.gif --layer all | a-{layer}.gif
2 | render RUN -o {tap}.gif | '{layer}'
2 | render RUN -o a.gif --fps 0 | --fps
2 | render RUN -o a.gif --scale 0 | --scale
2 | render RUN -o a.gif --fsp 1 | --fps
2 | render RUN -o a.gif --max-size 3Mb | for bytes write 3 MB
2 | render RUN -o a.gif --for githb | did you mean 'github'
2 | render RUN -o a.gif --keep scale | add --max-size or --for
2 | render RUN -o a.gif --max-size 1MB --keep frame | did you mean 'frames'
5 | render RUN -o a.gif --max-size 200 | the smallest possible is
2 | render RUN -o a.mp4 --lossless | cannot be lossless
2 | render RUN -o a.gif --codec av1 | no codec 'av1'
3 | render RUN -o a.gif --set theme.inc=3 | did you mean 'ink'
2 | render RUN -o a.gif --set theme | has no '='
2 | render RUN | has no outputs
2 | import nothing.npz --run x | nothing.npz: no such file
2 | metrics RUN nothing.csv | nothing.csv: no such file
2 | metrics RUN nothing | nothing: no such file
2 | again nothing.json | nothing.json: no such file
2 | templates | Missing command
2 | templates shw | did you mean 'show'
2 | platforms mediun | did you mean 'medium'
3 | templates show artcle | did you mean 'article'
3 | templates check nothing.yaml | no such file
3 | templates new mine --from artcle | did you mean 'article'
2 | frame RUN --step 3 -o a.png | no step 3
2 | frame RUN --step -1 -o a.png | no step -1
2 | frame RUN --step one -o a.png | --step
2 | frame RUN --step 1 -o new/a.jpg | PNG
2 | frame RUN --step 1 -o a-%05d.png | remove the % part
2 | frame RUN --step 1 -o a.png --layer conv0 | no layer 'conv0'
"""


@pytest.mark.parametrize("mistake", MISTAKES.strip().splitlines())
def test_wrong_usage(mistake: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, words, said = (part.strip() for part in mistake.split("|"))
    monkeypatch.chdir(tmp_path)
    assert said in call_expecting_error(
        int(code), *(run if word == "RUN" else word for word in words.split())
    )
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    for words in (["inspect"], ["render", "-o", tmp_path / "a.gif"], ["frame", "--step", 0, "-o", "a.png"]):
        assert "no such folder" in call_expecting_error(4, *words, tmp_path / "none")
        assert "not a run" in call_expecting_error(4, *words, tmp_path)


def test_damaged_runs(run_copy: Path, tmp_path: Path) -> None:
    words = ("render", run_copy, "-o", tmp_path / "out" / "a.gif", "--layer", "conv1")
    step = run_copy / "steps" / "00000001.safetensors"
    whole = step.read_bytes()
    for damaged in (whole[:100], bytes(byte ^ 1 for byte in whole)):
        step.write_bytes(damaged)
        line = call_expecting_error(4, *words)
        assert step.name in line
        assert "step 1" in line
    step.unlink()
    assert "step 1" in call_expecting_error(4, *words)
    (run_copy / "log.jsonl").write_bytes(b"")
    assert "the log does not mention 2 steps of the run" in call_expecting_error(4, *words)
    assert call("inspect", run_copy, "--json").exit_code == 0
    assert not list(tmp_path.glob("out/*"))


def test_places_that_cannot_be_written(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.gif").mkdir()
    inside = tmp_path / "file" / "deep"
    assert str(tmp_path / "file") in call_expecting_error(1, "render", run, "-o", inside / "a.gif")
    assert str(tmp_path / "file") in call_expecting_error(
        1, "frame", run, "--step", 0, "-o", inside / "a.png"
    )
    assert str(tmp_path / "file") in call_expecting_error(
        1, "demo", "--run", tmp_path / "run", "--out", inside
    )
    assert "is a folder; name a file in it" in call_expecting_error(
        2, "render", run, "-o", tmp_path / "folder.gif"
    )
    call_expecting_error(1, "train", "--run", inside, "--steps", 1)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["file", "folder.gif"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["inspect"], ["inspect", "--json"]])
def test_a_full_disk_behind_stdout(run: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*program_command(), *words, run], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "reelnet: cannot write the output: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_leaves_is_no_trouble(run: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*program_command(), "inspect", run], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert done.stderr == ""


def test_a_name_with_a_line_end_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb.yaml").write_bytes(b"\xff")
    (tmp_path / "c\nd.yaml").mkdir()
    for name in ("a\nb.yaml", "c\nd.yaml", "no\nsuch.yaml"):
        line = call_expecting_error(3, "templates", "check", tmp_path / name)
        assert " ".join(name.split()) in line
