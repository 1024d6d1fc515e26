"""What everything renders."""

from __future__ import annotations

LAYER = "conv6"
"""Of the recorded run: 16 channels of 7×7."""

FPS = 10

CELL = 56
"""Side of one channel's box for one sample, in pixels."""
