"""Random damage to any file of a run is either found or changes nothing: no value is silently another one."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reelnet.errors import ReelnetError
from reelnet.reel import Run
from reelnet.runs import recovery, verify
from reelnet.runs.metrics import write_imported_metrics
from tests.runs.steps import SHAPES, snapshot, writer

CASES = 1000 * int(os.environ.get("REELNET_FUZZ_SCALE", "1"))

SEED = 14


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two segments, steps of their own, dropped and missing steps, labels, facts and imported metrics."""
    path = tmp_path_factory.mktemp("intact") / "run"
    with writer(path, steps_each=4, labels=("a", "b", "ü"), about={"seed": 1, "note": "x\ty"}) as opened:
        for step in range(10):
            opened.commit(snapshot(step))
        opened.drop([1, 5])
        opened.mark_missing(20, "no more")
    write_imported_metrics(Run(path).store, {"accuracy": {2: 0.5, 3: 0.75}})
    return path


def read_everything(path: Path) -> list[Any]:
    """All that a run says: steps, values, metrics, labels and facts."""
    run = Run(path)
    values = [(array.shape, array.dtype.str, array.tobytes()) for array in map(run.read, SHAPES)]
    at_steps = [
        {tap: array.tobytes() for tap, array in run.snapshot(step).taps.items()} for step in run.steps
    ]
    numbers = {name: array.tobytes() for name, array in run.metrics.items()}
    pictures = (run.samples.tobytes(), run.inputs.tobytes())
    texts = (run.labels, run.about, run.taps, run.nonfinite)
    return [run.steps, values, at_steps, numbers, run.elapsed.tobytes(), pictures, texts]


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def truncate_at_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[: rng.randrange(len(lines))])


def swap_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def double_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(rng.sample(lines, 1) + lines if rng.random() < 0.5 else lines + rng.sample(lines, 1))


def delete_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def zero_block(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    end = rng.randrange(start, len(data)) + 1
    return data[:start] + bytes(end - start) + data[end:]


def append_bytes(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.randrange(1, 40)) + rng.choice((b"", b"\n"))


CHANGES: list[Callable[[bytes, random.Random], bytes]] = [
    flip_bits,
    flip_bits,
    flip_bits,
    truncate,
    truncate_at_line,
    swap_lines,
    double_line,
    delete_line,
    zero_block,
    append_bytes,
]


def find_problem(path: Path, file: Path, expected: list[Any]) -> str:
    """Say how damage went unnoticed; empty if it was found or changed nothing."""
    try:
        found = read_everything(path)
    except ReelnetError as error:
        return "" if str(path) in str(error) and "\n" not in str(error) else f"the error says {error}"
    if found == expected:
        return ""
    # Only a log that ends early can be read without an error: recordings that were killed have such a log.
    health = verify.verify_run(path)
    if file.name != "log.jsonl" or health.is_intact:
        return "another value, unnoticed"
    return "" if Run(path).warnings() else "no warning"


def test_no_damage_is_silent(intact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (recovery, verify):
        monkeypatch.setattr(module, "COMMIT_SECONDS", 0)
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    expected = read_everything(run)
    files = sorted(file for file in run.rglob("*") if file.is_file())
    assert len(files) == 8
    rng = random.Random(SEED)
    silent = []
    for number in range(CASES):
        file, change = rng.choice(files), rng.choice(CHANGES)
        data = file.read_bytes()
        file.write_bytes(change(data, rng))
        if problem := find_problem(run, file, expected):
            silent.append(f"case {number}: {change.__name__} in {file.name}: {problem}")
        file.write_bytes(data)
    assert silent == []


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "log.jsonl"])
def test_each_flipped_byte_of_json_is_found(name: str, intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    expected = read_everything(run)
    file = run / name
    data = file.read_bytes()
    rng = random.Random(SEED)
    for place in range(0, len(data), 1 if CASES > 2000 else 7):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :])
        assert not find_problem(run, file, expected), place


def test_a_damaged_checksum_does_not_hide_a_damaged_value(intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    for name, value in (("metrics.json", b"0.75"), ("run.json", b'"seed": 1'), ("log.jsonl", b'"loss": ')):
        data = (run / name).read_bytes()
        assert value in data
        place = data.rindex(b'"checksum": "') + 14
        damaged = data[:place] + b"g" + data[place + 1 :]
        (run / name).write_bytes(damaged.replace(value, value[:-1] + b"2"))
        with pytest.raises(ReelnetError, match=name):
            read_everything(run)
        (run / name).write_bytes(data)
