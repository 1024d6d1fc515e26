"""A preview that is edited for long takes no more memory than one that was edited a little."""

from __future__ import annotations

import gc
import tracemalloc

from reelnet.preview.preview import Preview
from tests.preview.conftest import MINE, layout, view

WARM_UP, EDITS = 60, 200
MAX_GROWTH = 10_000 * EDITS
"""Bytes. A scene of this run has more than 10,000, and some caches are filled anew while it is measured."""


def test_edits_leave_nothing_behind(preview: Preview) -> None:
    def edit(number: int) -> None:
        text = (
            MINE
            + f"# {number}\n"
            + ("theem: dark\n" if number % 4 == 0 else f"timeline: {{fps: {number + 1}}}\n")
        )
        preview.call("check", {"view": view(text=text)})
        answer = layout(preview, text, serial=number, step=10 * (number % 12))
        assert answer["serial"] == number
        if number % 10 == 1:
            preview.call("figure", {"view": view(text=text), "client": "page", "serial": number})

    for number in range(WARM_UP):
        edit(number)
    tracemalloc.start()
    try:
        edit(WARM_UP)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(WARM_UP + 1, WARM_UP + EDITS):
            edit(number)
        gc.collect()
        growth = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert growth < MAX_GROWTH, growth
