"""A run that the command line recorded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.calls import call


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    run = tmp_path_factory.mktemp("cli") / "run"
    result = call("train", "--run", run, "--steps", 2, "--batch-size", 64, "--layers", "conv1", "conv[56]")
    assert result.exit_code == 0, result.output
    return run, result


@pytest.fixture(scope="session")
def run(trained_run: tuple[Path, Result]) -> Path:
    return trained_run[0]


@pytest.fixture
def run_copy(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "copy"))
