"""Helpers for tests of curves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.reel import Reel
from tests.make_run import Bytes, noise, write_run
from tests.rendering import SMALL_TYPE, to_pixels

PAD = 16
TRAIN, TEST, THIRD, FOURTH = (176, 94, 0), (0, 107, 98), (150, 70, 210), (38, 30, 110)
WHITE = (255, 255, 255)
BARE = {"title": "", "legend": False, "values": False, "width": 400, "height": 200}

Metrics = Mapping[str, Sequence[float | None]]
Curves = Callable[..., Reel]


def make_curves(folder: Path) -> Curves:
    """Return a function that makes reels with only a curve panel in a margin of PAD pixels."""
    numbers: Iterator[int] = count()

    def make(
        metrics: Metrics,
        options: Mapping[str, Any] | None = None,
        *,
        steps: Sequence[int] | None = None,
        canvas: Mapping[str, Any] | None = None,
    ) -> Reel:
        number = next(numbers)
        length = len(next(iter(metrics.values())))
        run = write_run(folder / f"run{number}", noise(length, 1, 1, 1), metrics=metrics, steps=steps)
        template = {
            "theme": SMALL_TYPE,
            "canvas": dict(canvas or {}),
            "panels": {"curve": dict(options or {})},
            "layout": {"column": {"padding": PAD, "grow": 1, "items": ["curve"]}},
        }
        file = folder / f"mine{number}.yaml"
        # JSON is valid YAML.
        file.write_text(json.dumps(template), "utf-8")
        return run.reel(str(file))

    return make


def find_pixels(picture: Bytes, rgb: tuple[int, int, int] = TRAIN) -> NDArray[np.intp]:
    """Rows and columns of the pixels of exactly this color."""
    return np.argwhere((picture == rgb).all(axis=2))


def find_columns(picture: Bytes, rgb: tuple[int, int, int] = TRAIN) -> NDArray[np.intp]:
    return np.unique(find_pixels(picture, rgb)[:, 1])


def last_frame(reel: Reel) -> Bytes:
    return to_pixels(reel.frame(reel.run.steps[-1]))
