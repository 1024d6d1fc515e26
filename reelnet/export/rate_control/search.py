"""The search under a cap: lossless if that fits, else the least loss that does.

What gives way, in this order: the quality of video as far as nobody sees it, and the values over time within the
author's limit of error; then frames, levels of the colormap or scale, whatever costs least for the bytes that are
missing. A dial that can stand anywhere then fills the cap.

Videos are found by constant quality too: x264 in two passes lands within 3 % of a rate, but takes two encodes for a
try, and at the same size gave up to 3 dB less: it spreads the bits, and most are needed where values change most.
"""

from __future__ import annotations

import math
from functools import cache

from reelnet.export.quantize.level_store import Held
from reelnet.export.rate_control.constraints import within_limits
from reelnet.export.rate_control.quality_ladder import DEAR, Dial, Turns, course_of
from reelnet.export.rate_control.reduction import Lesser
from reelnet.export.rate_control.size_model import Forecast, plan_of
from reelnet.export.rate_control.size_probe import Parts, Probe
from reelnet.export.rate_control.trials import Trial, Trials
from reelnet.render.rendition import Rendition

HOPELESS = 0.2
"""A dial is not tried if at its end the logarithm of the bytes is thought to be so much too high."""

DOUBT = 0.3
"""Its end is looked at if by the dial alone it is at most so much lower than it must be."""

PAYS = 0.97
"""Part of the bytes that the worst quality may leave at the most, for it to be chosen before frames are given up."""


def search(rendition: Rendition, trials: Trials) -> Trial:
    """Find the file under a cap.

    Args:
        rendition: What is shown.
        trials: Makes the encodes.

    Returns:
        The best trial that fits.

    Raises:
        CapError: None was found.
    """
    request, codec = trials.request, trials.codec
    rendition = within_limits(rendition, request.constraints, request.keep, request.path)
    usual, probe = (
        codec.quality_range.default if codec.quality_range is not None else None,
        Probe(trials.form),
    )
    # Where nothing may be lost, the one size that there is should be known.
    exact = trials.run(rendition, None, usual, limited=not request.settings.lossless)
    if exact.fits(trials.cap):
        return exact
    if request.settings.lossless:
        raise trials.refusal()
    held = Held(rendition.scene, rendition.run, request.max_error)
    changed = held.fit(0).changed
    size = probe.whole(exact, trials.options(usual, exact=True), changed)
    course = course_of(codec)

    @cache
    def parts_at(end: float) -> Parts:
        setting = dial.at(end)
        loss = held.fit(setting.price)
        return probe.parts(rendition, held, trials.options(setting.quality), loss.changed, halved=True)

    def left_at(quality: float) -> float:
        return probe.part(rendition, None, trials.options(quality), trials.options(usual))

    def beside() -> float:
        held.fit(0)
        parts = probe.parts(
            rendition, held, trials.options(course.held if usual is not None else None), changed
        )
        return parts.beside / parts.bytes

    forecast = Forecast(
        plan_of(rendition), held.samples(), request.max_error, course.power, lambda: parts_at(dial.end)
    )
    dial = Dial(codec, forecast.changes, left_at, beside)
    turns = trials.turns(dial.end)
    turns.learn(0.0, math.log(size), sure=exact.complete)
    found = turned(trials, rendition, held, dial, turns, forecast)
    if found is None:
        go_on(trials, probe, rendition, held, dial, turns)
        found = turned(trials, rendition, held, dial, turns, forecast)
    if found is not None:
        return found
    lesser = Lesser(trials, rendition, dial, forecast, measured=turns.ended)
    return lesser.found(turns.at_end if turns.ended else forecast.size)


def turned(
    trials: Trials, rendition: Rendition, held: Held, dial: Dial, turns: Turns, forecast: Forecast
) -> Trial | None:
    """What the dial alone finds; nothing if it is hopeless."""
    # Some frames at the end tell more than a guess, and take some time.
    # A few frames of a video take more bytes than among others, so that both guesses must say so.
    doubt = -DOUBT if trials.form.palette_based else HOPELESS
    if turns.at_end > trials.target + doubt and forecast.size > trials.target + HOPELESS:
        return None
    return trials.turned(rendition, held, dial, turns)


def go_on(trials: Trials, probe: Probe, rendition: Rendition, held: Held, dial: Dial, turns: Turns) -> None:
    """Let the dial go on to the worst quality, if that pays."""
    course = dial.course
    if not dial.holds or course.floor <= course.held:
        return
    held.fit(DEAR)
    part = probe.part(rendition, held, trials.options(course.floor), trials.options(course.held))
    if part < PAYS:
        dial.coarser(part)
        turns.extend(dial.end)
