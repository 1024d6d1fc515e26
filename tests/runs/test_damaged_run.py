"""Damage is detected, and the error names the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import ReelnetError, RunError
from reelnet.reel import Run
from tests.make_run import MakeRun
from tests.runs.damage import read_header, read_lines, write_header, write_lines

RESTORE_HINT = "; restore the file from a copy, or record the run again"
REPAIR_HINT = "; restore the file from a copy, or keep the undamaged steps with 'reelnet repair'"
TAPS = {"conv1": (3, 2, 4, 4), "conv2": (3, 1, 5, 5)}


def check_message(error: pytest.ExceptionInfo[ReelnetError], *parts: str) -> None:
    text = str(error.value)
    assert "\n" not in text
    for part in parts:
        assert part in text


def step_file(run: Run, step: int) -> Path:
    return run.path / "steps" / f"{step:08d}.safetensors"


def altered(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_missing_step_file(make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    step_file(run, 3).unlink()
    with pytest.raises(RunError) as error:
        Run(run.path).read("conv1")
    check_message(
        error,
        "00000003.safetensors",
        "step 3",
        "cannot read step 3 (No such file or directory)" + REPAIR_HINT,
    )
    assert Run(run.path).read("conv1", [0, 1, 2, 4]).shape[0] == 4


def test_a_truncated_step_file(make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    data = step_file(run, 2).read_bytes()
    for size in (0, 5, 100, len(data) - 1):
        step_file(run, 2).write_bytes(data[:size])
        with pytest.raises(RunError) as error:
            Run(run.path).snapshot(2)
        check_message(error, "00000002.safetensors", "step 2", "truncated", REPAIR_HINT)


def test_every_altered_byte_of_the_values_is_detected(make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    data = step_file(run, 2).read_bytes()
    values = sum(tap.nbytes for tap in run.taps.values())
    for place in range(len(data) - values, len(data), 37):
        step_file(run, 2).write_bytes(altered(data, place))
        with pytest.raises(RunError) as error:
            Run(run.path).snapshot(2)
        check_message(error, "00000002.safetensors", "step 2", "altered", REPAIR_HINT)
    Run(run.path).read("conv1", [0, 1, 3, 4])
    step_file(run, 2).write_bytes(data)
    Run(run.path).read("conv1")


def test_swapped_step_files(make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    step_file(run, 1).replace(step_file(run, 2))
    with pytest.raises(RunError) as error:
        Run(run.path).read("conv2", 2)
    check_message(error, "00000002.safetensors", "step 2, conv2", "altered", REPAIR_HINT)


def test_altered_and_missing_samples(make_run: MakeRun) -> None:
    run = make_run()
    file = run.path / "samples.safetensors"
    data = file.read_bytes()
    for changed in (altered(data, len(data) // 2), altered(data, 3), data[:-1], b""):
        file.write_bytes(changed)
        with pytest.raises(RunError) as error:
            _ = Run(run.path).samples
        check_message(error, str(file), "checksum", RESTORE_HINT)
    file.unlink()
    with pytest.raises(RunError) as error:
        _ = Run(run.path).inputs
    check_message(error, str(file), "cannot read the samples", RESTORE_HINT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        '{"format": 1}',
        '{"format": 1, "taps": {"a": {}}, "samples": 1}',
        "\udcff",
    ],
)
def test_invalid_header(text: str, make_run: MakeRun) -> None:
    run = make_run()
    (run.path / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RunError) as error:
        Run(run.path)
    check_message(error, str(run.path / "run.json"), RESTORE_HINT)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["taps"]["conv1"].update(shape=[3, 2, 4]),
        lambda header: header["taps"]["conv1"].update(dtype="float7"),
        lambda header: header["taps"]["conv1"].update(bounds=3),
        lambda header: header.pop("samples_crc32"),
        lambda header: header.update(samples=None),
        lambda header: header.update(labels=5),
    ],
)
def test_header_with_an_invalid_entry(change: Callable[[dict[str, Any]], None], make_run: MakeRun) -> None:
    run = make_run()
    header = read_header(run.path)
    change(header)
    write_header(run.path, header)
    with pytest.raises(RunError) as error:
        Run(run.path)
    check_message(error, str(run.path / "run.json"), "not a run header", RESTORE_HINT)


def test_unknown_format_version(make_run: MakeRun) -> None:
    run = make_run()
    write_header(run.path, {**read_header(run.path), "format": 99})
    with pytest.raises(RunError) as error:
        Run(run.path)
    check_message(error, "format 99", "reads formats 1 to 3")


def test_paths_without_a_run(tmp_path: Path, make_run: MakeRun) -> None:
    with pytest.raises(RunError, match="no such folder") as error:
        Run(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="file: is a file, but a run is a folder"):
        Run(tmp_path / "file")
    with pytest.raises(RunError, match=r"not a run, there is no run\.json; give the folder of a recording"):
        Run(tmp_path)
    run = make_run()
    (run.path / "log.jsonl").unlink()
    with pytest.raises(RunError, match=r"log\.jsonl: cannot read the log .*; restore the file from a copy"):
        Run(run.path)
    check_message(error, "nowhere")
    assert error.value.exit_code == 4


@pytest.mark.parametrize(
    "broken",
    [
        lambda line: b"",
        lambda line: line[: len(line) // 2],
        lambda line: b"\x00" * len(line),
        lambda line: b"\xff" + line,
        lambda line: b"[1, 2]",
        lambda line: line.replace(b'"step": 2', b'"step": 1'),
        lambda line: line[:-25] + b"}",
    ],
)
def test_damaged_log_line(broken: Callable[[bytes], bytes], make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    log = run.path / "log.jsonl"
    lines = log.read_bytes().splitlines()
    assert broken(lines[2]) != lines[2]
    lines[2] = broken(lines[2])
    log.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(RunError) as error:
        Run(run.path)
    check_message(error, "log.jsonl:3", REPAIR_HINT)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.update(taps={"conv7": line["taps"]["conv1"]}),
        lambda line: line.update(step=None),
        lambda line: line.update(step=3),
        lambda line: line.update(step=1e400),
        lambda line: line.update(metrics={"loss": "low"}),
        lambda line: line.update(metrics={"loss": 10**400}),
        lambda line: line.update(elapsed=-1),
        lambda line: line.update(elapsed=float("nan")),
        lambda line: line.update(file="steps/00000001.safetensors"),
        lambda line: line.update(file="../victim.safetensors"),
        lambda line: line["taps"]["conv1"].update(size=380),
        lambda line: line["taps"]["conv1"].update(offset=-1),
        lambda line: line["taps"]["conv1"].update(offset=10**30),
        lambda line: line["taps"]["conv1"].update(crc32="-1"),
        lambda line: line["taps"]["conv1"].update(min=2.0, max=1.0),
        lambda line: line["taps"]["conv1"].update(min=None),
        lambda line: line["taps"]["conv1"].update(max=float("inf")),
    ],
)
def test_log_line_with_an_invalid_entry(change: Callable[[dict[str, Any]], None], make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    lines = read_lines(run.path)
    change(lines[2])
    write_lines(run.path, lines)
    with pytest.raises(RunError) as error:
        Run(run.path)
    check_message(error, "log.jsonl:3", REPAIR_HINT)


def test_unfinished_last_log_line_is_ignored(make_run: MakeRun) -> None:
    run = make_run(taps=TAPS)
    log = run.path / "log.jsonl"
    whole = log.read_bytes()
    start = whole.rstrip(b"\n").rindex(b"\n") + 1
    for end in (start, start + 1, start + 40, len(whole) - 1):
        log.write_bytes(whole[:end])
        opened = Run(run.path)
        assert opened.steps == [0, 1, 2, 3]
        np.testing.assert_array_equal(opened.read("conv1"), run.read("conv1", range(4)))
    log.write_bytes(b"")
    assert Run(run.path).steps == []
