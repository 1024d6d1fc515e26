"""A dial goes from no loss to the most, without gaps, also where a codec knows whole numbers only."""

from __future__ import annotations

import numpy as np
import pytest

from reelnet.export.encoders.formats import FORMATS, H264, VP9, Codec
from reelnet.export.rate_control.quality_ladder import DEAR, Dial, Setting

GIF = FORMATS[".gif"].codecs[0]


def dial_of(codec: Codec) -> Dial:
    """Of values whose changes go with the root of their price, and of a codec that saves 3 % a step."""
    return Dial(
        codec,
        changes=lambda price: 1e4 / (1 + price) ** 0.5,
        part=lambda quality: 0.97 ** (quality - 12),
        beside=lambda: 0.1,
    )


def settings(dial: Dial, count: int = 401) -> list[Setting]:
    return [dial.at(turn) for turn in np.linspace(0, dial.end, count).tolist()]


@pytest.mark.parametrize("codec", [GIF, H264, VP9], ids=lambda codec: codec.name)
def test_no_two_turns_are_alike(codec: Codec) -> None:
    some = settings(dial_of(codec))
    assert len({(round(each.price, 6), each.quality) for each in some}) == len(some)
    assert some[0].price == 0
    assert some[-1].price == pytest.approx(DEAR)


@pytest.mark.parametrize("coarser", [False, True])
def test_vp9_is_asked_for_whole_numbers_and_the_price_fills_what_lies_between(coarser: bool) -> None:
    dial = dial_of(VP9)
    if coarser:
        dial.coarser(0.7)
    some = settings(dial, 2001)
    qualities = [each.quality for each in some]
    assert None not in qualities
    assert all(quality == int(quality) for quality in qualities if quality is not None)
    assert sorted({int(quality) for quality in qualities if quality is not None}) == list(
        range(12, 31 if coarser else 19)
    )
    for quality in set(qualities):
        prices = [each.price for each in some if each.quality == quality]
        assert len(set(prices)) > 10, quality
        if quality is not None and quality < 18:
            assert prices == sorted(prices), "the dearer a change, the fewer bytes"


def test_h264_takes_any_number() -> None:
    qualities = {each.quality for each in settings(dial_of(H264)) if each.price == 0}
    assert len(qualities) > 10
