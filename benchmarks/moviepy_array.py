"""A whole process of moviepy that is given its frames as an array.

    python benchmarks/moviepy_array.py save RUN FRAMES.npy
    python benchmarks/moviepy_array.py write FRAMES.npy OUT.mp4

`save` composes the frames beforehand; `write` is what `peers.py` measures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from common import FPS


def save_frames(run: Path, path: Path) -> None:
    """Write all RGB frames, uint8 (frames, height, width, 3), to a .npy file."""
    from reference_frames import LayerGrid

    np.save(path, np.stack(list(LayerGrid(run))))


def write_video(path: Path, out: Path) -> None:
    """Write the frames of a .npy file as an MP4 with moviepy's defaults."""
    from moviepy import ImageSequenceClip

    ImageSequenceClip(list(np.load(path, mmap_mode="r")), fps=FPS).write_videofile(str(out), logger=None)


if __name__ == "__main__":
    action = {"save": save_frames, "write": write_video}[sys.argv[1]]
    action(Path(sys.argv[2]), Path(sys.argv[3]))
