"""Steps packed into segments: the same values in fewer files, and a crash between any two writes loses nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from reelnet.errors import ReelnetError, RunError
from reelnet.reel import Run
from reelnet.runs.storage.local import LocalStore
from tests.runs.steps import DTYPES, INFOS, SHAPES, arrays, snapshot, writer


def write(path: Path, steps: range, *, steps_each: int = 10) -> Run:
    with writer(path, steps_each=steps_each) as opened:
        for step in steps:
            opened.commit(snapshot(step))
    return Run(path)


def check(run: Run, steps: list[int]) -> None:
    """The run holds exactly these steps, with the values and numbers of `snapshot`."""
    assert run.steps == steps
    for name in SHAPES:
        whole = run.read(name)
        assert whole.dtype.name == DTYPES[name]
        np.testing.assert_array_equal(whole, np.stack([arrays(step)[name] for step in steps]))
        values = whole.astype(np.float64)[np.isfinite(whole)]
        assert (run.taps[name].min, run.taps[name].max) == (values.min(), values.max())
    for step in (steps[0], steps[len(steps) // 2], steps[-1]):
        found = run.snapshot(step)
        np.testing.assert_array_equal(found.taps["b"], arrays(step)["b"])
        assert found.metrics.keys() == snapshot(step).metrics.keys()
    np.testing.assert_array_equal(run.metrics["test"], [step if step % 2 == 0 else np.nan for step in steps])
    strange = [step for step in steps if step % 5 == 3]
    assert run.nonfinite == ({"b": (2 * len(strange), strange[0])} if strange else {})


def files(run: Run, folder: str) -> list[str]:
    return sorted(each.name for each in (run.path / folder).iterdir())


def test_steps_are_packed_on_the_way_and_read_back_as_they_were(tmp_path: Path) -> None:
    run = write(tmp_path / "run", range(25))
    assert files(run, "segments") == ["00000000.safetensors", "00000001.safetensors"]
    assert files(run, "steps") == [f"{step:08d}.safetensors" for step in range(20, 25)]
    check(run, list(range(25)))
    np.testing.assert_array_equal(
        run.read("conv1", [23, 4, 5, 6, 19, 0]),
        np.stack([arrays(step)["conv1"] for step in (23, 4, 5, 6, 19, 0)]),
    )
    opened = writer(tmp_path / "other")
    opened.close()
    with pytest.raises(ReelnetError, match="the run is closed"):
        opened.commit(snapshot(0))


def test_many_steps_are_packed_at_the_end_too_and_the_log_is_short(tmp_path: Path) -> None:
    run = write(tmp_path / "run", range(40), steps_each=1000)
    assert files(run, "segments") == ["00000000.safetensors"]
    assert files(run, "steps") == []
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert [next(iter(line)) for line in lines] == ["log", "segment"]
    check(run, list(range(40)))


def test_a_segment_is_a_safetensors_file_in_which_a_tap_is_one_piece(tmp_path: Path) -> None:
    run = write(tmp_path / "run", range(10))
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


def test_reading_one_tap_costs_one_range_a_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write(tmp_path / "run", range(30))
    ranges, read_into = [], LocalStore.read_into

    def counted(self: LocalStore, name: str, offset: int, out: memoryview, row: int) -> Iterator[int]:
        ranges.append((name, len(out)))
        return read_into(self, name, offset, out, row)

    monkeypatch.setattr(LocalStore, "read_into", counted)
    run.read("conv1")
    assert ranges == [(f"segments/0000000{n}.safetensors", 10 * INFOS["conv1"].nbytes) for n in range(3)]


@pytest.mark.parametrize("place", ["assemble", "append", "remove", "rewrite"])
def test_a_crash_at_any_write_of_a_packing_loses_nothing(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = writer(tmp_path / "run", steps_each=10)
    for step in range(9):
        opened.commit(snapshot(step))
    calls, real = 0, getattr(LocalStore, place)

    class Killed(BaseException):
        pass

    def dies(self: LocalStore, *args: object) -> None:
        nonlocal calls
        calls += 1
        # The first append is that of the step itself; of files to remove the first goes.
        if place == "append" and calls == 1:
            real(self, *args)
            return
        if place == "remove":
            real(self, list(args[0])[:1])  # type: ignore[call-overload]
        raise Killed

    monkeypatch.setattr(LocalStore, place, dies)
    monkeypatch.setattr("reelnet.runs.storage.local.STALE", 0)
    with pytest.raises(Killed):
        opened.commit(snapshot(9))
    monkeypatch.undo()
    assert calls
    check(Run(tmp_path / "run"), list(range(10)))
    opened._lock.release()
    with writer(tmp_path / "run", resume=9) as again:
        for step in range(10, 25):
            again.commit(snapshot(step))
    check(Run(tmp_path / "run"), list(range(25)))
    assert len(files(Run(tmp_path / "run"), "steps")) in (4, 5)


def test_a_damaged_step_is_not_packed_and_the_others_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
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
    assert [message for message in caplog.messages if "left where it is" in message] == [
        message for message in caplog.messages if "00000003.safetensors: step 3" in message
    ]
    run = Run(tmp_path / "run")
    assert files(run, "steps")[0] == "00000003.safetensors"
    assert run.steps == list(range(20))
    with pytest.raises(RunError, match=r"step 3, .*altered"):
        run.snapshot(3)
    others = [step for step in range(20) if step != 3]
    np.testing.assert_array_equal(run.read("conv1", others), np.stack([arrays(s)["conv1"] for s in others]))


def test_no_room_for_a_segment_leaves_the_steps_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: LocalStore, *args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalStore, "assemble", full)
    with caplog.at_level(logging.WARNING):
        run = write(tmp_path / "run", range(35))
    assert [message for message in caplog.messages if "No space left on device" in message] == [
        f"{tmp_path / 'run'}: steps cannot be packed into a segment (No space left on device); "
        "they stay in their own files"
    ]
    check(run, list(range(35)))


def test_dropped_steps_leave_their_segments(tmp_path: Path) -> None:
    opened = writer(tmp_path / "run")
    for step in range(30):
        opened.commit(snapshot(step))
    before = Run(tmp_path / "run").nbytes
    opened.drop(range(1, 30, 2))
    assert (tmp_path / "run" / "log.jsonl").read_text().count("\n") == 4
    assert opened.step_count == 15
    assert Run(tmp_path / "run").nbytes < 0.8 * before
    opened.drop([step for step in range(0, 10) if step % 2 == 0])
    opened.close()
    run = Run(tmp_path / "run")
    check(run, list(range(10, 30, 2)))
    assert len(files(run, "segments")) == 2


@pytest.mark.parametrize("part", ["head", "values", "cut"])
def test_a_damaged_segment_is_told_with_its_file_and_step(part: str, tmp_path: Path) -> None:
    run = write(tmp_path / "run", range(20))
    file = run.path / "segments" / "00000001.safetensors"
    data = bytearray(file.read_bytes())
    if part == "cut":
        data = data[:-8]
    else:
        data[40 if part == "head" else -1] ^= 1
    file.write_bytes(data)
    opened = Run(run.path)
    np.testing.assert_array_equal(opened.read("flags", range(10)), run.read("flags", range(10)))
    said = {"head": "steps 10 to 19: altered, its index", "values": "step 19, flags: altered"}
    with pytest.raises(RunError, match=said.get(part, "step 19, flags: truncated")) as error:
        opened.read("flags")
    assert str(file) in str(error.value)


def test_a_run_in_the_first_form_opens_and_goes_on(tmp_path: Path) -> None:
    run = write(tmp_path / "run", range(5), steps_each=1000)
    header = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**header, "format": 1}))
    (run.path / "segments").rmdir()
    check(Run(run.path), list(range(5)))
    with writer(run.path, resume=4) as again:
        for step in range(5, 20):
            again.commit(snapshot(step))
    check(Run(run.path), list(range(20)))
    assert json.loads((run.path / "run.json").read_text())["format"] == 2
