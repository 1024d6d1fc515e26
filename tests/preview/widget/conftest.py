"""A widget of a reel, without Jupyter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import comm
import pytest

import reelnet
from reelnet.preview.widget.widget import ReelWidget
from reelnet.reel import Reel
from tests.preview.widget.kernel import Wire

Explore = Callable[..., tuple["ReelWidget[Reel]", Wire]]


@pytest.fixture
def explore(folder: Path, run_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Explore]:
    """Makes the widget of a reel, with its messages."""
    monkeypatch.setattr(comm, "create_comm", lambda **options: Wire(**options))
    made: list[ReelWidget[Reel]] = []

    def make(*arguments: Any, **options: Any) -> tuple[ReelWidget[Reel], Wire]:
        widget = reelnet.open(run_path).reel(*arguments, **options).explore()
        assert isinstance(widget, ReelWidget)
        made.append(widget)
        return widget, widget.comm

    yield make
    for widget in made:
        widget.close()
