"""One measurement in its own process, printed as JSON.

    python benchmarks/measure.py KIND NAME RUN FOLDER

A process of its own, so that memory and imports of one tool do not affect the next. `processes.py` starts it.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path


def measure_render(key: str, run: Path, folder: Path) -> dict[str, float]:
    """The seconds of a contender from the run folder to the finished file, without imports, and its peak memory."""
    from contenders import BY_KEY

    contender = BY_KEY[key]
    for module in ("reference_frames", *contender.modules):
        importlib.import_module(module)
    out = folder / f"out{contender.suffix}"
    start = time.perf_counter()
    contender.render(run, out)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "bytes": out.stat().st_size,
        "peak": read_peak_memory(),
        "frames": count_frames(out),
    }


def measure_x264(run: Path, folder: Path) -> dict[str, float]:
    """The seconds of x264 for frames that are composed beforehand."""
    from common import LAYER
    from x264_baseline import encode_with_x264

    import reelnet

    out = folder / "out.mp4"
    seconds = encode_with_x264(reelnet.open(run).reel("plain", layer=LAYER), out)
    return {
        "seconds": seconds,
        "bytes": out.stat().st_size,
        "peak": read_peak_memory(),
        "frames": count_frames(out),
    }


def measure_equal_psnr(run: Path, folder: Path) -> dict[str, float]:
    """The figures of `equal_psnr.measure_equal_psnr`."""
    from common import LAYER
    from equal_psnr import measure_equal_psnr

    import reelnet

    return measure_equal_psnr(reelnet.open(run).reel("plain", layer=LAYER), run, folder)


def measure_recording(steps: int, folder: Path) -> dict[str, float]:
    """The figures of `record.measure_recording`."""
    from record import measure_recording

    return measure_recording(folder, steps)


def record_run(run: Path) -> dict[str, float]:
    """Record the run that all tools render."""
    from reelnet.demo.training import Recipe
    from reelnet.demo.training import train as train_run

    return {"accuracy": train_run(run, Recipe(steps=290, layers=("conv?",))).test_accuracy}


def lengthen_run(steps: int, run: Path, folder: Path) -> dict[str, float]:
    """Write a long run."""
    from long_run import write_long_run

    write_long_run(run, folder, steps)
    return {}


def read_peak_memory() -> float:
    """The peak memory of this process in bytes, without the programs that it started."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def count_frames(out: Path) -> float:
    """The number of frames that a file shows; a frame that a GIF merged counts as often as it is shown."""
    import av
    from common import FPS
    from PIL import Image

    if out.suffix == ".mp4":
        with av.open(str(out)) as video:
            return sum(packet.size > 0 for packet in video.demux(video=0))
    with Image.open(out) as gif:
        shown = 0.0
        for number in range(getattr(gif, "n_frames", 1)):
            gif.seek(number)
            shown += gif.info.get("duration", 0)
    return round(shown * FPS / 1000)


def main() -> None:
    kind, name, run, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    match kind:
        case "render":
            found = measure_render(name, run, folder)
        case "x264":
            found = measure_x264(run, folder)
        case "equal-psnr":
            found = measure_equal_psnr(run, folder)
        case "recording":
            found = measure_recording(int(name), folder)
        case "train":
            found = record_run(run)
        case "lengthen":
            found = lengthen_run(int(name), run, folder)
        case _:
            sys.exit(f"measure.py: unknown kind {kind!r}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
