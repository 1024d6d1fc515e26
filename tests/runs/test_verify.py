"""`reelnet verify` lists what is damaged, `reelnet repair` keeps the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.reel import Run
from reelnet.runs.metrics import write_imported_metrics
from reelnet.runs.verify import repair_run, verify_run
from tests.cli.calls import call
from tests.runs.steps import check_run, snapshot, write_run, writer


def flip(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 4
    file.write_bytes(data)


def test_intact_run(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    done = call("verify", run.path, "--quiet")
    assert (done.exit_code, done.stdout) == (0, f"{run.path}: all 25 steps are intact\n")
    before = Run(run.path).read("b").tobytes()
    assert call("repair", run.path).stdout == f"{run.path}: was intact\n"
    assert Run(run.path).read("b").tobytes() == before


def test_every_byte_of_the_values_is_checked(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(12))
    files = [run.path / "segments" / "00000000.safetensors", run.path / "steps" / "00000011.safetensors"]
    for file in files:
        data = file.read_bytes()
        for place in range(8, len(data), 97):
            flip(file, place)
            health = verify_run(run.path)
            # The head of a step's own file is not read; its values are where the log says.
            if file is files[0] or place >= len(data) - 500:
                assert not health.is_intact, place
                assert all(str(file) in line for line in health.problems())
            file.write_bytes(data)
    assert verify_run(run.path).is_intact


def test_damaged_steps_are_listed_and_the_rest_is_kept(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    steps, segments = run.path / "steps", run.path / "segments"
    flip(steps / "00000021.safetensors", -1)
    (steps / "00000022.safetensors").unlink()
    flip(segments / "00000000.safetensors", -1)
    data = (segments / "00000001.safetensors").read_bytes()
    (segments / "00000001.safetensors").write_bytes(data[: len(data) - 6])
    done = call("verify", run.path)
    assert done.exit_code == 4
    for file, problem in (
        (segments / "00000000.safetensors", r"step 9, \w+: altered"),
        (segments / "00000001.safetensors", r"step 19, \w+: truncated"),
        (steps / "00000021.safetensors", r"step 21, \w+: altered"),
        (steps / "00000022.safetensors", "cannot read step 22"),
    ):
        assert re.search(re.escape(f"{file}: ") + problem, done.stdout)
    assert done.stdout.count("\n") == 4
    assert done.stderr.startswith(f"reelnet: {run.path}: 4 of 25 steps are damaged; 'reelnet repair")
    done = call("repair", run.path)
    assert done.exit_code == 0
    assert done.stdout.endswith(f"{run.path}: kept 21 of 25 steps\n")
    assert done.stdout.count("\n") == 5
    repaired = Run(run.path)
    assert list(repaired.missing) == [9, 19, 21, 22]
    check_run(repaired, [step for step in range(25) if step not in (9, 19, 21, 22)])
    assert verify_run(run.path).is_intact
    with writer(run.path, resume=24) as again:
        again.commit(snapshot(25))
    assert Run(run.path).steps[-1] == 25


def test_a_damaged_index_loses_only_its_segment(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(25))
    flip(run.path / "segments" / "00000000.safetensors", 300)
    health = verify_run(run.path)
    assert list(health.damaged_steps) == list(range(10))
    assert all("00000000.safetensors" in line for line in health.problems())
    repair_run(run.path)
    check_run(Run(run.path), list(range(10, 25)))


def test_damaged_samples_cannot_be_repaired(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(3))
    flip(run.path / "samples.safetensors", -1)
    done = call("verify", run.path)
    assert (done.exit_code, "samples.safetensors: altered" in done.stdout) == (4, True)
    assert "restore samples.safetensors from a copy" in done.stderr
    for _ in range(2):
        done = call("repair", run.path)
        assert done.exit_code == 4
        assert "kept 3 of 3 steps, but the samples are damaged and cannot be mended; restore" in done.stderr
    assert Run(run.path).steps == [0, 1, 2]


def test_damaged_imported_metrics_are_set_aside(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(3))
    write_imported_metrics(run.store, {"accuracy": {0: 0.5}})
    file = run.path / "metrics.json"
    flip(file, 30)
    done = call("verify", run.path)
    assert (done.exit_code, f"{file}: not a metrics file (altered" in done.stdout) == (4, True)
    assert "the imported metrics are damaged; import them again" in done.stderr
    assert call("repair", run.path).exit_code == 0
    assert [each.name for each in (run.path / "damaged").iterdir()] == ["metrics.json"]
    assert verify_run(run.path).is_intact


def test_a_damaged_step_moves_to_the_folder_damaged(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(3))
    file = run.path / "steps" / "00000001.safetensors"
    flip(file, -1)
    data = file.read_bytes()
    repair_run(run.path)
    assert (run.path / "damaged" / "steps-00000001.safetensors").read_bytes() == data
    assert not file.exists()
    check_run(Run(run.path), [0, 2])


def test_a_run_without_an_intact_step_cannot_be_repaired(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", range(2))
    for step in range(2):
        flip(run.path / "steps" / f"0000000{step}.safetensors", -1)
    done = call("repair", run.path)
    assert (done.exit_code, "kept 0 of 2 steps; restore the run from a copy" in done.stderr) == (4, True)


def test_no_run_and_a_run_being_recorded(tmp_path: Path) -> None:
    for command in ("verify", "repair"):
        done = call(command, tmp_path / "none")
        assert (done.exit_code, done.stderr.count("\n")) == (4, 1)
    opened = writer(tmp_path / "run")
    opened.commit(snapshot(0))
    assert verify_run(tmp_path / "run").is_intact
    with pytest.raises(UsageError, match="is being recorded"):
        repair_run(tmp_path / "run")
    opened.close()
