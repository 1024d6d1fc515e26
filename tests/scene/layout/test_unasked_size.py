"""Frames are no larger than 4,096 pixels unless the author asks, and words say what pixels of reduced maps are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelnet.errors import UsageError
from reelnet.reel import Run
from tests.make_run import write_run

EVERYTHING = ("samples.show=all", "panels.channels.show=all", "panels.channels.wrap=false")


def run_of(path: Path, samples: int, channels: int, side: int) -> Run:
    """A run with one layer."""
    return write_run(path / "run", {"conv": (samples, channels, side, side)}, side=min(side, 32))


@pytest.mark.parametrize(
    ("samples", "channels", "side", "scale", "reduction"),
    [(40, 4, 16, 4, (1, 1)), (80, 4, 16, 3, (1, 1)), (2, 90, 28, 1, (1, 1)), (3, 20, 400, 1, (3, 3))],
)
def test_maps_shrink_before_frames_become_larger(
    tmp_path: Path, samples: int, channels: int, side: int, scale: int, reduction: tuple[int, int]
) -> None:
    scene = run_of(tmp_path, samples, channels, side).reel("plain", settings=EVERYTHING).scene
    assert max(scene.size.width, scene.size.height) <= 4096
    assert (scene.context.cell.scale, scene.context.cell.reduction) == (scale, reduction)
    assert any("mean of 3 × 3 values" in note for note in scene.notes) == (reduction == (3, 3))


def test_larger_frames_may_be_asked_for(tmp_path: Path) -> None:
    run = run_of(tmp_path, 80, 2, 16)
    assert run.reel("plain", scale=4, settings=EVERYTHING).scene.size.width == 80 * 64
    assert run.reel("plain", settings=["canvas.scale=4", *EVERYTHING]).scene.size.width == 80 * 64
    wide = run.reel("plain", settings=["canvas.max_width=6000", *EVERYTHING]).scene
    assert 4096 < wide.size.width <= 6000


def test_what_no_scale_makes_small_enough_is_refused_in_one_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"conv": (1200, 1, 4, 4)}, side=4)
    with pytest.raises(
        UsageError, match=r"86392×152 pixels, and no scale makes its sides smaller than 4096; show"
    ) as caught:
        run.reel("plain", settings=["samples.gap=4", *EVERYTHING])
    assert "\n" not in str(caught.value)


def test_words_say_what_a_pixel_is(tmp_path: Path) -> None:
    reel: Any = run_of(tmp_path, 2, 3, 90).reel("plain", settings=["theme.cell=30"])
    fields = reel.scene.context.text_fields
    assert fields["seen"].endswith("90 × 90, one per row; each pixel is the mean of 3 × 3 values")
    assert fields["shown"].endswith("2 samples; each pixel is the mean of 3 × 3 values")
    assert fields["cell"] == "a map of 90 × 90 values, shown as means of 3 × 3"
