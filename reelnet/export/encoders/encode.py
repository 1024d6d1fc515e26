"""Encode frames: the encoder of each format, and the loop that drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from reelnet._support.freed_memory import return_freed_memory
from reelnet.export.encoders.base import Encoder, StreamInfo
from reelnet.export.encoders.formats import EncoderSettings, Format, find_format
from reelnet.render.compositor import Frame


def find_encoder(fmt: Format, *, true_color: bool = False) -> type[Encoder]:
    """The encoder class of a format, for frames with a palette or of true color."""
    # Encoders are imported on demand: PyAV takes long to import, and not all of them need it.
    if fmt.suffix == ".gif" and true_color:
        from reelnet.export.encoders.true_color.gif import TrueColorGifEncoder

        return TrueColorGifEncoder
    if fmt.suffix == ".gif":
        from reelnet.export.encoders.gif import GifEncoder

        return GifEncoder
    if fmt.suffix == ".apng":
        from reelnet.export.encoders.apng import ApngEncoder

        return ApngEncoder
    if fmt.suffix == ".webp":
        from reelnet.export.encoders.webp import WebpEncoder

        return WebpEncoder
    if fmt.suffix == ".png":
        from reelnet.export.encoders.png import SequenceEncoder

        return SequenceEncoder
    from reelnet.export.encoders.video import VideoEncoder

    return VideoEncoder


def encode_frames(
    frames: Iterable[Frame],
    path: Path,
    stream: StreamInfo,
    settings: EncoderSettings,
    on_frame: Callable[[int], None] | None = None,
) -> int:
    """Encode frames into a new file.

    Args:
        frames: The frames in order.
        path: The file; its suffix chooses the format.
        stream: What the frames have in common.
        settings: The encoder's settings.
        on_frame: Called with the number of frames encoded so far, after each frame.

    Returns:
        The number of frames in the file; formats may merge identical neighbors.

    Raises:
        UsageError: The format does not support the settings or the frame rate.
        CapExceeded: The file grew larger than the cap of the settings.
        ReelnetError: The codec is not installed.
    """
    fmt = find_format(path)
    fmt.find_codec(settings)
    fmt.check_fps(stream.fps)
    encoder = find_encoder(fmt, true_color=stream.palette is None)(path, stream, settings)
    try:
        for count, frame in enumerate(frames, 1):
            encoder.add(frame)
            if on_frame is not None:
                on_frame(count)
        return encoder.finish()
    finally:
        encoder.close()
        # A codec frees its memory with the last reference to it.
        del encoder
        return_freed_memory()
