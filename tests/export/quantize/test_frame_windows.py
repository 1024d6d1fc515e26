"""Windows of a long animation stand for all of it."""

from __future__ import annotations

import numpy as np
import pytest

from reelnet.export.quantize.frame_windows import LEAD_FRAMES, FrameWindows


@pytest.mark.parametrize("total", [600, 601, 1000, 5000])
def test_windows_lie_in_the_animation_with_room_in_front(total: int) -> None:
    spread = FrameWindows.spread(total)
    assert spread is not None
    assert spread.windows[0].start == LEAD_FRAMES
    assert spread.windows[-1].stop == total
    context = spread.with_context()
    for window in spread.windows:
        assert {*range(window.start - LEAD_FRAMES, window.stop)} <= {*context.tolist()}
    assert sum(map(len, spread.windows)) < total / 4
    assert (np.diff(context) > 0).all()


def test_short_animations_have_none() -> None:
    assert FrameWindows.spread(300) is None


def test_amounts_follow_the_weights_between_windows() -> None:
    """Amounts that are a smooth multiple of the weights are met, however much the weights change."""
    spread = FrameWindows.spread(2000)
    assert spread is not None
    weights = 1 + 100 / (1 + np.arange(2000))
    amounts = weights * np.linspace(3, 5, 2000)
    inside = np.array([amounts[window.start : window.stop].sum() for window in spread.windows])
    assert spread.extrapolate(inside, weights) == pytest.approx(amounts[1:].sum(), rel=0.02)
