"""Sound: encoded once into a file of its own, and copied from there into each video that gets it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

LAYOUTS = {1: "mono", 2: "stereo"}
"""FFmpeg's names of the channels."""

SOUND_RATE = 48_000
"""Samples per second of encoded sound, which every player and Opus can play."""


@dataclass(frozen=True)
class Sound:
    """The sound of a film.

    Attributes:
        read: Returns the samples from one position to before another, float32 (samples, channels), −1 to 1.
        rate: Samples per second.
        channels: 1 or 2.
    """

    read: Callable[[int, int], NDArray[np.float32]]
    rate: int
    channels: int


@dataclass(frozen=True)
class SoundCodec:
    """How the sound of a format is encoded.

    Attributes:
        name: The name for people.
        encoder: The name in FFmpeg.
        bit_rate: Bits per second and channel.
    """

    name: str
    encoder: str
    bit_rate: int


AAC, OPUS = SoundCodec("AAC", "aac", 96_000), SoundCodec("Opus", "libopus", 64_000)

SOUND_CODECS = {".mp4": AAC, ".mov": AAC, ".webm": OPUS}
"""The codec of the sound by suffix; other formats are silent."""


def encode_sound(sound: Sound, path: Path, duration: Fraction) -> None:
    """Encode a sound into a file that holds nothing else.

    Args:
        sound: The sound.
        path: The file; its suffix chooses the codec.
        duration: How much of the sound, in seconds.
    """
    codec, layout, end = SOUND_CODECS[path.suffix], LAYOUTS[sound.channels], round(duration * sound.rate)
    with av.open(f"file:{path}", "w", options={"fflags": "+bitexact"}) as container:
        stream = cast("av.AudioStream", container.add_stream(codec.encoder, rate=SOUND_RATE, layout=layout))
        stream.bit_rate = codec.bit_rate * sound.channels
        for start in range(0, end, sound.rate):
            samples = sound.read(start, min(end, start + sound.rate))
            planes = np.ascontiguousarray(samples.T, np.float32)
            frame = av.AudioFrame.from_ndarray(planes, "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = sound.rate, start, Fraction(1, sound.rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class SoundTrack:
    """The sound of a video that is being written.

    Args:
        container: The video.
        path: A file by `encode_sound`.
    """

    def __init__(self, container: av.container.OutputContainer, path: Path) -> None:
        self._container, self._source = container, av.open(f"file:{path}")
        self._stream = container.add_stream_from_template(self._source.streams.audio[0])
        self._packets = self._read()
        self._next = next(self._packets, None)

    def copy(self, until: Fraction | None) -> int:
        """Copy what begins before a time in seconds, or the rest, and return its bytes."""
        copied = 0
        while self._next is not None and (until is None or self._time(self._next) < until):
            packet, self._next = self._next, next(self._packets, None)
            copied += packet.size
            packet.stream = self._stream
            self._container.mux(packet)
        return copied

    def close(self) -> None:
        """Close the file of the sound."""
        self._packets.close()
        self._source.close()

    def _read(self) -> Generator[av.Packet[av.AudioStream], None, None]:
        for packet in self._source.demux(audio=0):
            if packet.dts is not None:
                yield packet

    @staticmethod
    def _time(packet: av.Packet[av.AudioStream]) -> Fraction:
        assert packet.pts is not None
        return packet.pts * packet.time_base
