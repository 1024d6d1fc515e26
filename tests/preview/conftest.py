"""Fixtures for tests of the preview: a working folder with a template of one's own, and a preview of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.preview.preview import Preview
from tests.make_run import write_run

MINE = """\
extends: plain
# Keep this comment.
panels:
  title: {kind: text, text: "Hello"}
layout: {column: [title, channels]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the template `mine` and without any of the user's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    work = tmp_path / "work"
    (work / "templates").mkdir(parents=True)
    (work / "templates" / "mine.yaml").write_text(MINE)
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    """A run of 12 steps with two layers and a metric."""
    random = np.random.default_rng(0)
    taps = {
        name: random.normal(size=(12, 3, count, 4, 4)).astype(np.float32)
        for name, count in (("conv1", 2), ("conv2", 4))
    }
    losses = {"train_loss": [*np.linspace(2, 0.1, 12)]}
    return write_run(tmp_path / "run", taps, steps=range(0, 120, 10), metrics=losses).path


@pytest.fixture
def preview(folder: Path, run_path: Path) -> Iterator[Preview]:
    """A preview that begins with the template `mine`."""
    with Preview(run_path, "mine") as opened:
        yield opened


def view(template: str = "mine", text: str | None = None, layer: str | None = None) -> dict[str, Any]:
    """A view as a page sends it."""
    return {"template": template, "text": text, "layer": layer}


def layout(preview: Preview, text: str | None = None, **others: Any) -> Any:
    """The answer about a layout, without its picture."""
    asked = {"view": view(text=text), "step": 110, "pixel_ratio": 1, "client": "page", "serial": 1, **others}
    return preview.call("layout", asked).json
