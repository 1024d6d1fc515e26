"""Compare reelnet with other tools: time, file size and memory for the same recorded layer.

    python benchmarks/peers.py [--run DIR] [--repeats N] [--quick]

Prints two tables and writes them to `benchmarks/peers.md`. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median

from common import HERE, LAYER
from contenders import CONTENDERS
from goals import Results, list_goals, make_goal_table, make_render_table
from processes import CompletedCommand, Figures, measure_in_process, measure_in_temporary_folder, run_command

import reelnet

PACKAGES = ("reelnet", "av", "numpy", "torch", "matplotlib", "moviepy", "pillow", "imageio", "imageio-ffmpeg")

NOTES = """\
Every tool renders the same recorded conv6: 16 channels × 10 samples of 7×7, in cells of 56 pixels below a row of
inputs, {frames} frames of 560×952 at 10 fps. Seconds are measured from the run folder to the finished file, without
imports: medians of {repeats}, measured alternately, each in its own process. matplotlib draws the values as its
users do, with one axes per cell and again with one axes per row, with its own colormap and text.
The other tools get RGB frames composed with numpy, without the step counter that reelnet draws. All encode with
their defaults. Peak memory is that of the Python process, without the ffmpeg that a tool starts. Whole processes
start with an interpreter; moviepy's is given its frames as an array."""


def main() -> None:
    options = parse_arguments()
    run: Path = options.run
    if not run.exists():
        print_progress(f"training the network into {run}")
        measure_in_process("train", "-", run, run)
    repeats = 1 if options.quick else options.repeats
    renders = time_renders(run, repeats)
    check_frame_counts(renders)
    results = Results(
        renders=renders,
        pairs=time_pairs(run, 2 if options.quick else max(5, repeats)),
        processes=time_processes(run, 1 if options.quick else max(3, repeats)),
        equal_psnr=measure_in_temporary_folder("equal-psnr", "-", run),
        recording=time_recording(10 if options.quick else 40),
        memory=measure_memory(run, 1000 if options.quick else 5000),
        start=time_start(3 if options.quick else 7),
    )
    report = format_page(results, repeats)
    print(report)
    (HERE / "peers.md").write_text(report, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare reelnet with other tools.")
    parser.add_argument(
        "--run", type=Path, default=Path("runs/demo"), help="the run folder; recorded if it does not exist"
    )
    parser.add_argument("--repeats", type=int, default=3, help="renders per tool; the median counts")
    parser.add_argument("--quick", action="store_true", help="one render per tool, fewer other measurements")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats {options.repeats}: must be 1 or more")
    return options


def time_renders(run: Path, repeats: int) -> dict[tuple[str, str], list[Figures]]:
    """Time every contender `repeats` times, alternately, so that a slow minute affects all of them."""
    renders: dict[tuple[str, str], list[Figures]] = {(each.tool, each.suffix): [] for each in CONTENDERS}
    for turn in range(1, repeats + 1):
        for each in CONTENDERS:
            measured = measure_in_temporary_folder("render", each.key, run)
            renders[each.tool, each.suffix].append(measured)
            print_progress(f"{turn}/{repeats} {each.tool} {each.suffix}: {measured['seconds']:.2f} s")
    return renders


def check_frame_counts(renders: dict[tuple[str, str], list[Figures]]) -> None:
    """Exit unless all files have the same number of frames, without which their times cannot be compared."""
    counts = {key: measured[0]["frames"] for key, measured in renders.items()}
    if len(set(counts.values())) > 1:
        sys.exit(f"the files differ in their frames: {counts}")


def time_pairs(run: Path, pairs: int) -> list[tuple[float, float]]:
    """The seconds of reelnet's MP4 and of x264 alone, measured alternately."""
    found = []
    for turn in range(1, pairs + 1):
        own = measure_in_temporary_folder("render", "reelnet.mp4", run)["seconds"]
        alone = measure_in_temporary_folder("x264", "-", run)["seconds"]
        found.append((own, alone))
        print_progress(f"{turn}/{pairs} MP4 {own:.2f} s, x264 alone {alone:.2f} s")
    return found


def time_processes(run: Path, pairs: int) -> list[tuple[CompletedCommand, CompletedCommand]]:
    """Whole processes of reelnet's MP4 and of moviepy, which is given its frames as an array, alternately."""
    found = []
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as folder:
        frames, out, theirs = (Path(folder) / name for name in ("frames.npy", "a.mp4", "b.mp4"))
        script = str(HERE / "moviepy_array.py")
        run_command([sys.executable, script, "save", str(run), str(frames)])
        render = [
            "-m",
            "reelnet",
            "render",
            str(run),
            "-o",
            str(out),
            "--layer",
            LAYER,
            "--template",
            "plain",
        ]
        for turn in range(1, pairs + 1):
            own = run_command([sys.executable, *render])
            other = run_command([sys.executable, script, "write", str(frames), str(theirs)])
            found.append((own, other))
            print_progress(f"{turn}/{pairs} whole process {own.seconds:.2f} s, moviepy {other.seconds:.2f} s")
    return found


def time_recording(steps: int) -> Figures:
    """The median seconds of a training step, of recording it, and of writing it."""
    print_progress(f"recording {steps} steps")
    return measure_in_temporary_folder("recording", str(steps), Path("-"))


def measure_memory(run: Path, steps: int) -> dict[tuple[str, int], float]:
    """The peak bytes of `reelnet render` for the run and for one of `steps` frames."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as folder:
        long = Path(folder) / "long"
        measure_in_process("lengthen", str(steps), run, long)
        for suffix in (".gif", ".mp4"):
            for each in (run, long):
                out = Path(folder) / f"out{suffix}"
                render = [sys.executable, "-m", "reelnet", "render", str(each), "-o", str(out)]
                done = run_command([*render, "--layer", "conv6", "--template", "plain"])
                found[suffix, count_steps(each)] = done.peak
                print_progress(
                    f"render {count_steps(each)} frames to {suffix}: {done.peak / 1e6:.0f} MB, {done.seconds:.1f} s"
                )
    return found


def count_steps(run: Path) -> int:
    """The number of snapshots in a run."""
    return len(reelnet.open(run).steps)


def time_start(repeats: int) -> tuple[float, float]:
    """The median seconds of `reelnet --help` and of an interpreter that does nothing, measured alternately."""
    script = Path(sys.executable).parent / "reelnet"
    reelnet = [str(script)] if script.exists() else [sys.executable, "-m", "reelnet"]
    turns = [
        (run_command([*reelnet, "--help"]).seconds, run_command([sys.executable, "-c", "pass"]).seconds)
        for _ in range(repeats)
    ]
    shown, bare = zip(*turns, strict=True)
    return median(shown), median(bare)


def format_page(results: Results, repeats: int) -> str:
    """The page for `benchmarks/peers.md`."""
    frames = int(results.renders["reelnet", ".gif"][0]["frames"])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    )
    parts = [
        "# reelnet compared with other tools",
        f"Written by `python benchmarks/peers.py` on {datetime.date.today()}: {machine}; {versions}.",
        NOTES.format(frames=frames, repeats=repeats),
        make_render_table(results),
        make_goal_table(list_goals(results)),
    ]
    return "\n\n".join(parts) + "\n"


def print_progress(text: str) -> None:
    """Print progress to stderr; the tables go to stdout."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
