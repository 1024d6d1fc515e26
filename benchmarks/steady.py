"""How small values that are held steady make a GIF and an MP4, and how far off they are.

    python benchmarks/steady.py RUN [--gifski BINARY]

Every file is decoded again, by Pillow or PyAV. PSNR is over all frames and the three colours. With gifski (the npm
package `gifski` carries a binary) its sizes at qualities 90, 70 and 50 are set beside ours at the same PSNR; x264
alone at CRF 23 and 28 stands beside held values likewise.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from subject import FPS, LAYER

import reelnet
from reelnet.compose.compositor import Compositor
from reelnet.export.encoder import encoder_of, format_of
from reelnet.export.held import Held
from reelnet.export.options import USUAL, EncoderOptions
from reelnet.reel import Reel

PRICES = 30, 100, 300, 1000, 3000, 10_000
QUALITIES = 90, 70, 50
CRFS = 23, 28
HELD_CRF = 17
Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Made:
    """A file, decoded."""

    bytes: int
    psnr: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.bytes / 1e6:6.2f} MB  {self.psnr:5.2f} dB  {self.seconds:4.1f} s"


def pictures(path: Path) -> Iterator[Rgb]:
    """The frames of a GIF or an MP4, in RGB, as long as they stay."""
    if path.suffix == ".gif":
        with Image.open(path) as image:
            for number in range(image.n_frames):
                image.seek(number)
                for _ in range(round(image.info["duration"] * FPS / 1000)):
                    yield np.asarray(image.convert("RGB"))
    else:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield from_yuv(frame)


def from_yuv(frame: av.VideoFrame) -> Rgb:
    """A yuv420p frame in RGB, by BT.709's definition; swscale would round."""
    planes, height = frame.to_ndarray(format="yuv420p").astype(np.float32), frame.height
    luma = (planes[:height] - 16) / 219
    halves = planes[height:].reshape(2, height // 2, -1)
    blue, red = ((half.repeat(2, 0).repeat(2, 1) - 128) / 224 for half in halves)
    red, blue = luma + 1.5748 * red, luma + 1.8556 * blue
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    rgb: Rgb = np.rint(255 * np.clip(np.stack([red, green, blue], axis=-1), 0, 1)).astype(np.uint8)
    return rgb


class Bench:
    """One reel, made in many ways."""

    def __init__(self, run: Path, folder: Path) -> None:
        self.reel: Reel = reelnet.open(run).reel("plain", layer=LAYER)
        self._compositor = Compositor(self.reel.scene, self.reel.run)
        self._folder, self.exact = folder, [frame.indices for frame in self._compositor.frames()]
        began = time.perf_counter()
        self.held = Held(self.reel.scene, self.reel.run, most=None)
        print(f"levels collected in {time.perf_counter() - began:.2f} s")

    def psnr(self, found: Iterator[Rgb]) -> float:
        """Of pictures against the exact ones."""
        squares = [
            float(((self.reel.palette_rgb[exact].astype(np.int32) - picture) ** 2).mean())
            for exact, picture in zip(self.exact, found, strict=True)
        ]
        return float(10 * np.log10(255**2 / max(float(np.mean(squares)), 1e-9)))

    def made(self, suffix: str, held: Held | None, options: EncoderOptions = USUAL) -> Made:
        """A file of held values, or of the exact ones."""
        path, scene = self._folder / f"made{suffix}", self.reel.scene
        began = time.perf_counter()
        encoder = encoder_of(format_of(path))(
            path, scene.size, self.reel.palette_rgb, scene.timeline.fps, options
        )
        for frame in self._compositor.frames(held.at if held else None):
            encoder.add(frame)
        encoder.finish()
        seconds = time.perf_counter() - began
        return Made(path.stat().st_size, self.psnr(pictures(path)), seconds)

    def composed(self, price: float) -> float:
        """PSNR of the frames themselves at a price."""
        self.held.fit(price)
        frames = self._compositor.frames(self.held.at)
        return self.psnr(self.reel.palette_rgb[frame.indices] for frame in frames)

    def gifski(self, binary: Path, quality: int) -> Made:
        """What gifski writes from the exact frames."""
        stills = [self._folder / f"{number:05d}.png" for number in range(len(self.exact))]
        if not stills[0].exists():
            for still, indices in zip(stills, self.exact, strict=True):
                Image.fromarray(self.reel.palette_rgb[indices]).save(still, compress_level=1)
        path, size = self._folder / "gifski.gif", self.reel.scene.size
        wishes = {"-Q": quality, "--fps": FPS, "--width": size.width, "--height": size.height, "-o": path}
        words = [str(word) for wish in wishes.items() for word in wish]
        began = time.perf_counter()
        subprocess.run([str(binary), "--quiet", *words, *map(str, stills)], check=True)
        seconds = time.perf_counter() - began
        return Made(path.stat().st_size, self.psnr(pictures(path)), seconds)


def price_at(psnr: Callable[[float], float], wanted: float) -> float:
    """The price at which a PSNR that falls with it is `wanted` or just above."""
    low, high = 10.0, 3e4
    for _ in range(8):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if psnr(middle) >= wanted else (low, middle)
    return low


def sweep(bench: Bench) -> None:
    """A GIF at each of some prices."""
    print(f"exact            {bench.made('.gif', None)}")
    for price in PRICES:
        began = time.perf_counter()
        loss = bench.held.fit(price)
        fitting = time.perf_counter() - began
        made = bench.made(".gif", bench.held)
        changed = np.mean(loss.changed)
        print(
            f"price {price:6}     {made}  fit {fitting:.1f} s  error {loss.most} at most, {loss.mean:.2f} "
            f"on average  {changed:.0f} changes a frame"
        )


def beside_gifski(bench: Bench, binary: Path) -> None:
    """Our bytes at gifski's PSNR."""
    for quality in QUALITIES:
        theirs = bench.gifski(binary, quality)
        price = price_at(bench.composed, theirs.psnr)
        loss = bench.held.fit(price)
        ours = bench.made(".gif", bench.held)
        print(f"gifski {quality}        {theirs}")
        print(
            f"  price {price:6.0f}   {ours}  {ours.bytes / theirs.bytes:.1%}  error {loss.most} at most, "
            f"{loss.mean:.2f} on average"
        )


def beside_x264(bench: Bench) -> None:
    """Our bytes at the PSNR of x264 alone; the loss is nearly all in the values, and x264 is fine."""

    def held(price: float) -> Made:
        bench.held.fit(price)
        return bench.made(".mp4", bench.held, EncoderOptions(quality=HELD_CRF))

    for crf in CRFS:
        alone = bench.made(".mp4", None, EncoderOptions(quality=crf))
        print(f"x264 CRF {crf}      {alone}")
        price = price_at(lambda price: held(price).psnr, alone.psnr)
        ours = held(price)
        print(f"  CRF {HELD_CRF} at {price:5.0f}  {ours}  {ours.bytes / alone.bytes:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--gifski", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(asked.run, Path(folder))
        sweep(bench)
        if asked.gifski is not None:
            beside_gifski(bench, asked.gifski)
        beside_x264(bench)


if __name__ == "__main__":
    main()
