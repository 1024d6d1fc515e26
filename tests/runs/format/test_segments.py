"""Packing steps into segments keeps their values, also if the process crashes between any two writes."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from reelnet.errors import ReelnetError, RunError
from reelnet.reel import Run
from reelnet.runs.run import RunReader
from reelnet.runs.storage.local import LocalStore
from reelnet.runs.storage.protocol import Piece
from tests.runs.steps import INFOS, SHAPES, arrays, check_run, snapshot, write_run, writer


def files(run: RunReader, folder: str) -> list[str]:
    return sorted(each.name for each in (run.path / folder).iterdir())


def test_steps_are_packed_during_the_recording(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    assert files(run, "segments") == ["00000000.safetensors", "00000001.safetensors"]
    assert files(run, "steps") == [f"{step:08d}.safetensors" for step in range(20, 25)]
    check_run(run, list(range(25)))
    np.testing.assert_array_equal(
        run.read("conv1", [23, 4, 5, 6, 19, 0]),
        np.stack([arrays(step)["conv1"] for step in (23, 4, 5, 6, 19, 0)]),
    )
    opened = writer(tmp_path / "other")
    opened.close()
    with pytest.raises(ReelnetError, match="the run is closed"):
        opened.commit(snapshot(0))


def test_remaining_steps_are_packed_at_the_end(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(40), steps_each=1000)
    assert files(run, "segments") == ["00000000.safetensors"]
    assert files(run, "steps") == []
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert [next(iter(line)) for line in lines] == ["log", "segment"]
    check_run(run, list(range(40)))


def test_a_segment_is_a_safetensors_file_with_contiguous_taps(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(10))
    found = load_file(run.path / "segments" / "00000000.safetensors")
    np.testing.assert_array_equal(found["steps"], np.arange(10))
    for name in SHAPES:
        np.testing.assert_array_equal(
            found[f"tap/{name}"], np.stack([arrays(step)[name] for step in range(10)])
        )
    import zlib

    for row, name in enumerate(SHAPES):
        assert found["crc32"][row].tolist() == [
            zlib.crc32(arrays(step)[name].tobytes()) for step in range(10)
        ]


def test_reading_one_tap_costs_one_range_per_segment(tmp_path: Path) -> None:
    write_run(tmp_path / "run", range(30))
    ranges = []

    class CountingStore(LocalStore):
        def read_into(self, name: str, offset: int, out: memoryview, row_size: int) -> Iterator[int]:
            ranges.append((name, len(out)))
            return super().read_into(name, offset, out, row_size)

    Run(CountingStore(tmp_path / "run")).read("conv1")
    assert ranges == [(f"segments/0000000{n}.safetensors", 10 * INFOS["conv1"].nbytes) for n in range(3)]


class KilledError(BaseException):
    pass


class DyingStore(LocalStore):
    """A store of a process that is killed at the first call of a method, once that is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, max_stale_log_bytes=0)
        self.method, self.appends = "", 0

    def write_pieces(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
        if self.method == "write_pieces":
            raise KilledError
        super().write_pieces(name, size, pieces)

    def append_log(self, lines: bytes) -> None:
        # The first append is that of the step itself.
        self.appends += 1
        if self.method == "append_log" and self.appends == 2:
            raise KilledError
        super().append_log(lines)

    def remove_files(self, names: Iterable[str]) -> None:
        if self.method == "remove_files":
            super().remove_files(list(names)[:1])
            raise KilledError
        super().remove_files(names)

    def replace_log(self, lines: bytes) -> None:
        if self.method == "replace_log":
            raise KilledError
        super().replace_log(lines)


@pytest.mark.parametrize("method", ["write_pieces", "append_log", "remove_files", "replace_log"])
def test_a_crash_while_packing_loses_nothing(method: str, tmp_path: Path) -> None:
    store = DyingStore(tmp_path / "killed")
    opened = writer(store, steps_each=10)
    for step in range(9):
        opened.commit(snapshot(step))
    store.method, store.appends = method, 0
    with pytest.raises(KilledError):
        opened.commit(snapshot(9))
    # The lock of a killed process ends with it: so does that of a copy.
    shutil.copytree(tmp_path / "killed", tmp_path / "run")
    check_run(Run(tmp_path / "run"), list(range(10)))
    with writer(tmp_path / "run", resume=9) as again:
        for step in range(10, 25):
            again.commit(snapshot(step))
    check_run(Run(tmp_path / "run"), list(range(25)))
    assert len(files(Run(tmp_path / "run"), "steps")) in (4, 5)


def test_a_damaged_step_is_not_packed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    opened = writer(tmp_path / "run", steps_each=10)
    for step in range(8):
        opened.commit(snapshot(step))
    file = tmp_path / "run" / "steps" / "00000003.safetensors"
    data = bytearray(file.read_bytes())
    data[-7] ^= 16
    file.write_bytes(data)
    for step in range(8, 20):
        opened.commit(snapshot(step))
    opened.close()
    assert [message for message in caplog.messages if "stays in its own file" in message] == [
        message for message in caplog.messages if "00000003.safetensors: step 3" in message
    ]
    run = Run(tmp_path / "run")
    assert files(run, "steps")[0] == "00000003.safetensors"
    assert run.steps == list(range(20))
    with pytest.raises(RunError, match=r"step 3, .*altered"):
        run.snapshot(3)
    others = [step for step in range(20) if step != 3]
    np.testing.assert_array_equal(run.read("conv1", others), np.stack([arrays(s)["conv1"] for s in others]))


def test_full_disk_while_packing_keeps_the_step_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class FullStore(LocalStore):
        def write_pieces(self, name: str, size: int, pieces: Iterable[Piece]) -> None:
            if name.startswith("segments/"):
                raise OSError(28, "No space left on device")
            super().write_pieces(name, size, pieces)

    with caplog.at_level(logging.WARNING), writer(FullStore(tmp_path / "run")) as opened:
        for step in range(35):
            opened.commit(snapshot(step))
    assert [message for message in caplog.messages if "No space left on device" in message] == [
        f"{tmp_path / 'run'}: steps cannot be packed into a segment (No space left on device); "
        "they stay in their own files"
    ]
    check_run(Run(tmp_path / "run"), list(range(35)))


def test_dropped_steps_are_removed_from_segments(tmp_path: Path) -> None:
    opened = writer(tmp_path / "run")
    for step in range(30):
        opened.commit(snapshot(step))
    before = Run(tmp_path / "run").nbytes
    opened.drop(range(1, 30, 2))
    assert (tmp_path / "run" / "log.jsonl").read_text().count("\n") == 4
    assert len(opened.steps) == 15
    assert Run(tmp_path / "run").nbytes < 0.8 * before
    opened.drop([step for step in range(0, 10) if step % 2 == 0])
    opened.close()
    run = Run(tmp_path / "run")
    check_run(run, list(range(10, 30, 2)))
    assert len(files(run, "segments")) == 2


@pytest.mark.parametrize("part", ["head", "values", "cut"])
def test_errors_of_damaged_segments_name_file_and_step(part: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(20))
    file = run.path / "segments" / "00000001.safetensors"
    data = bytearray(file.read_bytes())
    if part == "cut":
        data = data[:-8]
    else:
        data[40 if part == "head" else -1] ^= 1
    file.write_bytes(data)
    opened = Run(run.path)
    np.testing.assert_array_equal(opened.read("flags", range(10)), run.read("flags", range(10)))
    expected = {"head": "steps 10 to 19: altered, its index", "values": "step 19, flags: altered"}
    with pytest.raises(RunError, match=expected.get(part, "step 19, flags: truncated")) as error:
        opened.read("flags")
    assert str(file) in str(error.value)
