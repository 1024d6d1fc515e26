"""Checksums of everything reelnet writes, to show that a change of the code changes no output.

    python -m benchmarks.checksums record FILE [--group whole]
    python -m benchmarks.checksums compare FILE [--group cap]

`record` renders a matrix of runs, templates, formats and caps and writes the SHA-256 of each file. `compare` renders
it again, prints every difference and exits with 1 if there is one. There are three groups: `whole` holds files
without a cap, `cap` files under one, and `frames` RGB stills. `frames` takes ten seconds, the others ten
minutes; `compare` checks those that were recorded.

The runs are computed with numpy, without a training. Only public names are used, so that the script outlives any
change behind them. Encoders differ between versions, processors and numbers of CPUs: record
and compare on one machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import reelnet

Maps = NDArray[np.float32]
Entry = dict[str, Any]

TEMPLATES = (
    "annotated",
    "article",
    "dark",
    "evolution",
    "filmstrip",
    "overview",
    "paper",
    "plain",
    "square",
    "vertical",
    "wide",
)
"""Templates for any run."""

SPECIAL_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "barcode": ("layers",),
    "compass": ("scores",),
    "filters": ("layers",),
    "flow": ("scores", "layers"),
    "race": ("scores",),
    "table": ("scores", "relu"),
}
"""Templates about answers, filters, or several layers, and the runs with something to show."""

FORMATS = ("a.gif", "a.apng", "a.mp4", "a.webm", "a.webp", "still.png", "f-%03d.png")


# Runs


def make_settling_maps(
    seed: int, steps: int, samples: int, channels: int, height: int, width: int, *, still: float = 0.6
) -> Maps:
    """Values between -1 and 1 that drift to where they stay, with noise that dies away.

    Args:
        seed: Of the random numbers.
        steps: The first dimension; the others follow in the order of the arguments.
        still: The fraction of the way after which most values hardly move.
    """
    random = np.random.default_rng(seed)
    shape = (samples, channels, height, width)
    first, last = random.normal(0, 0.4, shape), random.normal(0, 1.1, shape)
    pace = random.uniform(0.15, still, (1, channels, 1, 1)) * max(1, steps)
    maps = []
    for step in range(steps):
        rest = np.exp(-step / pace)
        maps.append(np.tanh(first * rest + last * (1 - rest) + random.normal(0, 0.06, shape) * rest))
    # Multiples of 2^-12 do not depend on the last bit of tanh, which differs between processors.
    return np.asarray(np.rint(np.stack(maps) * 4096) / 4096, np.float32)


def make_pictures(seed: int, samples: int, side: int, *, rgb: bool = False) -> NDArray[np.uint8]:
    """Smooth blobs, one per sample."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    shown = []
    for _ in range(samples):
        planes = []
        for _ in range(3 if rgb else 1):
            cx, cy, wide = random.uniform(0.2, 0.8, 3)
            planes.append(np.rint(255 * np.clip(1 - ((x - cx) ** 2 + (y - cy) ** 2) / wide**2, 0, 1)))
        shown.append(np.stack(planes, axis=-1) if rgb else planes[0])
    return np.stack(shown).astype(np.uint8)


def make_metrics(steps: int) -> dict[str, NDArray[np.float64]]:
    """Metrics of a training that goes well; the test is measured at every fourth step."""
    t = np.arange(steps)
    loss = 0.1 + 2.2 * np.exp(-5 * t / max(steps, 2)) + 0.05 * np.sin(t)
    tested = np.where(t % 4 == 0, loss * 1.1, np.nan)
    return {
        "train_loss": loss.round(4),
        "test_loss": tested.round(4),
        "test_accuracy": np.where(t % 4 == 0, 1 - loss / 2.6, np.nan).round(4),
    }


def make_conv6() -> Entry:
    maps = make_settling_maps(6, 120, 10, 16, 7, 7)
    return {
        "steps": np.arange(120),
        "samples": make_pictures(6, 10, 28),
        "labels": [str(n) for n in range(10)],
        "taps": {"conv6": maps},
        "metrics": make_metrics(120),
        "bounds": {"conv6": (-1, 1)},
    }


def make_large_maps() -> Entry:
    maps = make_settling_maps(1, 20, 10, 4, 28, 28)
    return {
        "steps": np.arange(20),
        "samples": make_pictures(1, 10, 28),
        "taps": {"conv1": maps},
        "metrics": make_metrics(20),
        "bounds": {"conv1": (-1, 1)},
    }


def make_relu() -> Entry:
    maps = np.maximum(make_settling_maps(64, 12, 4, 64, 7, 7) * 3, 0)
    return {
        "steps": np.arange(12) * 10,
        "samples": make_pictures(64, 4, 28),
        "labels": ["cat", "dog", "a long name", "ship"],
        "taps": {"features.relu": maps},
        "metrics": make_metrics(12),
    }


def make_rgb() -> Entry:
    return {
        "steps": np.arange(16),
        "samples": make_pictures(3, 5, 32, rgb=True),
        "labels": ["red", "green", "blue", "grey", "white"],
        "taps": {"layer1": make_settling_maps(3, 16, 5, 6, 8, 8).astype(np.float16)},
        "metrics": {"loss": np.linspace(2, 1, 16).round(3)},
    }


def make_broken_values() -> Entry:
    maps = make_settling_maps(13, 10, 3, 5, 6, 6)
    maps[4:, 0, 0, :2, :2] = np.nan
    maps[6, 1, 1] = np.inf
    maps[7, 2, 2, 0] = -np.inf
    maps[:, :, 3] = 0.25
    loss = np.linspace(2, 1, 10)
    loss[3] = np.nan
    return {
        "steps": np.arange(10),
        "samples": make_pictures(13, 3, 12),
        "taps": {"conv": maps},
        "metrics": {"loss": loss},
    }


def make_scores() -> Entry:
    logits = make_settling_maps(10, 18, 6, 10, 1, 1) * 4
    return {
        "steps": np.array([0, 1, 2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 181, 256, 362]),
        "samples": make_pictures(10, 6, 28),
        "labels": [str(n) for n in logits[-1, :, :, 0, 0].argmax(axis=1)],
        "classes": [str(n) for n in range(10)],
        "taps": {"conv": make_settling_maps(11, 18, 6, 6, 9, 9), "logits": logits},
        "metrics": make_metrics(18),
        "bounds": {"conv": (-1, 1)},
    }


def make_layers() -> Entry:
    return {
        "steps": np.arange(8) * 5,
        "samples": make_pictures(20, 3, 20),
        "taps": {
            "stem": make_settling_maps(20, 8, 3, 4, 10, 10),
            "oblong": make_settling_maps(21, 8, 3, 3, 4, 17),
            "hidden": make_settling_maps(22, 8, 3, 40, 1, 1),
        },
        "weights": {"stem.weight": make_settling_maps(23, 8, 4, 1, 3, 3) / 2},
        "metrics": make_metrics(8),
        "bounds": {"stem": (-1, 1)},
    }


def make_single() -> Entry:
    return {
        "steps": [7],
        "samples": make_pictures(30, 2, 10),
        "taps": {"conv": make_settling_maps(30, 1, 2, 3, 5, 5)},
        "metrics": {"loss": [0.5]},
    }


def make_pair() -> Entry:
    return {
        "steps": [0, 1000],
        "samples": make_pictures(31, 2, 10),
        "taps": {"conv": make_settling_maps(31, 2, 2, 3, 5, 5)},
        "bounds": {"conv": (-1, 1)},
    }


RUNS: Mapping[str, Callable[[], Entry]] = {
    "conv6": make_conv6,
    "large-maps": make_large_maps,
    "relu": make_relu,
    "rgb": make_rgb,
    "broken-values": make_broken_values,
    "scores": make_scores,
    "layers": make_layers,
    "single": make_single,
    "pair": make_pair,
}

ALL_FORMATS = ("rgb", "scores", "layers", "single", "pair")
"""Runs that are written in every format with every template."""

VARIATIONS: Mapping[str, dict[str, Any]] = {
    "dark": {"settings": ["theme=dark"]},
    "adaptive": {"settings": ["timeline.steps=adaptive", "timeline.max_frames=7"]},
    "boomerang": {"settings": ["timeline.boomerang=true", "timeline.end_pause=1.5"]},
    "slow": {"fps": 4.0},
    "scale3": {"scale": 3},
    "vector": {"layer": "logits"},
}
"""Changes of one reel; each is applied to the run `scores` with the template `article`."""

CODECS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "h265": ("a.mp4", {"codec": "h265"}),
    "av1": ("a.mp4", {"codec": "av1"}),
    "lossless-h264": ("a.mp4", {"lossless": True}),
    "vp9-av1": ("a.webm", {"codec": "av1"}),
    "lossless-webp": ("a.webp", {"lossless": True}),
    "avif": ("a.avif", {}),
    "lossless-avif": ("a.avif", {"lossless": True}),
    "qtrle": ("a.mov", {}),
    "prores": ("a.mov", {"codec": "prores"}),
}
"""Codecs beside the usual ones; each is applied to the run `scores` with the template `article`."""

CAPS: Mapping[tuple[str, str], Mapping[str, tuple[int, ...]]] = {
    ("conv6", "article"): {
        "gif": (20_000_000, 5_000_000, 250_000),
        "apng": (20_000_000, 1_000_000, 250_000),
        "mp4": (20_000_000, 900_000, 100_000),
        "webp": (20_000_000, 900_000, 250_000),
    },
    ("scores", "article"): {"gif": (2_000_000, 200_000, 60_000), "mp4": (200_000, 60_000), "webp": (60_000,)},
    ("relu", "plain"): {"gif": (2_000_000, 400_000), "mp4": (300_000,)},
    ("rgb", "square"): {"gif": (300_000,), "apng": (150_000,)},
}
"""Bytes by run, template and format: loose, so that values are quantized over time only, and tight."""


# Checksums


def compute_sha256(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def decode(path: Path) -> Iterator[bytes]:
    """Each frame as its time and its pixels."""
    if path.suffix in (".mp4", ".webm", ".mov"):
        with av.open(str(path)) as video:
            for picture in video.decode(video=0):
                yield f"{picture.time} {picture.width}x{picture.height}".encode()
                yield picture.to_ndarray(format="rgb24").tobytes()
        return
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            yield f"{frame.info.get('duration')} {frame.size}".encode()
            yield frame.convert("RGBA").tobytes()


def describe(path: Path) -> Entry:
    """Checksums of a written file."""
    data = path.read_bytes()
    frames = list(decode(path))
    return {
        "sha256": compute_sha256(data),
        "bytes": len(data),
        "decoded": compute_sha256(*frames),
        "frames": len(frames) // 2,
    }


def describe_sequence(folder: Path) -> Entry:
    """One checksum of all files of a folder and their names."""
    files = sorted(folder.iterdir())
    parts = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    return {
        "sha256": compute_sha256(*parts),
        "bytes": sum(file.stat().st_size for file in files),
        "frames": len(files),
    }


# The matrix


def list_templates(run: str) -> list[str]:
    """The templates that a run is rendered with."""
    return [*TEMPLATES, *(name for name, runs in SPECIAL_TEMPLATES.items() if run in runs)]


@dataclass(frozen=True)
class Job:
    """One output: `make` writes into an empty folder and returns the checksums."""

    group: str
    name: str
    make: Callable[[Path], Entry]


class Matrix:
    """All outputs of the runs that lie in a folder; a run is written when it is first needed.

    Args:
        folder: Where the runs lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs: dict[str, reelnet.Run] = {}

    def run(self, name: str) -> reelnet.Run:
        if name not in self._runs:
            self._runs[name] = reelnet.write_run(self.folder / name, **RUNS[name]())
        return self._runs[name]

    def jobs(self) -> Iterator[Job]:
        yield from self._whole()
        yield from self._capped()
        yield from self._stills()

    def _whole(self) -> Iterator[Job]:
        for run in RUNS:
            for template in list_templates(run):
                for file in self._formats(run, template):
                    yield self._file("whole", f"{run}/{template}/{file}", run, template, file)
        for name, options in VARIATIONS.items():
            for file in ("a.gif", "a.mp4"):
                yield self._file("whole", f"scores/article+{name}/{file}", "scores", "article", file, options)
        for name, (file, saving) in CODECS.items():
            path = f"scores/article+{name}/{file}"
            yield self._file("whole", path, "scores", "article", file, {"scale": 4}, saving)
        yield self._command(
            "whole", "command/render", "scores", "render", "-o", "a.gif", "--template", "dark", "--scale", "3"
        )
        yield self._command("whole", "command/frame", "scores", "frame", "-o", "a.png", "--step", "64")

    def _formats(self, run: str, template: str) -> tuple[str, ...]:
        if run in ALL_FORMATS or (run, template) == ("conv6", "article"):
            return FORMATS
        if template in ("article", "plain"):
            return ("a.gif", "a.apng", "a.mp4", "a.webp", "still.png")
        return ("still.png",) if run == "conv6" else ("a.gif", "still.png")

    def _capped(self) -> Iterator[Job]:
        for (run, template), formats in CAPS.items():
            for suffix, caps in formats.items():
                for cap in caps:
                    file = f"a.{suffix}"
                    name = f"{run}/{template}/{cap}/{file}"
                    yield self._file("cap", name, run, template, file, {}, {"max_size": cap})
        kept = {"max_size": 100_000, "keep": ["scale"], "max_error": 8}
        yield self._file("cap", "scores/article+keep/a.gif", "scores", "article", "a.gif", {}, kept)
        yield self._command("cap", "command/github", "conv6", "render", "-o", "a.gif", "--for", "github")
        yield self._command("cap", "command/export", "rgb", "export", "-o", ".", "--for", "github,discord,x")

    def _stills(self) -> Iterator[Job]:
        for run in RUNS:
            for template in list_templates(run):
                yield Job("frames", f"{run}/{template}", self._still_maker(run, template, {}))
        for name, options in VARIATIONS.items():
            yield Job("frames", f"scores/article+{name}", self._still_maker("scores", "article", options))

    def _still_maker(self, run: str, template: str, options: Mapping[str, Any]) -> Callable[[Path], Entry]:
        def make(_folder: Path) -> Entry:
            opened = self.run(run)
            reel = opened.reel(template, **options)
            steps = sorted({opened.steps[0], opened.steps[len(opened.steps) // 2], opened.steps[-1]})
            pictures = [reel.frame(step) for step in steps]
            return {
                "size": list(pictures[0].size),
                "rgb": [compute_sha256(each.tobytes()) for each in pictures],
            }

        return make

    def _file(
        self,
        group: str,
        name: str,
        run: str,
        template: str,
        file: str,
        options: Mapping[str, Any] | None = None,
        saving: Mapping[str, Any] | None = None,
    ) -> Job:
        def make(folder: Path) -> Entry:
            opened = self.run(run)
            # Files of higher densities take four times as long and show the same: `frames` has both.
            reel = opened.reel(template, **{"density": 1, **(options or {})})
            if file == "still.png":
                reel.save_still(opened.steps[-1], folder / file)
            else:
                reel.save(folder / file, **(saving or {}))
            return describe_sequence(folder) if "%" in file else describe(folder / file)

        return Job(group, name, make)

    def _command(self, group: str, name: str, run: str, *words: str) -> Job:
        def make(folder: Path) -> Entry:
            source = str(self.run(run).path.resolve())
            root = str(Path(reelnet.__file__).resolve().parents[1])
            done = subprocess.run(
                [sys.executable, "-m", "reelnet", words[0], source, *words[1:]],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": root},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                return {"error": f"exit code {done.returncode}: {(done.stderr.splitlines() or [''])[0]}"}
            return {file.name: describe(file) for file in sorted(folder.iterdir())}

        return Job(group, name, make)


def run_job(job: Job) -> Entry:
    """Write the output of a job and return its checksums, or the first line of the error."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return job.make(Path(folder))
        except reelnet.ReelnetError as error:
            text = (str(error).splitlines() or [""])[0]
            return {"error": re.sub(r"\S*" + re.escape(folder) + r"/?", "", text)}


def compute_checksums(groups: tuple[str, ...]) -> dict[str, dict[str, Entry]]:
    """The checksums by group and name."""
    found: dict[str, dict[str, Entry]] = {group: {} for group in groups}
    began = time.monotonic()
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for job in Matrix(Path(folder)).jobs():
            if job.group not in groups:
                continue
            start = time.monotonic()
            found[job.group][job.name] = run_job(job)
            seconds[f"{job.group} {job.name}"] = time.monotonic() - start
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:8]
    count = sum(map(len, found.values()))
    print(f"{count} outputs in {time.monotonic() - began:.0f} s; the slowest:", file=sys.stderr)
    for name, taken in slowest:
        print(f"  {taken:5.1f} s  {name}", file=sys.stderr)
    return found


# Record and compare


def describe_environment() -> dict[str, str]:
    """What the bytes depend on beside the code."""
    packages = ("numpy", "pillow", "av", "zlib-ng", "matplotlib")
    versions = {name: metadata.version(name) for name in packages}
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        **versions,
    }


def write_checksums(file: Path, groups: Mapping[str, Mapping[str, Entry]]) -> None:
    """Write the result with one line per output, so that a change of one shows as one line."""
    blocks = [f'"environment": {json.dumps(describe_environment())}']
    for group, entries in groups.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in entries.items())
        blocks.append(f"{json.dumps(group)}: {{\n{lines}\n}}")
    file.write_text("{\n" + ",\n".join(blocks) + "\n}\n", "utf-8")


def find_differences(
    old: Mapping[str, Mapping[str, Entry]], new: Mapping[str, Mapping[str, Entry]]
) -> tuple[list[str], list[str]]:
    """What differs, and which errors only changed their words."""
    found: list[str] = []
    reworded: list[str] = []
    for group, entries in new.items():
        before = old.get(group, {})
        for name in sorted({*before, *entries}):
            was, now = before.get(name), entries.get(name)
            if was == now:
                continue
            line = f"{group} {name}:\n  recorded {json.dumps(was)}\n  now      {json.dumps(now)}"
            both_failed = was is not None and now is not None and "error" in was and "error" in now
            (reworded if both_failed else found).append(line)
    return found, reworded


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checksums", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    names = ("whole", "cap", "frames")
    parser.add_argument("--group", action="append", choices=names, help="one group; may be repeated")
    arguments = parser.parse_args()
    recorded = json.loads(arguments.file.read_text("utf-8")) if arguments.file.exists() else {}
    groups = tuple(arguments.group or names)
    if arguments.action == "record":
        kept = {name: recorded[name] for name in names if name in recorded}
        write_checksums(arguments.file, {**kept, **compute_checksums(groups)})
        return 0
    if not recorded:
        parser.error(f"{arguments.file} does not exist")
    if recorded["environment"] != describe_environment():
        print(
            f"recorded with {recorded['environment']},\nthis is       {describe_environment()}",
            file=sys.stderr,
        )
    groups = tuple(name for name in groups if name in recorded)
    found, reworded = find_differences(recorded, compute_checksums(groups))
    for line in reworded:
        print(f"(another error text) {line}")
    print("\n".join(found) or "no differences")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
