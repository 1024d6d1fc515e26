"""Runs of earlier format versions can be read, checked, rendered and resumed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from reelnet.reel import Run
from reelnet.runs.verify import repair_run, verify_run
from tests.cli.calls import call
from tests.runs.steps import check_run, snapshot, write_run, writer

VERSION_2 = Path(__file__).parent / "data" / "version-2"
"""Steps 0 to 12, written by the last release without checksums of JSON; step 13 is missing."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VERSION_2, tmp_path / "old"))


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_run_is_read_and_resumed(version: int, old: Path) -> None:
    header = json.loads((old / "run.json").read_text())
    (old / "run.json").write_text(json.dumps({**header, "format": version}))
    run = Run(old)
    check_run(run, list(range(13)))
    assert (run.labels, run.about, dict(run.missing)) == (("a", "b", "ü"), {"seed": 1}, {13: "no more"})
    assert np.isnan(run.elapsed).all()
    assert verify_run(old).is_intact
    with writer(old, resume=12) as again:
        for step in range(13, 30):
            again.commit(snapshot(step))
    check_run(Run(old), list(range(30)))
    # Nobody knows when its recording began.
    assert np.isnan(Run(old).elapsed).all()
    assert json.loads((old / "run.json").read_text())["format"] == 3
    assert all('"checksum"' in line for line in (old / "log.jsonl").read_text().splitlines())
    assert verify_run(old).is_intact


def test_an_old_run_is_rendered(old: Path, tmp_path: Path) -> None:
    assert call("frame", old, "--step", 5, "-o", tmp_path / "old.png").exit_code == 0
    write_run(tmp_path / "new", range(13))
    assert call("frame", tmp_path / "new", "--step", 5, "-o", tmp_path / "new.png").exit_code == 0


def test_an_old_run_with_an_empty_log_is_restored_as_far_as_known(old: Path) -> None:
    (old / "log.jsonl").write_bytes(b"")
    health = repair_run(old)
    assert [line.rpartition("; ")[2] for line in health.log_problems] == [
        "their metrics are lost",
        *["its metrics and checksums are lost"] * 3,
    ]
    run = Run(old)
    assert (run.steps, list(run.metrics)) == (list(range(13)), [])
    np.testing.assert_array_equal(run.read("b"), Run(VERSION_2).read("b"))
    assert run.nonfinite == Run(VERSION_2).nonfinite
    assert verify_run(old).is_intact
