"""Golden pictures: what frames look like as a whole.

`REELNET_UPDATE_GOLDENS=1 pytest tests/render/test_golden.py` writes them anew; look at them before keeping them.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.reel import Run
from tests.make_run import Bytes, gray_pictures, write_run
from tests.rendering import to_pixels

GOLDEN = Path(__file__).parent.parent / "golden"
STEPS = 9


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Waves that grow: nothing at first, from end to end of the colormap at last."""
    y, x = np.mgrid[0:7, 0:7] / 6
    maps = np.array(
        [
            [
                [
                    np.sin(3 * x + sample + step / 4) * np.cos(2 * y + channel) * step / (STEPS - 1)
                    for channel in range(2)
                ]
                for sample in range(4)
            ]
            for step in range(STEPS)
        ],
        np.float32,
    )
    parts = np.linspace(0, 1, STEPS)
    return write_run(
        tmp_path_factory.mktemp("golden") / "run",
        maps,
        pictures=gray_pictures(4),
        labels=["cat", "dog", "an elephant", "7"],
        metrics={
            "train_loss": list(2.3 - 2.1 * parts**0.5),
            "train_accuracy": list(0.1 + 0.85 * parts**0.5),
            "test_loss": [2.4 - 2 * part**0.5 if n % 4 == 0 else None for n, part in enumerate(parts)],
            "test_accuracy": [0.1 + 0.8 * part**0.5 if n % 4 == 0 else None for n, part in enumerate(parts)],
        },
        steps=[10 * n for n in range(STEPS)],
    )


@pytest.mark.parametrize("template", ["article", "plain"])
@pytest.mark.parametrize("step", [0, 40, 80])
def test_frames_look_as_before(run: Run, tmp_path: Path, template: str, step: int) -> None:
    file = GOLDEN / f"{template}-{step:02d}.png"
    image = run.reel(template).frame(step)
    if os.environ.get("REELNET_UPDATE_GOLDENS") == "1":
        image.save(file, optimize=True)
    with Image.open(file) as golden:
        wanted = np.asarray(golden.convert("RGB"))
    shown = to_pixels(image)
    assert shown.shape == wanted.shape
    off = np.abs(shown.astype(int) - wanted)
    far = (off.max(axis=2) > 40).mean()
    # Glyphs come out a little different with each version of FreeType.
    if off.mean() >= 1.5 or far >= 0.02:
        place = tmp_path / f"diff-{file.name}"
        Image.fromarray(side_by_side(wanted, shown, off)).save(place)
        pytest.fail(f"mean {off.mean():.2f}, {far:.2%} far off; wanted, shown and difference: {place}")


def side_by_side(wanted: Bytes, shown: Bytes, off: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Bytes:
    """Three pictures in a row; the difference is made four times as strong."""
    return np.hstack([wanted, shown, 255 - np.minimum(4 * off, 255).astype(np.uint8)])
