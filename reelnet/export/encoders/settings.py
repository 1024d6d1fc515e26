"""What an encoder can be asked for, and whether a format has it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reelnet.errors import UsageError, suggest_names
from reelnet.export.encoders.formats import Codec, Format, exact_suffixes


@dataclass(frozen=True)
class EncoderOptions:
    """Wishes to an encoder; by default it does what is usual for its format.

    Attributes:
        lossless: Insist on every pixel's exact colour.
        quality: The knob of the codec, in its own terms: CRF for video, quality 0 to 100 for WebP.
        preset: How thorough the codec is, in its own terms.
        codec: What compresses the pictures; the format's usual one by default.
        limit: Most bytes that the file may have; passing it stops the encode.
    """

    lossless: bool = False
    quality: float | None = None
    preset: str | None = None
    codec: str | None = None
    limit: int | None = None


USUAL = EncoderOptions()


def codec_of(form: Format, asked: EncoderOptions) -> Codec:
    """The codec that an encode in a format uses.

    Raises:
        UsageError: The format does not have what was asked for.
    """
    known = {codec.name: codec for codec in form.codecs}
    codec = form.codecs[0] if asked.codec is None else known.get(asked.codec)
    if codec is None:
        raise UsageError(f"{form.suffix}: no codec {asked.codec!r}; {suggest_names(str(asked.codec), known)}")
    name = f"{form.suffix} ({codec.name})" if len(form.codecs) > 1 else form.suffix
    _check_lossless(name, codec, asked)
    _check_quality(name, codec, asked)
    if asked.preset is not None and asked.preset not in codec.presets:
        raise UsageError(f"{name}: no preset {asked.preset!r}; {suggest_names(asked.preset, codec.presets)}")
    return codec


def check_pace(form: Format, fps: Fraction) -> None:
    """Make sure that a format can hold so many frames a second.

    Raises:
        UsageError: It cannot.
    """
    if form.max_fps is not None and fps > form.max_fps:
        raise UsageError(
            f"{form.suffix}: at most {float(form.max_fps):g} frames a second, not {float(fps):g}; "
            "give a smaller fps, or write an .mp4"
        )


def _check_lossless(name: str, codec: Codec, asked: EncoderOptions) -> None:
    if not asked.lossless:
        return
    if not codec.lossless:
        raise UsageError(f"{name}: cannot be lossless; write {', '.join(exact_suffixes())}")
    if asked.quality is not None:
        raise UsageError(f"{name}: lossless leaves no quality to choose; give one of them")


def _check_quality(name: str, codec: Codec, asked: EncoderOptions) -> None:
    if asked.quality is None:
        return
    if codec.knob is None:
        raise UsageError(f"{name}: has no quality to choose")
    low, high = codec.knob.range
    if not low <= asked.quality <= high:
        raise UsageError(f"{name}: {codec.knob.name} {asked.quality:g} is not from {low:g} to {high:g}")
