"""Damaged lines of a log: the lost steps are listed, and everything else is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import RunError
from reelnet.reel import Run
from reelnet.runs.recovery import MAX_ORDER_PROBLEMS
from reelnet.runs.session import resolve_resume_step
from reelnet.runs.verify import repair_run, verify_run
from tests.cli.calls import call
from tests.runs.steps import check_run, snapshot, write_run, writer


def broken(log: Path, number: int, text: bytes = b"{") -> None:
    """Have the line of that number, from 1, be another."""
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[: number - 1], text + b"\n", *lines[number:]]))


def test_steps_of_damaged_lines_are_restored_from_their_files(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(6), steps_each=100)
    log = run.path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    # The byte between two lines alone costs both.
    both = lines[3].replace(b"\n", b"+") + lines[4]
    log.write_bytes(b"".join([lines[0], lines[1][:40] + b"\n", lines[2], both, lines[5], b'{"half']))
    damaged = log.read_bytes()
    with pytest.raises(RunError, match=r"log.jsonl:2: .* 'reelnet repair'"):
        Run(run.path)
    done = call("verify", run.path)
    assert done.exit_code == 4
    problems = done.stdout.splitlines()
    assert [line.partition(": not a log line (")[0] for line in problems[:2]] == [f"{log}:2", f"{log}:4"]
    assert problems[2] == f"{log}: 3 lines missing or damaged"
    assert problems[3:] == [
        f"{run.path}/steps/{step:08d}.safetensors: step {step}: its log line is lost, restored from the file"
        for step in (1, 3, 4)
    ]
    (run.path / "steps" / ".00000009.safetensors.tmp").write_bytes(b"half")
    done = call("repair", run.path)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, f"{run.path}: kept 6 of 6 steps")
    repaired = Run(run.path)
    check_run(repaired, list(range(6)))
    np.testing.assert_array_equal(repaired.elapsed, run.elapsed)
    np.testing.assert_array_equal(repaired.metrics["loss"], run.metrics["loss"])
    assert not (run.path / "steps" / ".00000009.safetensors.tmp").exists()
    # The log as it was, but for its unfinished line.
    assert (run.path / "damaged" / "log.jsonl").read_bytes() == damaged[: -len(b'{"half')]
    assert call("verify", run.path).exit_code == 0


@pytest.mark.parametrize("make", [lambda lines: [], lambda lines: lines[:1], lambda lines: None])
def test_a_truncated_log_loses_nothing(
    make: Callable[[list[bytes]], list[bytes] | None], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", range(25))
    log = run.path / "log.jsonl"
    kept = make(log.read_bytes().splitlines(keepends=True))
    if kept is None:
        log.unlink()
    else:
        log.write_bytes(b"".join(kept))
    done = call("verify", run.path)
    assert done.exit_code == 4
    assert "segments/00000000.safetensors: steps 0 to 9: their log line is lost, restored" in done.stdout
    assert call("repair", run.path).stdout.endswith(f"{run.path}: kept 25 of 25 steps\n")
    repaired = Run(run.path)
    check_run(repaired, list(range(25)))
    np.testing.assert_array_equal(repaired.elapsed, run.elapsed)
    np.testing.assert_array_equal(repaired.metrics["loss"], run.metrics["loss"])
    assert call("verify", run.path).exit_code == 0


def test_resuming_after_a_truncated_log_loses_nothing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    (run.path / "log.jsonl").write_bytes(b"")
    assert resolve_resume_step(run.path, True) == 24
    with writer(run.path, resume=24) as again:
        again.commit(snapshot(25))
    check_run(Run(run.path), list(range(26)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], ":4: line 2 is here for a second time"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], ":4: line 2 is out of order"),
        (lambda lines: [*lines[:2], *lines[3:]], ": 1 line missing or damaged"),
        (lambda lines: lines[1:], ": 1 line missing or damaged"),
    ],
)
def test_doubled_swapped_and_deleted_lines(
    change: Callable[[list[bytes]], list[bytes]], problem: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", range(6), steps_each=100)
    log = run.path / "log.jsonl"
    log.write_bytes(b"".join(change(log.read_bytes().splitlines(keepends=True))))
    with pytest.raises(
        RunError, match=r"log.jsonl:\d: not a log line \(this is line \d, but line \d must follow"
    ):
        Run(run.path)
    assert f"{log}{problem}" in verify_run(run.path).problems()
    repair_run(run.path)
    check_run(Run(run.path), list(range(6)))
    assert verify_run(run.path).is_intact


def test_a_line_doubled_many_times_is_a_short_list(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(6), steps_each=100)
    log = run.path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines, *lines[2:4] * 20_000]))
    problems = verify_run(run.path).problems()
    assert len(problems) == MAX_ORDER_PROBLEMS + 1
    assert problems[-1] == f"{log}: 39,980 more lines doubled or out of order"
    repair_run(run.path)
    check_run(Run(run.path), list(range(6)))


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
    assert health.log_problems[0].endswith(f"): {place}")


def test_a_segment_with_a_damaged_line_is_restored(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    log = run.path / "log.jsonl"
    lines = log.read_bytes().splitlines()
    number = next(at for at, line in enumerate(lines, 1) if json.loads(line).get("segment"))
    broken(log, number, lines[number - 1][:-9] + b"\xff" + lines[number - 1][-8:])
    done = call("verify", run.path)
    segment = run.path / "segments" / "00000000.safetensors"
    assert f"{segment}: steps 0 to 9: their log line is lost, restored from the segment\n" in done.stdout
    assert call("repair", run.path).stdout.endswith(f"{run.path}: kept 25 of 25 steps\n")
    check_run(Run(run.path), list(range(25)))
    assert verify_run(run.path).is_intact


def test_a_damaged_segment_that_is_not_in_the_log_is_kept_apart(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    (run.path / "log.jsonl").write_bytes(b"")
    segment = run.path / "segments" / "00000000.safetensors"
    data = bytearray(segment.read_bytes())
    data[300] ^= 1
    segment.write_bytes(data)
    repair_run(run.path)
    check_run(Run(run.path), list(range(10, 25)))
    assert (run.path / "damaged" / "segments-00000000.safetensors").read_bytes() == data
    assert not segment.exists()


def test_a_lost_log_does_not_bring_back_replaced_steps(tmp_path: Path) -> None:
    with writer(tmp_path / "run", steps_each=4) as opened:
        for step in range(14):
            opened.commit(replace(snapshot(step), metrics={"loss": 1}))
    with writer(tmp_path / "run", steps_each=4, resume=1) as opened:
        for step in range(2, 12):
            opened.commit(replace(snapshot(step), metrics={"loss": 2}))
    (tmp_path / "run" / "log.jsonl").write_bytes(b"")
    repair_run(tmp_path / "run")
    run = Run(tmp_path / "run")
    assert run.steps == list(range(12))
    assert run.metrics["loss"].tolist() == [1] * 2 + [2] * 10
    assert verify_run(tmp_path / "run").is_intact
