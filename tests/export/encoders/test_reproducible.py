"""The same frames give the same bytes, whatever the number of processors."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reelnet.export.encoders.formats import FORMATS, EncoderSettings
from tests.export.coding import encode
from tests.make_run import Bytes

CASES = [
    (fmt.suffix, codec.name, lossless)
    for fmt in FORMATS.values()
    for codec in fmt.codecs
    for lossless in {False, codec.lossless and not codec.exact}
]


def moving_cells(count: int = 6) -> list[Bytes]:
    """Frames of 512 × 384 pixels, large enough for several slices, tiles and rows of blocks at a time."""
    random = np.random.default_rng(7)
    cells, found = random.integers(0, 240, (48, 64)), []
    for _ in range(count):
        cells = np.where(random.random(cells.shape) < 0.3, random.integers(0, 240, cells.shape), cells)
        found.append(np.kron(cells, np.ones((8, 8))).astype(np.uint8))
    return found


def run_on_one_processor(work: Callable[[], object]) -> None:
    """Run in a thread that, like the threads it starts, may use only one of the processors of this process."""

    def run() -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen here")
@pytest.mark.parametrize(("suffix", "codec", "lossless"), CASES)
def test_bytes_do_not_depend_on_the_processors(
    tmp_path: Path, suffix: str, codec: str, lossless: bool
) -> None:
    pictures, settings = moving_cells(), EncoderSettings(lossless, codec=codec)
    several, one = tmp_path / f"several{suffix}", tmp_path / f"one{suffix}"
    encode(several, pictures, settings=settings)
    run_on_one_processor(lambda: encode(one, pictures, settings=settings))
    assert several.read_bytes() == one.read_bytes()
