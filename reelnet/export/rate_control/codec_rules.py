"""What a platform asks of a video's codec and pixels: met by the choice of the codec, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reelnet.errors import UsageError
from reelnet.export.encoders.formats import FORMATS, Codec, Format
from reelnet.export.encoders.settings import EncoderOptions, codec_of
from reelnet.export.platforms.model import CODECS, VIDEOS, Budget


def taken(path: Path, form: Format, asked: EncoderOptions, budget: Budget) -> EncoderOptions:
    """The options with a codec that a budget allows: the one that was asked for, or else the first of the format.

    That groups of pictures are closed is no choice: every encoder here closes them.

    Raises:
        UsageError: The budget does not allow the codec that was asked for, or any of the format.
    """
    if form.suffix[1:] not in VIDEOS:
        return asked
    codecs = [codec_of(form, asked)] if asked.codec is not None or asked.lossless else form.codecs
    wrong: list[str] = []
    for codec in codecs:
        found = [*_wrong(codec, asked, budget)]
        if not found:
            return replace(asked, codec=codec.name) if codec != codec_of(form, asked) else asked
        wrong += found
    can = [
        each.suffix
        for each in FORMATS.values()
        if each.suffix in budget.formats
        and each.suffix[1:] in VIDEOS
        and not all([*_wrong(codec, EncoderOptions(), budget)] for codec in each.codecs)
    ]
    instead = f"; write {', '.join(can)}" if can else ""
    if form.suffix in can and asked.codec is not None:
        instead = "; leave the codec out"
    raise UsageError(f"{path}: {'; '.join(dict.fromkeys(wrong))}{instead}")


def advice(form: Format, asked: EncoderOptions, budget: Budget) -> tuple[str, ...]:
    """What a platform advises against in a file, one sentence each."""
    codec = codec_of(form, asked).name
    if budget.advised is None or form.suffix[1:] not in VIDEOS or codec == budget.advised:
        return ()
    return (f"{budget.name} advises {CODECS[budget.advised]}, and this is {CODECS.get(codec, codec)}",)


def _wrong(codec: Codec, asked: EncoderOptions, budget: Budget) -> Iterator[str]:
    """What a budget has against a codec."""
    pixels = codec.pixels_of(lossless=asked.lossless)
    if budget.codec is not None and codec.name != budget.codec:
        yield f"{budget.name} takes {CODECS[budget.codec]} only, not {CODECS.get(codec.name, codec.name)}"
    if budget.pixel_format is not None and pixels != budget.pixel_format:
        yield f"{budget.name} takes {budget.pixel_format} only, not {pixels}"
