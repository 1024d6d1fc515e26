"""A preview in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from reelnet.reel import Run
from tests.figure.conftest import figure_run  # noqa: F401 - a fixture
from tests.preview.page.opened import OpenPreview, open_preview, serve

MINE = """\
extends: article
# Keep this comment.
panels:
  title: {text: "First title"}
"""


@pytest.fixture
def mine(folder: Path) -> Path:
    """The file of the template that the preview begins with."""
    file = folder / "templates" / "mine.yaml"
    file.write_text(MINE)
    return file


@pytest.fixture
def figure_run_path(figure_run: Run) -> Path:  # noqa: F811 - a fixture
    """A run with two layers, 12 steps and a curve."""
    return Path(figure_run.location)


@pytest.fixture
def address(figure_run_path: Path, mine: Path) -> Iterator[str]:
    """The address of a preview."""
    with serve(figure_run_path, "mine") as address:
        yield address


@pytest.fixture
def preview(browser: Browser, address: str) -> Iterator[OpenPreview]:
    """The preview in a window."""
    with open_preview(browser, address) as opened:
        yield opened
        assert opened.opened.errors == []
