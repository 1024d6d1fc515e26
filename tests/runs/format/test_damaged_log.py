"""Damaged lines of a log: the lost steps are listed, and everything else is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import RunError
from reelnet.reel import Run
from reelnet.runs.verify import verify_run
from tests.cli.calls import call
from tests.runs.steps import SHAPES, arrays, check_run, write_run


def broken(log: Path, number: int, text: bytes = b"{") -> None:
    """Have the line of that number, from 1, be another."""
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[: number - 1], text + b"\n", *lines[number:]]))


def test_steps_of_damaged_lines_are_listed_and_the_rest_is_kept(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(6), steps_each=100)
    log = run.path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    # The byte between two lines alone costs both.
    both = lines[3].replace(b"\n", b"+") + lines[4]
    log.write_bytes(b"".join([lines[0], lines[1][:40] + b"\n", lines[2], both, lines[5], b'{"half']))
    with pytest.raises(RunError, match=r"log.jsonl:2: .* 'reelnet repair'"):
        Run(run.path)
    done = call("verify", run.path)
    assert done.exit_code == 4
    problems = done.stdout.splitlines()
    assert [line.rpartition(": ")[2] for line in problems] == [f"step {step} is lost" for step in (1, 3, 4)]
    for line, number in zip(problems, (2, 4, 4), strict=True):
        assert line.startswith(f"{log}:{number}: not a log line (")
    assert "3 of 6 steps are damaged" in done.stderr
    (run.path / "steps" / ".00000009.safetensors.tmp").write_bytes(b"half")
    done = call("repair", run.path)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, f"{run.path}: kept 3 of 6 steps")
    check_run(Run(run.path), [0, 2, 5])
    assert list(Run(run.path).missing) == [1, 3, 4]
    assert sorted(file.name for file in (run.path / "steps").iterdir()) == [
        f"0000000{step}.safetensors" for step in (0, 2, 5)
    ]


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (1, "it is between the start of the log and step 1"),
        (3, "it is between step 1 and step 3"),
        (5, "it is between step 3 and the end of the log"),
    ],
)
def test_a_damaged_line_without_a_step_file_is_described_by_its_neighbors(
    number: int, place: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", range(5), steps_each=100)
    broken(run.path / "log.jsonl", number, b"\x00\xff")
    (run.path / "steps" / f"{number - 1:08d}.safetensors").unlink()
    health = verify_run(run.path)
    assert not health.damaged_steps
    (line,) = health.log_problems
    assert line.endswith(f"): {place}")


def test_a_segment_with_a_damaged_line_is_restored(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    log = run.path / "log.jsonl"
    lines = log.read_bytes().splitlines()
    number = next(at for at, line in enumerate(lines, 1) if json.loads(line).get("segment"))
    broken(log, number, lines[number - 1][:-9] + b"\xff" + lines[number - 1][-8:])
    done = call("verify", run.path)
    segment = run.path / "segments" / "00000000.safetensors"
    assert f"{segment}: steps 0 to 9: their log line is damaged, so their metrics are lost" in done.stdout
    assert call("repair", run.path).stdout.endswith(f"{run.path}: kept 25 of 25 steps\n")
    repaired = Run(run.path)
    assert repaired.steps == list(range(25))
    for name in SHAPES:
        np.testing.assert_array_equal(
            repaired.read(name), np.stack([arrays(step)[name] for step in range(25)])
        )
    assert repaired.nonfinite == run.nonfinite
    assert repaired.taps == run.taps
    np.testing.assert_array_equal(repaired.metrics["test"][10:], run.metrics["test"][10:])
    assert np.isnan(repaired.metrics["test"][:10]).all()
    assert verify_run(run.path).is_intact
