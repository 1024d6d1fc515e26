"""Drawing onto a canvas."""

from __future__ import annotations

import numpy as np

from reelnet.render.canvas import stamp
from reelnet.scene.palette.palette import Ink


def test_writable_and_cached_masks_are_drawn_alike() -> None:
    ink = Ink(np.zeros((16, 3), np.uint8))
    ink.indices = np.arange(100, 116, dtype=np.uint8)
    mask = np.random.default_rng(0).integers(0, 256, (5, 7), np.uint8)
    fixed = mask.copy()
    fixed.flags.writeable = False
    for x, y in ((3, 2), (-2, 1), (9, -3), (8, 4), (40, 40)):
        first, second = np.zeros((8, 12), np.uint8), np.zeros((8, 12), np.uint8)
        stamp(first, mask, ink, x, y)
        stamp(second, fixed, ink, x, y)
        assert (first == second).all()
        wanted = np.zeros((30, 60), np.uint8)
        shade = np.floor((mask.astype(float) * 15 + 127) / 255).astype(np.uint8)
        if x + 10 < 50 and y + 10 < 25:
            part = wanted[y + 10 : y + 15, x + 10 : x + 17]
            part[shade > 0] = 100 + shade[shade > 0]
        assert (first == wanted[10:18, 10:22]).all()
