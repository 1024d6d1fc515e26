"""A preview that is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.make_run import noise, write_run
from tests.preview.served.serving import Served, serve


@pytest.fixture(scope="package")
def preview_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run."""
    path = tmp_path_factory.mktemp("preview") / "run"
    write_run(path, noise(6, 3, 4, 5), metrics={"loss": [3, 2.5, 2, 1.5, 1.2, 1]})
    return path


@pytest.fixture(scope="package")
def served(preview_run: Path) -> Iterator[Served]:
    """A preview of the run, served at a free port."""
    with serve(preview_run) as running:
        yield running
