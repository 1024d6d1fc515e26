"""GIF of true color: each run of frames that have at most 255 colors together gets their exact palette."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.export.encoders.base import CappedFile, StreamInfo
from reelnet.export.encoders.delta import DeltaFrameEncoder
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.encoders.gif import (
    BLOCK_SIZE,
    CONTROL_EXTENSION,
    HEADER_SIZE,
    MAX_DURATION,
    TRAILER,
    compress_indices,
    write_loop,
)
from reelnet.export.encoders.true_color.colors import unpack_colors
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas

MAX_COLORS = 255
"""Colors of a palette; one more index is transparent."""

DESCRIPTOR_SIZE = 10
"""Bytes of the descriptor of an image (GIF89a, section 20). The last one has the flags of its color table."""

LOCAL_TABLE_FLAGS = 0x87
"""An image has a color table of its own, of 256 colors."""


@dataclass(frozen=True)
class Segment:
    """Frames that share a palette.

    Attributes:
        palette: The color of each index, uint8 (256, 3).
        frames: Palette indices, uint8 (height, width) each.
    """

    palette: NDArray[np.uint8]
    frames: list[Canvas]


@dataclass(frozen=True)
class GifImage:
    """An image of a GIF.

    Attributes:
        palette: Its colors, 768 bytes.
        head: The bytes in front of the first image of a file; empty for others.
        data: A control extension, a descriptor without a color table, and the compressed indices.
    """

    palette: bytes
    head: bytes
    data: bytes


class TrueColorGifEncoder(DeltaFrameEncoder[GifImage]):
    """Writes a GIF of frames of true color.

    A frame of more than 255 colors, as in crossfades and films, gets 255 colors that suit it; all others are exact.
    """

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        super().__init__(CappedFile(path, settings.cap, tail_size=len(TRAILER)), MAX_DURATION, BLOCK_SIZE)
        self._size, self._loop = stream.size, write_loop(stream.plays)
        self._global_palette = b""

    def _compress(self, previous: Canvas | None, block: list[Canvas]) -> list[GifImage]:
        images: list[GifImage] = []
        for segment in divide(block):
            palette, frames = segment.palette.tobytes(), segment.frames
            if previous is None:
                packets = compress_indices(self._size, segment.palette, frames)
                packets[0], head = packets[0][HEADER_SIZE:], packets[0][:HEADER_SIZE]
                heads = [head] + [b""] * (len(packets) - 1)
            else:
                # Indices of the previous frame belong to another palette: equal where the colors are.
                same = previous == block[len(images)]
                before = np.where(same, frames[0], (frames[0] + 1) % MAX_COLORS).astype(np.uint8)
                packets = compress_indices(self._size, segment.palette, [before, *frames])[1:]
                heads = [b""] * len(packets)
            images += [GifImage(palette, head, data) for head, data in zip(heads, packets, strict=True)]
            previous = block[len(images) - 1]
        return images

    def _format_frame(self, frame: Frame, payload: GifImage) -> bytes:
        head, data = b"", payload.data
        if payload.head:
            head, self._global_palette = payload.head + self._loop, payload.palette
        if data[:3] != CONTROL_EXTENSION:
            raise AssertionError("FFmpeg's GIF packets do not begin with a control extension")
        # Both ends are rounded, not the duration, so that rounding errors do not add up.
        delay = round(100 * frame.end) - round(100 * frame.pts)
        control, rest = data[:4] + delay.to_bytes(2, "little") + data[6:8], data[8:]
        if payload.palette != self._global_palette:
            table = bytes([LOCAL_TABLE_FLAGS]) + payload.palette
            rest = rest[: DESCRIPTOR_SIZE - 1] + table + rest[DESCRIPTOR_SIZE:]
        return head + control + rest

    def _complete(self) -> None:
        self._file.close(TRAILER)


def divide(frames: list[Canvas]) -> Iterator[Segment]:
    """Divide frames of true color, in order, into segments with a palette each."""
    pending: list[Canvas] = []
    union: NDArray[Any] = np.empty(0, frames[0].dtype)
    for frame in frames:
        own = find_colors(frame)
        joined = np.union1d(union, own)
        if len(joined) <= MAX_COLORS:
            pending, union = [*pending, frame], joined
            continue
        if pending:
            yield _map_exactly(pending, union)
        pending, union = [], union[:0]
        if len(own) > MAX_COLORS:
            yield _reduce(frame)
        else:
            pending, union = [frame], own
    if pending:
        yield _map_exactly(pending, union)


def find_colors(frame: Canvas) -> Canvas:
    """The different colors of a frame, ascending."""
    # Without repeats of neighbors, few pixels are left to sort.
    flat = frame.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    return np.unique(flat[starts])


def _map_exactly(frames: list[Canvas], colors: Canvas) -> Segment:
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(colors)] = unpack_colors(colors[None])[0]
    return Segment(palette, [np.searchsorted(colors, frame).astype(np.uint8) for frame in frames])


def _reduce(frame: Canvas) -> Segment:
    image = Image.fromarray(unpack_colors(frame)).quantize(
        MAX_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    palette = np.zeros((256, 3), np.uint8)
    found = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)[:MAX_COLORS]
    palette[: len(found)] = found
    return Segment(palette, [np.asarray(image, np.uint8)])
